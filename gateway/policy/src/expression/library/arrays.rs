//! Arrays.

use super::arguments::{element_token, elements, index, object, token, value};
use super::collections::{
    ITEM, Outcome, at, charge_elements, charge_receiver, charge_search, check_cycle, contains,
    count, set_checked,
};
use super::registry::Group;
use super::strings::int_of;
use super::{check_order, compare_values, full, pure};
use crate::expression::exception::{Exception, names};
use crate::expression::key::equals;
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::Type;
use crate::expression::value::Value;

pub(super) static ARRAY: Group = Group {
    owner: "T[]",
    entries: &[
        pure("int Length", |_, args| Ok(int_of(count(args)?))),
        pure("T this[int index]", |_, args| {
            at(args).ok_or_else(Exception::index_range)
        }),
        full(
            "void this[int index, T value]",
            |machine, args| match set_checked(machine, args)? {
                true => Ok(Value::Null),
                false => Err(Exception::index_range()),
            },
        ),
        pure("T this[long index]", |_, args| {
            at(args).ok_or_else(Exception::index_range)
        }),
        full("object Clone()", |machine, args| {
            let object = object(args, 0, "this")?;
            machine.budget.allocate(count(args)?.saturating_mul(ITEM))?;
            let items = object.elements().unwrap_or_default();
            Ok(Value::object(match object.type_of() {
                Type::Array(element) => Object::array(element.as_ref().clone(), items),
                _ => return Err(Exception::null_reference()),
            }))
        }),
        full("void CopyTo(T[] array, int index)", |machine, args| {
            let length = count(args)?;
            copy(
                machine,
                &[
                    value(args, 0),
                    Value::Int(0),
                    value(args, 1),
                    value(args, 2),
                    int_of(length),
                ],
            )
        }),
        pure("bool Contains(T value)", |budget, args| {
            let object = object(args, 0, "source")?;
            charge_search(budget, object, &value(args, 1))?;
            Ok(Value::Bool(contains(object, &value(args, 1))))
        }),
    ],
};

pub(super) static ARRAY_CLASS: Group = Group {
    owner: "Array",
    entries: &[
        pure("int Length", |_, args| Ok(int_of(count(args)?))),
        pure("int GetLength(int dimension)", |_, args| {
            Ok(int_of(count(args)?))
        }),
        full(
            "static void Copy(Array sourceArray, Array destinationArray, int length)",
            |machine, args| {
                copy(
                    machine,
                    &[
                        value(args, 0),
                        Value::Int(0),
                        value(args, 1),
                        Value::Int(0),
                        value(args, 2),
                    ],
                )
            },
        ),
        full(
            "static void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)",
            copy,
        ),
        full("static void Reverse(Array array)", |machine, args| {
            machine.budget.charge(count(args)? as u64)?;
            let array = object(args, 0, "array")?;
            let mut items = array.elements().unwrap_or_default();
            items.reverse();
            replace(array, items);
            Ok(Value::Null)
        }),
        full("static void Sort(Array array)", |machine, args| {
            machine.budget.charge(count(args)? as u64 * 8)?;
            let array = object(args, 0, "array")?;
            let items = sort(machine, array.elements().unwrap_or_default())?;
            replace(array, items);
            Ok(Value::Null)
        }),
        full(
            "static void Clear(Array array, int index, int length)",
            |machine, args| {
                let array = object(args, 0, "array")?;
                let start = index(args, 1, "Index was out of range.", "index")?;
                let length = index(args, 2, "Length was out of range.", "length")?;
                machine.budget.charge(length as u64)?;
                for at in start..start.saturating_add(length) {
                    let zero = match array.at(at) {
                        Some(Value::Int(_)) => Value::Int(0),
                        Some(Value::Byte(_)) => Value::Byte(0),
                        Some(Value::Bool(_)) => Value::Bool(false),
                        Some(Value::Char(_)) => Value::Char(0),
                        Some(Value::Long(_)) => Value::Long(0),
                        Some(Value::Double(_)) => Value::Double(0.0),
                        Some(_) => Value::Null,
                        None => return Err(Exception::index_range()),
                    };
                    array.set_at(at, zero);
                }
                Ok(Value::Null)
            },
        ),
        full(
            "static bool Exists<T>(T[] array, Predicate<T> match)",
            |machine, args| {
                let found = find(machine, args)?;
                Ok(Value::Bool(found.is_some()))
            },
        ),
        full(
            "static T Find<T>(T[] array, Predicate<T> match)",
            |machine, args| {
                let found = find(machine, args)?;
                Ok(found.map_or_else(
                    || super::linq::default_value(&token(args)),
                    |(_, item)| item,
                ))
            },
        ),
        full(
            "static int FindIndex<T>(T[] array, Predicate<T> match)",
            |machine, args| Ok(find(machine, args)?.map_or(Value::Int(-1), |(at, _)| int_of(at))),
        ),
        full(
            "static T[] FindAll<T>(T[] array, Predicate<T> match)",
            |machine, args| {
                let found = filter(machine, args)?;
                Ok(Value::object(Object::array(element_token(args), found)))
            },
        ),
        full(
            "static bool TrueForAll<T>(T[] array, Predicate<T> match)",
            |machine, args| Ok(Value::Bool(filter(machine, args)?.len() == count(args)?)),
        ),
        full(
            "static TOut[] ConvertAll<TIn,TOut>(TIn[] array, Func<TIn,TOut> converter)",
            |machine, args| {
                let mut out = Vec::new();
                charge_receiver(machine, args)?;
                for item in elements(args, 0) {
                    machine.budget.allocate(ITEM)?;
                    out.push(machine.invoke(&value(args, 1), &[item])?);
                }
                Ok(Value::object(Object::array(element_token(args), out)))
            },
        ),
        pure("static int IndexOf<T>(T[] array, T value)", |_, args| {
            let wanted = value(args, 1);
            let at = object(args, 0, "array")?
                .elements()
                .unwrap_or_default()
                .iter()
                .position(|item| equals(item, &wanted));
            Ok(at.map_or(Value::Int(-1), int_of))
        }),
        full("static T[] Empty<T>()", |_, args| {
            Ok(Value::object(Object::array(
                element_token(args),
                Vec::new(),
            )))
        }),
    ],
};

