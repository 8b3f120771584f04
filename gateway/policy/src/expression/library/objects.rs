//! What every object has, and small types around it.

use std::sync::Arc;

use super::arguments::{boolean, int, optional_text, token, value, without_token};
use super::registry::Group;
use super::{full, pure};
use crate::expression::exception::Exception;
use crate::expression::key::{Key, equals, same_reference};
use crate::expression::object::Object;
use crate::expression::types::{Family, Type};
use crate::expression::value::Value;

pub(super) static OBJECT: Group = Group {
    owner: "object",
    entries: &[
        full("string ToString()", |machine, args| {
            let text = value(args, 0).to_text()?;
            machine.budget.allocate(text.len())?;
            Ok(Value::text(text))
        }),
        pure("bool Equals(object obj)", |_, args| {
            Ok(Value::Bool(equals(&value(args, 0), &value(args, 1))))
        }),
        pure("int GetHashCode()", |_, args| {
            Ok(Value::Int(hash_code(&value(args, 0))))
        }),
        pure("static bool Equals(object objA, object objB)", |_, args| {
            Ok(Value::Bool(equals(&value(args, 0), &value(args, 1))))
        }),
        pure(
            "static bool ReferenceEquals(object objA, object objB)",
            |_, args| {
                Ok(Value::Bool(same_reference(
                    &value(args, 0),
                    &value(args, 1),
                )))
            },
        ),
        pure("new()", |_, _| {
            Ok(Value::object(Object::Anonymous {
                shape: Arc::new([]),
                values: Vec::new(),
            }))
        }),
    ],
};

pub(super) static ENUM: Group = Group {
    owner: "enum",
    entries: &[
        pure("string ToString(string format)", |_, args| {
            let text =
                super::format_value(&value(args, 0), optional_text(args, 1).map_or("", |t| t))?;
            Ok(Value::text(text))
        }),
        pure("bool HasFlag(object flag)", |_, args| {
            Ok(Value::Bool(int(args, 0) & int(args, 1) == int(args, 1)))
        }),
    ],
};

pub(super) static NULLABLE: Group = Group {
    owner: "Nullable<T>",
    entries: &[
        pure("bool HasValue", |_, args| {
            Ok(Value::Bool(!value(args, 0).is_null()))
        }),
        pure("T Value", |_, args| match value(args, 0) {
            Value::Null => Err(Exception::invalid_operation(
                "Nullable object must have a value.",
            )),
            value => Ok(value),
        }),
        full("T GetValueOrDefault()", |_, args| {
            let present = value(args, 0);
            let default = super::linq::default_value(&token(args));
            Ok(if present.is_null() { default } else { present })
        }),
        pure("T GetValueOrDefault(T defaultValue)", |_, args| {
            let present = value(args, 0);
            Ok(if present.is_null() {
                value(args, 1)
            } else {
                present
            })
        }),
    ],
};

pub(super) static BOOL: Group = Group {
    owner: "bool",
    entries: &[
        pure("static string TrueString", |_, _| Ok(Value::from("True"))),
        pure("static string FalseString", |_, _| Ok(Value::from("False"))),
        pure("static bool Parse(string value)", |_, args| {
            let text = super::arguments::text(args, 0, "value")?;
            parse_bool(text).map(Value::Bool).ok_or_else(|| {
                Exception::format(format!(
                    "String '{}' was not recognized as a valid Boolean.",
                    text.as_str()
                ))
            })
        }),
        full(
            "static bool TryParse(string value, out bool result)",
            |machine, args| {
                let parsed = optional_text(args, 0).and_then(|text| parse_bool(text));
                machine.outs.push(Value::Bool(parsed.unwrap_or(false)));
                Ok(Value::Bool(parsed.is_some()))
            },
        ),
        pure("int CompareTo(bool value)", |_, args| {
            Ok(Value::Int(
                i32::from(boolean(args, 0)) - i32::from(boolean(args, 1)),
            ))
        }),
    ],
};

/// `true` or `false` in any case, with blanks and NULs around it.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if trimmed.eq_ignore_ascii_case("true") {
        Some(true)
    } else if trimmed.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

pub(super) static PAIR: Group = Group {
    owner: "KeyValuePair<TKey,TValue>",
    entries: &[
        pure("TKey Key", |_, args| {
            Ok(pair(args).map_or(Value::Null, |(key, _)| key))
        }),
        pure("TValue Value", |_, args| {
            Ok(pair(args).map_or(Value::Null, |(_, value)| value))
        }),
        pure("new(TKey key, TValue value)", |_, args| {
            let types = match token(args) {
                Type::Generic(Family::Pair, types) => types,
                _ => Arc::new([Type::OBJECT, Type::OBJECT]),
            };
            Ok(Value::object(Object::pair(
                &types,
                value(args, 0),
                value(args, 1),
            )))
        }),
    ],
};

fn pair(args: &[Value]) -> Option<(Value, Value)> {
    match args.first() {
        Some(Value::Object(object)) => match object.as_ref() {
            Object::Pair { key, value, .. } => Some((key.clone(), value.clone())),
            _ => None,
        },
        _ => None,
    }
}

