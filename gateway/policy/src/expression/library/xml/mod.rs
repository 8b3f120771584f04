//! XML as `System.Xml.Linq` has it.

mod axes;
pub(crate) mod binding;
mod containers;
mod content;
mod conversions;
mod declaration;
mod elements;
mod equality;
mod forest;
mod from_json;
mod names;
mod nodes;
mod parse;
mod print;
mod scanner;
mod to_json;

pub(crate) use from_json::{FromJson, json_to_xml};
pub(crate) use to_json::{ToJson, xml_to_json};

use super::registry::Group;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::value::Value;

pub(super) static GROUPS: &[&Group] = &[
    &names::NAME,
    &names::NAMESPACE,
    &nodes::OBJECT,
    &nodes::NODE,
    &nodes::TEXT,
    &nodes::CDATA,
    &nodes::COMMENT,
    &nodes::INSTRUCTION,
    &nodes::DOCUMENT_TYPE,
    &declaration::DECLARATION,
    &containers::CONTAINER,
    &containers::DOCUMENT,
    &elements::ELEMENT,
    &elements::ATTRIBUTE,
    &conversions::OF_ELEMENT,
    &conversions::OF_ATTRIBUTE,
    &axes::OF_CONTAINERS,
    &axes::OF_ELEMENTS,
    &axes::OF_NODES,
    &axes::OF_ATTRIBUTES,
    &equality::EQUALITY_COMPARER,
    &equality::ORDER_COMPARER,
];

/// A body as `XDocument` or, its root alone, as `XElement`.
pub(super) fn read_body(budget: &mut Budget, text: &str, whole: bool) -> Result<Value, Exception> {
    let node = if whole {
        parse::document(budget, text, false)?
    } else {
        parse::element(budget, text, false)?
    };
    Ok(Value::foreign(node))
}
