//! `exists-action`: what to do about what is there already.

use crate::document::Element;
use crate::expression::Expected;
use crate::program::Compiler;

use super::setting::Setting;

/// What to do when the header or parameter exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExistsAction {
    Override,
    Skip,
    Append,
    Delete,
}

pub(super) const EXPECTED: &str = "'override', 'skip', 'append' or 'delete'";

pub(super) fn read(text: &str) -> Option<ExistsAction> {
    match text {
        "override" => Some(ExistsAction::Override),
        "skip" => Some(ExistsAction::Skip),
        "append" => Some(ExistsAction::Append),
        "delete" => Some(ExistsAction::Delete),
        _ => None,
    }
}

/// The attribute of `element`; `override` without it.
pub(super) fn compile(
    element: &Element,
    compiler: &mut Compiler<'_>,
) -> Option<Setting<ExistsAction>> {
    match element.attribute("exists-action") {
        Some(attribute) => compiler.parsed(attribute, Expected::Text, read, EXPECTED),
        None => Some(Setting::Literal(ExistsAction::Override)),
    }
}
