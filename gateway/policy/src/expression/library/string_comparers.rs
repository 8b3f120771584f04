//! `StringComparer`.

use super::arguments::optional_text;
use super::pure;
use super::registry::Group;
use super::strings::{compare, order};
use crate::expression::key::fold;
use crate::expression::object::Object;
use crate::expression::value::Value;

pub(super) static COMPARER: Group = Group {
    owner: "StringComparer",
    entries: &[
        pure("static StringComparer Ordinal", |_, _| Ok(comparer(false))),
        pure("static StringComparer OrdinalIgnoreCase", |_, _| {
            Ok(comparer(true))
        }),
        pure("static StringComparer InvariantCulture", |_, _| {
            Ok(comparer(false))
        }),
        pure(
            "static StringComparer InvariantCultureIgnoreCase",
            |_, _| Ok(comparer(true)),
        ),
        pure("static StringComparer CurrentCulture", |_, _| {
            Ok(comparer(false))
        }),
        pure("static StringComparer CurrentCultureIgnoreCase", |_, _| {
            Ok(comparer(true))
        }),
        pure("bool Equals(string x, string y)", |_, args| {
            let ignore = comparer_ignores_case(args, 0);
            let equal = match (optional_text(args, 1), optional_text(args, 2)) {
                (Some(a), Some(b)) if ignore => fold(a) == fold(b),
                (a, b) => a == b,
            };
            Ok(Value::Bool(equal))
        }),
        pure("int Compare(string x, string y)", |_, args| {
            let ignore = comparer_ignores_case(args, 0);
            let rest = args.get(1..).unwrap_or_default();
            Ok(order(compare(rest, ignore, false)))
        }),
    ],
};

pub(super) fn comparer(ignore_case: bool) -> Value {
    Value::object(Object::Comparer { ignore_case })
}

/// Whether the comparer at `index` ignores case; `false` for none.
pub(super) fn comparer_ignores_case(args: &[Value], index: usize) -> bool {
    match args.get(index) {
        Some(Value::Object(object)) => {
            matches!(object.as_ref(), Object::Comparer { ignore_case: true })
        }
        _ => false,
    }
}
