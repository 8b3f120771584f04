//! `StringBuilder`.

use super::arguments::{elements, index, int, object, optional_text, text, value};
use super::registry::Group;
use super::{full, pure};
use crate::expression::exception::Exception;
use crate::expression::machine::Machine;
use crate::expression::object::{Object, lock};
use crate::expression::text::{byte_offset, utf16_at, utf16_len};
use crate::expression::value::Value;

pub(super) static STRING_BUILDER: Group = Group {
    owner: "StringBuilder",
    entries: &[
        pure("new()", |_, _| Ok(builder(String::new()))),
        pure("new(string value)", |_, args| {
            Ok(builder(
                optional_text(args, 0)
                    .map(|text| text.to_string())
                    .unwrap_or_default(),
            ))
        }),
        pure("new(int capacity)", |_, _| Ok(builder(String::new()))),
        full("StringBuilder Append(string value)", append),
        full("StringBuilder Append(char value)", append),
        full("StringBuilder Append(object value)", append),
        full(
            "StringBuilder Append(char value, int repeatCount)",
            |machine, args| {
                let count = index(args, 2, "Count cannot be less than zero.", "repeatCount")?;
                let part = value(args, 1).to_text()?;
                machine.budget.allocate(part.len().saturating_mul(count))?;
                add(args, &part.repeat(count))
            },
        ),
        full("StringBuilder AppendLine()", |machine, args| {
            machine.budget.allocate(1)?;
            add(args, "\n")
        }),
        full("StringBuilder AppendLine(string value)", |machine, args| {
            append(machine, args)?;
            machine.budget.allocate(1)?;
            add(args, "\n")
        }),
        full(
            "StringBuilder AppendFormat(string format, params object[] args)",
            |machine, args| {
                let items = elements(args, 2);
                let part =
                    super::formatting::composite(machine.budget, text(args, 1, "format")?, &items)?;
                add(args, &part)
            },
        ),
        full(
            "StringBuilder Insert(int index, object value)",
            |machine, args| {
                let part = value(args, 2).to_text()?;
                machine.budget.allocate(part.len())?;
                with(args, |content| {
                    let offset = usize::try_from(int(args, 1))
                        .ok()
                        .and_then(|at| byte_offset(content, at))
                        .ok_or_else(Exception::index_argument)?;
                    content.insert_str(offset, &part);
                    Ok(value(args, 0))
                })
            },
        ),
        full(
            "StringBuilder Remove(int startIndex, int length)",
            |_, args| {
                with(args, |content| {
                    let start = usize::try_from(int(args, 1)).ok();
                    let end =
                        start.and_then(|s| s.checked_add(usize::try_from(int(args, 2)).ok()?));
                    let range = start
                        .and_then(|s| byte_offset(content, s))
                        .zip(end.and_then(|e| byte_offset(content, e)))
                        .ok_or_else(Exception::index_argument)?;
                    content.replace_range(range.0..range.1, "");
                    Ok(value(args, 0))
                })
            },
        ),
        full(
            "StringBuilder Replace(string oldValue, string newValue)",
            |machine, args| {
                let old = text(args, 1, "oldValue")?.to_string();
                let new = optional_text(args, 2)
                    .map(|text| text.to_string())
                    .unwrap_or_default();
                if old.is_empty() {
                    return Err(Exception::argument_null("oldValue"));
                }
                let budget = &mut *machine.budget;
                with(args, |content| {
                    let matches = content.matches(&old).count();
                    budget.allocate(
                        content
                            .len()
                            .saturating_add(matches.saturating_mul(new.len())),
                    )?;
                    *content = content.replace(&old, &new);
                    Ok(value(args, 0))
                })
            },
        ),
        full("StringBuilder Clear()", |_, args| {
            with(args, |content| {
                content.clear();
                Ok(value(args, 0))
            })
        }),
        full("int Length", |_, args| {
            with(args, |content| {
                Ok(super::strings::int_of(utf16_len(content)))
            })
        }),
        full("char this[int index]", |_, args| {
            with(args, |content| {
                usize::try_from(int(args, 1))
                    .ok()
                    .and_then(|at| utf16_at(content, at))
                    .map(Value::Char)
                    .ok_or_else(Exception::index_range)
            })
        }),
    ],
};

fn builder(content: String) -> Value {
    Value::object(Object::StringBuilder(content.into()))
}

fn append(machine: &mut Machine<'_>, args: &[Value]) -> Result<Value, Exception> {
    let mut part = String::new();
    machine.append(&mut part, &value(args, 1))?;
    add(args, &part)
}

fn add(args: &[Value], part: &str) -> Result<Value, Exception> {
    with(args, |content| {
        content.push_str(part);
        Ok(value(args, 0))
    })
}

fn with(
    args: &[Value],
    change: impl FnOnce(&mut String) -> Result<Value, Exception>,
) -> Result<Value, Exception> {
    match object(args, 0, "this")?.as_ref() {
        Object::StringBuilder(content) => change(&mut lock(content)),
        _ => Err(Exception::null_reference()),
    }
}
