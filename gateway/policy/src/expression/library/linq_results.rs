//! LINQ methods that run their source at once.

use std::cmp::Ordering;

use super::arguments::{element_token, int, token, value, without_token};
use super::linq::{Outcome, default_value, source};
use super::registry::Group;
use super::string_comparers::comparer_ignores_case;
use super::strings::int_of;
use super::{collections, compare_values, full, maps};
use crate::expression::ast::BinaryOp;
use crate::expression::exception::Exception;
use crate::expression::key::{Key, equals};
use crate::expression::machine::cursor::Cursor;
use crate::expression::machine::{Machine, numeric, operators};
use crate::expression::object::Object;
use crate::expression::types::{Basic, Type, type_of};
use crate::expression::value::Value;

pub(super) const EMPTY: &str = "Sequence contains no elements";

pub(super) const NO_MATCH: &str = "Sequence contains no matching element";

pub(super) const MORE: &str = "Sequence contains more than one element";

pub(super) static ENUMERABLE_RESULTS: Group = Group {
    owner: "IEnumerable<T>",
    entries: &[
        full("T[] ToArray()", |m, a| {
            let items = collect(m, a)?;
            Ok(Value::object(Object::array(element_token(a), items)))
        }),
        full("List<T> ToList()", |m, a| {
            let items = collect(m, a)?;
            Ok(Value::object(Object::list(element_token(a), items)))
        }),
        full("HashSet<T> ToHashSet()", |m, a| {
            let items = collect(m, a)?;
            Ok(Value::object(Object::set(element_token(a), false, items)))
        }),
        full(
            "HashSet<T> ToHashSet(IEqualityComparer<T> comparer)",
            |m, a| {
                let items = collect(m, a)?;
                Ok(Value::object(Object::set(
                    element_token(a),
                    comparer_ignores_case(a, 1),
                    items,
                )))
            },
        ),
        full(
            "Dictionary<TKey1,T> ToDictionary<TKey1>(Func<T,TKey1> keySelector)",
            to_dictionary,
        ),
        full(
            "Dictionary<TKey1,TItem> ToDictionary<TKey1,TItem>(Func<T,TKey1> keySelector, Func<T,TItem> elementSelector)",
            to_dictionary,
        ),
        full(
            "Dictionary<TKey1,TItem> ToDictionary<TKey1,TItem>(Func<T,TKey1> keySelector, Func<T,TItem> elementSelector, IEqualityComparer<TKey1> comparer)",
            to_dictionary,
        ),
        full("bool Any()", |m, a| {
            let mut cursor = over(m, a)?;
            Ok(Value::Bool(cursor.next(m)?.is_some()))
        }),
        full("bool Any(Func<T,bool> predicate)", |m, a| {
            Ok(Value::Bool(first_match(m, a)?.is_some()))
        }),
        full("bool All(Func<T,bool> predicate)", |m, a| {
            let mut cursor = over(m, a)?;
            while let Some(item) = cursor.next(m)? {
                if !holds(m, a, &item)? {
                    return Ok(Value::Bool(false));
                }
            }
            Ok(Value::Bool(true))
        }),
        full("bool Contains(T value)", |m, a| contains(m, a, false)),
        full(
            "bool Contains(T value, IEqualityComparer<T> comparer)",
            |m, a| contains(m, a, comparer_ignores_case(a, 2)),
        ),
        full("int Count()", |m, a| match known_count(a) {
            Some(count) => Ok(int_of(count)),
            None => collect(m, a).map(|items| int_of(items.len())),
        }),
        full("int Count(Func<T,bool> predicate)", |m, a| {
            matching(m, a).map(|items| int_of(items.len()))
        }),
        full("long LongCount()", |m, a| {
            let count = collect(m, a)?.len();
            Ok(Value::Long(i64::try_from(count).unwrap_or(i64::MAX)))
        }),
        full("T First()", |m, a| {
            let mut cursor = over(m, a)?;
            cursor
                .next(m)?
                .ok_or_else(|| Exception::invalid_operation(EMPTY))
        }),
        full("T First(Func<T,bool> predicate)", |m, a| {
            first_match(m, a)?.ok_or_else(|| Exception::invalid_operation(NO_MATCH))
        }),
        full("T FirstOrDefault()", |m, a| {
            let mut cursor = over(m, a)?;
            let first = cursor.next(m)?;
            Ok(first.unwrap_or_else(|| missing(a)))
        }),
        full("T FirstOrDefault(Func<T,bool> predicate)", |m, a| {
            Ok(first_match(m, a)?.unwrap_or_else(|| missing(a)))
        }),
        full("T Last()", |m, a| {
            collect(m, a)?
                .pop()
                .ok_or_else(|| Exception::invalid_operation(EMPTY))
        }),
        full("T Last(Func<T,bool> predicate)", |m, a| {
            matching(m, a)?
                .pop()
                .ok_or_else(|| Exception::invalid_operation(NO_MATCH))
        }),
        full("T LastOrDefault()", |m, a| {
            Ok(collect(m, a)?.pop().unwrap_or_else(|| missing(a)))
        }),
        full("T LastOrDefault(Func<T,bool> predicate)", |m, a| {
            Ok(matching(m, a)?.pop().unwrap_or_else(|| missing(a)))
        }),
        full("T Single()", |m, a| {
            let items = collect(m, a)?;
            single(items, EMPTY)
        }),
        full("T Single(Func<T,bool> predicate)", |m, a| {
            let items = matching(m, a)?;
            single(items, NO_MATCH)
        }),
        full("T SingleOrDefault()", |m, a| {
            let items = collect(m, a)?;
            if items.is_empty() {
                Ok(missing(a))
            } else {
                single(items, EMPTY)
            }
        }),
        full("T SingleOrDefault(Func<T,bool> predicate)", |m, a| {
            let items = matching(m, a)?;
            if items.is_empty() {
                Ok(missing(a))
            } else {
                single(items, NO_MATCH)
            }
        }),
        full("T ElementAt(int index)", |m, a| {
            element_at(m, a)?.ok_or_else(Exception::index_argument)
        }),
        full("T ElementAtOrDefault(int index)", |m, a| {
            Ok(element_at(m, a)?.unwrap_or_else(|| missing(a)))
        }),
        full("bool SequenceEqual(IEnumerable<T> second)", |m, a| {
            let first = collect(m, a)?;
            let second = m.collect(&value(a, 1))?;
            let equal =
                first.len() == second.len() && first.iter().zip(&second).all(|(x, y)| equals(x, y));
            Ok(Value::Bool(equal))
        }),
        full("T Sum()", |m, a| {
            let items = collect(m, a)?;
            sum(items, &token(a))
        }),
        full("TResult Sum<TResult>(Func<T,TResult> selector)", |m, a| {
            let items = selected(m, a)?;
            sum(items, &token(a))
        }),
        full("double Average()", |m, a| {
            let items = collect(m, a)?;
            average(&items)
        }),
        full(
            "double Average<TResult>(Func<T,TResult> selector)",
            |m, a| {
                let items = selected(m, a)?;
                average(&items)
            },
        ),
        full("T Max()", |m, a| {
            let items = collect(m, a)?;
            extreme(items, Ordering::Greater)
        }),
        full("TResult Max<TResult>(Func<T,TResult> selector)", |m, a| {
            let items = selected(m, a)?;
            extreme(items, Ordering::Greater)
        }),
        full("T Min()", |m, a| {
            let items = collect(m, a)?;
            extreme(items, Ordering::Less)
        }),
        full("TResult Min<TResult>(Func<T,TResult> selector)", |m, a| {
            let items = selected(m, a)?;
            extreme(items, Ordering::Less)
        }),
        full("T Aggregate(Func<T,T,T> func)", |m, a| {
            let mut items = collect(m, a)?.into_iter();
            let mut result = items
                .next()
                .ok_or_else(|| Exception::invalid_operation(EMPTY))?;
            for item in items {
                result = m.invoke(&value(a, 1), &[result, item])?;
            }
            Ok(result)
        }),
        full(
            "TSeed Aggregate<TSeed>(TSeed seed, Func<TSeed,T,TSeed> func)",
            |m, a| {
                let mut result = value(a, 1);
                for item in collect(m, a)? {
                    result = m.invoke(&value(a, 2), &[result, item])?;
                }
                Ok(result)
            },
        ),
        full(
            "TResult Aggregate<TSeed,TResult>(TSeed seed, Func<TSeed,T,TSeed> func, Func<TSeed,TResult> resultSelector)",
            |m, a| {
                let mut result = value(a, 1);
                for item in collect(m, a)? {
                    result = m.invoke(&value(a, 2), &[result, item])?;
                }
                m.invoke(&value(a, 3), &[result])
            },
        ),
    ],
};

