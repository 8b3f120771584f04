//! XML as the body of a template: elements by local name.

use std::sync::Arc;

use super::forest::{Kind, NODE_BYTES, Tree};
use super::parse;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;

const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// What an element is to a template.
#[derive(Debug)]
pub(crate) enum Bound {
    /// One without elements in it: its text.
    Text(String),
    /// One that is marked with `xsi:nil="true"`.
    Nil,
    /// The elements in it, by local name.
    Elements(Vec<(Arc<str>, Self)>),
}

/// Reads a document: the local name of its root, and the root.
///
/// # Errors
///
/// `System.Xml.XmlException` with the place, or the budget's.
pub(crate) fn bind(budget: &mut Budget, text: &str) -> Result<(Arc<str>, Bound), Exception> {
    let root = parse::element(budget, text, false)?;
    root.with(|tree, id| {
        let name = tree
            .node(id)
            .element()
            .map_or_else(|| "".into(), |name| Arc::clone(&name.local));
        Ok((name, element(budget, tree, id)?))
    })
}

/// The depth of elements is bounded by the parser, and so is the recursion.
fn element(budget: &mut Budget, tree: &Tree, id: u32) -> Result<Bound, Exception> {
    budget.charge(1)?;
    let nil = tree.node(id).attributes.iter().any(|attribute| {
        tree.node(*attribute)
            .attribute()
            .is_some_and(|(name, value)| {
                name.namespace.as_ref() == INSTANCE
                    && name.local.as_ref() == "nil"
                    && matches!(value.trim(), "true" | "1")
            })
    });
    if nil {
        return Ok(Bound::Nil);
    }
    let mut elements = Vec::new();
    let mut content = String::new();
    for child in tree.children(id) {
        match &tree.node(child).kind {
            Kind::Element(name) => {
                budget.allocate(NODE_BYTES)?;
                elements.push((Arc::clone(&name.local), element(budget, tree, child)?));
            }
            Kind::Text(text) | Kind::CData(text) => {
                budget.allocate(text.len())?;
                content.push_str(text);
            }
            _ => {}
        }
    }
    Ok(if elements.is_empty() {
        Bound::Text(content)
    } else {
        Bound::Elements(elements)
    })
}
