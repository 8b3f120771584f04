//! `JProperty`.

use std::sync::Arc;

use super::edit::{self, At};
use super::node::{Node, Tree};
use super::token::{pay, value_of};
use super::{Outcome, node, receiver, token_argument};
use crate::expression::exception::Exception;
use crate::expression::library::arguments::{text, value};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::value::Value;

pub(in crate::expression::library) static PROPERTY: Group = Group {
    owner: "JProperty",
    entries: &[
        full("new(JProperty other)", |m, a| {
            if value(a, 0).is_null() {
                return Err(Exception::argument_null("other"));
            }
            edit::clone(m.budget, node(a)?).map(value_of)
        }),
        full("new(string name, object content)", made),
        full("new(string name, params object[] content)", made),
        full("string Name", |_, a| {
            let name = node(a)?.name().ok_or_else(Exception::null_reference)?;
            Ok(Value::text(Arc::clone(name)))
        }),
        full("JToken Value", |_, a| {
            let receiver = receiver(a)?;
            let value = receiver.node.only();
            Ok(value.map_or(Value::Null, |value| receiver.wrap(value)))
        }),
        full("void set_Value(JToken value)", |m, a| {
            let child = token_argument(m.budget, a, 1)?;
            edit::set_value(m.budget, node(a)?, child)?;
            Ok(value(a, 1))
        }),
    ],
};

fn made(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let name = text(args, 0, "name")?;
    let content = value(args, 1);
    let child: Tree = if edit::is_several(&content) {
        pay(machine.budget)?;
        let array = Node::array();
        edit::add(machine, &array, At::End, &content)?;
        array
    } else {
        edit::from_content(machine.budget, &content)?
    };
    edit::named(machine.budget, name, child).map(value_of)
}
