//! `ToString()` of floating point numbers.

/// `double.ToString()`: the shortest text that reads back.
pub(crate) fn print_double(value: f64) -> String {
    special(value).unwrap_or_else(|| shortest(&format!("{value:e}"), 15))
}

/// `float.ToString()`.
pub(crate) fn print_float(value: f32) -> String {
    special(f64::from(value)).unwrap_or_else(|| shortest(&format!("{value:e}"), 7))
}

pub(super) fn special(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned())
    } else {
        None
    }
}

/// Rust's `d.ddde±x` laid out as .NET does: plain from 0.0001 up to so many digits before the point.
pub(super) fn shortest(scientific: &str, digits_before: i32) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if (-4..digits_before).contains(&exponent) {
        format!("{sign}{}", place_point(&digits, exponent))
    } else {
        let (first, rest) = digits.split_at_checked(1).unwrap_or((digits.as_str(), ""));
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        format!(
            "{sign}{first}{point}{rest}E{exponent_sign}{:02}",
            exponent.unsigned_abs()
        )
    }
}

/// `digits` with the decimal point behind digit `exponent` (0 = the first).
pub(super) fn place_point(digits: &str, exponent: i32) -> String {
    let before = exponent + 1;
    if before <= 0 {
        return format!("0.{}{digits}", "0".repeat(before.unsigned_abs() as usize));
    }
    let before = before as usize;
    match digits.split_at_checked(before) {
        Some((whole, "")) => whole.to_owned(),
        Some((whole, fraction)) => format!("{whole}.{fraction}"),
        None => format!("{digits}{}", "0".repeat(before - digits.len())),
    }
}
