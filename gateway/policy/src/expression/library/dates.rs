//! `DateTime`, `DateTimeOffset` and `TimeSpan`.

use super::arguments::{double, int, long, optional_text, text, value};
use super::formatting::to_string_format;
use super::registry::Group;
use super::{compare_values, full, pure};
use crate::expression::ast::BinaryOp;
use crate::expression::date_parsing::{parse_date_time, parse_offset, parse_span};
use crate::expression::exception::{Exception, names};
use crate::expression::machine::operators;
use crate::expression::time::{
    DAY, DateTime, DateTimeOffset, HOUR, Kind, MAX_TICKS, MINUTE, SECOND, TimeSpan, UNIX_EPOCH,
    civil, days_in_month, days_to, is_leap_year, ticks_from, ticks_of,
};
use crate::expression::types::Enumeration;
use crate::expression::value::Value;

type Result<T> = std::result::Result<T, Exception>;

const MILLISECOND: i64 = SECOND / 1000;

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

pub(super) static TIME_SPAN: Group = Group {
    owner: "TimeSpan",
    entries: &[
        pure("static TimeSpan Zero", |_, _| {
            Ok(Value::TimeSpan(TimeSpan(0)))
        }),
        pure("static TimeSpan MinValue", |_, _| {
            Ok(Value::TimeSpan(TimeSpan(i64::MIN)))
        }),
        pure("static TimeSpan MaxValue", |_, _| {
            Ok(Value::TimeSpan(TimeSpan(i64::MAX)))
        }),
        pure("new(long ticks)", |_, args| {
            Ok(Value::TimeSpan(TimeSpan(long(args, 0))))
        }),
        pure("new(int hours, int minutes, int seconds)", |_, args| {
            parts(0, int(args, 0), int(args, 1), int(args, 2), 0)
        }),
        pure(
            "new(int days, int hours, int minutes, int seconds)",
            |_, args| parts(int(args, 0), int(args, 1), int(args, 2), int(args, 3), 0),
        ),
        pure(
            "new(int days, int hours, int minutes, int seconds, int milliseconds)",
            |_, args| {
                parts(
                    int(args, 0),
                    int(args, 1),
                    int(args, 2),
                    int(args, 3),
                    int(args, 4),
                )
            },
        ),
        pure("static TimeSpan FromDays(double value)", |_, args| {
            from(args, DAY)
        }),
        pure("static TimeSpan FromHours(double value)", |_, args| {
            from(args, HOUR)
        }),
        pure("static TimeSpan FromMinutes(double value)", |_, args| {
            from(args, MINUTE)
        }),
        pure("static TimeSpan FromSeconds(double value)", |_, args| {
            from(args, SECOND)
        }),
        pure(
            "static TimeSpan FromMilliseconds(double value)",
            |_, args| from(args, MILLISECOND),
        ),
        pure("static TimeSpan FromTicks(long value)", |_, args| {
            Ok(Value::TimeSpan(TimeSpan(long(args, 0))))
        }),
        pure("static TimeSpan Parse(string s)", |_, args| {
            let source = text(args, 0, "s")?;
            parse_span(source).map(Value::TimeSpan).ok_or_else(|| {
                Exception::format(format!(
                    "String '{}' was not recognized as a valid TimeSpan.",
                    source.as_str()
                ))
            })
        }),
        full(
            "static bool TryParse(string s, out TimeSpan result)",
            |machine, args| {
                let parsed = optional_text(args, 0).and_then(|text| parse_span(text));
                machine
                    .outs
                    .push(Value::TimeSpan(parsed.unwrap_or(TimeSpan(0))));
                Ok(Value::Bool(parsed.is_some()))
            },
        ),
        pure("int CompareTo(TimeSpan value)", |_, args| compare(args)),
        pure("TimeSpan Add(TimeSpan ts)", |_, args| {
            operators::binary(BinaryOp::Add, &value(args, 0), &value(args, 1))
        }),
        pure("TimeSpan Subtract(TimeSpan ts)", |_, args| subtract(args)),
        pure("TimeSpan Negate()", |_, args| {
            Ok(Value::TimeSpan(TimeSpan(span(args, 0).saturating_neg())))
        }),
        pure("TimeSpan Duration()", |_, args| {
            Ok(Value::TimeSpan(TimeSpan(span(args, 0).saturating_abs())))
        }),
        pure("int Days", |_, args| Ok(number(span(args, 0) / DAY))),
        pure("int Hours", |_, args| Ok(number(span(args, 0) / HOUR % 24))),
        pure("int Minutes", |_, args| {
            Ok(number(span(args, 0) / MINUTE % 60))
        }),
        pure("int Seconds", |_, args| {
            Ok(number(span(args, 0) / SECOND % 60))
        }),
        pure("int Milliseconds", |_, args| {
            Ok(number(span(args, 0) / MILLISECOND % 1000))
        }),
        pure("long Ticks", |_, args| Ok(Value::Long(span(args, 0)))),
        pure("double TotalDays", |_, args| Ok(total(args, DAY))),
        pure("double TotalHours", |_, args| Ok(total(args, HOUR))),
        pure("double TotalMinutes", |_, args| Ok(total(args, MINUTE))),
        pure("double TotalSeconds", |_, args| Ok(total(args, SECOND))),
        pure("double TotalMilliseconds", |_, args| {
            Ok(total(args, MILLISECOND))
        }),
        pure("string ToString(string format)", to_string_format),
    ],
};

