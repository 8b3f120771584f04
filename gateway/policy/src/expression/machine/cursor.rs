//! Enumeration: what `foreach` and LINQ draw elements from.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::{Machine, conversion};
use crate::expression::exception::{Exception, names};
use crate::expression::key::Key;
use crate::expression::library;
use crate::expression::node::Conversion;
use crate::expression::object::Object;
use crate::expression::query::{Query, SortKey, Step};
use crate::expression::text::Text;
use crate::expression::types::{Type, is_instance};
use crate::expression::value::Value;

/// An enumeration in progress.
#[derive(Debug)]
pub(crate) enum Cursor {
    /// By index over an array or list, which must not change its length meanwhile.
    Indexed {
        object: Arc<Object>,
        at: usize,
        length: usize,
    },
    /// Over elements that were copied.
    Buffer(std::vec::IntoIter<Value>),
    /// Over the UTF-16 units of a string.
    Units { text: Text, at: usize },
    /// A counted range.
    Range { next: i64, end: i64 },
    /// A step of a query over another cursor.
    Step(Box<StepCursor>),
}

/// State of a step that streams.
#[derive(Debug)]
pub(crate) struct StepCursor {
    query: Arc<Object>,
    source: Cursor,
    /// Elements taken so far.
    index: i64,
    /// Elements already seen by `Distinct`, or excluded by `Except`.
    seen: HashSet<Key>,
    /// The inner sequence of `SelectMany`, or the second one.
    inner: Option<Cursor>,
    /// What `SkipWhile`, `Append` and their like have already done.
    done: bool,
}

impl Cursor {
    /// Begins to enumerate a value.
    pub(crate) fn over(machine: &mut Machine<'_>, value: &Value) -> Result<Self, Exception> {
        match value {
            Value::Text(text) => Ok(Self::Units {
                text: text.clone(),
                at: 0,
            }),
            Value::Object(object) => Self::over_object(machine, object),
            Value::Handle(handle) => Ok(Self::Buffer(
                library::entries(machine, *handle)?.into_iter(),
            )),
            _ => Err(Exception::null_reference()),
        }
    }

    fn over_object(machine: &mut Machine<'_>, object: &Arc<Object>) -> Result<Self, Exception> {
        match object.as_ref() {
            Object::Array { .. } | Object::List { .. } | Object::Bytes(_) => {
                let length = object.count().unwrap_or_default();
                Ok(Self::Indexed {
                    object: Arc::clone(object),
                    at: 0,
                    length,
                })
            }
            Object::Query(query) => {
                machine.budget.enter(2)?;
                let cursor = Self::over_query(machine, object, query);
                machine.budget.leave(2);
                cursor
            }
            _ => {
                let elements = object.elements().ok_or_else(Exception::null_reference)?;
                machine
                    .budget
                    .allocate(elements.len().saturating_mul(size_of::<Value>()))?;
                Ok(Self::Buffer(elements.into_iter()))
            }
        }
    }

    fn over_query(
        machine: &mut Machine<'_>,
        object: &Arc<Object>,
        query: &Query,
    ) -> Result<Self, Exception> {
        match &query.step {
            Step::Range(start, count) => {
                let start = i64::from(*start);
                return Ok(Self::Range {
                    next: start,
                    end: start + i64::from(*count),
                });
            }
            Step::Reverse => {
                let mut all = machine.collect(&query.source)?;
                all.reverse();
                return Ok(Self::Buffer(all.into_iter()));
            }
            Step::OrderBy(keys) => {
                let all = sorted(machine, &query.source, keys)?;
                return Ok(Self::Buffer(all.into_iter()));
            }
            Step::GroupBy {
                key,
                element,
                types,
            } => {
                let groups = grouped(machine, &query.source, key, element.as_ref(), types)?;
                return Ok(Self::Buffer(groups.into_iter()));
            }
            _ => {}
        }
        let mut step = StepCursor {
            query: Arc::clone(object),
            source: match query.step {
                Step::Repeat(_) => Self::Buffer(Vec::new().into_iter()),
                _ => Self::over(machine, &query.source)?,
            },
            index: 0,
            seen: HashSet::new(),
            inner: None,
            done: false,
        };
        match &query.step {
            Step::Except(other) | Step::Intersect(other) => {
                for value in machine.collect(other)? {
                    step.seen.insert(Key::of(&value, false));
                }
            }
            Step::Zip(other, _) => step.inner = Some(Self::over(machine, other)?),
            _ => {}
        }
        Ok(Self::Step(Box::new(step)))
    }

