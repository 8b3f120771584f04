//! `ToString(format)` of numbers (.NET's "Standard numeric format strings" and "Custom numeric
//! format strings").

use super::exception::Exception;
use super::number_patterns::custom;
use super::numbers::{place_point, special};
use super::value::Value;

/// Digits that a format may ask for; .NET allows 999,999,999, which would be a memory attack here.
pub(super) const MAX_PRECISION: usize = 1_000;

/// A number as decimal digits: `0.d1d2… × 10^exponent`, exact for integers.
pub(super) struct Decimal {
    pub(super) negative: bool,
    pub(super) digits: Vec<u8>,
    /// Position of the decimal point relative to the first digit.
    pub(super) exponent: i32,
}

impl Decimal {
    pub(super) fn of(value: &Value) -> Option<Self> {
        let text = match value {
            Value::ULong(value) => value.to_string(),
            Value::Decimal(value) => value.to_string(),
            Value::Float(value) => print_exact(f64::from(*value), &format!("{value:e}")),
            Value::Double(value) => print_exact(*value, &format!("{value:e}")),
            other => other.as_int()?.to_string(),
        };
        Some(Self::parse(&text))
    }

    pub(super) fn parse(text: &str) -> Self {
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
    pub(super) fn round_to(&mut self, count: i32) {
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

    pub(super) fn round_fraction(&mut self, digits: usize) {
        self.round_to(
            self.exponent
                .saturating_add(i32::try_from(digits).unwrap_or(i32::MAX)),
        );
    }

    /// The digit with weight 10^`weight`.
    pub(super) fn digit(&self, weight: i32) -> char {
        let index = self.exponent - 1 - weight;
        let digit = usize::try_from(index)
            .ok()
            .and_then(|i| self.digits.get(i).copied());
        char::from(b'0' + digit.unwrap_or(0))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// `-ddd.ddd` with exactly `fraction` digits, and separators between thousands if asked.
    pub(super) fn fixed(&self, fraction: usize, group: bool) -> String {
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
pub(super) fn print_exact(value: f64, shortest: &str) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else {
        shortest.to_owned()
    }
}

pub(super) fn bad_format() -> Exception {
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

pub(super) fn standard(
    value: &Value,
    specifier: char,
    precision: Option<usize>,
) -> Result<String, Exception> {
    let real = matches!(value, Value::Double(_) | Value::Float(_));
    let integral = !real && !matches!(value, Value::Decimal(_));
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
        'R' if real => value.to_text()?,
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
pub(super) fn hexadecimal(value: &Value) -> Option<String> {
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

pub(super) fn binary(value: &Value) -> Option<String> {
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
