//! Reading JSON bodies strictly: an object may not have two members of one name, because two readers
//! could see two different bodies.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads a body. Nesting is limited to 128 levels.
///
/// # Errors
///
/// What is wrong, with line and column; nothing of the body's values is quoted.
pub(crate) fn parse(body: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice::<Strict>(body) {
        Ok(Strict(value)) => Ok(value),
        Err(error) => Err(explain(&error)),
    }
}

/// serde's messages quote the offending value now and then, which may be a secret.
fn explain(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let place = if line == 0 {
        String::new()
    } else {
        format!(" Line {line}, position {column}.")
    };
    let text = error.to_string();
    if let Some((_, rest)) = text.split_once(DUPLICATE)
        && let Some((name, _)) = rest.split_once('`')
    {
        return format!("The member `{name}` is there twice in one object.{place}");
    }
    let reason = match error.classify() {
        serde_json::error::Category::Eof => "The JSON ends in the middle.",
        _ if text.contains("recursion limit") => "The JSON is nested too deeply.",
        _ => "The body is not valid JSON.",
    };
    format!("{reason}{place}")
}

const DUPLICATE: &str = "duplicate member `";

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Strict(element)) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                let shown = name.chars().take(100).collect::<String>();
                return Err(A::Error::custom(format!(
                    "{DUPLICATE}{}`",
                    shown.escape_default()
                )));
            }
            let Strict(value) = map.next_value()?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_every_kind_of_value() {
        let text = r#"{"a": [1, -2, 1.5, true, null, "x"], "b": {"c": ""}}"#;
        assert_eq!(
            parse(text.as_bytes()),
            Ok(json!({"a": [1, -2, 1.5, true, null, "x"], "b": {"c": ""}}))
        );
    }

    #[test]
    fn a_member_that_is_there_twice_is_refused_by_name() {
        let error = parse(br#"{"properties": {"value": "a", "value": "b"}}"#).unwrap_err();
        assert!(error.contains("`value` is there twice"), "{error}");
    }

    #[test]
    fn mistakes_have_a_place_and_quote_no_values() {
        let error = parse(b"{\n\"secret\": \"hunter2\" x}").unwrap_err();
        assert!(
            error.contains("Line 2") && !error.contains("hunter2"),
            "{error}"
        );
        assert!(parse(b"{").unwrap_err().contains("ends"));
        assert!(
            parse("[".repeat(10_000).as_bytes())
                .unwrap_err()
                .contains("deeply")
        );
        assert!(parse(b"").is_err());
        assert!(parse(b"{} {}").is_err());
    }
}
