//! Members of `TimeZoneInfo` and `TimeZone`.

use super::zone::{Clock, Identity, Zone};
use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::key::equals;
use crate::expression::library::arguments::{text, value};
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::time::{
    DateTime, DateTimeOffset, Kind, MAX_TICKS, MINUTE, TimeSpan, ticks_of,
};
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

pub(super) static ZONE_INFO: Group = Group {
    owner: "TimeZoneInfo",
    entries: &[
        pure("static TimeZoneInfo Utc", |_, _| {
            Ok(Value::foreign(Zone::utc()))
        }),
        pure("static TimeZoneInfo Local", |_, _| {
            Ok(Value::foreign(Zone::local()))
        }),
        pure(
            "static TimeZoneInfo FindSystemTimeZoneById(string id)",
            |budget, args| {
                budget.charge(50)?;
                Zone::find(text(args, 0, "id")?).map(Value::foreign)
            },
        ),
        pure(
            "static DateTime ConvertTimeFromUtc(DateTime dateTime, TimeZoneInfo destinationTimeZone)",
            |_, args| {
                convert(
                    date(args)?,
                    &Zone::utc(),
                    zone(args, 1, "destinationTimeZone")?,
                )
            },
        ),
        pure(
            "static DateTime ConvertTimeToUtc(DateTime dateTime)",
            |_, args| {
                let time = date(args)?;
                convert(time, &own_zone(time), &Zone::utc())
            },
        ),
        pure(
            "static DateTime ConvertTimeToUtc(DateTime dateTime, TimeZoneInfo sourceTimeZone)",
            |_, args| convert(date(args)?, zone(args, 1, "sourceTimeZone")?, &Zone::utc()),
        ),
        pure(
            "static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo destinationTimeZone)",
            |_, args| {
                let time = date(args)?;
                convert(time, &own_zone(time), zone(args, 1, "destinationTimeZone")?)
            },
        ),
        pure(
            "static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo sourceTimeZone, TimeZoneInfo destinationTimeZone)",
            |_, args| {
                convert(
                    date(args)?,
                    zone(args, 1, "sourceTimeZone")?,
                    zone(args, 2, "destinationTimeZone")?,
                )
            },
        ),
        pure(
            "static DateTimeOffset ConvertTime(DateTimeOffset dateTimeOffset, TimeZoneInfo destinationTimeZone)",
            |_, args| move_offset(args, zone(args, 1, "destinationTimeZone")?),
        ),
        pure(
            "static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string destinationTimeZoneId)",
            |_, args| {
                let time = date(args)?;
                convert(
                    time,
                    &own_zone(time),
                    &named(args, 1, "destinationTimeZoneId")?,
                )
            },
        ),
        pure(
            "static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string sourceTimeZoneId, string destinationTimeZoneId)",
            |_, args| {
                convert(
                    date(args)?,
                    &named(args, 1, "sourceTimeZoneId")?,
                    &named(args, 2, "destinationTimeZoneId")?,
                )
            },
        ),
        pure(
            "static DateTimeOffset ConvertTimeBySystemTimeZoneId(DateTimeOffset dateTimeOffset, string destinationTimeZoneId)",
            |_, args| move_offset(args, &named(args, 1, "destinationTimeZoneId")?),
        ),
        pure("string Id", |_, args| {
            Ok(Value::from(this(args)?.id.as_str()))
        }),
        pure("string DisplayName", |_, args| {
            this(args)?.print().map(Value::from)
        }),
        full("TimeSpan BaseUtcOffset", |machine, args| {
            let now = ticks_of(machine.host.now());
            Ok(Value::TimeSpan(TimeSpan(this(args)?.standard(now))))
        }),
        full("bool SupportsDaylightSavingTime", |machine, args| {
            let now = ticks_of(machine.host.now());
            Ok(Value::Bool(this(args)?.changes(now)))
        }),
        pure("TimeSpan GetUtcOffset(DateTime dateTime)", |_, args| {
            let zone = this(args)?;
            Ok(Value::TimeSpan(TimeSpan(match time(args, 1)? {
                DateTime {
                    ticks,
                    kind: Kind::Unspecified,
                } => zone.clock_offset(ticks),
                moment => zone.offset(moment.ticks),
            })))
        }),
        pure(
            "TimeSpan GetUtcOffset(DateTimeOffset dateTimeOffset)",
            |_, args| {
                let utc = offset(args, 1)?.utc_ticks();
                Ok(Value::TimeSpan(TimeSpan(this(args)?.offset(utc))))
            },
        ),
        pure("bool IsDaylightSavingTime(DateTime dateTime)", |_, args| {
            let zone = this(args)?;
            let time = time(args, 1)?;
            Ok(Value::Bool(match time.kind {
                Kind::Unspecified => match zone.clock(time.ticks) {
                    Clock::One(offset) => zone.is_daylight(time.ticks - offset),
                    Clock::Skipped { .. } | Clock::Twice { .. } => false,
                },
                _ => zone.is_daylight(time.ticks),
            }))
        }),
        pure(
            "bool IsDaylightSavingTime(DateTimeOffset dateTimeOffset)",
            |_, args| {
                let utc = offset(args, 1)?.utc_ticks();
                Ok(Value::Bool(this(args)?.is_daylight(utc)))
            },
        ),
        pure("bool IsInvalidTime(DateTime dateTime)", |_, args| {
            let time = time(args, 1)?;
            Ok(Value::Bool(
                time.kind == Kind::Unspecified
                    && matches!(this(args)?.clock(time.ticks), Clock::Skipped { .. }),
            ))
        }),
        pure("bool IsAmbiguousTime(DateTime dateTime)", |_, args| {
            let (zone, time) = (this(args)?, time(args, 1)?);
            let local = match time.kind {
                Kind::Unspecified => time.ticks,
                _ => time.ticks + zone.offset(time.ticks),
            };
            Ok(Value::Bool(matches!(
                zone.clock(local),
                Clock::Twice { .. }
            )))
        }),
        pure("bool Equals(TimeZoneInfo other)", |_, args| {
            Ok(Value::Bool(equals(&value(args, 0), &value(args, 1))))
        }),
    ],
};

