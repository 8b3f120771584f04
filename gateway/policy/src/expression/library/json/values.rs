//! `JValue` and `JRaw`.

use std::cmp::Ordering;

use super::edit;
use super::node::{Kind, Node};
use super::ordering::compare;
use super::token::{node_of, pay, scalar_of, value_of};
use super::{Outcome, node};
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{optional_text, value};
use crate::expression::library::registry::Group;
use crate::expression::library::{format_value, full};
use crate::expression::machine::Machine;
use crate::expression::types::type_of;
use crate::expression::value::Value;

pub(in crate::expression::library) static VALUE: Group = Group {
    owner: "JValue",
    entries: &[
        full("new(JValue other)", |m, a| {
            if value(a, 0).is_null() {
                return Err(Exception::argument_null("other"));
            }
            edit::clone(m.budget, node(a)?).map(value_of)
        }),
        full("new(string value)", made),
        full("new(bool value)", made),
        full("new(int value)", |m, a| {
            let number = value(a, 0).as_int().unwrap_or_default();
            made(m, &[Value::Long(number)])
        }),
        full("new(long value)", made),
        full("new(ulong value)", made),
        full("new(char value)", made),
        full("new(float value)", made),
        full("new(double value)", made),
        full("new(decimal value)", made),
        full("new(DateTime value)", made),
        full("new(DateTimeOffset value)", made),
        full("new(Guid value)", made),
        full("new(TimeSpan value)", made),
        full("new(object value)", made),
        full("static JValue CreateNull()", |m, _| {
            pay(m.budget)?;
            Ok(value_of(Node::null()))
        }),
        full("static JValue CreateUndefined()", |m, _| {
            pay(m.budget)?;
            Ok(value_of(Node::value(Kind::Undefined, Value::Null)))
        }),
        full("static JValue CreateString(string value)", |m, a| {
            pay(m.budget)?;
            Ok(value_of(Node::value(Kind::String, value(a, 0))))
        }),
        full("static JValue CreateComment(string value)", |m, a| {
            pay(m.budget)?;
            Ok(value_of(Node::value(Kind::Comment, value(a, 0))))
        }),
        full("object Value", |_, a| match node(a)?.scalar() {
            Some((Kind::Integer, Value::Text(_))) => Err(Exception::new(
                names::NOT_SUPPORTED,
                "An integer beyond 64 bits can only be read as text.",
            )),
            Some((_, value)) => Ok(value),
            None => Err(Exception::null_reference()),
        }),
        full("void set_Value(object value)", |m, a| {
            let source = value(a, 1);
            let made = scalar_of(&source).ok_or_else(|| undetermined(&source))?;
            pay(m.budget)?;
            let node = node(a)?;
            if let Some((kind, value)) = made.scalar() {
                // A string keeps the kind of text it replaces.
                let kind = match (node.kind(), kind) {
                    (old @ (Kind::Comment | Kind::Raw | Kind::String), Kind::String) => old,
                    (_, kind) => kind,
                };
                node.set_scalar(kind, value);
            }
            Ok(value(a, 1))
        }),
        full("string ToString(string format)", |m, a| {
            let (_, value) = node(a)?.scalar().ok_or_else(Exception::null_reference)?;
            let text = format_value(&value, optional_text(a, 1).map_or("", |text| text))?;
            m.budget.allocate(text.len())?;
            Ok(Value::text(text))
        }),
        full("int CompareTo(JValue obj)", |_, a| {
            let other = value(a, 1);
            let Some((y, other)) = node_of(&other).and_then(|node| node.scalar()) else {
                return Ok(Value::Int(1));
            };
            let (x, own) = node(a)?.scalar().ok_or_else(Exception::null_reference)?;
            Ok(Value::Int(match compare((x, &own), (y, &other))? {
                Ordering::Less => -1,
                Ordering::Equal => 0,
                Ordering::Greater => 1,
            }))
        }),
        full("bool Equals(JValue other)", |_, a| {
            Ok(Value::Bool(crate::expression::key::equals(
                &value(a, 0),
                &value(a, 1),
            )))
        }),
    ],
};

pub(in crate::expression::library) static RAW: Group = Group {
    owner: "JRaw",
    entries: &[
        full("new(object rawJson)", |m, a| {
            pay(m.budget)?;
            let content = match value(a, 0) {
                Value::Null => Value::Null,
                other => Value::text(other.to_text()?),
            };
            m.budget.charge_reading(&content)?;
            Ok(value_of(Node::raw(content)))
        }),
        full("new(JRaw other)", |m, a| {
            if value(a, 0).is_null() {
                return Err(Exception::argument_null("other"));
            }
            edit::clone(m.budget, node(a)?).map(value_of)
        }),
    ],
};

fn undetermined(source: &Value) -> Exception {
    let name = type_of(source).map(|ty| ty.full_name()).unwrap_or_default();
    Exception::new(
        names::ARGUMENT,
        format!("Could not determine JSON object type for type {name}."),
    )
}

fn made(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    pay(machine.budget)?;
    let source = value(args, 0);
    scalar_of(&source)
        .map(value_of)
        .ok_or_else(|| undetermined(&source))
}
