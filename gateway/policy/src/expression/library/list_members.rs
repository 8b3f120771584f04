//! Members of `List` and `Array` that search, cut and sort.

use std::cmp::Ordering;

use super::arguments::{elements, index, int, object, token, value};
use super::arrays::{filter, find, replace};
use super::collections::{ITEM, Outcome, charge_receiver, charge_search, check_cycle, count};
use super::lists::{list, with};
use super::registry::Group;
use super::strings::int_of;
use super::{compare_values, full, pure};
use crate::expression::exception::{Exception, names};
use crate::expression::key::equals;
use crate::expression::machine::Machine;
use crate::expression::value::Value;

const RANGE: &str = "Offset and length were out of bounds for the array or count is greater than the \
                     number of elements from index to the end of the source collection.";

pub(super) static LIST_MEMBERS: Group = Group {
    owner: "List<T>",
    entries: &[
        full("T Find(Predicate<T> match)", |machine, args| {
            let found = find(machine, args)?;
            Ok(found.map_or_else(
                || super::linq::default_value(&token(args)),
                |(_, item)| item,
            ))
        }),
        full("T FindLast(Predicate<T> match)", |machine, args| {
            let found = find_last(machine, args)?;
            Ok(found.map_or_else(
                || super::linq::default_value(&token(args)),
                |(_, item)| item,
            ))
        }),
        full("List<T> FindAll(Predicate<T> match)", |machine, args| {
            let found = filter(machine, args)?;
            Ok(list(args, found))
        }),
        full("int FindLastIndex(Predicate<T> match)", |machine, args| {
            Ok(find_last(machine, args)?.map_or(Value::Int(-1), |(at, _)| int_of(at)))
        }),
        full("int LastIndexOf(T item)", last_index_of),
        full("List<T> GetRange(int index, int count)", |machine, args| {
            let start = index(args, 1, "Non-negative number required.", "index")?;
            let length = index(args, 2, "Non-negative number required.", "count")?;
            charge_receiver(machine, args)?;
            let items = elements(args, 0);
            let part = start
                .checked_add(length)
                .and_then(|end| items.get(start..end))
                .ok_or_else(|| Exception::new(names::ARGUMENT, RANGE))?;
            machine.budget.allocate(part.len().saturating_mul(ITEM))?;
            Ok(list(args, part.to_vec()))
        }),
        full(
            "void InsertRange(int index, IEnumerable<T> collection)",
            |machine, args| {
                if value(args, 2).is_null() {
                    return Err(Exception::argument_null("collection"));
                }
                let more = machine.collect(&value(args, 2))?;
                charge_receiver(machine, args)?;
                for item in &more {
                    check_cycle(machine, &value(args, 0), item)?;
                }
                with(args, |items| match usize::try_from(int(args, 1)) {
                    Ok(at) if at <= items.len() => {
                        items.splice(at..at, more);
                        Ok(Value::Null)
                    }
                    _ => Err(Exception::index_argument()),
                })
            },
        ),
        full("bool TrueForAll(Predicate<T> match)", |machine, args| {
            Ok(Value::Bool(filter(machine, args)?.len() == count(args)?))
        }),
        full(
            "List<TOut> ConvertAll<TOut>(Func<T,TOut> converter)",
            |machine, args| {
                charge_receiver(machine, args)?;
                let mut out = Vec::new();
                for item in elements(args, 0) {
                    machine.budget.allocate(ITEM)?;
                    out.push(machine.invoke(&value(args, 1), &[item])?);
                }
                Ok(list(args, out))
            },
        ),
        full("void Sort(Func<T,T,int> comparison)", |machine, args| {
            let sorted = sort_by(machine, args)?;
            with(args, |items| {
                *items = sorted;
                Ok(Value::Null)
            })
        }),
        full("void Reverse(int index, int count)", |machine, args| {
            let start = index(args, 1, "Non-negative number required.", "index")?;
            let length = index(args, 2, "Non-negative number required.", "count")?;
            machine.budget.charge(length as u64)?;
            with(args, |items| {
                start
                    .checked_add(length)
                    .and_then(|end| items.get_mut(start..end))
                    .ok_or_else(|| Exception::new(names::ARGUMENT, RANGE))?
                    .reverse();
                Ok(Value::Null)
            })
        }),
        full("int BinarySearch(T item)", binary_search),
    ],
};

