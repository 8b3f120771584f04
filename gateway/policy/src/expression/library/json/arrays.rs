//! `JArray`.

use std::sync::Arc;

use super::containers::remove_all;
use super::edit::{self, At};
use super::node::{Kind, Node};
use super::reader::Wanted;
use super::token::{node_of, pay, value_of};
use super::tokens::{from_object_checked, item, parse, set_item};
use super::{Outcome, node, receiver, token_argument};
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{int, value};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::library::strings::int_of;
use crate::expression::machine::Machine;
use crate::expression::value::Value;

pub(in crate::expression::library) static ARRAY: Group = Group {
    owner: "JArray",
    entries: &[
        full("new()", |m, _| {
            pay(m.budget)?;
            Ok(value_of(Node::array()))
        }),
        full("new(JArray other)", |m, a| {
            if value(a, 0).is_null() {
                return Err(Exception::argument_null("other"));
            }
            edit::clone(m.budget, node(a)?).map(value_of)
        }),
        full("new(params object[] content)", made),
        full("new(object content)", made),
        full("static JArray Parse(string json)", |m, a| {
            parse(m.budget, a, Wanted::Array)
        }),
        full("static JArray FromObject(object o)", |m, a| {
            let tree = from_object_checked(m, a)?;
            if tree.kind() == Kind::Array {
                return Ok(value_of(tree));
            }
            Err(Exception::new(
                names::ARGUMENT,
                format!(
                    "Object serialized to {}. JArray instance expected.",
                    tree.kind().name()
                ),
            ))
        }),
        full("JToken this[int index]", |m, a| {
            item(m.budget, receiver(a)?, &value(a, 1))
        }),
        full("void this[int index, JToken value]", |m, a| {
            set_item(m, a).map(|()| Value::Null)
        }),
        full("void Add(JToken item)", |m, a| {
            let child = token_argument(m.budget, a, 1)?;
            edit::insert(m.budget, node(a)?, At::End, child)?;
            Ok(Value::Null)
        }),
        full("void Insert(int index, JToken item)", |m, a| {
            let index = usize::try_from(int(a, 1)).map_err(|_| {
                Exception::argument_range("Index must be within the bounds of the List.", "index")
            })?;
            let child = token_argument(m.budget, a, 2)?;
            edit::insert(m.budget, node(a)?, At::Index(index), child)?;
            Ok(Value::Null)
        }),
        full("void RemoveAt(int index)", |m, a| {
            let array = node(a)?;
            let index = usize::try_from(int(a, 1))
                .map_err(|_| Exception::argument_range("Index is less than 0.", "index"))?;
            if index >= array.count() {
                return Err(Exception::argument_range(
                    "Index is equal to or greater than Count.",
                    "index",
                ));
            }
            m.budget.charge(array.count() as u64 / 8)?;
            array.remove_at(index);
            Ok(Value::Null)
        }),
        full("bool Remove(JToken item)", |m, a| {
            let at = position(m, a)?;
            if let Some(at) = at {
                node(a)?.remove_at(at);
            }
            Ok(Value::Bool(at.is_some()))
        }),
        full("int IndexOf(JToken item)", |m, a| {
            Ok(position(m, a)?.map_or(Value::Int(-1), int_of))
        }),
        full("bool Contains(JToken item)", |m, a| {
            Ok(Value::Bool(position(m, a)?.is_some()))
        }),
        full("void Clear()", remove_all),
    ],
};

fn made(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    pay(machine.budget)?;
    let made = Node::array();
    edit::add(machine, &made, At::End, &value(args, 0))?;
    Ok(value_of(made))
}

/// Where that very token is.
fn position(machine: &mut Machine<'_>, args: &[Value]) -> Result<Option<usize>, Exception> {
    let array = node(args)?;
    machine.budget.charge(array.count() as u64 / 8)?;
    let wanted = value(args, 1);
    Ok(node_of(&wanted).and_then(|wanted| {
        let inside = wanted
            .parent()
            .is_some_and(|parent| Arc::ptr_eq(&parent, array));
        inside.then(|| array.position(wanted)).flatten()
    }))
}
