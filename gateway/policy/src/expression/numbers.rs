//! Numbers as text, under the invariant culture (.NET's "Standard numeric format strings" and
//! "Custom numeric format strings").

use super::exception::Exception;
use super::value::Value;

/// Digits that a format may ask for; .NET allows 999,999,999, which would be a memory attack here.
const MAX_PRECISION: usize = 1_000;

/// `double.ToString()`: the shortest text that reads back.
pub(crate) fn print_double(value: f64) -> String {
    special(value).unwrap_or_else(|| shortest(&format!("{value:e}"), 15))
}

/// `float.ToString()`.
pub(crate) fn print_float(value: f32) -> String {
    special(f64::from(value)).unwrap_or_else(|| shortest(&format!("{value:e}"), 7))
}

fn special(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned())
    } else {
        None
    }
}

/// Rust's `d.ddde±x` laid out as .NET does: plain from 0.0001 up to so many digits before the point.
fn shortest(scientific: &str, digits_before: i32) -> String {
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
fn place_point(digits: &str, exponent: i32) -> String {
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

/// A number as decimal digits: `0.d1d2… × 10^exponent`, exact for integers.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    /// Position of the decimal point relative to the first digit.
    exponent: i32,
}

impl Decimal {
    fn of(value: &Value) -> Option<Self> {
        let text = match value {
            Value::ULong(value) => value.to_string(),
            Value::Float(value) => print_exact(f64::from(*value), &format!("{value:e}")),
            Value::Double(value) => print_exact(*value, &format!("{value:e}")),
            other => other.as_int()?.to_string(),
        };
        Some(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .map(|b| b.wrapping_sub(b'0'))
            .collect();
        let mut exponent =
            exponent.parse::<i32>().unwrap_or(0) + i32::try_from(whole.len()).unwrap_or(0);
        while digits.first() == Some(&0) {
            digits.remove(0);
            exponent -= 1;
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        if digits.is_empty() {
            exponent = 0;
        }
        Self {
            negative,
            digits,
            exponent,
        }
    }

    /// Rounds half away from zero to `count` digits (which may be 0 or negative).
    fn round_to(&mut self, count: i32) {
        let Ok(count) = usize::try_from(count) else {
            self.digits.clear();
            self.exponent = 0;
            return;
        };
        let Some(next) = self.digits.get(count).copied() else {
            return;
        };
        self.digits.truncate(count);
        if next >= 5 {
            let mut at = count;
            loop {
                if at == 0 {
                    self.digits.insert(0, 1);
                    self.exponent += 1;
                    break;
                }
                at -= 1;
                match self.digits.get_mut(at) {
                    Some(digit) if *digit == 9 => *digit = 0,
                    Some(digit) => {
                        *digit += 1;
                        break;
                    }
                    None => break,
                }
            }
        }
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.exponent = 0;
        }
    }

    fn round_fraction(&mut self, digits: usize) {
        self.round_to(
            self.exponent
                .saturating_add(i32::try_from(digits).unwrap_or(i32::MAX)),
        );
    }

    /// The digit with weight 10^`weight`.
    fn digit(&self, weight: i32) -> char {
        let index = self.exponent - 1 - weight;
        let digit = usize::try_from(index)
            .ok()
            .and_then(|i| self.digits.get(i).copied());
        char::from(b'0' + digit.unwrap_or(0))
    }

    fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// `-ddd.ddd` with exactly `fraction` digits, and separators between thousands if asked.
    fn fixed(&self, fraction: usize, group: bool) -> String {
        let mut text = String::new();
        let highest = self.exponent.max(1) - 1;
        for weight in (0..=highest).rev() {
            text.push(self.digit(weight));
            if group && weight > 0 && weight % 3 == 0 {
                text.push(',');
            }
        }
        if fraction > 0 {
            text.push('.');
            for place in 1..=i32::try_from(fraction).unwrap_or(0) {
                text.push(self.digit(-place));
            }
        }
        text
    }
}

/// 15 significant digits, as the precision formats see a double.
fn print_exact(value: f64, shortest: &str) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else {
        shortest.to_owned()
    }
}

fn bad_format() -> Exception {
    Exception::format("Format specifier was invalid.")
}

/// `ToString(format)` of any number.
pub(crate) fn print_format(value: &Value, format: &str) -> Result<String, Exception> {
    let float = match value {
        Value::Double(value) => special(*value),
        Value::Float(value) => special(f64::from(*value)),
        _ => None,
    };
    if let Some(text) = float {
        return Ok(text);
    }
    let mut chars = format.chars();
    let Some(specifier) = chars.next() else {
        return value.to_text();
    };
    let precision = chars.as_str();
    if !specifier.is_ascii_alphabetic() || !precision.bytes().all(|b| b.is_ascii_digit()) {
        return custom(value, format);
    }
    let precision = match precision {
        "" => None,
        digits => match digits.parse::<usize>() {
            Ok(precision) if precision <= MAX_PRECISION => Some(precision),
            _ => return Err(bad_format()),
        },
    };
    standard(value, specifier, precision)
}

fn standard(value: &Value, specifier: char, precision: Option<usize>) -> Result<String, Exception> {
    let integral = !matches!(value, Value::Double(_) | Value::Float(_));
    let mut number = Decimal::of(value).ok_or_else(bad_format)?;
    let sign = |number: &Decimal, text: String| {
        if number.negative && !number.is_zero() {
            format!("-{text}")
        } else {
            text
        }
    };
    Ok(match specifier.to_ascii_uppercase() {
        'D' if integral => {
            let digits = number.fixed(0, false);
            let width = precision.unwrap_or(0);
            let text = format!("{}{digits}", "0".repeat(width.saturating_sub(digits.len())));
            sign(&number, text)
        }
        'F' | 'N' => {
            let fraction = precision.unwrap_or(2);
            number.round_fraction(fraction);
            let text = number.fixed(fraction, specifier.eq_ignore_ascii_case(&'n'));
            sign(&number, text)
        }
        'P' => {
            number.exponent += if number.is_zero() { 0 } else { 2 };
            let fraction = precision.unwrap_or(2);
            number.round_fraction(fraction);
            let text = number.fixed(fraction, true);
            format!("{} %", sign(&number, text))
        }
        'C' => {
            let fraction = precision.unwrap_or(2);
            number.round_fraction(fraction);
            let text = format!("¤{}", number.fixed(fraction, true));
            if number.negative && !number.is_zero() {
                format!("({text})")
            } else {
                text
            }
        }
        'E' => {
            let fraction = precision.unwrap_or(6);
            number.round_to(i32::try_from(fraction + 1).unwrap_or(i32::MAX));
            let exponent = if number.is_zero() {
                0
            } else {
                number.exponent - 1
            };
            let top = number.exponent - 1;
            let mut text = String::from(number.digit(top));
            if fraction > 0 {
                text.push('.');
            }
            for place in 1..=i32::try_from(fraction).unwrap_or(0) {
                text.push(number.digit(top - place));
            }
            let e = specifier;
            let exponent_sign = if exponent < 0 { '-' } else { '+' };
            sign(
                &number,
                format!("{text}{e}{exponent_sign}{:03}", exponent.unsigned_abs()),
            )
        }
        'G' => match precision {
            None | Some(0) => value.to_text()?,
            Some(digits) => {
                number.round_to(i32::try_from(digits).unwrap_or(i32::MAX));
                let mantissa: String = number.digits.iter().map(|d| char::from(b'0' + d)).collect();
                let exponent = number.exponent - 1;
                let text = if number.is_zero() {
                    "0".to_owned()
                } else if exponent >= i32::try_from(digits).unwrap_or(i32::MAX) || exponent < -4 {
                    let (first, rest) = mantissa.split_at_checked(1).unwrap_or((&mantissa, ""));
                    let point = if rest.is_empty() { "" } else { "." };
                    let exponent_sign = if exponent < 0 { '-' } else { '+' };
                    let e = if specifier == 'g' { 'e' } else { 'E' };
                    format!(
                        "{first}{point}{rest}{e}{exponent_sign}{:02}",
                        exponent.unsigned_abs()
                    )
                } else {
                    place_point(&mantissa, exponent)
                };
                sign(&number, text)
            }
        },
        'R' if !integral => value.to_text()?,
        'X' if integral => {
            let digits = hexadecimal(value).ok_or_else(bad_format)?;
            let digits = if specifier == 'X' {
                digits.to_ascii_uppercase()
            } else {
                digits
            };
            let width = precision.unwrap_or(0);
            format!("{}{digits}", "0".repeat(width.saturating_sub(digits.len())))
        }
        'B' if integral => {
            let digits = binary(value).ok_or_else(bad_format)?;
            let width = precision.unwrap_or(0);
            format!("{}{digits}", "0".repeat(width.saturating_sub(digits.len())))
        }
        _ => return Err(bad_format()),
    })
}

/// Two's complement in the width of the type.
fn hexadecimal(value: &Value) -> Option<String> {
    Some(match value {
        Value::SByte(value) => format!("{value:x}"),
        Value::Byte(value) => format!("{value:x}"),
        Value::Short(value) => format!("{value:x}"),
        Value::UShort(value) => format!("{value:x}"),
        Value::Int(value) => format!("{value:x}"),
        Value::UInt(value) => format!("{value:x}"),
        Value::Long(value) => format!("{value:x}"),
        Value::ULong(value) => format!("{value:x}"),
        _ => return None,
    })
}

fn binary(value: &Value) -> Option<String> {
    Some(match value {
        Value::SByte(value) => format!("{value:b}"),
        Value::Byte(value) => format!("{value:b}"),
        Value::Short(value) => format!("{value:b}"),
        Value::UShort(value) => format!("{value:b}"),
        Value::Int(value) => format!("{value:b}"),
        Value::UInt(value) => format!("{value:b}"),
        Value::Long(value) => format!("{value:b}"),
        Value::ULong(value) => format!("{value:b}"),
        _ => return None,
    })
}

/// A custom format: `0`, `#`, `.`, `,` between digits, `%`, literals, and sections.
fn custom(value: &Value, format: &str) -> Result<String, Exception> {
    let mut number = Decimal::of(value).ok_or_else(bad_format)?;
    let sections = sections(format);
    let (section, own_sign) = match sections.as_slice() {
        [_, negative, ..] if number.negative && !negative.is_empty() => (negative, false),
        [_, _, zero, ..] if number.is_zero() && !zero.is_empty() => (zero, true),
        [first, ..] => (first, true),
        [] => return Ok(String::new()),
    };
    let placeholders = |part: &[Piece], wanted: &[char]| {
        part.iter()
            .filter(|piece| matches!(piece, Piece::Digit(c) if wanted.contains(c)))
            .count()
    };
    if section.iter().any(|piece| matches!(piece, Piece::Exponent)) {
        return Err(bad_format());
    }
    for piece in section {
        if matches!(piece, Piece::Percent) && !number.is_zero() {
            number.exponent += 2;
        }
    }
    let point = section
        .iter()
        .position(|piece| matches!(piece, Piece::Point));
    let (whole, fraction) = match point {
        Some(point) => section.split_at_checked(point).unwrap_or((section, &[])),
        None => (section.as_slice(), [].as_slice()),
    };
    let fraction_digits = placeholders(fraction, &['0', '#']);
    number.round_fraction(fraction_digits);
    let whole_digits = placeholders(whole, &['0', '#']);
    let group = whole.iter().any(|piece| matches!(piece, Piece::Comma));
    let least = whole
        .iter()
        .filter_map(|piece| {
            if let Piece::Digit(c) = piece {
                Some(*c)
            } else {
                None
            }
        })
        .skip_while(|c| *c == '#')
        .count();
    let most = usize::try_from(number.exponent.max(0))
        .unwrap_or(0)
        .max(least);
    let mut text = String::new();
    if number.negative && own_sign && !number.is_zero() {
        text.push('-');
    }
    // Digits that do not fit their placeholders go before the first one.
    let mut pending = most;
    let mut left = whole_digits;
    for piece in whole {
        match piece {
            Piece::Digit(_) => {
                while pending >= left && pending > 0 {
                    pending -= 1;
                    let weight = i32::try_from(pending).unwrap_or(0);
                    text.push(number.digit(weight));
                    if group && pending > 0 && pending.is_multiple_of(3) {
                        text.push(',');
                    }
                    if pending < left {
                        break;
                    }
                }
                left = left.saturating_sub(1);
            }
            other => other.push_literal(&mut text),
        }
    }
    let shown = usize::try_from(i32::try_from(number.digits.len()).unwrap_or(0) - number.exponent)
        .unwrap_or(0);
    let required = fraction
        .iter()
        .filter_map(|piece| {
            if let Piece::Digit(c) = piece {
                Some(*c)
            } else {
                None
            }
        })
        .collect::<Vec<_>>()
        .iter()
        .rposition(|c| *c == '0')
        .map_or(0, |last| last + 1);
    let count = shown.max(required).min(fraction_digits);
    let mut place = 0;
    for piece in fraction {
        match piece {
            Piece::Point if count > 0 => text.push('.'),
            Piece::Digit(_) => {
                place += 1;
                if place <= count {
                    text.push(number.digit(-i32::try_from(place).unwrap_or(0)));
                }
            }
            other => other.push_literal(&mut text),
        }
    }
    Ok(text)
}

enum Piece {
    Digit(char),
    Point,
    Comma,
    Percent,
    Exponent,
    Literal(String),
}

impl Piece {
    fn push_literal(&self, text: &mut String) {
        match self {
            Self::Literal(literal) => text.push_str(literal),
            Self::Percent => text.push('%'),
            _ => {}
        }
    }
}

fn sections(format: &str) -> Vec<Vec<Piece>> {
    let mut all = vec![Vec::new()];
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        let piece = match c {
            ';' => {
                all.push(Vec::new());
                continue;
            }
            '0' | '#' => Piece::Digit(c),
            '.' => Piece::Point,
            ',' => Piece::Comma,
            '%' => Piece::Percent,
            'E' | 'e' if matches!(chars.peek(), Some('0' | '+' | '-')) => Piece::Exponent,
            '\\' => Piece::Literal(chars.next().map(String::from).unwrap_or_default()),
            '\'' | '"' => Piece::Literal(chars.by_ref().take_while(|next| *next != c).collect()),
            c => Piece::Literal(c.to_string()),
        };
        if let Some(section) = all.last_mut() {
            section.push(piece);
        }
    }
    all
}

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