pub(super) static EXCEPTION: Group = Group {
    owner: "Exception",
    entries: &[
        pure("string Message", |_, args| {
            Ok(exception(args).map_or(Value::Null, |exception| Value::text(exception.message)))
        }),
        pure("Exception InnerException", |_, args| {
            let inner = exception(args).and_then(|exception| exception.inner().cloned());
            Ok(inner.map_or(Value::Null, |inner| Value::object(Object::Exception(inner))))
        }),
        pure("Exception GetBaseException()", |_, args| {
            let Some(mut base) = exception(args) else {
                return Err(Exception::null_reference());
            };
            while let Some(inner) = base.inner().cloned() {
                base = inner;
            }
            Ok(Value::object(Object::Exception(base)))
        }),
        pure("string StackTrace", |_, _| Ok(Value::Null)),
        pure("string Source", |_, _| Ok(Value::Null)),
        pure("new()", |_, args| Ok(thrown(args, None))),
        pure("new(string message)", |_, args| {
            Ok(thrown(
                args,
                optional_text(args, 0).map(|text| text.to_string()),
            ))
        }),
        pure("new(string message, Exception inner)", |_, args| {
            let made = thrown(args, optional_text(args, 0).map(|text| text.to_string()));
            let cause = exception(args.get(1..).unwrap_or_default());
            Ok(match (exception(std::slice::from_ref(&made)), cause) {
                (Some(made), Some(cause)) => {
                    Value::object(Object::Exception(made.caused_by(cause)))
                }
                _ => made,
            })
        }),
        pure("new(string paramName, string message)", |_, args| {
            let name = optional_text(args, 0)
                .map(|text| text.to_string())
                .unwrap_or_default();
            let message = optional_text(args, 1)
                .map(|text| text.to_string())
                .unwrap_or_default();
            Ok(thrown(
                args,
                Some(format!("{message} (Parameter '{name}')")),
            ))
        }),
    ],
};

fn exception(args: &[Value]) -> Option<Exception> {
    match args.first() {
        Some(Value::Object(object)) => match object.as_ref() {
            Object::Exception(exception) => Some(exception.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn thrown(args: &[Value], message: Option<String>) -> Value {
    let name = match token(args) {
        Type::Exception(name) => name,
        _ => crate::expression::exception::names::EXCEPTION,
    };
    let message = message.unwrap_or_else(|| format!("Exception of type '{name}' was thrown."));
    Value::object(Object::Exception(Exception::new(name, message)))
}

pub(super) static TUPLE: Group = Group {
    owner: "Tuple<T1>",
    entries: &[
        pure("new(T1 item1)", tuple),
        pure("new(T1 item1, object item2)", tuple),
        pure("new(T1 item1, object item2, object item3)", tuple),
        pure(
            "new(T1 item1, object item2, object item3, object item4)",
            tuple,
        ),
    ],
};

pub(super) static TUPLE_CLASS: Group = Group {
    owner: "Tuple",
    entries: &[
        pure("static Tuple<A> Create<A>(A item1)", tuple),
        pure("static Tuple<A,B> Create<A,B>(A item1, B item2)", tuple),
        pure(
            "static Tuple<A,B,C> Create<A,B,C>(A item1, B item2, C item3)",
            tuple,
        ),
        pure(
            "static Tuple<A,B,C,D> Create<A,B,C,D>(A item1, B item2, C item3, D item4)",
            tuple,
        ),
    ],
};

fn tuple(_: &mut crate::expression::budget::Budget, args: &[Value]) -> Result<Value, Exception> {
    let types = match token(args) {
        Type::Generic(_, types) => types,
        _ => Arc::new([]),
    };
    let items = without_token(args).to_vec();
    Ok(Value::object(Object::Tuple {
        family: Family::Tuple,
        types,
        items,
    }))
}

/// `GetHashCode`: .NET's for numbers and GUIDs; stable, but our own, for everything else (.NET's is
/// random per process).
fn hash_code(value: &Value) -> i32 {
    use std::hash::{Hash, Hasher};
    match value {
        Value::Int(value) => *value,
        Value::Bool(value) => i32::from(*value),
        Value::Short(value) => i32::from(*value),
        Value::Byte(value) => i32::from(*value),
        Value::Char(value) => i32::from(*value) | (i32::from(*value) << 16),
        Value::Long(value) => fold(*value),
        Value::DateTime(time) => fold(time.ticks),
        Value::TimeSpan(span) => fold(span.0),
        Value::Guid(bytes) => crate::expression::guid::hash_code(bytes),
        other => {
            let mut hasher = std::collections::hash_map::DefaultHasher::new();
            Key::of(other, false).hash(&mut hasher);
            fold(i64::from_ne_bytes(hasher.finish().to_ne_bytes()))
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves are combined")]
fn fold(value: i64) -> i32 {
    (value as i32) ^ ((value >> 32) as i32)
}
