//! Deferred LINQ queries: descriptions that are run each time they are enumerated.

use std::sync::Arc;

use super::object::Closure;
use super::types::{Family, Type};
use super::value::Value;

/// A query over a source, not yet run.
#[derive(Debug)]
pub struct Query {
    /// Type of what it yields.
    pub(crate) element: Type,
    pub(crate) source: Value,
    pub(crate) step: Step,
}

/// What a query does to its source.
#[derive(Debug)]
pub(crate) enum Step {
    Where(Value),
    Select(Value),
    SelectMany(Value),
    Take(i64),
    Skip(i64),
    TakeWhile(Value),
    SkipWhile(Value),
    Concat(Value),
    Append(Value),
    Prepend(Value),
    Distinct {
        ignore_case: bool,
    },
    Union(Value),
    Except(Value),
    Intersect(Value),
    Reverse,
    OrderBy(Vec<SortKey>),
    GroupBy {
        key: Value,
        element: Option<Value>,
        types: Arc<[Type]>,
    },
    Zip(Value, Value),
    DefaultIfEmpty(Value),
    /// `Range(start, count)`; there is no source.
    Range(i32, i32),
    /// `Repeat(source, count)`.
    Repeat(i32),
    /// `Cast<T>` and `OfType<T>`.
    Cast(Type),
    OfType(Type),
}

/// One key of `OrderBy(…).ThenBy(…)`.
#[derive(Debug, Clone)]
pub(crate) struct SortKey {
    pub(crate) selector: Value,
    pub(crate) descending: bool,
    pub(crate) comparer: Option<bool>,
}

impl Query {
    pub(crate) fn type_of(&self) -> Type {
        match self.step {
            Step::OrderBy(_) => {
                Type::Generic(Family::OrderedEnumerable, Arc::new([self.element.clone()]))
            }
            _ => Type::enumerable(self.element.clone()),
        }
    }
}

impl Query {
    /// The values this query holds.
    pub(crate) fn values(&self) -> Vec<&Value> {
        let mut all = vec![&self.source];
        match &self.step {
            Step::Concat(value)
            | Step::Append(value)
            | Step::Prepend(value)
            | Step::Union(value)
            | Step::Except(value)
            | Step::Intersect(value)
            | Step::DefaultIfEmpty(value)
            | Step::Zip(value, _) => all.push(value),
            // The rest holds functions, whose variables are emptied.
            _ => {}
        }
        all
    }

    /// Moves the values this query holds to `into`, for [`super::object::Object`]'s `Drop`.
    pub(crate) fn take_children(&mut self, into: &mut Vec<Value>) {
        into.push(std::mem::replace(&mut self.source, Value::Null));
        match std::mem::replace(&mut self.step, Step::Reverse) {
            Step::Where(value)
            | Step::Select(value)
            | Step::SelectMany(value)
            | Step::TakeWhile(value)
            | Step::SkipWhile(value)
            | Step::Concat(value)
            | Step::Append(value)
            | Step::Prepend(value)
            | Step::Union(value)
            | Step::Except(value)
            | Step::Intersect(value)
            | Step::DefaultIfEmpty(value) => into.push(value),
            Step::Zip(first, second) => into.extend([first, second]),
            Step::GroupBy { key, element, .. } => {
                into.push(key);
                into.extend(element);
            }
            Step::OrderBy(keys) => into.extend(keys.into_iter().map(|key| key.selector)),
            Step::Take(_)
            | Step::Skip(_)
            | Step::Distinct { .. }
            | Step::Reverse
            | Step::Range(..)
            | Step::Repeat(_)
            | Step::Cast(_)
            | Step::OfType(_) => {}
        }
    }
}

/// The closure of a delegate value.
pub(crate) fn closure(value: &Value) -> Option<&Closure> {
    match value {
        Value::Object(object) => match object.as_ref() {
            super::object::Object::Closure(closure) => Some(closure),
            _ => None,
        },
        _ => None,
    }
}
