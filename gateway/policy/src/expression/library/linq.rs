//! LINQ methods that .NET defers: a query runs each time it is enumerated.

use std::sync::Arc;

use super::arguments::{element_token, int, value, without_token};
use super::full;
use super::registry::Group;
use super::string_comparers::comparer_ignores_case;
use crate::expression::check::default_of;
use crate::expression::exception::Exception;
use crate::expression::object::Object;
use crate::expression::query::{Query, SortKey, Step};
use crate::expression::types::Type;
use crate::expression::value::Value;

pub(super) type Outcome = Result<Value, Exception>;

pub(super) static ENUMERABLE: Group = Group {
    owner: "IEnumerable<T>",
    entries: &[
        full("IEnumerable<T> Where(Func<T,bool> predicate)", |_, a| {
            query(a, |a| Step::Where(value(a, 1)))
        }),
        full(
            "IEnumerable<T> Where(Func<T,int,bool> predicate)",
            |_, a| query(a, |a| Step::Where(value(a, 1))),
        ),
        full(
            "IEnumerable<TResult> Select<TResult>(Func<T,TResult> selector)",
            |_, a| query(a, |a| Step::Select(value(a, 1))),
        ),
        full(
            "IEnumerable<TResult> Select<TResult>(Func<T,int,TResult> selector)",
            |_, a| query(a, |a| Step::Select(value(a, 1))),
        ),
        full(
            "IEnumerable<TResult> SelectMany<TResult>(Func<T,IEnumerable<TResult>> selector)",
            |_, a| query(a, |a| Step::SelectMany(value(a, 1))),
        ),
        full("IEnumerable<T> Take(int count)", |_, a| {
            query(a, |a| Step::Take(i64::from(int(a, 1))))
        }),
        full("IEnumerable<T> Skip(int count)", |_, a| {
            query(a, |a| Step::Skip(i64::from(int(a, 1))))
        }),
        full(
            "IEnumerable<T> TakeWhile(Func<T,bool> predicate)",
            |_, a| query(a, |a| Step::TakeWhile(value(a, 1))),
        ),
        full(
            "IEnumerable<T> SkipWhile(Func<T,bool> predicate)",
            |_, a| query(a, |a| Step::SkipWhile(value(a, 1))),
        ),
        full("IEnumerable<T> Concat(IEnumerable<T> second)", |_, a| {
            second(a, Step::Concat)
        }),
        full("IEnumerable<T> Append(T element)", |_, a| {
            query(a, |a| Step::Append(value(a, 1)))
        }),
        full("IEnumerable<T> Prepend(T element)", |_, a| {
            query(a, |a| Step::Prepend(value(a, 1)))
        }),
        full("IEnumerable<T> Distinct()", |_, a| {
            query(a, |_| Step::Distinct { ignore_case: false })
        }),
        full(
            "IEnumerable<T> Distinct(IEqualityComparer<T> comparer)",
            |_, a| {
                query(a, |a| Step::Distinct {
                    ignore_case: comparer_ignores_case(a, 1),
                })
            },
        ),
        full("IEnumerable<T> Union(IEnumerable<T> second)", |_, a| {
            second(a, Step::Union)
        }),
        full("IEnumerable<T> Except(IEnumerable<T> second)", |_, a| {
            second(a, Step::Except)
        }),
        full("IEnumerable<T> Intersect(IEnumerable<T> second)", |_, a| {
            second(a, Step::Intersect)
        }),
        full("IEnumerable<T> Reverse()", |_, a| {
            query(a, |_| Step::Reverse)
        }),
        full("IEnumerable<T> DefaultIfEmpty(T defaultValue)", |_, a| {
            query(a, |a| Step::DefaultIfEmpty(value(a, 1)))
        }),
        full("IEnumerable<T> DefaultIfEmpty()", |_, a| {
            query(a, |a| {
                Step::DefaultIfEmpty(default_value(&element_token(a)))
            })
        }),
        full(
            "IEnumerable<TResult> Zip<TSecond,TResult>(IEnumerable<TSecond> second, Func<T,TSecond,TResult> resultSelector)",
            |_, a| query(a, |a| Step::Zip(value(a, 1), value(a, 2))),
        ),
        full("IEnumerable<TResult> Cast<TResult>()", |_, a| {
            query(a, |a| Step::Cast(element_token(a)))
        }),
        full("IEnumerable<TResult> OfType<TResult>()", |_, a| {
            query(a, |a| Step::OfType(element_token(a)))
        }),
        full("IEnumerable<T> AsEnumerable()", |_, a| Ok(value(a, 0))),
        full(
            "IOrderedEnumerable<T> OrderBy<TSort>(Func<T,TSort> keySelector)",
            |_, a| order(a, false),
        ),
        full(
            "IOrderedEnumerable<T> OrderBy<TSort>(Func<T,TSort> keySelector, StringComparer comparer)",
            |_, a| order(a, false),
        ),
        full(
            "IOrderedEnumerable<T> OrderByDescending<TSort>(Func<T,TSort> keySelector)",
            |_, a| order(a, true),
        ),
        full(
            "IOrderedEnumerable<T> OrderByDescending<TSort>(Func<T,TSort> keySelector, StringComparer comparer)",
            |_, a| order(a, true),
        ),
        full(
            "IEnumerable<IGrouping<TGroup,T>> GroupBy<TGroup>(Func<T,TGroup> keySelector)",
            |_, a| group(a),
        ),
        full(
            "IEnumerable<IGrouping<TGroup,TItem>> GroupBy<TGroup,TItem>(Func<T,TGroup> keySelector, Func<T,TItem> elementSelector)",
            |_, a| group(a),
        ),
    ],
};

