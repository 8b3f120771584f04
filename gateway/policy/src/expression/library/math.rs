//! `Math`.

use super::arguments::{decimal, double, int, long, value};
use super::registry::Group;
use super::{compare_values, full, pure};
use crate::expression::ast::BinaryOp;
use crate::expression::budget::Budget;
use crate::expression::decimals;
use crate::expression::exception::{Exception, names};
use crate::expression::machine::operators::binary;
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
        pure("static double Asin(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).asin()))
        }),
        pure("static double Acos(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).acos()))
        }),
        pure("static double Atan(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).atan()))
        }),
        pure("static double Sinh(double value)", |_, args| {
            Ok(Value::Double(double(args, 0).sinh()))
        }),
        pure("static double Cosh(double value)", |_, args| {
            Ok(Value::Double(double(args, 0).cosh()))
        }),
        pure("static double Tanh(double value)", |_, args| {
            Ok(Value::Double(double(args, 0).tanh()))
        }),
        pure("static double Cbrt(double d)", |_, args| {
            Ok(Value::Double(double(args, 0).cbrt()))
        }),
        pure("static double Atan2(double y, double x)", |_, args| {
            Ok(Value::Double(double(args, 0).atan2(double(args, 1))))
        }),
        pure("static double Log(double a, double newBase)", |_, args| {
            Ok(Value::Double(double(args, 0).ln() / double(args, 1).ln()))
        }),
        pure("static long BigMul(int a, int b)", |_, args| {
            Ok(Value::Long(
                i64::from(int(args, 0)) * i64::from(int(args, 1)),
            ))
        }),
        full(
            "static int DivRem(int a, int b, out int result)",
            |machine, args| {
                let remainder = binary(BinaryOp::Remainder, &value(args, 0), &value(args, 1))?;
                machine.outs.push(remainder);
                binary(BinaryOp::Divide, &value(args, 0), &value(args, 1))
            },
        ),
        full(
            "static long DivRem(long a, long b, out long result)",
            |machine, args| {
                let remainder = binary(BinaryOp::Remainder, &value(args, 0), &value(args, 1))?;
                machine.outs.push(remainder);
                binary(BinaryOp::Divide, &value(args, 0), &value(args, 1))
            },
        ),
        pure("static int Clamp(int value, int min, int max)", clamp),
        pure("static long Clamp(long value, long min, long max)", clamp),
        pure(
            "static double Clamp(double value, double min, double max)",
            clamp,
        ),
        pure(
            "static decimal Clamp(decimal value, decimal min, decimal max)",
            clamp,
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

fn clamp(_: &mut Budget, args: &[Value]) -> Pure {
    let (value, low, high) = (value(args, 0), value(args, 1), value(args, 2));
    if compare_values(&low, &high, None)?.is_gt() {
        return Err(Exception::new(
            names::ARGUMENT,
            format!(
                "'{}' cannot be greater than {}.",
                low.to_text()?,
                high.to_text()?
            ),
        ));
    }
    // NaN is neither below nor above.
    if matches!(value, Value::Double(number) if number.is_nan()) {
        return Ok(value);
    }
    Ok(if compare_values(&value, &low, None)?.is_lt() {
        low
    } else if compare_values(&value, &high, None)?.is_gt() {
        high
    } else {
        value
    })
}

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
