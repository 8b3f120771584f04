//! Custom numeric formats: `#,##0.00`.

use super::exception::Exception;
use super::number_formats::{Decimal, bad_format};
use super::value::Value;

/// A custom format: `0`, `#`, `.`, `,` between digits and before the point, `%`, `‰`, exponents, literals,
/// and sections.
pub(super) fn custom(value: &Value, format: &str) -> Result<String, Exception> {
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
    for piece in section {
        match piece {
            Piece::Percent if !number.is_zero() => number.exponent += 2,
            Piece::PerMille if !number.is_zero() => number.exponent += 3,
            _ => {}
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
    let whole_digits = placeholders(whole, &['0', '#']);
    let (group, thousands) = commas(whole);
    if !number.is_zero() {
        number.exponent -= 3 * thousands;
    }
    let scientific = section
        .iter()
        .any(|piece| matches!(piece, Piece::Exponent { .. }));
    let exponent = if scientific {
        scale(&mut number, whole_digits, fraction_digits)
    } else {
        number.round_fraction(fraction_digits);
        0
    };
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
            other => other.push_literal(&mut text, exponent),
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
            other => other.push_literal(&mut text, exponent),
        }
    }
    Ok(text)
}

/// Whether commas stand between digits, and how many stand right before the decimal point, each of which
/// divides by a thousand.
fn commas(whole: &[Piece]) -> (bool, i32) {
    let (mut group, mut digits, mut trailing) = (false, 0, 0);
    for piece in whole {
        match piece {
            Piece::Digit(_) => {
                group |= trailing > 0;
                trailing = 0;
                digits += 1;
            }
            Piece::Comma if digits > 0 => trailing += 1,
            _ => {}
        }
    }
    (group, trailing)
}

/// Rounds to the digits of a scientific format and moves the point to its place: the exponent to print.
fn scale(number: &mut Decimal, whole_digits: usize, fraction_digits: usize) -> i32 {
    if number.is_zero() {
        return 0;
    }
    let place = i32::try_from(whole_digits).unwrap_or(i32::MAX);
    let shift = number.exponent.saturating_sub(place);
    number.exponent = place;
    number.round_fraction(fraction_digits);
    // Rounding 9.99 may have made 10.0 of it.
    let carried = number.exponent.saturating_sub(place);
    number.exponent = place;
    shift.saturating_add(carried)
}

pub(super) enum Piece {
    Digit(char),
    Point,
    Comma,
    Percent,
    PerMille,
    /// `E+00`: the letter, whether a plus sign is printed, and the least number of digits.
    Exponent {
        letter: char,
        plus: bool,
        digits: usize,
    },
    Literal(String),
}

impl Piece {
    fn push_literal(&self, text: &mut String, exponent: i32) {
        match self {
            Self::Literal(literal) => text.push_str(literal),
            Self::Percent => text.push('%'),
            Self::PerMille => text.push('\u{2030}'),
            Self::Exponent {
                letter,
                plus,
                digits,
            } => {
                text.push(*letter);
                match exponent {
                    ..0 => text.push('-'),
                    _ if *plus => text.push('+'),
                    _ => {}
                }
                // .NET prints no more than ten digits.
                let width = (*digits).min(10);
                text.push_str(&format!("{:0width$}", exponent.unsigned_abs()));
            }
            _ => {}
        }
    }
}

pub(super) fn sections(format: &str) -> Vec<Vec<Piece>> {
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
            '\u{2030}' => Piece::PerMille,
            'E' | 'e' => {
                let mut ahead = chars.clone();
                let sign = ahead.next_if(|next| matches!(next, '+' | '-'));
                let mut digits = 0;
                while ahead.next_if_eq(&'0').is_some() {
                    digits += 1;
                }
                if digits == 0 {
                    Piece::Literal(c.to_string())
                } else {
                    chars = ahead;
                    Piece::Exponent {
                        letter: c,
                        plus: sign == Some('+'),
                        digits,
                    }
                }
            }
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
