//! JSON strings and numbers as `JsonTextWriter` writes them.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::expression::dates::{print_date_time, print_offset, print_span};
use crate::expression::exception::Exception;
use crate::expression::guid;
use crate::expression::numbers::{print_double, print_float};
use crate::expression::text::unit_to_string;
use crate::expression::time::{DateTime, DateTimeOffset, Kind as Zone};
use crate::expression::value::Value;

/// Adds a string with its quotes (`StringEscapeHandling.Default`).
pub(super) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    push_escaped(out, text, '"');
    out.push('"');
}

/// Adds the characters of a string, escaped for the delimiter.
pub(super) fn push_escaped(out: &mut String, text: &str, delimiter: char) {
    for c in text.chars() {
        match c {
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{c}' => out.push_str("\\f"),
            '\u{8}' => out.push_str("\\b"),
            '\\' => out.push_str("\\\\"),
            c if c == delimiter => {
                out.push('\\');
                out.push(c);
            }
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// A floating point number: with a point or an exponent; what is no number is a string
/// (`FloatFormatHandling.String`).
fn real(text: String, finite: bool) -> String {
    if !finite {
        return format!("\"{text}\"");
    }
    if text.contains(['.', 'E', 'e']) {
        text
    } else {
        text + ".0"
    }
}

/// A date as ISO 8601 with only the digits its fraction needs.
pub(super) fn date_time(time: DateTime) -> Result<String, Exception> {
    let zone = match time.kind {
        Zone::Unspecified => "",
        Zone::Utc => "Z",
        // The gateway's time zone is UTC.
        Zone::Local => "+00:00",
    };
    let plain = DateTime {
        kind: Zone::Unspecified,
        ..time
    };
    Ok(print_date_time(plain, "yyyy-MM-ddTHH:mm:ss.FFFFFFF")? + zone)
}

pub(super) fn date_time_offset(time: DateTimeOffset) -> Result<String, Exception> {
    print_offset(time, "yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz")
}

/// Adds a value that is no container.
pub(super) fn push_scalar(out: &mut String, value: &Value) -> Result<(), Exception> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Text(text) => push_quoted(out, text),
        Value::Char(unit) => push_quoted(out, &unit_to_string(*unit)),
        Value::Double(number) => out.push_str(&real(print_double(*number), number.is_finite())),
        Value::Float(number) => out.push_str(&real(print_float(*number), number.is_finite())),
        Value::Decimal(number) => out.push_str(&real(number.to_string(), true)),
        Value::ULong(number) => out.push_str(&number.to_string()),
        Value::Enum(_, number) => out.push_str(&number.to_string()),
        Value::Guid(bytes) => push_quoted(out, &guid::print(bytes)),
        Value::DateTime(time) => push_quoted(out, &date_time(*time)?),
        Value::DateTimeOffset(time) => push_quoted(out, &date_time_offset(*time)?),
        Value::TimeSpan(span) => push_quoted(out, &print_span(*span, "c")?),
        Value::Object(_) => match value.as_bytes() {
            Some(bytes) => push_quoted(out, &STANDARD.encode(bytes)),
            None => out.push_str("null"),
        },
        other => out.push_str(&other.as_int().unwrap_or_default().to_string()),
    }
    Ok(())
}
