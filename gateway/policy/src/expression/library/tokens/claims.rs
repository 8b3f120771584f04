//! Claims of a token: JSON → texts as .NET's `JwtSecurityToken` has them, and `Jwt.Claims`.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::expression::exception::Exception;
use crate::expression::key::Key;
use crate::expression::library::arguments::text;
use crate::expression::library::maps::lookup;
use crate::expression::library::registry::Group;
use crate::expression::library::{collections, full};
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::Type;
use crate::expression::value::Value;

/// `Jwt.Claims`; what is not here is inherited from the dictionary.
pub(super) static CLAIMS: Group = Group {
    owner: "IClaims",
    entries: &[
        full("string GetValueOrDefault(string claimName)", joined),
        full(
            "string GetValueOrDefault(string claimName, string defaultValue)",
            joined,
        ),
    ],
};

/// The values of a claim with commas between them.
fn joined(machine: &mut Machine<'_>, args: &[Value]) -> Result<Value, Exception> {
    text(args, 1, "claimName")?;
    let Some(found) = lookup(machine, args)? else {
        return Ok(args.get(2).cloned().unwrap_or(Value::Null));
    };
    let items = match &found {
        Value::Object(object) => object.elements().unwrap_or_default(),
        _ => Vec::new(),
    };
    let parts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    machine
        .budget
        .allocate(parts.iter().map(|part| part.len() + 1).sum())?;
    Ok(Value::text(parts.join(",")))
}

/// Values of one claim: an array gives one for each element, anything else exactly one.
pub(crate) fn values_of(claim: &Json) -> Vec<String> {
    match claim {
        Json::Array(items) => items.iter().map(text_of).collect(),
        other => vec![text_of(other)],
    }
}

/// A string stays, `null` is empty, everything else is its JSON (`true`, `12`, `{"a":1}`).
fn text_of(claim: &Json) -> String {
    match claim {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// All claims as a dictionary from name to `string[]`.
pub(super) fn dictionary(payload: &Map<String, Json>) -> Value {
    let entries: IndexMap<Key, (Value, Value)> = payload
        .iter()
        .map(|(name, claim)| {
            let name = Value::from(name.as_str());
            let values = values_of(claim);
            let values = collections::strings(values.iter().map(String::as_str));
            (Key::of(&name, false), (name, values))
        })
        .collect();
    Value::object(Object::Dictionary {
        key: Type::STRING,
        value: Type::array(Type::STRING),
        ignore_case: false,
        entries: entries.into(),
    })
}
