//! `for`, `JSONArrayFor` and `cycle`.

use std::sync::Arc;

use indexmap::IndexMap;

use super::compare::number;
use super::datum::Datum;
use super::nodes::{For, Offset};
use super::operand::Operand;
use super::render::{Renderer, Signal};
use crate::expression::{Exception, Value, parse_integer};

impl Renderer<'_> {
    pub(super) fn for_loop(&mut self, tag: &For) -> Result<Signal, Exception> {
        let collection = self.value(&tag.collection)?;
        let collection = self.listed(collection)?;
        if collection.length(self.budget)?.is_none() {
            return self.otherwise(tag);
        }
        let from = match &tag.offset {
            None => 0,
            Some(Offset::Continue) => self.continues.get(&tag.name).copied().unwrap_or(0),
            Some(Offset::At(offset)) => self.count(offset)?,
        };
        let to = match &tag.limit {
            Some(limit) => from.saturating_add(self.count(limit)?),
            None => usize::MAX,
        };
        let mut items = collection
            .elements(from, to, self.budget)?
            .unwrap_or_default();
        if tag.reversed {
            items.reverse();
        }
        let length = items.len();
        self.continues
            .insert(Arc::clone(&tag.name), from.saturating_add(length));
        if items.is_empty() {
            return self.otherwise(tag);
        }
        self.enter();
        let result = self.rounds(tag, items);
        self.leave();
        result
    }

    fn otherwise(&mut self, tag: &For) -> Result<Signal, Exception> {
        match &tag.otherwise {
            Some(nodes) => self.scoped(nodes),
            None => Ok(Signal::Next),
        }
    }

    fn rounds(&mut self, tag: &For, items: Vec<Datum>) -> Result<Signal, Exception> {
        const FORLOOP: usize = 1024;
        let length = items.len();
        let forloop: Arc<str> = "forloop".into();
        for (index, item) in items.into_iter().enumerate() {
            self.budget.charge(10)?;
            self.budget.allocate(FORLOOP)?;
            if tag.commas && index > 0 {
                self.write(",")?;
            }
            self.set(Arc::clone(&tag.variable), item);
            self.set(Arc::clone(&forloop), state(&tag.name, index, length));
            if self.nodes(&tag.nodes)? == Signal::Break {
                break;
            }
        }
        Ok(Signal::Next)
    }

    /// A number of elements; less than none is none.
    fn count(&mut self, operand: &Operand) -> Result<usize, Exception> {
        Ok(usize::try_from(self.whole(operand)?).unwrap_or(0))
    }

    /// `Convert.ToInt32`: `null` is 0.
    pub(super) fn whole(&mut self, operand: &Operand) -> Result<i64, Exception> {
        let value = self.value(operand)?;
        let number = match &value {
            Datum::Scalar(Value::Null) => Some(0),
            Datum::Scalar(Value::Bool(value)) => Some(i64::from(*value)),
            Datum::Scalar(Value::Text(text)) => i64::try_from(parse_integer(text)?).ok(),
            Datum::Scalar(value) => number(value).and_then(super::compare::Number::to_whole),
            other => {
                let from = super::compare::type_name(other);
                return Err(Exception::invalid_cast(&from, "System.Int32"));
            }
        };
        number
            .filter(|number| i32::try_from(*number).is_ok())
            .ok_or_else(|| {
                Exception::format("Value was either too large or too small for an Int32.")
            })
    }

    pub(super) fn cycle(&mut self, key: &Operand, values: &[Operand]) -> Result<(), Exception> {
        let key = self.value(key)?;
        let key = self.print(&key)?;
        let at = self.cycles.get(&key).copied().unwrap_or(0);
        self.budget.allocate(key.len() + 64)?;
        self.cycles.insert(key, (at + 1) % values.len().max(1));
        match values.get(at) {
            Some(value) => {
                let value = self.value(value)?;
                let text = self.print(&value)?;
                self.write(&text)
            }
            None => Ok(()),
        }
    }
}

/// `forloop` in one round.
fn state(name: &Arc<str>, index: usize, length: usize) -> Datum {
    let entries: [(&str, Datum); 8] = [
        ("name", Datum::text(Arc::clone(name))),
        ("length", Datum::int(length)),
        ("index", Datum::int(index + 1)),
        ("index0", Datum::int(index)),
        ("rindex", Datum::int(length - index)),
        ("rindex0", Datum::int(length - index - 1)),
        ("first", Datum::bool(index == 0)),
        ("last", Datum::bool(index + 1 == length)),
    ];
    let map: IndexMap<Arc<str>, Datum> = entries
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect();
    Datum::Map(Arc::new(map))
}
