//! `DateTimeOffset`.

use super::arguments::{int, long, optional_text, text};
use super::dates::{
    MILLISECOND, Result, add, add_months, add_ticks, compare, construct, day_of_week, day_of_year,
    in_range, not_recognized, number, span, subtract, ticks, unspecified,
};
use super::formatting::to_string_format;
use super::registry::Group;
use super::{full, pure};
use crate::expression::date_parsing::parse_offset;
use crate::expression::exception::{Exception, names};
use crate::expression::time::{
    DAY, DateTime, DateTimeOffset, HOUR, Kind, MAX_TICKS, MINUTE, SECOND, TimeSpan, UNIX_EPOCH,
    civil,
};
use crate::expression::value::Value;

pub(super) static DATE_TIME_OFFSET: Group = Group {
    owner: "DateTimeOffset",
    entries: &[
        full("static DateTimeOffset UtcNow", |m, _| {
            Ok(Value::DateTimeOffset(DateTimeOffset::utc(m.host.now())))
        }),
        full("static DateTimeOffset Now", |m, _| {
            Ok(Value::DateTimeOffset(DateTimeOffset::utc(m.host.now())))
        }),
        pure("static DateTimeOffset MinValue", |_, _| Ok(offset(0, 0))),
        pure("static DateTimeOffset MaxValue", |_, _| {
            Ok(offset(MAX_TICKS, 0))
        }),
        pure("static DateTimeOffset UnixEpoch", |_, _| {
            Ok(offset(UNIX_EPOCH, 0))
        }),
        pure("new(DateTime dateTime)", |_, args| {
            Ok(offset(ticks(args), 0))
        }),
        pure("new(DateTime dateTime, TimeSpan offset)", |_, args| {
            Ok(offset(ticks(args), minutes(span(args, 1))?))
        }),
        pure(
            "new(int year, int month, int day, int hour, int minute, int second, TimeSpan offset)",
            |_, args| Ok(offset(construct(args, 6)?, minutes(span(args, 6))?)),
        ),
        pure("static DateTimeOffset Parse(string input)", |_, args| {
            let source = text(args, 0, "input")?;
            parse_offset(source)
                .map(Value::DateTimeOffset)
                .ok_or_else(|| not_recognized(source))
        }),
        full(
            "static bool TryParse(string input, out DateTimeOffset result)",
            |machine, args| {
                let parsed = optional_text(args, 0).and_then(|text| parse_offset(text));
                let none = DateTimeOffset {
                    local_ticks: 0,
                    offset_minutes: 0,
                };
                machine
                    .outs
                    .push(Value::DateTimeOffset(parsed.unwrap_or(none)));
                Ok(Value::Bool(parsed.is_some()))
            },
        ),
        pure(
            "static DateTimeOffset FromUnixTimeSeconds(long seconds)",
            |_, args| from_unix(long(args, 0), SECOND),
        ),
        pure(
            "static DateTimeOffset FromUnixTimeMilliseconds(long milliseconds)",
            |_, args| from_unix(long(args, 0), MILLISECOND),
        ),
        pure("long ToUnixTimeSeconds()", |_, args| {
            Ok(Value::Long(
                (moment(args, 0).utc_ticks() - UNIX_EPOCH).div_euclid(SECOND),
            ))
        }),
        pure("long ToUnixTimeMilliseconds()", |_, args| {
            Ok(Value::Long(
                (moment(args, 0).utc_ticks() - UNIX_EPOCH).div_euclid(MILLISECOND),
            ))
        }),
        pure("int CompareTo(DateTimeOffset other)", |_, args| {
            compare(args)
        }),
        pure(
            "static int Compare(DateTimeOffset first, DateTimeOffset second)",
            |_, args| compare(args),
        ),
        pure("DateTimeOffset Add(TimeSpan timeSpan)", |_, args| {
            add_ticks(args, span(args, 1))
        }),
        pure("TimeSpan Subtract(DateTimeOffset value)", |_, args| {
            subtract(args)
        }),
        pure("DateTimeOffset Subtract(TimeSpan value)", |_, args| {
            subtract(args)
        }),
        pure("DateTimeOffset AddDays(double days)", |_, args| {
            add(args, DAY)
        }),
        pure("DateTimeOffset AddHours(double hours)", |_, args| {
            add(args, HOUR)
        }),
        pure("DateTimeOffset AddMinutes(double minutes)", |_, args| {
            add(args, MINUTE)
        }),
        pure("DateTimeOffset AddSeconds(double seconds)", |_, args| {
            add(args, SECOND)
        }),
        pure(
            "DateTimeOffset AddMilliseconds(double milliseconds)",
            |_, args| add(args, MILLISECOND),
        ),
        pure("DateTimeOffset AddMonths(int months)", |_, args| {
            add_months(args, i64::from(int(args, 1)))
        }),
        pure("DateTimeOffset AddYears(int years)", |_, args| {
            add_months(args, i64::from(int(args, 1)) * 12)
        }),
        pure("DateTime DateTime", |_, args| Ok(unspecified(ticks(args)))),
        pure("DateTime UtcDateTime", |_, args| {
            Ok(Value::DateTime(DateTime {
                ticks: moment(args, 0).utc_ticks(),
                kind: Kind::Utc,
            }))
        }),
        pure("DateTime LocalDateTime", |_, args| {
            Ok(Value::DateTime(DateTime {
                ticks: moment(args, 0).utc_ticks(),
                kind: Kind::Local,
            }))
        }),
        pure("DateTime Date", |_, args| {
            Ok(unspecified(ticks(args) - ticks(args).rem_euclid(DAY)))
        }),
        pure("TimeSpan Offset", |_, args| {
            Ok(Value::TimeSpan(TimeSpan(
                i64::from(moment(args, 0).offset_minutes) * MINUTE,
            )))
        }),
        pure("DateTimeOffset ToUniversalTime()", |_, args| {
            Ok(offset(moment(args, 0).utc_ticks(), 0))
        }),
        pure("DateTimeOffset ToLocalTime()", |_, args| {
            Ok(offset(moment(args, 0).utc_ticks(), 0))
        }),
        pure("DateTimeOffset ToOffset(TimeSpan offset)", |_, args| {
            let minutes = minutes(span(args, 1))?;
            let local = moment(args, 0).utc_ticks() + i64::from(minutes) * MINUTE;
            Ok(offset(in_range(Some(local))?, minutes))
        }),
        pure("int Year", |_, args| Ok(number(civil(ticks(args)).year))),
        pure("int Month", |_, args| Ok(number(civil(ticks(args)).month))),
        pure("int Day", |_, args| Ok(number(civil(ticks(args)).day))),
        pure("int Hour", |_, args| Ok(number(ticks(args) / HOUR % 24))),
        pure("int Minute", |_, args| {
            Ok(number(ticks(args) / MINUTE % 60))
        }),
        pure("int Second", |_, args| {
            Ok(number(ticks(args) / SECOND % 60))
        }),
        pure("int Millisecond", |_, args| {
            Ok(number(ticks(args) / MILLISECOND % 1000))
        }),
        pure("long Ticks", |_, args| Ok(Value::Long(ticks(args)))),
        pure("long UtcTicks", |_, args| {
            Ok(Value::Long(moment(args, 0).utc_ticks()))
        }),
        pure("int DayOfYear", |_, args| {
            Ok(number(day_of_year(ticks(args))))
        }),
        pure("DayOfWeek DayOfWeek", |_, args| {
            Ok(day_of_week(ticks(args)))
        }),
        pure("string ToString(string format)", to_string_format),
    ],
};

