//! `Uri.EscapeDataString` and its opposites, and the escaping that `Uri` itself does (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::expression::exception::Exception;
use crate::expression::library::arguments::text;
use crate::expression::library::pure;
use crate::expression::library::registry::Group;
use crate::expression::value::Value;

/// RFC 3986 unreserved characters stay.
pub(super) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Reserved characters (RFC 3986 section 2.2) stay too.
const RESERVED: &str = ":/?#[]@!$&'()*+,;=";

const URI_STRING: &AsciiSet = &UNRESERVED
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'#')
    .remove(b'[')
    .remove(b']')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

pub(super) static ESCAPING: Group = Group {
    owner: "Uri",
    entries: &[
        pure(
            "static string EscapeDataString(string stringToEscape)",
            |budget, args| {
                let source = text(args, 0, "stringToEscape")?;
                budget.allocate(source.len().saturating_mul(3))?;
                Ok(Value::text(escape_data(source)))
            },
        ),
        pure(
            "static string EscapeUriString(string stringToEscape)",
            |budget, args| {
                let source = text(args, 0, "stringToEscape")?;
                budget.allocate(source.len().saturating_mul(3))?;
                Ok(Value::text(
                    utf8_percent_encode(source, URI_STRING).to_string(),
                ))
            },
        ),
        pure(
            "static string UnescapeDataString(string stringToUnescape)",
            |budget, args| {
                let source = text(args, 0, "stringToUnescape")?;
                budget.allocate(source.len())?;
                Ok(Value::text(unescape(source, |_| true)))
            },
        ),
    ],
};

/// Everything but unreserved characters as UTF-8 in percent signs.
pub(super) fn escape_data(source: &str) -> String {
    utf8_percent_encode(source, UNRESERVED).to_string()
}

/// The byte that `%XX` at the start of `bytes` stands for.
fn escaped_byte(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    Some(digit(*high)? * 16 + digit(*low)?)
}

/// A part of a URI with what RFC 3986 does not allow in it escaped, and escaped unreserved characters
/// as themselves (section 6.2.2.2). `forced` is escaped although it is reserved.
pub(super) fn canonical(part: &str, forced: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(c) = rest.chars().next() {
        let width = c.len_utf8();
        if c == '%' {
            match escaped_byte(rest.as_bytes()).map(char::from) {
                Some(unescaped) if is_unreserved(unescaped) => out.push(unescaped),
                Some(_) => out.push_str(rest.get(..3).unwrap_or_default()),
                None => {
                    out.push_str("%25");
                    rest = rest.get(1..).unwrap_or_default();
                    continue;
                }
            }
            rest = rest.get(3..).unwrap_or_default();
            continue;
        }
        if is_unreserved(c) || (RESERVED.contains(c) && !forced.contains(c)) {
            out.push(c);
        } else {
            out.push_str(&escape_data(c.encode_utf8(&mut [0; 4])));
        }
        rest = rest.get(width..).unwrap_or_default();
    }
    out
}

fn is_unreserved(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')
}

/// Whether a part can stand in a URI as it is: allowed characters and whole escapes only.
pub(super) fn is_well_formed(part: &str) -> bool {
    part.char_indices().all(|(at, c)| match c {
        '%' => escaped_byte(part.as_bytes().get(at..).unwrap_or_default()).is_some(),
        c => is_unreserved(c) || RESERVED.contains(c) || (!c.is_ascii() && !c.is_control()),
    })
}

/// Replaces escapes by the characters that `wanted` says yes to. Escapes that are not UTF-8 stay.
pub(super) fn unescape(source: &str, wanted: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((head, tail)) = rest.split_once('%') {
        out.push_str(head);
        let at_percent = rest.get(head.len()..).unwrap_or_default();
        match leading_character(at_percent.as_bytes()) {
            Some((c, width)) => {
                if wanted(c) {
                    out.push(c);
                } else {
                    out.push_str(at_percent.get(..width).unwrap_or_default());
                }
                rest = at_percent.get(width..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The character of one to four escapes at the start, and their length.
fn leading_character(bytes: &[u8]) -> Option<(char, usize)> {
    let mut decoded = Vec::with_capacity(4);
    for count in 1..=4 {
        decoded.push(escaped_byte(bytes.get(3 * (count - 1)..)?)?);
        if let Ok(text) = std::str::from_utf8(&decoded) {
            return text.chars().next().map(|c| (c, 3 * count));
        }
    }
    None
}

/// `Uri.ToString()`: readable, but never with another meaning than the escaped form.
pub(super) fn safe_unescaped(part: &str) -> String {
    unescape(part, |c| {
        !c.is_control() && !RESERVED.contains(c) && !matches!(c, '%' | '\\')
    })
}

/// The exception of members that only absolute URIs have.
pub(super) fn relative() -> Exception {
    Exception::invalid_operation("This operation is not supported for a relative URI.")
}
