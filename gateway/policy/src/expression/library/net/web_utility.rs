//! `WebUtility`: forms and HTML.

use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_decode_str, percent_encode,
    utf8_percent_encode,
};

use super::html;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::library::arguments::{bytes, int, optional_text, value};
use crate::expression::library::pure;
use crate::expression::library::registry::Group;
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

/// What `UrlEncode` leaves: it also keeps `!`, `*`, `(` and `)`, and escapes `~`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'*')
    .remove(b'(')
    .remove(b')')
    .remove(b' ');

pub(super) static WEB_UTILITY: Group = Group {
    owner: "WebUtility",
    entries: &[
        pure("static string UrlEncode(string value)", |budget, args| {
            nullable(budget, args, 3, url_encode)
        }),
        pure(
            "static string UrlDecode(string encodedValue)",
            |budget, args| nullable(budget, args, 1, url_decode),
        ),
        pure(
            "static byte[] UrlEncodeToBytes(byte[] value, int offset, int count)",
            |budget, args| {
                part(budget, args, |part| {
                    percent_encode(part, FORM)
                        .to_string()
                        .replace(' ', "+")
                        .into_bytes()
                })
            },
        ),
        pure(
            "static byte[] UrlDecodeToBytes(byte[] encodedValue, int offset, int count)",
            |budget, args| {
                part(budget, args, |part| {
                    let spaced: Vec<u8> = part
                        .iter()
                        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
                        .collect();
                    percent_decode(&spaced).collect()
                })
            },
        ),
        pure("static string HtmlEncode(string value)", |budget, args| {
            nullable(budget, args, 6, html::encode)
        }),
        pure("static string HtmlDecode(string value)", |budget, args| {
            nullable(budget, args, 1, html::decode)
        }),
    ],
};

pub(crate) fn url_encode(text: &str) -> String {
    utf8_percent_encode(text, FORM)
        .to_string()
        .replace(' ', "+")
}

pub(crate) fn url_decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// `map` of a text, which may become `factor` times as long; `null` of `null`.
fn nullable(
    budget: &mut Budget,
    args: &[Value],
    factor: usize,
    map: impl Fn(&str) -> String,
) -> Outcome {
    match optional_text(args, 0) {
        Some(text) => {
            budget.allocate(text.len().saturating_mul(factor))?;
            Ok(Value::text(map(text)))
        }
        None => Ok(Value::Null),
    }
}

fn part(budget: &mut Budget, args: &[Value], map: impl Fn(&[u8]) -> Vec<u8>) -> Outcome {
    if value(args, 0).is_null() && int(args, 2) == 0 {
        return Ok(Value::Null);
    }
    let all = bytes(args, 0, "value")?;
    let range = |at: usize| {
        usize::try_from(int(args, at)).map_err(|_| {
            Exception::argument_range(
                "Specified argument was out of the range of valid values.",
                if at == 1 { "offset" } else { "count" },
            )
        })
    };
    let (start, count) = (range(1)?, range(2)?);
    let part = start
        .checked_add(count)
        .and_then(|end| all.get(start..end))
        .ok_or_else(|| {
            Exception::argument_range(
                "Specified argument was out of the range of valid values.",
                "count",
            )
        })?;
    budget.allocate(part.len().saturating_mul(3))?;
    Ok(Value::bytes(map(part)))
}
