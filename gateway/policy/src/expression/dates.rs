//! Dates and spans as text, under the invariant culture (.NET's "Standard date and time format
//! strings", "Custom date and time format strings", "Standard `TimeSpan` format strings").

use super::exception::Exception;
use super::time::{DAY, DateTime, DateTimeOffset, HOUR, Kind, MINUTE, SECOND, TimeSpan, civil};

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What a format sees: clock ticks and how the zone prints.
struct Moment {
    ticks: i64,
    zone: Zone,
}

#[derive(Clone, Copy)]
enum Zone {
    None,
    Utc,
    Offset(i16),
}

/// `DateTime.ToString(format)`.
pub(crate) fn print_date_time(time: DateTime, format: &str) -> Result<String, Exception> {
    let zone = match time.kind {
        Kind::Unspecified => Zone::None,
        Kind::Utc => Zone::Utc,
        Kind::Local => Zone::Offset(0),
    };
    print_moment(
        &Moment {
            ticks: time.ticks,
            zone,
        },
        format,
        false,
    )
}

/// `DateTimeOffset.ToString(format)`.
pub(crate) fn print_offset(time: DateTimeOffset, format: &str) -> Result<String, Exception> {
    let moment = Moment {
        ticks: time.local_ticks,
        zone: Zone::Offset(time.offset_minutes),
    };
    match format {
        "" => print_moment(&moment, "MM/dd/yyyy HH:mm:ss zzz", true),
        // These print the moment in UTC.
        "u" | "r" | "R" => print_moment(
            &Moment {
                ticks: time.utc_ticks(),
                zone: Zone::Utc,
            },
            format,
            true,
        ),
        _ => print_moment(&moment, format, true),
    }
}

fn print_moment(moment: &Moment, format: &str, offset: bool) -> Result<String, Exception> {
    let pattern = match format {
        "" | "G" => "MM/dd/yyyy HH:mm:ss",
        "d" => "MM/dd/yyyy",
        "D" => "dddd, dd MMMM yyyy",
        "f" => "dddd, dd MMMM yyyy HH:mm",
        "F" => "dddd, dd MMMM yyyy HH:mm:ss",
        "g" => "MM/dd/yyyy HH:mm",
        "m" | "M" => "MMMM dd",
        "o" | "O" if offset => "yyyy-MM-ddTHH:mm:ss.fffffffzzz",
        "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        "r" | "R" => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "t" => "HH:mm",
        "T" => "HH:mm:ss",
        "u" => "yyyy-MM-dd HH:mm:ss'Z'",
        "U" if !offset => "dddd, dd MMMM yyyy HH:mm:ss",
        "y" | "Y" => "yyyy MMMM",
        _ if format.chars().count() == 1 => {
            return Err(Exception::format(
                "Input string was not in a correct format.",
            ));
        }
        custom => custom,
    };
    custom(moment, pattern)
}

fn custom(moment: &Moment, format: &str) -> Result<String, Exception> {
    let bad = || Exception::format("Input string was not in a correct format.");
    let date = civil(moment.ticks);
    let in_day = moment.ticks.rem_euclid(DAY);
    let hour = in_day / HOUR;
    let mut out = String::new();
    let chars: Vec<char> = format.chars().collect();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        let run = chars.iter().skip(at).take_while(|next| **next == c).count();
        let mut used = run;
        match c {
            'd' => match run {
                1 => out.push_str(&date.day.to_string()),
                2 => pad(&mut out, date.day, 2),
                _ => {
                    let name = name(&DAYS, (moment.ticks.div_euclid(DAY) + 1).rem_euclid(7));
                    out.push_str(if run == 3 { short(name) } else { name });
                }
            },
            'M' => match run {
                1 => out.push_str(&date.month.to_string()),
                2 => pad(&mut out, date.month, 2),
                _ => {
                    let name = name(&MONTHS, date.month - 1);
                    out.push_str(if run == 3 { short(name) } else { name });
                }
            },
            'y' => match run {
                1 => out.push_str(&(date.year % 100).to_string()),
                2 => pad(&mut out, date.year % 100, 2),
                _ => pad(&mut out, date.year, run.min(12)),
            },
            'H' => number(&mut out, hour, run),
            'h' => number(&mut out, if hour % 12 == 0 { 12 } else { hour % 12 }, run),
            'm' => number(&mut out, in_day / MINUTE % 60, run),
            's' => number(&mut out, in_day / SECOND % 60, run),
            'f' | 'F' => {
                if run > 7 {
                    return Err(bad());
                }
                let digits = format!("{:07}", in_day % SECOND);
                let digits = digits.get(..run).unwrap_or(&digits);
                if c == 'f' {
                    out.push_str(digits);
                } else {
                    let trimmed = digits.trim_end_matches('0');
                    if trimmed.is_empty() && out.ends_with('.') {
                        out.pop();
                    }
                    out.push_str(trimmed);
                }
            }
            't' => {
                let text = if hour < 12 { "AM" } else { "PM" };
                out.push_str(if run == 1 {
                    text.get(..1).unwrap_or(text)
                } else {
                    text
                });
            }
            'g' => out.push_str("A.D."),
            'z' => push_offset(&mut out, moment.zone, run),
            'K' => {
                used = 1;
                match moment.zone {
                    Zone::None => {}
                    Zone::Utc => out.push('Z'),
                    Zone::Offset(_) => push_offset(&mut out, moment.zone, 3),
                }
            }
            ':' | '/' => {
                used = 1;
                out.push(c);
            }
            '\'' | '"' => {
                let rest = chars.get(at + 1..).unwrap_or_default();
                let length = rest.iter().position(|next| *next == c).ok_or_else(bad)?;
                out.extend(rest.iter().take(length));
                used = length + 2;
            }
            '\\' => {
                out.push(*chars.get(at + 1).ok_or_else(bad)?);
                used = 2;
            }
            '%' => {
                // `%d` is a custom format of one specifier.
                used = 1;
                if matches!(chars.get(at + 1), None | Some('%')) {
                    return Err(bad());
                }
            }
            c => {
                used = 1;
                out.push(c);
            }
        }
        at += used.max(1);
    }
    Ok(out)
}