pub(super) static ARRAY_MEMBERS: Group = Group {
    owner: "Array",
    entries: &[
        pure("int Rank", |_, _| Ok(Value::Int(1))),
        pure("long LongLength", |_, args| {
            Ok(Value::Long(i64::try_from(count(args)?).unwrap_or(i64::MAX)))
        }),
        pure("int GetLowerBound(int dimension)", |_, args| {
            dimension(args)?;
            Ok(Value::Int(0))
        }),
        pure("int GetUpperBound(int dimension)", |_, args| {
            dimension(args)?;
            let count = i32::try_from(count(args)?).unwrap_or(i32::MAX);
            Ok(Value::Int(count - 1))
        }),
        pure("object GetValue(int index)", |_, args| {
            super::collections::at(args).ok_or_else(Exception::index_range)
        }),
        full(
            "static T FindLast<T>(T[] array, Predicate<T> match)",
            |machine, args| {
                let found = find_last(machine, args)?;
                Ok(found.map_or_else(
                    || super::linq::default_value(&token(args)),
                    |(_, item)| item,
                ))
            },
        ),
        full(
            "static int FindLastIndex<T>(T[] array, Predicate<T> match)",
            |machine, args| {
                Ok(find_last(machine, args)?.map_or(Value::Int(-1), |(at, _)| int_of(at)))
            },
        ),
        full(
            "static int LastIndexOf<T>(T[] array, T value)",
            last_index_of,
        ),
        full(
            "static void ForEach<T>(T[] array, Action<T> action)",
            |machine, args| {
                object(args, 0, "array")?;
                charge_receiver(machine, args)?;
                for item in elements(args, 0) {
                    machine.invoke(&value(args, 1), &[item])?;
                }
                Ok(Value::Null)
            },
        ),
        full(
            "static int BinarySearch<T>(T[] array, T value)",
            binary_search,
        ),
        full(
            "static void Fill<T>(T[] array, T value)",
            |machine, args| {
                let array = object(args, 0, "array")?;
                machine.budget.charge(count(args)? as u64)?;
                check_cycle(machine, &value(args, 0), &value(args, 1))?;
                for at in 0..count(args)? {
                    array.set_at(at, value(args, 1));
                }
                Ok(Value::Null)
            },
        ),
        full(
            "static void Sort<T>(T[] array, Func<T,T,int> comparison)",
            |machine, args| {
                let array = object(args, 0, "array")?;
                let sorted = sort_by(machine, args)?;
                replace(array, sorted);
                Ok(Value::Null)
            },
        ),
    ],
};

/// Arrays of the library have one dimension.
fn dimension(args: &[Value]) -> Result<(), Exception> {
    if int(args, 1) == 0 {
        Ok(())
    } else {
        Err(Exception::index_range())
    }
}

fn find_last(
    machine: &mut Machine<'_>,
    args: &[Value],
) -> Result<Option<(usize, Value)>, Exception> {
    object(args, 0, "array")?;
    charge_receiver(machine, args)?;
    for (at, item) in elements(args, 0).into_iter().enumerate().rev() {
        machine.budget.charge(1)?;
        let holds = machine.invoke(&value(args, 1), std::slice::from_ref(&item))?;
        if holds.as_bool() == Some(true) {
            return Ok(Some((at, item)));
        }
    }
    Ok(None)
}

fn last_index_of(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let wanted = value(args, 1);
    charge_search(machine.budget, object(args, 0, "array")?, &wanted)?;
    let at = elements(args, 0)
        .iter()
        .rposition(|item| equals(item, &wanted));
    Ok(at.map_or(Value::Int(-1), int_of))
}

/// The index of the item, or the complement of the index where it would stand.
fn binary_search(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    object(args, 0, "array")?;
    charge_receiver(machine, args)?;
    let (items, wanted) = (elements(args, 0), value(args, 1));
    let (mut low, mut high) = (0, items.len());
    while low < high {
        let middle = low + (high - low - 1) / 2;
        machine.budget.charge(1)?;
        let Some(item) = items.get(middle) else { break };
        match compare_values(item, &wanted, None)? {
            Ordering::Equal => return Ok(int_of(middle)),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    Ok(Value::Int(!i32::try_from(low).unwrap_or(i32::MAX)))
}

/// Merges by the comparison in argument 1, which need not be an order: whatever it says, this ends.
fn sort_by(machine: &mut Machine<'_>, args: &[Value]) -> Result<Vec<Value>, Exception> {
    object(args, 0, "array")?;
    charge_receiver(machine, args)?;
    let mut runs: Vec<Vec<Value>> = elements(args, 0)
        .into_iter()
        .map(|item| vec![item])
        .collect();
    machine
        .budget
        .allocate(runs.len().saturating_mul(2 * ITEM))?;
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut pending = runs.into_iter();
        while let Some(first) = pending.next() {
            merged.push(match pending.next() {
                Some(second) => merge(machine, &value(args, 1), first, second)?,
                None => first,
            });
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

fn merge(
    machine: &mut Machine<'_>,
    comparison: &Value,
    first: Vec<Value>,
    second: Vec<Value>,
) -> Result<Vec<Value>, Exception> {
    let mut out = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
        machine.budget.charge(1)?;
        let order = machine.invoke(comparison, &[a.clone(), b.clone()])?;
        let next = if order.as_int().is_some_and(|order| order > 0) {
            second.next()
        } else {
            first.next()
        };
        out.extend(next);
    }
    out.extend(first);
    out.extend(second);
    Ok(out)
}
