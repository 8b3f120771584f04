//! The steps of LINQ queries that yield element by element.

use std::collections::HashSet;
use std::sync::Arc;

use super::cursor::Cursor;
use super::{Machine, conversion};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::key::Key;
use crate::expression::node::Conversion;
use crate::expression::object::Object;
use crate::expression::query::Step;
use crate::expression::types::{Type, is_instance};
use crate::expression::value::Value;

/// State of a step that streams.
#[derive(Debug)]
pub(crate) struct StepCursor {
    pub(super) query: Arc<Object>,
    pub(super) source: Cursor,
    /// Elements taken so far.
    pub(super) index: i64,
    /// Elements already seen by `Distinct`, or excluded by `Except`.
    pub(super) seen: HashSet<Key>,
    /// The inner sequence of `SelectMany`, or the second one.
    pub(super) inner: Option<Cursor>,
    /// What `SkipWhile`, `Append` and their like have already done.
    pub(super) done: bool,
}

impl StepCursor {
    pub(super) fn next(&mut self, machine: &mut Machine<'_>) -> Result<Option<Value>, Exception> {
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
    pub(super) fn apply(
        &mut self,
        machine: &mut Machine<'_>,
        function: &Value,
        item: &Value,
    ) -> Result<Value, Exception> {
        let index = i32::try_from(self.index).unwrap_or(i32::MAX);
        self.index += 1;
        machine.invoke(function, &[item.clone(), Value::Int(index)])
    }

    pub(super) fn test(
        &mut self,
        machine: &mut Machine<'_>,
        predicate: &Value,
        item: &Value,
    ) -> Result<bool, Exception> {
        Ok(self.apply(machine, predicate, item)?.as_bool() == Some(true))
    }

    pub(super) fn next_inner(
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

    pub(super) fn next_then(
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

    pub(super) fn next_unseen(
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

pub(super) fn cast(item: Value, ty: &Type) -> Result<Value, Exception> {
    let conversion = if ty.is_value_type() {
        Conversion::Unbox(ty.clone())
    } else {
        Conversion::Reference(ty.clone())
    };
    conversion::convert(&conversion, item, &mut Budget::default())
}