pub(super) static ENUMERABLE_CLASS: Group = Group {
    owner: "Enumerable",
    entries: &[
        full(
            "static IEnumerable<int> Range(int start, int count)",
            |_, a| {
                let (start, count) = (int(a, 0), int(a, 1));
                if count < 0 || i64::from(start) + i64::from(count) - 1 > i64::from(i32::MAX) {
                    return Err(Exception::argument_range(
                        "Specified argument was out of the range of valid values.",
                        "count",
                    ));
                }
                Ok(made(Type::INT, Value::Null, Step::Range(start, count)))
            },
        ),
        full(
            "static IEnumerable<T> Repeat<T>(T element, int count)",
            |_, a| {
                let count = int(a, 1);
                if count < 0 {
                    return Err(Exception::argument_range(
                        "Specified argument was out of the range of valid values.",
                        "count",
                    ));
                }
                Ok(made(element_token(a), value(a, 0), Step::Repeat(count)))
            },
        ),
        full("static IEnumerable<T> Empty<T>()", |_, a| {
            Ok(Value::object(Object::array(element_token(a), Vec::new())))
        }),
    ],
};

pub(super) static ORDERED: Group = Group {
    owner: "IOrderedEnumerable<T>",
    entries: &[
        full(
            "IOrderedEnumerable<T> ThenBy<TSort>(Func<T,TSort> keySelector)",
            |_, a| then_order(a, false),
        ),
        full(
            "IOrderedEnumerable<T> ThenByDescending<TSort>(Func<T,TSort> keySelector)",
            |_, a| then_order(a, true),
        ),
    ],
};

pub(super) static GROUPING: Group = Group {
    owner: "IGrouping<TKey,TElement>",
    entries: &[full("TKey Key", |_, a| match a.first() {
        Some(Value::Object(object)) => match object.as_ref() {
            Object::Grouping { key, .. } => Ok(key.clone()),
            _ => Err(Exception::null_reference()),
        },
        _ => Err(Exception::null_reference()),
    })],
};

pub(super) fn made(element: Type, source: Value, step: Step) -> Value {
    Value::object(Object::Query(Query {
        element,
        source,
        step,
    }))
}

pub(super) fn source(args: &[Value]) -> Outcome {
    match value(args, 0) {
        Value::Null => Err(Exception::argument_null("source")),
        source => Ok(source),
    }
}

pub(super) fn query(args: &[Value], step: impl FnOnce(&[Value]) -> Step) -> Outcome {
    Ok(made(element_token(args), source(args)?, step(args)))
}

pub(super) fn second(args: &[Value], step: impl FnOnce(Value) -> Step) -> Outcome {
    let other = value(args, 1);
    if other.is_null() {
        return Err(Exception::argument_null("second"));
    }
    query(args, |_| step(other))
}

/// Whether a comparer argument ignores case; `None` without one: by culture.
pub(super) fn sort_comparer(args: &[Value]) -> Option<bool> {
    match without_token(args).get(2) {
        Some(Value::Object(_)) => Some(comparer_ignores_case(args, 2)),
        _ => None,
    }
}

pub(super) fn order(args: &[Value], descending: bool) -> Outcome {
    let key = SortKey {
        selector: value(args, 1),
        descending,
        comparer: sort_comparer(args),
    };
    query(args, |_| Step::OrderBy(vec![key]))
}

pub(super) fn then_order(args: &[Value], descending: bool) -> Outcome {
    let Value::Object(object) = source(args)? else {
        return Err(Exception::null_reference());
    };
    let Object::Query(Query {
        element,
        source,
        step: Step::OrderBy(keys),
    }) = object.as_ref()
    else {
        return Err(Exception::null_reference());
    };
    let mut keys = keys.clone();
    keys.push(SortKey {
        selector: value(args, 1),
        descending,
        comparer: None,
    });
    Ok(made(element.clone(), source.clone(), Step::OrderBy(keys)))
}

pub(super) fn group(args: &[Value]) -> Outcome {
    let types: Arc<[Type]> = match element_token(args) {
        Type::Generic(_, types) => types,
        _ => Arc::new([Type::OBJECT, Type::OBJECT]),
    };
    let element = without_token(args).get(2).cloned();
    query(args, |a| Step::GroupBy {
        key: value(a, 1),
        element,
        types,
    })
}

/// `default(T)` of a type.
pub(super) fn default_value(ty: &Type) -> Value {
    default_of(ty).unwrap_or(Value::Null)
}