fn unspecified(ticks: i64) -> Value {
    Value::DateTime(DateTime {
        ticks,
        kind: Kind::Unspecified,
    })
}

fn offset(local_ticks: i64, offset_minutes: i16) -> Value {
    Value::DateTimeOffset(DateTimeOffset {
        local_ticks,
        offset_minutes,
    })
}

fn kind(value: i32) -> Kind {
    match value {
        1 => Kind::Utc,
        2 => Kind::Local,
        _ => Kind::Unspecified,
    }
}

fn number(value: i64) -> Value {
    Value::Int(i32::try_from(value).unwrap_or_default())
}

fn date(args: &[Value], index: usize) -> DateTime {
    match args.get(index) {
        Some(Value::DateTime(time)) => *time,
        _ => DateTime {
            ticks: 0,
            kind: Kind::Unspecified,
        },
    }
}

fn moment(args: &[Value], index: usize) -> DateTimeOffset {
    match args.get(index) {
        Some(Value::DateTimeOffset(time)) => *time,
        _ => DateTimeOffset {
            local_ticks: 0,
            offset_minutes: 0,
        },
    }
}

/// Clock ticks of the receiver.
fn ticks(args: &[Value]) -> i64 {
    match args.first() {
        Some(Value::DateTime(time)) => time.ticks,
        Some(Value::DateTimeOffset(time)) => time.local_ticks,
        _ => 0,
    }
}

fn span(args: &[Value], index: usize) -> i64 {
    match args.get(index) {
        Some(Value::TimeSpan(span)) => span.0,
        _ => 0,
    }
}

