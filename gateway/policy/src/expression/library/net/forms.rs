//! Bodies in `application/x-www-form-urlencoded` (WHATWG URL section 5).

use std::sync::Arc;

use indexmap::IndexMap;

use super::escaping::escape_data;
use super::web_utility::{url_decode, url_encode};
use crate::expression::exception::Exception;
use crate::expression::key::Key;
use crate::expression::library::arguments::{boolean, value};
use crate::expression::library::full;
use crate::expression::library::maps::pairs;
use crate::expression::library::messages::read_body;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::{Family, Type};
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

pub(super) static BODY: Group = Group {
    owner: "IMessageBody",
    entries: &[full(
        "IDictionary<string,IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)",
        |machine, args| {
            let content = read_body(machine, args, boolean(args, 1))?;
            machine.budget.allocate(content.len().saturating_mul(4))?;
            form(machine, &String::from_utf8_lossy(&content))
        },
    )],
};

/// Names in order of appearance, each with all its values.
fn form(machine: &mut Machine<'_>, body: &str) -> Outcome {
    let mut fields: IndexMap<String, Vec<Value>> = IndexMap::new();
    for pair in body.split('&').filter(|pair| !pair.is_empty()) {
        machine.budget.allocate(4 * size_of::<Value>())?;
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        fields
            .entry(url_decode(name))
            .or_default()
            .push(Value::from(url_decode(value)));
    }
    let entries: IndexMap<Key, (Value, Value)> = fields
        .into_iter()
        .map(|(name, values)| {
            let name = Value::from(name);
            let values = Value::object(Object::list(Type::STRING, values));
            (Key::of(&name, false), (name, values))
        })
        .collect();
    Ok(Value::object(Object::Dictionary {
        key: Type::STRING,
        value: Type::Generic(Family::IList, Arc::new([Type::STRING])),
        ignore_case: false,
        entries: entries.into(),
    }))
}

/// Extension methods of what [`form`] makes.
pub(super) static FORM: Group = Group {
    owner: "IDictionary<TKey,TValue>",
    entries: &[
        full("string ToFormUrlEncodedContent()", |machine, args| {
            written(machine, args, url_encode)
        }),
        full("string ToQueryString()", |machine, args| {
            written(machine, args, escape_data)
        }),
    ],
};

fn written(machine: &mut Machine<'_>, args: &[Value], escape: fn(&str) -> String) -> Outcome {
    let mut out = String::new();
    for (name, values) in pairs(machine, &value(args, 0))? {
        let name = escape(&name.to_text()?);
        let values = match &values {
            Value::Object(object) => object.elements().unwrap_or_else(|| vec![values.clone()]),
            other => vec![other.clone()],
        };
        for value in values {
            let value = value.to_text()?;
            machine
                .budget
                .allocate(value.len().saturating_mul(3).saturating_add(name.len()))?;
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(&name);
            out.push('=');
            out.push_str(&escape(&value));
        }
    }
    Ok(Value::from(out))
}