pub(super) fn over(machine: &mut Machine<'_>, args: &[Value]) -> Result<Cursor, Exception> {
    let source = source(args)?;
    Cursor::over(machine, &source)
}

pub(super) fn collect(machine: &mut Machine<'_>, args: &[Value]) -> Result<Vec<Value>, Exception> {
    let source = source(args)?;
    machine.collect(&source)
}

pub(super) fn holds(
    machine: &mut Machine<'_>,
    args: &[Value],
    item: &Value,
) -> Result<bool, Exception> {
    let predicate = value(args, 1);
    Ok(machine
        .invoke(&predicate, std::slice::from_ref(item))?
        .as_bool()
        == Some(true))
}

pub(super) fn first_match(
    machine: &mut Machine<'_>,
    args: &[Value],
) -> Result<Option<Value>, Exception> {
    let mut cursor = over(machine, args)?;
    while let Some(item) = cursor.next(machine)? {
        if holds(machine, args, &item)? {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

pub(super) fn matching(machine: &mut Machine<'_>, args: &[Value]) -> Result<Vec<Value>, Exception> {
    let mut found = Vec::new();
    let mut cursor = over(machine, args)?;
    while let Some(item) = cursor.next(machine)? {
        if holds(machine, args, &item)? {
            machine.budget.allocate(size_of::<Value>())?;
            found.push(item);
        }
    }
    Ok(found)
}

pub(super) fn selected(machine: &mut Machine<'_>, args: &[Value]) -> Result<Vec<Value>, Exception> {
    let mut out = Vec::new();
    for item in collect(machine, args)? {
        out.push(machine.invoke(&value(args, 1), &[item])?);
    }
    Ok(out)
}

pub(super) fn contains(machine: &mut Machine<'_>, args: &[Value], ignore_case: bool) -> Outcome {
    let wanted = value(args, 1);
    if let (Some(Value::Object(object)), false) = (args.first(), ignore_case)
        && object.count().is_some()
    {
        collections::charge_search(machine.budget, object, &wanted)?;
        return Ok(Value::Bool(collections::contains(object, &wanted)));
    }
    let wanted = Key::of(&wanted, ignore_case);
    let mut cursor = over(machine, args)?;
    while let Some(item) = cursor.next(machine)? {
        if Key::of(&item, ignore_case) == wanted {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn known_count(args: &[Value]) -> Option<usize> {
    match args.first() {
        Some(Value::Object(object)) => object.count(),
        _ => None,
    }
}

pub(super) fn element_at(
    machine: &mut Machine<'_>,
    args: &[Value],
) -> Result<Option<Value>, Exception> {
    let Ok(mut index) = usize::try_from(int(args, 1)) else {
        return Ok(None);
    };
    let mut cursor = over(machine, args)?;
    while let Some(item) = cursor.next(machine)? {
        if index == 0 {
            return Ok(Some(item));
        }
        index -= 1;
    }
    Ok(None)
}

pub(super) fn single(mut items: Vec<Value>, empty: &'static str) -> Outcome {
    match items.pop() {
        Some(item) if items.is_empty() => Ok(item),
        Some(_) => Err(Exception::invalid_operation(MORE)),
        None => Err(Exception::invalid_operation(empty)),
    }
}

/// `default(T)` of the element type: of the type that the checker put last, which is `T` itself.
pub(super) fn missing(args: &[Value]) -> Value {
    default_value(&token(args))
}

pub(super) fn sum(items: Vec<Value>, ty: &Type) -> Outcome {
    let zero = match ty.unwrap_nullable() {
        Type::Basic(basic) => numeric(&Value::Int(0), *basic),
        _ => Value::Int(0),
    };
    let mut total = zero;
    for item in items {
        if item.is_null() {
            continue;
        }
        if type_of(&item).is_none_or(|ty| !ty.is_numeric()) {
            return Err(Exception::invalid_operation("Sum needs numbers."));
        }
        let before = total.clone();
        total = operators::binary(BinaryOp::Add, &total, &item)?;
        // `Sum` is checked arithmetic, unlike `+`.
        let wrapped = match (before.as_int(), item.as_int(), total.as_int()) {
            (Some(a), Some(b), Some(c)) => i128::from(a) + i128::from(b) != i128::from(c),
            _ => false,
        };
        if wrapped {
            return Err(Exception::new(
                crate::expression::exception::names::OVERFLOW,
                "Arithmetic operation resulted in an overflow.",
            ));
        }
    }
    Ok(total)
}

#[expect(clippy::cast_precision_loss, reason = "a count in memory fits")]
pub(super) fn average(items: &[Value]) -> Outcome {
    let mut total = 0.0;
    let mut count = 0_usize;
    for item in items.iter().filter(|item| !item.is_null()) {
        match numeric(item, Basic::Double) {
            Value::Double(number) => total += number,
            _ => return Err(Exception::invalid_operation("Average needs numbers.")),
        }
        count += 1;
    }
    if count == 0 {
        return Err(Exception::invalid_operation(EMPTY));
    }
    Ok(Value::Double(total / count as f64))
}

pub(super) fn extreme(items: Vec<Value>, wanted: Ordering) -> Outcome {
    let mut best: Option<Value> = None;
    for item in items {
        if item.is_null() {
            continue;
        }
        let better = match &best {
            Some(best) => compare_values(&item, best, None)? == wanted,
            None => true,
        };
        if better {
            best = Some(item);
        }
    }
    best.ok_or_else(|| Exception::invalid_operation(EMPTY))
}

pub(super) fn to_dictionary(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let (key, element) = match token(args) {
        Type::Generic(_, arguments) => match arguments.as_ref() {
            [key, value] => (key.clone(), value.clone()),
            _ => (Type::OBJECT, Type::OBJECT),
        },
        _ => (Type::OBJECT, Type::OBJECT),
    };
    let rest = without_token(args);
    let made = maps::made(key, element, comparer_ignores_case(rest, 3));
    for item in collect(machine, args)? {
        let key = machine.invoke(&value(args, 1), std::slice::from_ref(&item))?;
        let item = match rest.get(2) {
            Some(selector) => machine.invoke(selector, &[item])?,
            None => item,
        };
        maps::add(machine, &[made.clone(), key, item], false)?;
    }
    Ok(made)
}
