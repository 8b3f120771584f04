//! Numbers of a JSON text.

use super::node::Kind;
use super::scanner::{Found, Scanner};
use crate::expression::exception::Exception;
use crate::expression::value::Value;

/// Digits of the longest integer that is read.
const MAX_DIGITS: usize = 380;

impl Scanner<'_> {
    pub(super) fn number(&mut self) -> Result<Found, Exception> {
        let start = self.at;
        while let Some(byte) = self.byte()
            && (byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'+' | b'.' | b'x' | b'X'))
        {
            self.at += 1;
        }
        let ended = self
            .peek()
            .is_none_or(|c| matches!(c, ',' | '}' | ']' | ')' | '/' | '\0') || c.is_whitespace());
        if !ended {
            return Err(self.unexpected("number"));
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let Some((kind, value)) = number(text) else {
            if text.len() > MAX_DIGITS {
                return Err(self.error(&format!("JSON integer {text} is too large to parse.")));
            }
            return Err(self.error(&format!("Input string '{text}' is not a valid number.")));
        };
        Ok(self.scalar(kind, value))
    }
}

/// Digits beyond 64 bits stay text.
fn number(text: &str) -> Option<(Kind, Value)> {
    let bytes = text.as_bytes();
    let other_base = bytes.first() == Some(&b'0')
        && bytes
            .get(1)
            .is_some_and(|next| !matches!(next, b'.' | b'e' | b'E'));
    if other_base {
        let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => u64::from_str_radix(text, 8),
        };
        // The digits are the bits of the number, as in `Convert.ToInt64(text, 16)`.
        let bits = parsed.ok()?;
        return Some((
            Kind::Integer,
            Value::Long(i64::from_ne_bytes(bits.to_ne_bytes())),
        ));
    }
    if let Ok(integer) = text.parse::<i64>()
        && !text.starts_with('+')
    {
        return Some((Kind::Integer, Value::Long(integer)));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return (text.len() <= MAX_DIGITS).then(|| (Kind::Integer, Value::text(text)));
    }
    let shape = digits
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !shape {
        return None;
    }
    text.parse::<f64>()
        .ok()
        .map(|real| (Kind::Float, Value::Double(real)))
}
