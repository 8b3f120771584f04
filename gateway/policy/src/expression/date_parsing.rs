//! Dates and spans from text: ISO 8601, RFC 1123 and the invariant culture's forms.

use super::time::{
    DAY, DateTime, DateTimeOffset, HOUR, Kind, MAX_TICKS, MINUTE, SECOND, TimeSpan, ticks_from,
};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// What a text says: clock ticks, and the offset if it says one.
struct Moment {
    ticks: i64,
    offset: Option<i64>,
}

/// `DateTime.Parse`: a time with an offset becomes local time, which is UTC here.
pub(crate) fn parse_date_time(text: &str) -> Option<DateTime> {
    let moment = parse(text)?;
    Some(match moment.offset {
        None => DateTime {
            ticks: moment.ticks,
            kind: Kind::Unspecified,
        },
        Some(offset) => {
            let ticks = moment.ticks - offset * MINUTE;
            if !(0..=MAX_TICKS).contains(&ticks) {
                return None;
            }
            DateTime {
                ticks,
                kind: Kind::Local,
            }
        }
    })
}

/// `DateTimeOffset.Parse`: without an offset, local time, which is UTC here.
pub(crate) fn parse_offset(text: &str) -> Option<DateTimeOffset> {
    let moment = parse(text)?;
    let offset_minutes = i16::try_from(moment.offset.unwrap_or(0)).ok()?;
    Some(DateTimeOffset {
        local_ticks: moment.ticks,
        offset_minutes,
    })
}

fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    let mut reader = Reader { rest: text };
    reader.day_name();
    let date = reader.date()?;
    let separated = reader.eat('T') || reader.eat('t') || reader.blanks();
    let mut time = (0, 0, 0);
    let mut fraction = 0;
    let mut offset = None;
    if separated && !reader.rest.is_empty() {
        if reader.rest.starts_with(|c: char| c.is_ascii_digit()) {
            (time, fraction) = reader.time()?;
        }
        reader.blanks();
        offset = reader.offset()?;
    } else if !reader.rest.is_empty() {
        offset = reader.offset()?;
    }
    if !reader.rest.trim().is_empty() {
        return None;
    }
    Some(Moment {
        ticks: ticks_from(date, time, fraction)?,
        offset,
    })
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn blanks(&mut self) -> bool {
        let trimmed = self.rest.trim_start();
        let any = trimmed.len() < self.rest.len();
        self.rest = trimmed;
        any
    }

    /// Digits: their value and how many they are.
    fn digits(&mut self, most: usize) -> Option<(i64, usize)> {
        let count = self
            .rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let value = digits.parse().ok()?;
        self.rest = rest;
        Some((value, count))
    }

    fn word(&mut self) -> String {
        let count = self
            .rest
            .bytes()
            .take_while(u8::is_ascii_alphabetic)
            .count();
        let (word, rest) = self.rest.split_at_checked(count).unwrap_or(("", self.rest));
        self.rest = rest;
        word.to_ascii_lowercase()
    }

    /// `Sun, ` or `Sunday, `.
    fn day_name(&mut self) {
        let saved = self.rest;
        let word = self.word();
        let is_day = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
            .iter()
            .any(|day| word.starts_with(day));
        if !is_day {
            self.rest = saved;
            return;
        }
        self.eat(',');
        self.blanks();
    }

    fn month(&mut self) -> Option<i64> {
        let word = self.word();
        let short = word.get(..3)?;
        let index = MONTHS.iter().position(|month| *month == short)?;
        i64::try_from(index + 1).ok()
    }

    /// `yyyy-MM-dd`, `MM/dd/yyyy`, `dd MMM yyyy`, `MMM dd, yyyy`.
    fn date(&mut self) -> Option<(i64, i64, i64)> {
        if self.rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let month = self.month()?;
            self.blanks();
            let (day, _) = self.digits(2)?;
            self.eat(',');
            self.blanks();
            let (year, _) = self.digits(4)?;
            return Some((year, month, day));
        }
        let (first, width) = self.digits(4)?;
        if self.blanks()
            || self.rest.starts_with('-')
                && self
                    .rest
                    .get(1..)?
                    .starts_with(|c: char| c.is_ascii_alphabetic())
        {
            self.eat('-');
            let month = self.month()?;
            if !self.blanks() {
                self.eat('-');
            }
            let (year, _) = self.digits(4)?;
            return Some((year, month, first));
        }
        let separator = self
            .rest
            .chars()
            .next()
            .filter(|c| matches!(c, '-' | '/' | '.'))?;
        self.eat(separator);
        let (second, _) = self.digits(2)?;
        if width == 4 {
            let day = if self.eat(separator) {
                self.digits(2)?.0
            } else {
                1
            };
            return Some((first, second, day));
        }
        if !self.eat(separator) {
            return None;
        }
        let (year, width) = self.digits(4)?;
        // Two-digit years up to 49 belong to this century (TwoDigitYearMax of the invariant culture).
        let year = match width {
            2 if year <= 49 => 2000 + year,
            2 => 1900 + year,
            _ => year,
        };
        Some((year, first, second))
    }

    /// `HH:mm[:ss[.fffffff]] [AM|PM]`.
    fn time(&mut self) -> Option<((i64, i64, i64), i64)> {
        let (mut hour, _) = self.digits(2)?;
        if !self.eat(':') {
            return None;
        }
        let (minute, _) = self.digits(2)?;
        let mut second = 0;
        let mut fraction = 0;
        if self.eat(':') {
            second = self.digits(2)?.0;
            if self.eat('.') || self.eat(',') {
                let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                let digits = self.rest.get(..count.min(7))?;
                if digits.is_empty() {
                    return None;
                }
                fraction = format!("{digits:0<7}").parse().ok()?;
                self.rest = self.rest.get(count..)?;
            }
        }
        let saved = self.rest;
        self.blanks();
        match self.word().as_str() {
            "am" => hour %= 12,
            "pm" => hour = hour % 12 + 12,
            _ => self.rest = saved,
        }
        Some(((hour, minute, second), fraction))
    }

    /// `Z`, `GMT`, `+02:00`, `+0200`, `+2`: minutes east; nothing at the end.
    fn offset(&mut self) -> Option<Option<i64>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        let sign = if self.eat('+') {
            1
        } else if self.eat('-') {
            -1
        } else {
            return match self.word().as_str() {
                "z" | "gmt" | "utc" => Some(Some(0)),
                _ => None,
            };
        };
        let (hours, width) = self.digits(2)?;
        let minutes = if self.eat(':') || (width == 2 && !self.rest.is_empty()) {
            self.digits(2)?.0
        } else {
            0
        };
        (hours <= 14 && minutes < 60).then_some(Some(sign * (hours * 60 + minutes)))
    }
}

