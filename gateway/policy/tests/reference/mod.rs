//! A second, independent evaluator for a part of the language, and programs to try both with.
//!
//! Programs are made from bytes (`generating.rs`), printed as C# (`printing.rs`) for the product, and
//! walked as they are (`evaluating.rs`, `querying.rs`) by rules written down from the C# specification
//! and .NET's documentation alone. Nothing here uses the product's parser, checker or machine, so what
//! differs is a mistake on one side.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "tests and fuzzing use their parts"
)]

pub mod evaluating;
pub mod generating;
pub mod language;
pub mod printing;
mod querying;

use gateway_policy::expression::{Budget, BudgetLimits, Expected, Value, compile};
use gateway_policy::problem::{Position, Severity};

use evaluating::{Outcome, Reference, Thrown};
use language::{Program, Val};

use crate::support;

/// What became of one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// Both gave the same.
    Same,
    /// It is refused when it is saved: constants that overflow, as in C#.
    Refused,
    /// One of both ran out of its budget.
    Unfinished,
}

/// Problems that C# reports for what a random program may do with constants.
const OF_CONSTANTS: [&str; 1] = ["Overflow"];

struct NoNames;

impl gateway_policy::expression::Names for NoNames {
    fn identity_lists(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Runs `program` both ways.
///
/// # Panics
/// If they differ, or if the product refuses a program for anything but its constants.
pub fn compare(program: &Program) -> Compared {
    let code = printing::print(program);
    let compiled = compile(
        &code,
        Expected::Any,
        &|offset| Position::of(&code, offset),
        &NoNames,
    );
    let Some(expression) = compiled.expression else {
        let only_constants = compiled
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .all(|problem| OF_CONSTANTS.contains(&problem.code));
        assert!(only_constants, "{code}\n{:#?}", compiled.problems);
        return Compared::Refused;
    };
    let mut budget = Budget::new(BudgetLimits {
        instructions: 200_000,
        allocated_bytes: 4 << 20,
        depth: 400,
        ..BudgetLimits::default()
    });
    let world = support::World::default();
    let found = expression.evaluate(&mut support::context(), &world, &mut budget);
    let expected = Reference::default().run(program);
    match (expected, found) {
        (Outcome::Unfinished, _) => Compared::Unfinished,
        (_, Err(exception)) if exception.is_budget() => Compared::Unfinished,
        (Outcome::Gives(expected), Ok(found)) => {
            assert!(
                same(&expected, &found),
                "{code}\nthe reference gives {expected:?}, the product {found:?}"
            );
            Compared::Same
        }
        (Outcome::Throws(thrown), Err(exception)) => {
            assert_eq!(name(thrown), exception.type_name, "{code}");
            Compared::Same
        }
        (expected, found) => {
            panic!("{code}\nthe reference: {expected:?}\nthe product: {found:?}")
        }
    }
}

fn name(thrown: Thrown) -> &'static str {
    match thrown {
        Thrown::DivideByZero => "System.DivideByZeroException",
        Thrown::Overflow => "System.OverflowException",
        Thrown::NullReference => "System.NullReferenceException",
        Thrown::ArgumentRange => "System.ArgumentOutOfRangeException",
        Thrown::IndexRange => "System.IndexOutOfRangeException",
        Thrown::InvalidOperation => "System.InvalidOperationException",
    }
}

fn same(expected: &Val, found: &Value) -> bool {
    match (expected, found) {
        (Val::Int(a), Value::Int(b)) => a == b,
        (Val::Long(a), Value::Long(b)) => a == b,
        (Val::Double(a), Value::Double(b)) => {
            a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
        }
        (Val::Bool(a), Value::Bool(b)) => a == b,
        (Val::Text(None), Value::Null) => true,
        (Val::Text(Some(a)), found) => found.as_str() == Some(a),
        _ => false,
    }
}