pub(super) fn find(
    machine: &mut Machine<'_>,
    args: &[Value],
) -> Result<Option<(usize, Value)>, Exception> {
    let object = object(args, 0, "array")?;
    charge_elements(machine, object)?;
    for (at, item) in object
        .elements()
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        machine.budget.charge(1)?;
        let holds = machine.invoke(&value(args, 1), std::slice::from_ref(&item))?;
        if holds.as_bool() == Some(true) {
            return Ok(Some((at, item)));
        }
    }
    Ok(None)
}

pub(super) fn filter(machine: &mut Machine<'_>, args: &[Value]) -> Result<Vec<Value>, Exception> {
    let object = object(args, 0, "array")?;
    charge_elements(machine, object)?;
    let mut found = Vec::new();
    for item in object.elements().unwrap_or_default() {
        machine.budget.allocate(ITEM)?;
        if machine
            .invoke(&value(args, 1), std::slice::from_ref(&item))?
            .as_bool()
            == Some(true)
        {
            found.push(item);
        }
    }
    Ok(found)
}

/// `Comparer<T>.Default` order.
pub(super) fn sort(
    machine: &mut Machine<'_>,
    mut items: Vec<Value>,
) -> Result<Vec<Value>, Exception> {
    let all: Vec<&Value> = items.iter().collect();
    check_order(machine.budget, &all)?;
    items.sort_by(|a, b| compare_values(a, b, None).unwrap_or(std::cmp::Ordering::Equal));
    Ok(items)
}

pub(super) fn replace(array: &Object, items: Vec<Value>) {
    for (at, item) in items.into_iter().enumerate() {
        array.set_at(at, item);
    }
}

/// `Array.Copy(source, sourceIndex, destination, destinationIndex, length)`.
pub(super) fn copy(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let source = object(args, 0, "sourceArray")?;
    let target = object(args, 2, "destinationArray")?;
    let from = index(
        args,
        1,
        "Number was less than the array's lower bound in the first dimension.",
        "sourceIndex",
    )?;
    let to = index(
        args,
        3,
        "Number was less than the array's lower bound in the first dimension.",
        "destinationIndex",
    )?;
    let length = index(args, 4, "Non-negative number required.", "length")?;
    machine.budget.charge(length as u64)?;
    let fits = |object: &Object, start: usize| {
        start
            .checked_add(length)
            .is_some_and(|end| end <= object.count().unwrap_or_default())
    };
    if !fits(source, from) {
        return Err(Exception::new(
            names::ARGUMENT,
            "Source array was not long enough. Check the source index, length, and the array's lower \
             bounds. (Parameter 'sourceArray')",
        ));
    }
    if !fits(target, to) {
        return Err(Exception::new(
            names::ARGUMENT,
            "Destination array was not long enough. Check the destination index, length, and the \
             array's lower bounds. (Parameter 'destinationArray')",
        ));
    }
    let same = match (source.type_of(), target.type_of()) {
        (Type::Array(a), Type::Array(b)) => a == b || *b == Type::OBJECT || *a == Type::OBJECT,
        _ => false,
    };
    if !same {
        return Err(Exception::new(
            "System.ArrayTypeMismatchException",
            "Source array type cannot be assigned to destination array type.",
        ));
    }
    let items: Vec<Value> = (from..from + length)
        .filter_map(|at| source.at(at))
        .collect();
    for (offset, item) in items.into_iter().enumerate() {
        check_cycle(machine, &value(args, 2), &item)?;
        target.set_at(to + offset, item);
    }
    Ok(Value::Null)
}