    /// The next element.
    pub(crate) fn next(&mut self, machine: &mut Machine<'_>) -> Result<Option<Value>, Exception> {
        machine.budget.charge(1)?;
        match self {
            Self::Indexed { object, at, length } => {
                if object.count() != Some(*length) {
                    return Err(Exception::new(
                        names::INVALID_OPERATION,
                        "Collection was modified; enumeration operation may not execute.",
                    ));
                }
                let item = object.at(*at);
                *at += 1;
                if let Some(item) = &item {
                    machine.budget.charge_reading(item)?;
                }
                Ok(item)
            }
            Self::Buffer(items) => Ok(items.next()),
            Self::Units { text, at } => {
                // Indexed anew each time: ASCII, the common case, costs nothing for it.
                machine.budget.charge(if text.is_ascii() {
                    0
                } else {
                    text.len() as u64 / 16
                })?;
                let unit = crate::expression::text::utf16_at(text, *at);
                *at += 1;
                Ok(unit.map(Value::Char))
            }
            Self::Range { next, end } => {
                if next >= end {
                    return Ok(None);
                }
                let value = i32::try_from(*next).unwrap_or(i32::MAX);
                *next += 1;
                Ok(Some(Value::Int(value)))
            }
            Self::Step(step) => {
                machine.budget.enter(2)?;
                let item = step.next(machine);
                machine.budget.leave(2);
                item
            }
        }
    }
}

