//! `TimeSpan`.

use super::arguments::{double, int, long, optional_text, text, value};
use super::dates::{MILLISECOND, Result, compare, number, span, subtract};
use super::formatting::to_string_format;
use super::registry::Group;
use super::{full, pure};
use crate::expression::ast::BinaryOp;
use crate::expression::date_parsing::parse_span;
use crate::expression::exception::{Exception, names};
use crate::expression::machine::operators;
use crate::expression::time::{DAY, HOUR, MINUTE, SECOND, TimeSpan};
use crate::expression::value::Value;

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

pub(super) fn parts(
    days: i32,
    hours: i32,
    minutes: i32,
    seconds: i32,
    milliseconds: i32,
) -> Result<Value> {
    let total = i128::from(days) * i128::from(DAY)
        + i128::from(hours) * i128::from(HOUR)
        + i128::from(minutes) * i128::from(MINUTE)
        + i128::from(seconds) * i128::from(SECOND)
        + i128::from(milliseconds) * i128::from(MILLISECOND);
    i64::try_from(total)
        .map(|ticks| Value::TimeSpan(TimeSpan(ticks)))
        .map_err(|_| too_long())
}

pub(super) fn too_long() -> Exception {
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
pub(super) fn from(args: &[Value], unit: i64) -> Result<Value> {
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
pub(super) fn total(args: &[Value], unit: i64) -> Value {
    Value::Double(span(args, 0) as f64 / unit as f64)
}
