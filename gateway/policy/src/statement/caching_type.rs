//! `caching-type`: which cache a policy means.

use crate::document::Element;
use crate::execution::CachingType;
use crate::program::Compiler;

/// The attribute of `element`, written out; the external cache where there is one without it.
pub(super) fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<CachingType> {
    let Some(attribute) = element.attribute("caching-type") else {
        return Some(CachingType::PreferExternal);
    };
    let caching = compiler.literal_as(
        attribute,
        |text| {
            Some(match text {
                "prefer-external" => CachingType::PreferExternal,
                "external" => CachingType::External,
                "internal" => CachingType::Internal,
                _ => return None,
            })
        },
        "'prefer-external', 'external' or 'internal'",
    )?;
    if caching == CachingType::External {
        compiler.warning(
            "NoEffect",
            "'caching-type=\"external\"' asks for an external cache, and this gateway has none: \
             nothing is kept and nothing is found. 'prefer-external' uses the internal cache",
            attribute.offset,
        );
    }
    Some(caching)
}
