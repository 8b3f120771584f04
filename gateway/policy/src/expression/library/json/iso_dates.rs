//! Strings that Newtonsoft takes for dates (`DateParseHandling.DateTime`).

use crate::expression::time::{
    DAY, DateTime, HOUR, Kind, MAX_TICKS, MINUTE, UNIX_EPOCH, ticks_from,
};

/// The date a string is: `yyyy-MM-ddTHH:mm:ss` with a fraction of up to seven digits and a zone, or
/// `/Date(milliseconds)/`. A time with an offset becomes local time, which is UTC here.
pub(super) fn read(text: &str) -> Option<DateTime> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'/' => milliseconds(text),
        b'0'..=b'9' if (19..=40).contains(&bytes.len()) && bytes.get(10) == Some(&b'T') => {
            iso(bytes)
        }
        _ => None,
    }
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<i64> {
    let digits = bytes.get(at..at.checked_add(length)?)?;
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i64::from(digit - b'0'))
    })
}

fn iso(bytes: &[u8]) -> Option<DateTime> {
    let is = |at: usize, wanted: u8| bytes.get(at) == Some(&wanted);
    if !(is(4, b'-') && is(7, b'-') && is(13, b':') && is(16, b':')) {
        return None;
    }
    let date = (
        number(bytes, 0, 4)?,
        number(bytes, 5, 2)?,
        number(bytes, 8, 2)?,
    );
    let (hour, minute, second) = (
        number(bytes, 11, 2)?,
        number(bytes, 14, 2)?,
        number(bytes, 17, 2)?,
    );
    let mut at = 19;
    let mut fraction = 0;
    if is(at, b'.') {
        at += 1;
        let mut digits = 0;
        while digits < 7 && bytes.get(at).is_some_and(u8::is_ascii_digit) {
            fraction = fraction * 10 + number(bytes, at, 1)?;
            digits += 1;
            at += 1;
        }
        if digits == 0 {
            return None;
        }
        fraction *= 10_i64.pow(7 - digits);
    }
    // 24:00:00 is the end of the day.
    let ends_day = hour == 24;
    if ends_day && (minute, second, fraction) != (0, 0, 0) {
        return None;
    }
    let hours = if ends_day { 0 } else { hour };
    let mut ticks = ticks_from(date, (hours, minute, second), fraction)?;
    if ends_day {
        ticks += DAY;
    }
    let (offset, kind) = zone(bytes.get(at..)?)?;
    let ticks = (ticks - offset).clamp(0, MAX_TICKS);
    Some(DateTime { ticks, kind })
}

/// Ticks east of UTC, and the kind of what is read.
fn zone(rest: &[u8]) -> Option<(i64, Kind)> {
    let (sign, rest) = match rest {
        [] => return Some((0, Kind::Unspecified)),
        [b'Z' | b'z'] => return Some((0, Kind::Utc)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let hours = number(rest, 0, 2)?;
    let minutes = match rest.len() {
        2 => 0,
        4 => number(rest, 2, 2)?,
        5 if rest.get(2) == Some(&b':') => number(rest, 3, 2)?,
        _ => return None,
    };
    Some((sign * (hours * HOUR + minutes * MINUTE), Kind::Local))
}

/// `/Date(1577836800000)/`, `/Date(1577836800000+0100)/`.
fn milliseconds(text: &str) -> Option<DateTime> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let (digits, kind) = match inner.get(1..).and_then(|rest| rest.find(['+', '-'])) {
        Some(at) => {
            zone(inner.as_bytes().get(at + 1..)?)?;
            (inner.get(..=at)?, Kind::Local)
        }
        None => (inner, Kind::Utc),
    };
    let ticks = digits
        .parse::<i64>()
        .ok()?
        .checked_mul(10_000)?
        .checked_add(UNIX_EPOCH)?;
    (0..=MAX_TICKS)
        .contains(&ticks)
        .then_some(DateTime { ticks, kind })
}
