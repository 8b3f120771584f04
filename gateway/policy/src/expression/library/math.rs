//! `Math`.

use super::arguments::{decimal, double, int, long, value};
use super::registry::Group;
use super::{compare_values, pure};
use crate::expression::budget::Budget;
use crate::expression::decimals;
use crate::expression::exception::{Exception, names};
use crate::expression::value::Value;

type Pure = Result<Value, Exception>;

pub(super) static MATH: Group = Group {
    owner: "Math",
    entries: &[
        pure("static double PI", |_, _| {
            Ok(Value::Double(std::f64::consts::PI))
        }),
        pure("static double E", |_, _| {
            Ok(Value::Double(std::f64::consts::E))
        }),
        pure("static int Abs(int value)", |_, args| {
            int(args, 0)
                .checked_abs()
                .map(Value::Int)
                .ok_or_else(negated)
        }),
        pure("static long Abs(long value)", |_, args| {
            long(args, 0)
                .checked_abs()
                .map(Value::Long)
                .ok_or_else(negated)
        }),
        pure("static double Abs(double value)", |_, args| {
            Ok(Value::Double(double(args, 0).abs()))
        }),
        pure("static int Max(int val1, int val2)", max),
        pure("static long Max(long val1, long val2)", max),
        pure("static double Max(double val1, double val2)", max),
        pure("static int Min(int val1, int val2)", min),
        pure("static long Min(long val1, long val2)", min),
        pure("static double Min(double val1, double val2)", min),
        pure("static double Ceiling(double a)", |_, args| {
            Ok(Value::Double(double(args, 0).ceil()))
        }),
        pure("static double Floor(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).floor()))
        }),
        pure("static double Truncate(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).trunc()))
        }),
        pure("static double Round(double a)", |_, args| {
            Ok(Value::Double(double(args, 0).round_ties_even()))
        }),
        pure(
            "static double Round(double value, int digits)",
            |_, args| round(double(args, 0), int(args, 1), 0),
        ),
        pure(
            "static double Round(double value, MidpointRounding mode)",
            |_, args| round(double(args, 0), 0, int(args, 1)),
        ),
        pure(
            "static double Round(double value, int digits, MidpointRounding mode)",
            |_, args| round(double(args, 0), int(args, 1), int(args, 2)),
        ),
        pure("static double Pow(double x, double y)", |_, args| {
            Ok(Value::Double(double(args, 0).powf(double(args, 1))))
        }),
        pure("static double Sqrt(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).sqrt()))
        }),
        pure("static double Exp(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).exp()))
        }),
        pure("static double Log(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).ln()))
        }),
        pure("static double Log10(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).log10()))
        }),
        pure("static double Sin(double a)", |_, args| {
            Ok(Value::Double(double(args, 0).sin()))
        }),
        pure("static double Cos(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).cos()))
        }),
        pure("static double Tan(double a)", |_, args| {
            Ok(Value::Double(double(args, 0).tan()))
        }),
        pure("static decimal Abs(decimal value)", |_, args| {
            Ok(Value::Decimal(decimal(args, 0).abs()))
        }),
        pure("static decimal Max(decimal val1, decimal val2)", max),
        pure("static decimal Min(decimal val1, decimal val2)", min),
        pure("static decimal Ceiling(decimal d)", |_, args| {
            Ok(Value::Decimal(decimal(args, 0).ceil()))
        }),
        pure("static decimal Floor(decimal d)", |_, args| {
            Ok(Value::Decimal(decimal(args, 0).floor()))
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
        pure("static int Sign(decimal value)", |_, args| {
            Ok(Value::Int(decimals::sign(decimal(args, 0))))
        }),
        pure("static int Sign(int value)", |_, args| {
            Ok(Value::Int(int(args, 0).signum()))
        }),
        pure("static int Sign(double value)", |_, args| {
            let value = double(args, 0);
            if value.is_nan() {
                return Err(Exception::new(
                    names::ARITHMETIC,
                    "Function does not accept floating point Not-a-Number values.",
                ));
            }
            Ok(Value::Int(if value > 0.0 {
                1
            } else if value < 0.0 {
                -1
            } else {
                0
            }))
        }),
    ],
};

fn negated() -> Exception {
    Exception::new(
        names::OVERFLOW,
        "Negating the minimum value of a twos complement number is invalid.",
    )
}

fn max(_: &mut Budget, args: &[Value]) -> Pure {
    extreme(args, std::cmp::Ordering::Less)
}

fn min(_: &mut Budget, args: &[Value]) -> Pure {
    extreme(args, std::cmp::Ordering::Greater)
}

fn extreme(args: &[Value], replace: std::cmp::Ordering) -> Pure {
    let (a, b) = (value(args, 0), value(args, 1));
    if double(args, 0).is_nan() {
        return Ok(a);
    }
    if double(args, 1).is_nan() {
        return Ok(b);
    }
    Ok(if compare_values(&a, &b, None)? == replace {
        b
    } else {
        a
    })
}

fn round(value: f64, digits: i32, mode: i32) -> Pure {
    if !(0..=15).contains(&digits) {
        return Err(Exception::argument_range(
            "Rounding digits must be between 0 and 15, inclusive.",
            "digits",
        ));
    }
    if value.abs() >= 1e16 || !value.is_finite() {
        return Ok(Value::Double(value));
    }
    let scale = 10_f64.powi(digits);
    let scaled = value * scale;
    let rounded = match mode {
        1 => scaled.round(),
        2 => scaled.trunc(),
        3 => scaled.floor(),
        4 => scaled.ceil(),
        _ => scaled.round_ties_even(),
    };
    Ok(Value::Double(rounded / scale))
}