fn minutes(ticks: i64) -> Result<i16> {
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

fn in_range(ticks: Option<i64>) -> Result<i64> {
    ticks
        .filter(|ticks| (0..=MAX_TICKS).contains(ticks))
        .ok_or_else(|| {
            Exception::argument_range(
                "The added or subtracted value results in an un-representable DateTime.",
                "value",
            )
        })
}

fn construct(args: &[Value], count: usize) -> Result<i64> {
    let part = |index: usize| {
        if index < count {
            i64::from(int(args, index))
        } else {
            0
        }
    };
    ticks_from(
        (part(0), part(1), part(2)),
        (part(3), part(4), part(5)),
        part(6) * MILLISECOND,
    )
    .ok_or_else(|| {
        Exception::new(
            names::ARGUMENT_RANGE,
            if count > 3
                && (1..=9999).contains(&part(0))
                && (1..=12).contains(&part(1))
                && (1..=days_in_month(part(0), part(1))).contains(&part(2))
            {
                "Hour, Minute, and Second parameters describe an un-representable DateTime."
            } else {
                "Year, Month, and Day parameters describe an un-representable DateTime."
            },
        )
    })
}

fn not_recognized(text: &str) -> Exception {
    Exception::format(format!(
        "String '{text}' was not recognized as a valid DateTime."
    ))
}

fn compare(args: &[Value]) -> Result<Value> {
    Ok(Value::Int(
        compare_values(&value(args, 0), &value(args, 1), None)? as i32,
    ))
}

fn subtract(args: &[Value]) -> Result<Value> {
    operators::binary(BinaryOp::Subtract, &value(args, 0), &value(args, 1))
}

fn add_ticks(args: &[Value], ticks: i64) -> Result<Value> {
    operators::binary(
        BinaryOp::Add,
        &value(args, 0),
        &Value::TimeSpan(TimeSpan(ticks)),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "checked against the range"
)]
fn add(args: &[Value], unit: i64) -> Result<Value> {
    let ticks = double(args, 1) * unit as f64;
    if ticks.is_nan() || ticks.abs() > MAX_TICKS as f64 {
        return Err(Exception::argument_range(
            "Value to add was out of range.",
            "value",
        ));
    }
    add_ticks(args, ticks as i64)
}

fn add_months(args: &[Value], months: i64) -> Result<Value> {
    let present = ticks(args);
    let date = civil(present);
    let total = date.year * 12 + date.month - 1 + months;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    if !(1..=9999).contains(&year) {
        return in_range(None).map(unspecified);
    }
    let day = date.day.min(days_in_month(year, month));
    let ticks = days_to(year, month, day) * DAY + present.rem_euclid(DAY);
    Ok(match value(args, 0) {
        Value::DateTimeOffset(time) => Value::DateTimeOffset(DateTimeOffset {
            local_ticks: ticks,
            ..time
        }),
        Value::DateTime(time) => Value::DateTime(DateTime { ticks, ..time }),
        other => other,
    })
}

fn day_of_year(ticks: i64) -> i64 {
    ticks.div_euclid(DAY) - days_to(civil(ticks).year, 1, 1) + 1
}

fn day_of_week(ticks: i64) -> Value {
    let day = (ticks.div_euclid(DAY) + 1).rem_euclid(7);
    Value::Enum(
        Enumeration::DayOfWeek,
        i32::try_from(day).unwrap_or_default(),
    )
}

fn printed(args: &[Value], format: &str) -> Result<Value> {
    super::format_value(&value(args, 0), format).map(Value::text)
}

fn from_unix(value: i64, unit: i64) -> Result<Value> {
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

fn parts(days: i32, hours: i32, minutes: i32, seconds: i32, milliseconds: i32) -> Result<Value> {
    let total = i128::from(days) * i128::from(DAY)
        + i128::from(hours) * i128::from(HOUR)
        + i128::from(minutes) * i128::from(MINUTE)
        + i128::from(seconds) * i128::from(SECOND)
        + i128::from(milliseconds) * i128::from(MILLISECOND);
    i64::try_from(total)
        .map(|ticks| Value::TimeSpan(TimeSpan(ticks)))
        .map_err(|_| too_long())
}

fn too_long() -> Exception {
    Exception::new(
        names::OVERFLOW,
        "TimeSpan overflowed because the duration is too long.",
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "checked against the range"
)]
fn from(args: &[Value], unit: i64) -> Result<Value> {
    let ticks = double(args, 0) * unit as f64;
    if ticks.is_nan() {
        return Err(Exception::new(
            names::ARGUMENT,
            "TimeSpan does not accept floating point Not-a-Number values.",
        ));
    }
    if ticks.abs() >= i64::MAX as f64 {
        return Err(too_long());
    }
    Ok(Value::TimeSpan(TimeSpan(ticks as i64)))
}

#[expect(clippy::cast_precision_loss, reason = "as in .NET")]
fn total(args: &[Value], unit: i64) -> Value {
    Value::Double(span(args, 0) as f64 / unit as f64)
}

/// Ticks of the host's clock, for `context.Timestamp`.
pub(super) fn utc(nanos: crate::host::UnixNanos) -> Value {
    Value::DateTime(DateTime {
        ticks: ticks_of(nanos),
        kind: Kind::Utc,
    })
}