/// `TimeSpan.Parse`: `[-][d.]hh:mm[:ss[.fffffff]]`, or a number of days.
pub(crate) fn parse_span(text: &str) -> Option<TimeSpan> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut reader = Reader { rest };
    let (first, _) = reader.digits(8)?;
    let ticks = if reader.rest.is_empty() {
        first.checked_mul(DAY)?
    } else {
        let (days, hours) = if reader.eat('.') {
            (first, reader.digits(2)?.0)
        } else {
            (0, first)
        };
        if !reader.eat(':') {
            return None;
        }
        let (second_part, _) = reader.digits(2)?;
        let mut seconds = 0;
        let mut fraction = 0;
        let (mut days, mut hours, mut minutes) = (days, hours, second_part);
        if reader.eat(':') {
            seconds = reader.digits(2)?.0;
            if reader.eat(':') {
                // d:hh:mm:ss
                (days, hours, minutes) = (hours, minutes, seconds);
                seconds = reader.digits(2)?.0;
            }
            if reader.eat('.') {
                let (_, width) = Reader { rest: reader.rest }.digits(7)?;
                let digits = reader.rest.get(..width)?;
                fraction = format!("{digits:0<7}").parse().ok()?;
                reader.rest = reader.rest.get(width..)?;
            }
        }
        if !reader.rest.is_empty() || hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        days.checked_mul(DAY)?
            .checked_add(hours * HOUR + minutes * MINUTE + seconds * SECOND + fraction)?
    };
    Some(TimeSpan(sign * ticks))
}