impl StepCursor {
    fn next(&mut self, machine: &mut Machine<'_>) -> Result<Option<Value>, Exception> {
        let object = Arc::clone(&self.query);
        let Object::Query(query) = object.as_ref() else {
            return Ok(None);
        };
        match &query.step {
            Step::Where(predicate) => {
                while let Some(item) = self.source.next(machine)? {
                    if self.test(machine, predicate, &item)? {
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            Step::Select(selector) => match self.source.next(machine)? {
                Some(item) => self.apply(machine, selector, &item).map(Some),
                None => Ok(None),
            },
            Step::SelectMany(selector) => self.next_inner(machine, selector),
            Step::Take(count) => {
                if self.index >= *count {
                    return Ok(None);
                }
                self.index += 1;
                self.source.next(machine)
            }
            Step::Skip(count) => {
                while self.index < *count {
                    self.index += 1;
                    if self.source.next(machine)?.is_none() {
                        return Ok(None);
                    }
                }
                self.source.next(machine)
            }
            Step::TakeWhile(predicate) => {
                if self.done {
                    return Ok(None);
                }
                let Some(item) = self.source.next(machine)? else {
                    return Ok(None);
                };
                self.done = !self.test(machine, predicate, &item)?;
                Ok(if self.done { None } else { Some(item) })
            }
            Step::SkipWhile(predicate) => {
                while let Some(item) = self.source.next(machine)? {
                    if self.done || !self.test(machine, predicate, &item)? {
                        self.done = true;
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            Step::Concat(other) => self.next_then(machine, other),
            Step::Append(last) => match self.source.next(machine)? {
                Some(item) => Ok(Some(item)),
                None => Ok((!std::mem::replace(&mut self.done, true)).then(|| last.clone())),
            },
            Step::Prepend(first) => {
                if std::mem::replace(&mut self.done, true) {
                    self.source.next(machine)
                } else {
                    Ok(Some(first.clone()))
                }
            }
            Step::Distinct { ignore_case } => self.next_unseen(machine, *ignore_case),
            Step::Union(other) => {
                while let Some(item) = self.next_then(machine, other)? {
                    if self.seen.insert(Key::of(&item, false)) {
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            Step::Except(_) => self.next_unseen(machine, false),
            Step::Intersect(_) => {
                while let Some(item) = self.source.next(machine)? {
                    if self.seen.remove(&Key::of(&item, false)) {
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            Step::Zip(_, selector) => {
                let Some(first) = self.source.next(machine)? else {
                    return Ok(None);
                };
                let Some(inner) = &mut self.inner else {
                    return Ok(None);
                };
                match inner.next(machine)? {
                    Some(second) => machine.invoke(selector, &[first, second]).map(Some),
                    None => Ok(None),
                }
            }
            Step::DefaultIfEmpty(default) => match self.source.next(machine)? {
                Some(item) => {
                    self.done = true;
                    Ok(Some(item))
                }
                None => Ok((!std::mem::replace(&mut self.done, true)).then(|| default.clone())),
            },
            Step::Repeat(count) => {
                if self.index >= i64::from(*count) {
                    return Ok(None);
                }
                self.index += 1;
                machine.budget.charge_reading(&query.source)?;
                Ok(Some(query.source.clone()))
            }
            Step::Cast(ty) => match self.source.next(machine)? {
                Some(item) => cast(item, ty).map(Some),
                None => Ok(None),
            },
            Step::OfType(ty) => {
                while let Some(item) = self.source.next(machine)? {
                    if is_instance(&item, ty) {
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            // These were buffered when the enumeration began.
            Step::Reverse | Step::OrderBy(_) | Step::GroupBy { .. } | Step::Range(..) => Ok(None),
        }
    }

    /// Calls a lambda of the element, or of the element and its index.
    fn apply(
        &mut self,
        machine: &mut Machine<'_>,
        function: &Value,
        item: &Value,
    ) -> Result<Value, Exception> {
        let index = i32::try_from(self.index).unwrap_or(i32::MAX);
        self.index += 1;
        machine.invoke(function, &[item.clone(), Value::Int(index)])
    }

    fn test(
        &mut self,
        machine: &mut Machine<'_>,
        predicate: &Value,
        item: &Value,
    ) -> Result<bool, Exception> {
        Ok(self.apply(machine, predicate, item)?.as_bool() == Some(true))
    }

    fn next_inner(
        &mut self,
        machine: &mut Machine<'_>,
        selector: &Value,
    ) -> Result<Option<Value>, Exception> {
        loop {
            if let Some(inner) = &mut self.inner {
                if let Some(item) = inner.next(machine)? {
                    return Ok(Some(item));
                }
                self.inner = None;
            }
            let Some(item) = self.source.next(machine)? else {
                return Ok(None);
            };
            let sequence = self.apply(machine, selector, &item)?;
            self.inner = Some(Cursor::over(machine, &sequence)?);
        }
    }

    fn next_then(
        &mut self,
        machine: &mut Machine<'_>,
        other: &Value,
    ) -> Result<Option<Value>, Exception> {
        if self.inner.is_none() {
            if let Some(item) = self.source.next(machine)? {
                return Ok(Some(item));
            }
            self.inner = Some(Cursor::over(machine, other)?);
        }
        match &mut self.inner {
            Some(inner) => inner.next(machine),
            None => Ok(None),
        }
    }

    fn next_unseen(
        &mut self,
        machine: &mut Machine<'_>,
        ignore_case: bool,
    ) -> Result<Option<Value>, Exception> {
        while let Some(item) = self.source.next(machine)? {
            machine.budget.allocate(size_of::<Value>())?;
            if self.seen.insert(Key::of(&item, ignore_case)) {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
}

fn cast(item: Value, ty: &Type) -> Result<Value, Exception> {
    let conversion = if ty.is_value_type() {
        Conversion::Unbox(ty.clone())
    } else {
        Conversion::Reference(ty.clone())
    };
    conversion::convert(&conversion, item)
}

impl Machine<'_> {
    /// All elements of a sequence.
    pub(crate) fn collect(&mut self, source: &Value) -> Result<Vec<Value>, Exception> {
        let mut cursor = Cursor::over(self, source)?;
        let mut all = Vec::new();
        while let Some(item) = cursor.next(self)? {
            self.budget.allocate(size_of::<Value>())?;
            all.push(item);
        }
        Ok(all)
    }
}

/// Stable, with keys computed once per element.
fn sorted(
    machine: &mut Machine<'_>,
    source: &Value,
    keys: &[SortKey],
) -> Result<Vec<Value>, Exception> {
    let items = machine.collect(source)?;
    let mut rows: Vec<(Vec<Value>, Value)> = Vec::with_capacity(items.len());
    for item in items {
        let mut row = Vec::with_capacity(keys.len());
        for key in keys {
            machine.budget.allocate(size_of::<Value>())?;
            row.push(machine.invoke(&key.selector, std::slice::from_ref(&item))?);
        }
        rows.push((row, item));
    }
    for index in 0..keys.len() {
        let column: Vec<&Value> = rows.iter().filter_map(|(row, _)| row.get(index)).collect();
        library::check_order(machine.budget, &column)?;
    }
    rows.sort_by(|(a, _), (b, _)| {
        for ((a, b), key) in a.iter().zip(b).zip(keys) {
            match library::compare_values(a, b, key.comparer) {
                // An order for all was made sure of above.
                Ok(Ordering::Equal) | Err(_) => {}
                Ok(order) => {
                    return if key.descending {
                        order.reverse()
                    } else {
                        order
                    };
                }
            }
        }
        Ordering::Equal
    });
    Ok(rows.into_iter().map(|(_, item)| item).collect())
}

fn grouped(
    machine: &mut Machine<'_>,
    source: &Value,
    key: &Value,
    element: Option<&Value>,
    types: &Arc<[Type]>,
) -> Result<Vec<Value>, Exception> {
    let mut groups: indexmap::IndexMap<Key, (Value, Vec<Value>)> = indexmap::IndexMap::new();
    for item in machine.collect(source)? {
        let key = machine.invoke(key, std::slice::from_ref(&item))?;
        let item = match element {
            Some(selector) => machine.invoke(selector, &[item])?,
            None => item,
        };
        let entry = groups
            .entry(Key::of(&key, false))
            .or_insert_with(|| (key, Vec::new()));
        entry.1.push(item);
    }
    Ok(groups
        .into_values()
        .map(|(key, items)| {
            Value::object(Object::Grouping {
                types: Arc::clone(types),
                key,
                items,
            })
        })
        .collect())
}
