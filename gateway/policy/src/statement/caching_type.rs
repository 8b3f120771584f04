//! `caching-type`: which cache a policy means.

use crate::document::Element;
use crate::execution::CachingType;
use crate::program::Compiler;

/// The attribute of `element`, written out; the external cache where there is one without it.
pub(super) fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<CachingType> {
    match element.attribute("caching-type") {
        Some(attribute) => compiler.literal_as(
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
        ),
        None => Some(CachingType::PreferExternal),
    }
}
