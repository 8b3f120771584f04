//! `JContainer`.

use std::sync::Arc;

use super::edit::{self, At};
use super::node::{Class, Tree};
use super::token::node_of;
use super::tokens::tokens;
use super::{Outcome, from_object, merge, node};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::library::arguments::value;
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::library::strings::int_of;
use crate::expression::machine::Machine;
use crate::expression::value::Value;

pub(in crate::expression::library) static CONTAINER: Group = Group {
    owner: "JContainer",
    entries: &[
        full("int Count", |_, a| Ok(int_of(node(a)?.count()))),
        full("void Add(object content)", |m, a| add(m, a, At::End)),
        full("void AddFirst(object content)", |m, a| {
            add(m, a, At::Index(0))
        }),
        full("void RemoveAll()", remove_all),
        full("void ReplaceAll(object content)", |m, a| {
            remove_all(m, a)?;
            add(m, a, At::End)
        }),
        full("void Merge(object content)", |m, a| {
            let content = value(a, 1);
            let target = node(a)?;
            if content.is_null() {
                return Ok(Value::Null);
            }
            let tree = match node_of(&content) {
                Some(tree) => Arc::clone(tree),
                None => from_object::serialize(m, &content)?,
            };
            merge::merge(m.budget, target, &tree)?;
            Ok(Value::Null)
        }),
        full("IEnumerable<JToken> Descendants()", |m, a| {
            let all = descendants(m.budget, node(a)?, false)?;
            tokens(m.budget, a, all)
        }),
        full("IEnumerable<JToken> DescendantsAndSelf()", |m, a| {
            let all = descendants(m.budget, node(a)?, true)?;
            tokens(m.budget, a, all)
        }),
    ],
};

fn add(machine: &mut Machine<'_>, args: &[Value], at: At) -> Outcome {
    edit::add(machine, node(args)?, at, &value(args, 1))?;
    Ok(Value::Null)
}

/// `RemoveAll`, `Clear`.
pub(super) fn remove_all(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let node = node(args)?;
    if matches!(node.class(), Class::Property(_)) {
        return Err(edit::fixed());
    }
    machine.budget.charge(node.count() as u64 / 8)?;
    node.clear();
    Ok(Value::Null)
}

/// Everything below a token in document order: properties, then their values.
pub(super) fn descendants(
    budget: &mut Budget,
    node: &Tree,
    with_self: bool,
) -> Result<Vec<Tree>, Exception> {
    let mut all = Vec::new();
    let mut pending = vec![Arc::clone(node)];
    while let Some(next) = pending.pop() {
        budget.charge(1)?;
        budget.allocate(8)?;
        pending.extend(next.children().into_iter().rev());
        if with_self || !Arc::ptr_eq(&next, node) {
            all.push(next);
        }
    }
    Ok(all)
}
