//! Custom numeric formats: `#,##0.00`.

use super::exception::Exception;
use super::number_formats::{Decimal, bad_format};
use super::value::Value;

/// A custom format: `0`, `#`, `.`, `,` between digits, `%`, literals, and sections.
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

pub(super) enum Piece {
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