fn name(names: &'static [&'static str], index: i64) -> &'static str {
    usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index).copied())
        .unwrap_or_default()
}

fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

fn pad(out: &mut String, value: i64, width: usize) {
    out.push_str(&format!("{value:0width$}"));
}

fn number(out: &mut String, value: i64, run: usize) {
    pad(out, value, run.min(2));
}

fn push_offset(out: &mut String, zone: Zone, run: usize) {
    let minutes = match zone {
        Zone::Offset(minutes) => minutes,
        Zone::None | Zone::Utc => 0,
    };
    out.push(if minutes < 0 { '-' } else { '+' });
    let minutes = i64::from(minutes.unsigned_abs());
    match run {
        1 => out.push_str(&(minutes / 60).to_string()),
        2 => pad(out, minutes / 60, 2),
        _ => {
            pad(out, minutes / 60, 2);
            out.push(':');
            pad(out, minutes % 60, 2);
        }
    }
}

/// `TimeSpan.ToString(format)`.
pub(crate) fn print_span(span: TimeSpan, format: &str) -> Result<String, Exception> {
    let negative = span.0 < 0;
    let ticks = span.0.unsigned_abs();
    let (day, hour, minute, second) = (
        DAY.unsigned_abs(),
        HOUR.unsigned_abs(),
        MINUTE.unsigned_abs(),
        SECOND.unsigned_abs(),
    );
    let days = ticks / day;
    let (hours, minutes, seconds) = (ticks / hour % 24, ticks / minute % 60, ticks / second % 60);
    let fraction = ticks % second;
    let sign = if negative { "-" } else { "" };
    Ok(match format {
        "" | "c" | "t" | "T" => {
            let mut text = String::from(sign);
            if days > 0 {
                text.push_str(&format!("{days}."));
            }
            text.push_str(&format!("{hours:02}:{minutes:02}:{seconds:02}"));
            if fraction > 0 {
                text.push_str(&format!(".{fraction:07}"));
            }
            text
        }
        "g" => {
            let mut text = String::from(sign);
            if days > 0 {
                text.push_str(&format!("{days}:"));
            }
            text.push_str(&format!("{hours}:{minutes:02}:{seconds:02}"));
            if fraction > 0 {
                let digits = format!("{fraction:07}");
                text.push('.');
                text.push_str(digits.trim_end_matches('0'));
            }
            text
        }
        "G" => format!("{sign}{days}:{hours:02}:{minutes:02}:{seconds:02}.{fraction:07}"),
        custom => custom_span(custom, [days, hours, minutes, seconds, fraction])?,
    })
}

fn custom_span(
    format: &str,
    [days, hours, minutes, seconds, fraction]: [u64; 5],
) -> Result<String, Exception> {
    let bad = || Exception::format("Input string was not in a correct format.");
    let chars: Vec<char> = format.chars().collect();
    if chars.len() < 2 {
        return Err(bad());
    }
    let mut out = String::new();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        let run = chars.iter().skip(at).take_while(|next| **next == c).count();
        let mut used = run;
        let mut put = |value: u64, most: usize| {
            if run > most {
                return Err(bad());
            }
            out.push_str(&format!("{value:0run$}"));
            Ok(())
        };
        match c {
            'd' => put(days, 8)?,
            'h' => put(hours, 2)?,
            'm' => put(minutes, 2)?,
            's' => put(seconds, 2)?,
            'f' | 'F' => {
                let digits = format!("{fraction:07}");
                let digits = digits.get(..run).ok_or_else(bad)?;
                out.push_str(if c == 'f' {
                    digits
                } else {
                    digits.trim_end_matches('0')
                });
            }
            '\\' => {
                used = 2;
                out.push(*chars.get(at + 1).ok_or_else(bad)?);
            }
            '\'' | '"' => {
                let rest = chars.get(at + 1..).unwrap_or_default();
                let length = rest.iter().position(|next| *next == c).ok_or_else(bad)?;
                out.extend(rest.iter().take(length));
                used = length + 2;
            }
            '%' => used = 1,
            // Unlike in dates, every other character must be quoted.
            _ => return Err(bad()),
        }
        at += used.max(1);
    }
    Ok(out)
}
