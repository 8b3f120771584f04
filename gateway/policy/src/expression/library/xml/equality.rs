//! Comparing nodes: `DeepEquals`, document order, and the comparers.

use std::cmp::Ordering;

use super::forest::{Kind, Tree, Xml, node};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::value;
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

/// `XNodeEqualityComparer` and `XNodeDocumentOrderComparer`: they hold nothing.
#[derive(Debug)]
pub(super) struct Comparer(pub(super) Basic);

impl Foreign for Comparer {
    fn type_of(&self) -> Type {
        Type::Basic(self.0)
    }
}

/// `XNode.DeepEquals` of two arguments.
pub(super) fn deep_equals(machine: &mut Machine<'_>, x: &Value, y: &Value) -> Outcome {
    let (a, b) = match (x.as_foreign::<Xml>(), y.as_foreign::<Xml>()) {
        (Some(a), Some(b)) => (a, b),
        (None, None) => return Ok(Value::Bool(true)),
        _ => return Ok(Value::Bool(false)),
    };
    if a.same(b) {
        return Ok(Value::Bool(true));
    }
    // Flat descriptions, so that no two locks are held at a time.
    let (left, right) = (
        description(machine.budget, a)?,
        description(machine.budget, b)?,
    );
    Ok(Value::Bool(left == right))
}

/// What `DeepEquals` compares, in document order. Neighbouring texts are one, and an element without
/// content is not one with empty content.
fn description(budget: &mut Budget, node: &Xml) -> Result<Vec<String>, Exception> {
    let size = node.with(|tree, id| tree.size(id));
    budget.allocate(size)?;
    Ok(node.with(|tree, root| {
        let mut parts: Vec<String> = Vec::new();
        let mut path = vec![root];
        let mut text_before = None;
        describe(tree, root, &mut parts, &mut text_before);
        for id in tree.descendants(root) {
            while path.last().copied() != tree.node(id).parent && path.pop().is_some() {
                text_before = None;
                parts.push("end".to_owned());
            }
            describe(tree, id, &mut parts, &mut text_before);
            path.push(id);
            if tree.node(id).element().is_none() {
                path.pop();
            }
        }
        parts
    }))
}

fn describe(tree: &Tree, id: u32, parts: &mut Vec<String>, text_before: &mut Option<usize>) {
    let node = tree.node(id);
    if let Kind::Text(text) = &node.kind {
        match text_before.and_then(|at| parts.get_mut(at)) {
            Some(part) => part.push_str(text),
            None => {
                *text_before = Some(parts.len());
                parts.push(format!("text {text}"));
            }
        }
        return;
    }
    *text_before = None;
    match &node.kind {
        Kind::Document => parts.push("document".to_owned()),
        Kind::Element(name) => {
            let empty = node.first.is_none() && !node.open;
            parts.push(format!("element {} {empty}", name.expanded()));
            for attribute in &node.attributes {
                if let Some((name, value)) = tree.node(*attribute).attribute() {
                    parts.push(format!("attribute {}={value}", name.expanded()));
                }
            }
        }
        Kind::Attribute(name, value) => {
            parts.push(format!("attribute {}={value}", name.expanded()));
        }
        Kind::CData(text) => parts.push(format!("cdata {text}")),
        Kind::Comment(text) => parts.push(format!("comment {text}")),
        Kind::Instruction { target, data } => parts.push(format!("instruction {target} {data}")),
        other => parts.push(format!("{other:?}")),
    }
}

/// Where a node is: the positions among their siblings of its ancestors and itself, from the root,
/// after the root's own serial.
pub(super) fn path(machine: &mut Machine<'_>, node: &Xml) -> Result<Vec<u64>, Exception> {
    let (path, visited) = node.with(|tree, id| {
        let mut path = Vec::new();
        let mut visited = 0_u64;
        let mut at = id;
        while let Some(parent) = tree.node(at).parent {
            let position = tree
                .children(parent)
                .inspect(|_| visited += 1)
                .take_while(|child| *child != at)
                .count();
            path.push(position as u64);
            at = parent;
        }
        path.push(tree.serial(at));
        path.reverse();
        (path, visited)
    });
    machine.budget.charge(visited)?;
    Ok(path)
}

/// `XNode.CompareDocumentOrder`.
pub(super) fn document_order(
    machine: &mut Machine<'_>,
    x: &Value,
    y: &Value,
) -> Result<Ordering, Exception> {
    let (a, b) = match (x.as_foreign::<Xml>(), y.as_foreign::<Xml>()) {
        (Some(a), Some(b)) => (a, b),
        (None, None) => return Ok(Ordering::Equal),
        (None, Some(_)) => return Ok(Ordering::Less),
        (Some(_), None) => return Ok(Ordering::Greater),
    };
    let (a, b) = (path(machine, a)?, path(machine, b)?);
    if a.first() != b.first() {
        return Err(Exception::invalid_operation(
            "A common ancestor is missing.",
        ));
    }
    Ok(a.cmp(&b))
}

pub(super) fn compare(machine: &mut Machine<'_>, args: &[Value], at: usize) -> Outcome {
    let order = document_order(machine, &value(args, at), &value(args, at + 1))?;
    Ok(Value::Int(order as i32))
}

/// Whether the receiver comes after (or before) the other node.
pub(super) fn is_beside(machine: &mut Machine<'_>, args: &[Value], wanted: Ordering) -> Outcome {
    node(args, 0)?;
    let order = document_order(machine, &value(args, 0), &value(args, 1))?;
    Ok(Value::Bool(order == wanted))
}

pub(super) static EQUALITY_COMPARER: Group = Group {
    owner: "XNodeEqualityComparer",
    entries: &[
        full("new()", |_, _| {
            Ok(Value::foreign(Comparer(Basic::XNodeEqualityComparer)))
        }),
        full("bool Equals(XNode x, XNode y)", |m, args| {
            deep_equals(m, &value(args, 1), &value(args, 2))
        }),
    ],
};

pub(super) static ORDER_COMPARER: Group = Group {
    owner: "XNodeDocumentOrderComparer",
    entries: &[
        full("new()", |_, _| {
            Ok(Value::foreign(Comparer(Basic::XNodeDocumentOrderComparer)))
        }),
        full("int Compare(XNode x, XNode y)", |m, args| {
            compare(m, args, 1)
        }),
    ],
};
