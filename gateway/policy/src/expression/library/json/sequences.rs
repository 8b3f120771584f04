//! `Newtonsoft.Json.Linq.Extensions`: what sequences of tokens have.

use super::Outcome;
use super::casts::extract;
use super::token::{Token, node_of};
use super::tokens::item;
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{element_token, token, value, without_token};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::{Basic, Type, is_instance};
use crate::expression::value::Value;

pub(in crate::expression::library) static SEQUENCES: Group = Group {
    owner: "IEnumerable<JToken>",
    entries: &[
        full("U Value<U>()", single),
        full("IEnumerable<JToken> Values()", |m, a| values(m, a, false)),
        full("IEnumerable<U> Values<U>()", |m, a| values(m, a, false)),
        full("IEnumerable<JToken> Values(object key)", |m, a| {
            values(m, a, true)
        }),
        full("IEnumerable<U> Values<U>(object key)", |m, a| {
            values(m, a, true)
        }),
        full("IEnumerable<JToken> Children()", children),
        full("IEnumerable<U> Children<U>()", children),
        full("IEnumerable<JProperty> Properties()", |m, a| {
            let mut all = Vec::new();
            for object in m.collect(&source(a)?)? {
                let Some(token) = object.as_foreign::<Token>() else {
                    continue;
                };
                for property in token.node.children() {
                    if property.name().is_some() {
                        m.budget.allocate(4 * size_of::<Value>())?;
                        all.push(token.wrap(property));
                    }
                }
            }
            Ok(Value::object(Object::list(
                Type::Basic(Basic::JProperty),
                all,
            )))
        }),
        full("IEnumerable<JToken> this[object key]", |m, a| {
            values(m, a, true)
        }),
    ],
};

pub(in crate::expression::library) static EXTENSIONS: Group = Group {
    owner: "Newtonsoft.Json.Linq.Extensions",
    entries: &[
        full("static U Value<U>(IEnumerable<JToken> value)", single),
        full(
            "static IEnumerable<JToken> Values(IEnumerable<JToken> source)",
            |m, a| values(m, a, false),
        ),
        full(
            "static IEnumerable<U> Values<U>(IEnumerable<JToken> source)",
            |m, a| values(m, a, false),
        ),
        full(
            "static IEnumerable<U> Values<U>(IEnumerable<JToken> source, object key)",
            |m, a| values(m, a, true),
        ),
        full(
            "static IEnumerable<JToken> Children(IEnumerable<JToken> source)",
            children,
        ),
    ],
};

fn source(args: &[Value]) -> Outcome {
    match value(args, 0) {
        Value::Null => Err(Exception::argument_null("source")),
        source => Ok(source),
    }
}

/// The sequence, which must be a token itself, as `U`.
fn single(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let value = match value(args, 0) {
        Value::Null => return Err(Exception::argument_null("value")),
        value => value,
    };
    if node_of(&value).is_none() {
        return Err(Exception::new(
            names::ARGUMENT,
            "Source value must be a JToken.",
        ));
    }
    extract(machine.budget, value, &token(args))
}

/// The values, or of every item the one at a key. The result's type is the last argument, except for
/// an indexer's.
fn values(machine: &mut Machine<'_>, args: &[Value], keyed: bool) -> Outcome {
    let wanted = match args.last() {
        Some(Value::Object(object)) if matches!(object.as_ref(), Object::Token(_)) => {
            element_token(args)
        }
        _ => Type::Basic(Basic::JToken),
    };
    let key = without_token(args).get(1).cloned();
    let mut all = Vec::new();
    for found in machine.collect(&source(args)?)? {
        let Some(token) = found.as_foreign::<Token>() else {
            continue;
        };
        if let (true, Some(key)) = (keyed, &key) {
            let value = item(machine.budget, token, key)?;
            if !value.is_null() {
                machine.budget.allocate(size_of::<Value>())?;
                all.push(extract(machine.budget, value, &wanted)?);
            }
            continue;
        }
        if token.node.is_value() {
            machine.budget.allocate(size_of::<Value>())?;
            all.push(extract(machine.budget, found.clone(), &wanted)?);
            continue;
        }
        for child in token.node.children() {
            machine.budget.allocate(4 * size_of::<Value>())?;
            all.push(extract(machine.budget, token.wrap(child), &wanted)?);
        }
    }
    Ok(Value::object(Object::list(wanted, all)))
}

fn children(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let wanted = element_token(args);
    let mut all = Vec::new();
    for found in machine.collect(&source(args)?)? {
        let Some(token) = found.as_foreign::<Token>() else {
            continue;
        };
        for child in token.node.children() {
            machine.budget.allocate(4 * size_of::<Value>())?;
            let child = token.wrap(child);
            if is_instance(&child, &wanted) {
                all.push(child);
            }
        }
    }
    Ok(Value::object(Object::list(wanted, all)))
}