fn this(args: &[Value]) -> Result<&Zone, Exception> {
    args.first()
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}

fn zone<'a>(args: &'a [Value], index: usize, name: &str) -> Result<&'a Zone, Exception> {
    args.get(index)
        .and_then(Value::as_foreign)
        .ok_or_else(|| Exception::argument_null(name))
}

fn named(args: &[Value], index: usize, name: &str) -> Result<Zone, Exception> {
    Zone::find(text(args, index, name)?)
}

fn date(args: &[Value]) -> Result<DateTime, Exception> {
    time(args, 0)
}

fn time(args: &[Value], index: usize) -> Result<DateTime, Exception> {
    match args.get(index) {
        Some(Value::DateTime(time)) => Ok(*time),
        _ => Err(Exception::null_reference()),
    }
}

fn offset(args: &[Value], index: usize) -> Result<DateTimeOffset, Exception> {
    match args.get(index) {
        Some(Value::DateTimeOffset(time)) => Ok(*time),
        _ => Err(Exception::null_reference()),
    }
}

/// The zone a time belongs to by its kind; unspecified times are local.
fn own_zone(time: DateTime) -> Zone {
    match time.kind {
        Kind::Utc => Zone::utc(),
        Kind::Unspecified | Kind::Local => Zone::local(),
    }
}

/// From one zone's clocks to another's.
fn convert(time: DateTime, source: &Zone, destination: &Zone) -> Outcome {
    if time.kind != Kind::Unspecified && time.kind != source.kind() {
        return Err(Exception::new(
            names::ARGUMENT,
            "The conversion could not be completed because the supplied DateTime did not have the \
             Kind property set correctly. For example, when the Kind property is DateTimeKind.Local, \
             the source time zone must be TimeZoneInfo.Local. (Parameter 'sourceTimeZone')",
        ));
    }
    if source.identity == Identity::Other
        && matches!(source.clock(time.ticks), Clock::Skipped { .. })
    {
        return Err(Exception::new(
            names::ARGUMENT,
            "The supplied DateTime represents an invalid time. For example, when the clock is \
             adjusted forward, any time in the period that is skipped is invalid. (Parameter \
             'dateTime')",
        ));
    }
    let utc = time.ticks - source.clock_offset(time.ticks);
    let local = utc + destination.offset(utc);
    Ok(Value::DateTime(DateTime {
        // .NET clamps at the ends of the calendar too.
        ticks: local.clamp(0, MAX_TICKS),
        kind: destination.kind(),
    }))
}

/// The same moment at the offset of a zone.
fn move_offset(args: &[Value], destination: &Zone) -> Outcome {
    let utc = offset(args, 0)?.utc_ticks();
    let east = destination.offset(utc);
    let local_ticks = utc + east;
    if !(0..=MAX_TICKS).contains(&local_ticks) {
        return Ok(value(args, 0));
    }
    Ok(Value::DateTimeOffset(DateTimeOffset {
        local_ticks,
        offset_minutes: i16::try_from(east / MINUTE).unwrap_or_default(),
    }))
}

/// `TimeZone.CurrentTimeZone`.
#[derive(Debug)]
struct Current;

impl Foreign for Current {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::TimeZone)
    }
}

pub(super) static ZONE: Group = Group {
    owner: "TimeZone",
    entries: &[
        pure("static TimeZone CurrentTimeZone", |_, _| {
            Ok(Value::foreign(Current))
        }),
        pure("string StandardName", |_, _| {
            Ok(Value::from("Coordinated Universal Time"))
        }),
        pure("string DaylightName", |_, _| {
            Ok(Value::from("Coordinated Universal Time"))
        }),
        pure("TimeSpan GetUtcOffset(DateTime time)", |_, _| {
            Ok(Value::TimeSpan(TimeSpan(0)))
        }),
        pure("bool IsDaylightSavingTime(DateTime time)", |_, _| {
            Ok(Value::Bool(false))
        }),
        pure("DateTime ToLocalTime(DateTime time)", |_, args| {
            let time = time(args, 1)?;
            Ok(Value::DateTime(DateTime {
                kind: Kind::Local,
                ..time
            }))
        }),
        pure("DateTime ToUniversalTime(DateTime time)", |_, args| {
            let time = time(args, 1)?;
            Ok(Value::DateTime(DateTime {
                kind: Kind::Utc,
                ..time
            }))
        }),
    ],
};
