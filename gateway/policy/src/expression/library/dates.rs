//! What dates and spans share: parts and arithmetic.

use super::arguments::{double, int, value};
use super::compare_values;
use crate::expression::ast::BinaryOp;
use crate::expression::exception::{Exception, names};
use crate::expression::machine::operators;
use crate::expression::time::{
    DAY, DateTime, DateTimeOffset, Kind, MAX_TICKS, SECOND, TimeSpan, civil, days_in_month,
    days_to, ticks_from,
};
use crate::expression::types::Enumeration;
use crate::expression::value::Value;

pub(super) type Result<T> = std::result::Result<T, Exception>;

pub(super) const MILLISECOND: i64 = SECOND / 1000;

pub(super) fn unspecified(ticks: i64) -> Value {
    Value::DateTime(DateTime {
        ticks,
        kind: Kind::Unspecified,
    })
}

pub(super) fn number(value: i64) -> Value {
    Value::Int(i32::try_from(value).unwrap_or_default())
}

/// Clock ticks of the receiver.
pub(super) fn ticks(args: &[Value]) -> i64 {
    match args.first() {
        Some(Value::DateTime(time)) => time.ticks,
        Some(Value::DateTimeOffset(time)) => time.local_ticks,
        _ => 0,
    }
}

pub(super) fn span(args: &[Value], index: usize) -> i64 {
    match args.get(index) {
        Some(Value::TimeSpan(span)) => span.0,
        _ => 0,
    }
}

pub(super) fn in_range(ticks: Option<i64>) -> Result<i64> {
    ticks
        .filter(|ticks| (0..=MAX_TICKS).contains(ticks))
        .ok_or_else(|| {
            Exception::argument_range(
                "The added or subtracted value results in an un-representable DateTime.",
                "value",
            )
        })
}

pub(super) fn construct(args: &[Value], count: usize) -> Result<i64> {
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

pub(super) fn not_recognized(text: &str) -> Exception {
    Exception::format(format!(
        "String '{text}' was not recognized as a valid DateTime."
    ))
}

pub(super) fn compare(args: &[Value]) -> Result<Value> {
    Ok(Value::Int(
        compare_values(&value(args, 0), &value(args, 1), None)? as i32,
    ))
}

pub(super) fn subtract(args: &[Value]) -> Result<Value> {
    operators::binary(BinaryOp::Subtract, &value(args, 0), &value(args, 1))
}

pub(super) fn add_ticks(args: &[Value], ticks: i64) -> Result<Value> {
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
pub(super) fn add(args: &[Value], unit: i64) -> Result<Value> {
    let ticks = double(args, 1) * unit as f64;
    if ticks.is_nan() || ticks.abs() > MAX_TICKS as f64 {
        return Err(Exception::argument_range(
            "Value to add was out of range.",
            "value",
        ));
    }
    add_ticks(args, ticks as i64)
}

pub(super) fn add_months(args: &[Value], months: i64) -> Result<Value> {
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

pub(super) fn day_of_year(ticks: i64) -> i64 {
    ticks.div_euclid(DAY) - days_to(civil(ticks).year, 1, 1) + 1
}

pub(super) fn day_of_week(ticks: i64) -> Value {
    let day = (ticks.div_euclid(DAY) + 1).rem_euclid(7);
    Value::Enum(
        Enumeration::DayOfWeek,
        i32::try_from(day).unwrap_or_default(),
    )
}
