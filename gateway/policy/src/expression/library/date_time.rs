//! `DateTime`.

use super::arguments::{int, long, optional_text, text, value};
use super::dates::{
    MILLISECOND, Result, add, add_months, add_ticks, compare, construct, day_of_week, day_of_year,
    in_range, not_recognized, number, span, subtract, ticks, unspecified,
};
use super::formatting::to_string_format;
use super::registry::Group;
use super::{full, pure};
use crate::expression::date_parsing::parse_date_time;
use crate::expression::time::{
    DAY, DateTime, HOUR, Kind, MAX_TICKS, MINUTE, SECOND, TimeSpan, UNIX_EPOCH, civil,
    days_in_month, is_leap_year, ticks_of,
};
use crate::expression::types::Enumeration;
use crate::expression::value::Value;

pub(super) static DATE_TIME: Group = Group {
    owner: "DateTime",
    entries: &[
        full("static DateTime UtcNow", |m, _| {
            Ok(Value::DateTime(DateTime::utc(m.host.now())))
        }),
        full("static DateTime Now", |m, _| {
            Ok(Value::DateTime(DateTime::local(m.host.now())))
        }),
        full("static DateTime Today", |m, _| {
            let now = DateTime::local(m.host.now());
            Ok(Value::DateTime(DateTime {
                ticks: now.ticks - now.ticks.rem_euclid(DAY),
                ..now
            }))
        }),
        pure("static DateTime MinValue", |_, _| Ok(unspecified(0))),
        pure("static DateTime MaxValue", |_, _| {
            Ok(unspecified(MAX_TICKS))
        }),
        pure("static DateTime UnixEpoch", |_, _| {
            Ok(Value::DateTime(DateTime {
                ticks: UNIX_EPOCH,
                kind: Kind::Utc,
            }))
        }),
        pure("new(int year, int month, int day)", |_, args| {
            construct(args, 3).map(unspecified)
        }),
        pure(
            "new(int year, int month, int day, int hour, int minute, int second)",
            |_, args| construct(args, 6).map(unspecified),
        ),
        pure(
            "new(int year, int month, int day, int hour, int minute, int second, DateTimeKind kind)",
            |_, args| {
                Ok(Value::DateTime(DateTime {
                    ticks: construct(args, 6)?,
                    kind: kind(int(args, 6)),
                }))
            },
        ),
        pure(
            "new(int year, int month, int day, int hour, int minute, int second, int millisecond)",
            |_, args| construct(args, 7).map(unspecified),
        ),
        pure(
            "new(int year, int month, int day, int hour, int minute, int second, int millisecond, DateTimeKind kind)",
            |_, args| {
                Ok(Value::DateTime(DateTime {
                    ticks: construct(args, 7)?,
                    kind: kind(int(args, 7)),
                }))
            },
        ),
        pure("new(long ticks)", |_, args| {
            in_range(Some(long(args, 0))).map(unspecified)
        }),
        pure("new(long ticks, DateTimeKind kind)", |_, args| {
            Ok(Value::DateTime(DateTime {
                ticks: in_range(Some(long(args, 0)))?,
                kind: kind(int(args, 1)),
            }))
        }),
        pure("static DateTime Parse(string s)", |_, args| {
            let source = text(args, 0, "s")?;
            parse_date_time(source)
                .map(Value::DateTime)
                .ok_or_else(|| not_recognized(source))
        }),
        full(
            "static bool TryParse(string s, out DateTime result)",
            |machine, args| {
                let parsed = optional_text(args, 0).and_then(|text| parse_date_time(text));
                let result = parsed.unwrap_or(DateTime {
                    ticks: 0,
                    kind: Kind::Unspecified,
                });
                machine.outs.push(Value::DateTime(result));
                Ok(Value::Bool(parsed.is_some()))
            },
        ),
        pure("static int DaysInMonth(int year, int month)", |_, args| {
            Ok(number(days_in_month(
                i64::from(int(args, 0)),
                i64::from(int(args, 1)),
            )))
        }),
        pure("static bool IsLeapYear(int year)", |_, args| {
            Ok(Value::Bool(is_leap_year(i64::from(int(args, 0)))))
        }),
        pure(
            "static DateTime SpecifyKind(DateTime value, DateTimeKind kind)",
            |_, args| {
                Ok(Value::DateTime(DateTime {
                    kind: kind(int(args, 1)),
                    ..date(args, 0)
                }))
            },
        ),
        pure("static int Compare(DateTime t1, DateTime t2)", |_, args| {
            compare(args)
        }),
        pure("int CompareTo(DateTime value)", |_, args| compare(args)),
        pure("DateTime Add(TimeSpan value)", |_, args| {
            add_ticks(args, span(args, 1))
        }),
        pure("TimeSpan Subtract(DateTime value)", |_, args| {
            subtract(args)
        }),
        pure("DateTime Subtract(TimeSpan value)", |_, args| {
            subtract(args)
        }),
        pure("DateTime AddDays(double value)", |_, args| add(args, DAY)),
        pure("DateTime AddHours(double value)", |_, args| add(args, HOUR)),
        pure("DateTime AddMinutes(double value)", |_, args| {
            add(args, MINUTE)
        }),
        pure("DateTime AddSeconds(double value)", |_, args| {
            add(args, SECOND)
        }),
        pure("DateTime AddMilliseconds(double value)", |_, args| {
            add(args, MILLISECOND)
        }),
        pure("DateTime AddTicks(long value)", |_, args| {
            add_ticks(args, long(args, 1))
        }),
        pure("DateTime AddMonths(int months)", |_, args| {
            add_months(args, i64::from(int(args, 1)))
        }),
        pure("DateTime AddYears(int value)", |_, args| {
            add_months(args, i64::from(int(args, 1)) * 12)
        }),
        pure("DateTime Date", |_, args| {
            let time = date(args, 0);
            Ok(Value::DateTime(DateTime {
                ticks: time.ticks - time.ticks.rem_euclid(DAY),
                ..time
            }))
        }),
        pure("DateTimeKind Kind", |_, args| {
            Ok(Value::Enum(
                Enumeration::DateTimeKind,
                match date(args, 0).kind {
                    Kind::Unspecified => 0,
                    Kind::Utc => 1,
                    Kind::Local => 2,
                },
            ))
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
        pure("TimeSpan TimeOfDay", |_, args| {
            Ok(Value::TimeSpan(TimeSpan(ticks(args).rem_euclid(DAY))))
        }),
        pure("int DayOfYear", |_, args| {
            Ok(number(day_of_year(ticks(args))))
        }),
        pure("DayOfWeek DayOfWeek", |_, args| {
            Ok(day_of_week(ticks(args)))
        }),
        pure("DateTime ToUniversalTime()", |_, args| {
            Ok(Value::DateTime(DateTime {
                kind: Kind::Utc,
                ..date(args, 0)
            }))
        }),
        pure("DateTime ToLocalTime()", |_, args| {
            Ok(Value::DateTime(DateTime {
                kind: Kind::Local,
                ..date(args, 0)
            }))
        }),
        pure("bool IsDaylightSavingTime()", |_, _| Ok(Value::Bool(false))),
        pure("string ToString(string format)", to_string_format),
        pure("string ToShortDateString()", |_, args| printed(args, "d")),
        pure("string ToLongDateString()", |_, args| printed(args, "D")),
        pure("string ToShortTimeString()", |_, args| printed(args, "t")),
        pure("string ToLongTimeString()", |_, args| printed(args, "T")),
    ],
};

pub(super) fn kind(value: i32) -> Kind {
    match value {
        1 => Kind::Utc,
        2 => Kind::Local,
        _ => Kind::Unspecified,
    }
}

pub(super) fn date(args: &[Value], index: usize) -> DateTime {
    match args.get(index) {
        Some(Value::DateTime(time)) => *time,
        _ => DateTime {
            ticks: 0,
            kind: Kind::Unspecified,
        },
    }
}

pub(super) fn printed(args: &[Value], format: &str) -> Result<Value> {
    super::format_value(&value(args, 0), format).map(Value::text)
}

/// Ticks of the host's clock, for `context.Timestamp`.
pub(super) fn utc(nanos: crate::host::UnixNanos) -> Value {
    Value::DateTime(DateTime {
        ticks: ticks_of(nanos),
        kind: Kind::Utc,
    })
}
