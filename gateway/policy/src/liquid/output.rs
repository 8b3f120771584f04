//! Values as text.

use super::compare::within;
use super::datum::Datum;
use super::members;
use crate::context::Context;
use crate::expression::{Budget, Exception, Value, format_value};

/// Most digits of a `decimal`, without zeros at the end.
const DECIMAL: &str = "0.#############################";

/// What an output writes: `null` is nothing, truth values are small, and lists are written one after
/// another.
pub(super) fn written(
    value: &Datum,
    context: &Context,
    budget: &mut Budget,
) -> Result<String, Exception> {
    let mut out = String::new();
    match value {
        Datum::Scalar(Value::Bool(value)) => out.push_str(if *value { "true" } else { "false" }),
        other => write(other, context, budget, &mut out)?,
    }
    Ok(out)
}

fn write(
    value: &Datum,
    context: &Context,
    budget: &mut Budget,
    out: &mut String,
) -> Result<(), Exception> {
    let push = |budget: &mut Budget, out: &mut String, text: &str| {
        budget.allocate(text.len())?;
        out.push_str(text);
        Ok(())
    };
    match value {
        Datum::Scalar(value) => match value {
            Value::Null => Ok(()),
            Value::Text(text) => push(budget, out, text),
            Value::Decimal(_) => {
                let text = format_value(value, DECIMAL)?;
                push(budget, out, &text)
            }
            other => {
                let text = other.to_text()?;
                push(budget, out, &text)
            }
        },
        // As `KeyValuePair<,>.ToString()`.
        Datum::Pair(pair) => {
            push(budget, out, &format!("[{}, ", pair.0))?;
            within(budget, |budget| write(&pair.1, context, budget, out))?;
            push(budget, out, "]")
        }
        Datum::Part(part) => match members::print(*part, context) {
            Some(text) => push(budget, out, &text),
            None => match members::pairs(*part, context, budget)? {
                Some(pairs) => within(budget, |budget| write(&pairs, context, budget, out)),
                None => Ok(()),
            },
        },
        Datum::Empty | Datum::Blank => Ok(()),
        list => {
            for item in list.elements(0, usize::MAX, budget)?.unwrap_or_default() {
                within(budget, |budget| write(&item, context, budget, out))?;
            }
            Ok(())
        }
    }
}
