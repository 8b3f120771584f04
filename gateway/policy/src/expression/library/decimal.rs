//! Members of `decimal`.

use rust_decimal::Decimal;

use super::arguments::{decimal, int, optional_text, text, value};
use super::formatting::to_string_format;
use super::registry::Group;
use super::{compare_values, full, pure};
use crate::expression::ast::BinaryOp;
use crate::expression::decimals;
use crate::expression::exception::Exception;
use crate::expression::machine::{numeric, operators};
use crate::expression::types::Basic;
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

pub(super) static DECIMAL: Group = Group {
    owner: "decimal",
    entries: &[
        pure("new(int value)", |_, args| converted(args)),
        pure("new(long value)", |_, args| converted(args)),
        pure("new(double value)", |_, args| converted(args)),
        pure("static decimal Zero", |_, _| {
            Ok(Value::Decimal(Decimal::ZERO))
        }),
        pure("static decimal One", |_, _| {
            Ok(Value::Decimal(Decimal::ONE))
        }),
        pure("static decimal MinusOne", |_, _| {
            Ok(Value::Decimal(Decimal::NEGATIVE_ONE))
        }),
        pure("static decimal MaxValue", |_, _| {
            Ok(Value::Decimal(Decimal::MAX))
        }),
        pure("static decimal MinValue", |_, _| {
            Ok(Value::Decimal(Decimal::MIN))
        }),
        pure("string ToString(string format)", to_string_format),
        pure("int CompareTo(decimal value)", |_, args| compare(args)),
        pure("static int Compare(decimal d1, decimal d2)", |_, args| {
            compare(args)
        }),
        pure("static decimal Parse(string s)", |_, args| {
            parse(text(args, 0, "s")?).map(Value::Decimal)
        }),
        full(
            "static bool TryParse(string s, out decimal result)",
            |machine, args| {
                let parsed = optional_text(args, 0).and_then(|text| parse(text).ok());
                machine
                    .outs
                    .push(Value::Decimal(parsed.unwrap_or(Decimal::ZERO)));
                Ok(Value::Bool(parsed.is_some()))
            },
        ),
        pure("static decimal Add(decimal d1, decimal d2)", |_, args| {
            operate(BinaryOp::Add, args)
        }),
        pure(
            "static decimal Subtract(decimal d1, decimal d2)",
            |_, args| operate(BinaryOp::Subtract, args),
        ),
        pure(
            "static decimal Multiply(decimal d1, decimal d2)",
            |_, args| operate(BinaryOp::Multiply, args),
        ),
        pure(
            "static decimal Divide(decimal d1, decimal d2)",
            |_, args| operate(BinaryOp::Divide, args),
        ),
        pure(
            "static decimal Remainder(decimal d1, decimal d2)",
            |_, args| operate(BinaryOp::Remainder, args),
        ),
        pure("static decimal Negate(decimal d)", |_, args| {
            Ok(Value::Decimal(-decimal(args, 0)))
        }),
        pure("static decimal Floor(decimal d)", |_, args| {
            Ok(Value::Decimal(decimal(args, 0).floor()))
        }),
        pure("static decimal Ceiling(decimal d)", |_, args| {
            Ok(Value::Decimal(decimal(args, 0).ceil()))
        }),
        pure("static decimal Truncate(decimal d)", |_, args| {
            Ok(Value::Decimal(decimal(args, 0).trunc()))
        }),
        pure("static decimal Round(decimal d)", |_, args| {
            decimals::round(decimal(args, 0), 0, 0).map(Value::Decimal)
        }),
        pure(
            "static decimal Round(decimal d, int decimals)",
            |_, args| decimals::round(decimal(args, 0), int(args, 1), 0).map(Value::Decimal),
        ),
        pure(
            "static decimal Round(decimal d, MidpointRounding mode)",
            |_, args| decimals::round(decimal(args, 0), 0, int(args, 1)).map(Value::Decimal),
        ),
        pure(
            "static decimal Round(decimal d, int decimals, MidpointRounding mode)",
            |_, args| {
                decimals::round(decimal(args, 0), int(args, 1), int(args, 2)).map(Value::Decimal)
            },
        ),
        pure("static double ToDouble(decimal d)", |_, args| {
            Ok(numeric(&value(args, 0), Basic::Double))
        }),
        pure("static int ToInt32(decimal d)", |_, args| {
            decimals::convert(value(args, 0), Basic::Int)
        }),
        pure("static long ToInt64(decimal d)", |_, args| {
            decimals::convert(value(args, 0), Basic::Long)
        }),
    ],
};

/// LINQ over decimals.
pub(super) static DECIMALS: Group = Group {
    owner: "IEnumerable<decimal>",
    entries: &[full("decimal Average()", |machine, args| {
        let items = super::linq_results::collect(machine, args)?;
        average(&items)
    })],
};

fn converted(args: &[Value]) -> Outcome {
    decimals::convert(value(args, 0), Basic::Decimal)
}

fn compare(args: &[Value]) -> Outcome {
    let ordering = compare_values(&value(args, 0), &value(args, 1), None)?;
    Ok(Value::Int(ordering as i32))
}

fn operate(op: BinaryOp, args: &[Value]) -> Outcome {
    operators::binary(op, &value(args, 0), &value(args, 1))
}

/// `NumberStyles.Number` has no exponent.
fn parse(text: &str) -> Result<Decimal, Exception> {
    if text.contains(['e', 'E']) {
        return Err(Exception::format(format!(
            "The input string '{text}' was not in a correct format."
        )));
    }
    decimals::parse(text)
}

fn average(items: &[Value]) -> Outcome {
    if items.is_empty() {
        return Err(Exception::invalid_operation(
            "Sequence contains no elements",
        ));
    }
    let mut total = Value::Decimal(Decimal::ZERO);
    for item in items {
        total = operators::binary(BinaryOp::Add, &total, item)?;
    }
    let count = i128::try_from(items.len()).unwrap_or(i128::MAX);
    let count = Value::Decimal(decimals::from_integer(count));
    operators::binary(BinaryOp::Divide, &total, &count)
}