pub(super) fn offset(local_ticks: i64, offset_minutes: i16) -> Value {
    Value::DateTimeOffset(DateTimeOffset {
        local_ticks,
        offset_minutes,
    })
}

pub(super) fn moment(args: &[Value], index: usize) -> DateTimeOffset {
    match args.get(index) {
        Some(Value::DateTimeOffset(time)) => *time,
        _ => DateTimeOffset {
            local_ticks: 0,
            offset_minutes: 0,
        },
    }
}

pub(super) fn minutes(ticks: i64) -> Result<i16> {
    if ticks % MINUTE != 0 {
        return Err(Exception::new(
            names::ARGUMENT,
            "Offset must be specified in whole minutes. (Parameter 'offset')",
        ));
    }
    match i16::try_from(ticks / MINUTE) {
        Ok(minutes) if minutes.abs() <= 14 * 60 => Ok(minutes),
        _ => Err(Exception::argument_range(
            "Offset must be within plus or minus 14 hours.",
            "offset",
        )),
    }
}

pub(super) fn from_unix(value: i64, unit: i64) -> Result<Value> {
    let ticks = value
        .checked_mul(unit)
        .and_then(|ticks| ticks.checked_add(UNIX_EPOCH));
    match ticks.filter(|ticks| (0..=MAX_TICKS).contains(ticks)) {
        Some(ticks) => Ok(offset(ticks, 0)),
        None => Err(Exception::argument_range(
            "Valid values are between -62135596800 and 253402300799, inclusive.",
            "seconds",
        )),
    }
}
