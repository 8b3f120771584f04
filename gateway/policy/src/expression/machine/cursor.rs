//! Enumeration: what `foreach` and LINQ draw elements from.

use std::collections::HashSet;
use std::sync::Arc;

use super::Machine;
use super::query_buffers::{grouped, sorted};
use super::query_steps::StepCursor;
use crate::expression::exception::{Exception, names};
use crate::expression::key::Key;
use crate::expression::library;
use crate::expression::object::Object;
use crate::expression::query::{Query, Step};
use crate::expression::text::Text;
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
                if let Object::Foreign(foreign) = object.as_ref()
                    && let Some(elements) = foreign.enumerate(machine)
                {
                    return Ok(Self::Buffer(elements?.into_iter()));
                }
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
            // .NET does not enumerate the source for it.
            Step::Take(..=0) => return Ok(Self::Buffer(Vec::new().into_iter())),
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
