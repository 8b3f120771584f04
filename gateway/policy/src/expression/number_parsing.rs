//! Numbers from text.

use super::exception::Exception;

/// The text of an integer as `NumberStyles.Integer` reads it: blanks around, one leading sign.
pub(crate) fn parse_integer(text: &str) -> Result<i128, Exception> {
    let malformed = || {
        Exception::format(format!(
            "The input string '{text}' was not in a correct format."
        ))
    };
    let trimmed = text.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r', '\0']);
    let (negative, digits) = match trimmed.as_bytes() {
        [b'-', ..] => (true, trimmed.get(1..).unwrap_or("")),
        [b'+', ..] => (false, trimmed.get(1..).unwrap_or("")),
        _ => (false, trimmed),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    let mut value: i128 = 0;
    for digit in digits.bytes() {
        // Saturation is enough: every target type is smaller.
        value = value
            .saturating_mul(10)
            .saturating_add(i128::from(digit - b'0'));
    }
    Ok(if negative { -value } else { value })
}

/// A double as `NumberStyles.Float | AllowThousands` reads it.
pub(crate) fn parse_double(text: &str) -> Result<f64, Exception> {
    let malformed = || {
        Exception::format(format!(
            "The input string '{text}' was not in a correct format."
        ))
    };
    let trimmed = text.trim();
    match trimmed {
        "NaN" => return Ok(f64::NAN),
        "Infinity" | "∞" => return Ok(f64::INFINITY),
        "-Infinity" | "-∞" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    let plain: String = trimmed.chars().filter(|c| *c != ',').collect();
    let shape = plain
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    if !shape || !plain.bytes().any(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    plain.parse().map_err(|_| malformed())
}
