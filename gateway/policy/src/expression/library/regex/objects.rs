//! `Match`, `Group`, `Capture` and their collections.

use std::sync::Arc;

use super::captures::Captures;
use super::search::Pattern;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::text::Text;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

/// A text that is searched, as a string and as the units that positions count.
pub(super) struct Subject {
    pub(super) text: Text,
    pub(super) units: Vec<u16>,
}

/// Nothing of the content: it may be a secret.
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subject")
    }
}

impl Subject {
    pub(super) fn new(budget: &mut Budget, text: &Text) -> Result<Arc<Self>, Exception> {
        budget.allocate(text.len().saturating_mul(2))?;
        Ok(Arc::new(Self {
            text: text.clone(),
            units: text.encode_utf16().collect(),
        }))
    }

    /// Part of the text.
    pub(super) fn slice(&self, (start, end): (usize, usize)) -> String {
        if self.units.len() == self.text.len() {
            return self.text.get(start..end).unwrap_or_default().to_owned();
        }
        String::from_utf16_lossy(self.units.get(start..end).unwrap_or_default())
    }
}

/// A compiled `Regex` and the time it may take, in nanoseconds.
#[derive(Debug)]
pub(super) struct RegexObject {
    pub(super) pattern: Arc<Pattern>,
    pub(super) timeout: Option<i128>,
}

impl Foreign for RegexObject {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::Regex)
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(self.pattern.source.to_string())
    }
}

/// A match, shared by everything that shows a part of it.
#[derive(Debug)]
pub(super) struct Found {
    /// `None` for `Match.Empty`.
    pub(super) pattern: Option<Arc<Pattern>>,
    pub(super) subject: Arc<Subject>,
    pub(super) captures: Captures,
}

impl Found {
    pub(super) fn whole(&self) -> (usize, usize) {
        self.captures.last(0).unwrap_or_default()
    }

    fn slot_of_number(&self, number: i64) -> Option<usize> {
        let number = u32::try_from(number).ok()?;
        match &self.pattern {
            Some(pattern) => pattern.groups.slot(number),
            None => (number == 0).then_some(0),
        }
    }

    fn slot_of_name(&self, name: &str) -> Option<usize> {
        match &self.pattern {
            Some(pattern) => pattern.groups.slot_named(name),
            None => (name == "0").then_some(0),
        }
    }
}

/// What of a match an object shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Match,
    Group(Option<usize>),
    Capture(usize, usize),
    Groups,
    Captures(Option<usize>),
}

/// A part of a match as an object.
#[derive(Debug)]
pub(super) struct View {
    pub(super) found: Arc<Found>,
    pub(super) part: Part,
}

impl View {
    pub(super) fn value(found: &Arc<Found>, part: Part) -> Value {
        Value::foreign(Self {
            found: Arc::clone(found),
            part,
        })
    }

    /// Start and end in units, if it matched.
    pub(super) fn span(&self) -> Option<(usize, usize)> {
        let captures = &self.found.captures;
        match self.part {
            Part::Match => captures.last(0),
            Part::Group(slot) => captures.last(slot?),
            Part::Capture(slot, index) => captures.of(slot).get(index).copied(),
            Part::Groups | Part::Captures(_) => None,
        }
    }

    /// `Value`.
    pub(super) fn text(&self) -> String {
        self.span()
            .map(|span| self.found.subject.slice(span))
            .unwrap_or_default()
    }

    /// The group of a match's `Groups` by number.
    pub(super) fn group(&self, number: i64) -> Value {
        self.group_at(self.found.slot_of_number(number))
    }

    /// The group of a match's `Groups` by name.
    pub(super) fn named(&self, name: &str) -> Value {
        self.group_at(self.found.slot_of_name(name))
    }

    /// Group 0 is the match itself.
    fn group_at(&self, slot: Option<usize>) -> Value {
        let part = match slot {
            Some(0) => Part::Match,
            slot => Part::Group(slot),
        };
        Self::value(&self.found, part)
    }

    /// The slot whose captures `Captures` shows.
    pub(super) fn slot(&self) -> Option<usize> {
        match self.part {
            Part::Match => Some(0),
            Part::Group(slot) => slot,
            _ => None,
        }
    }
}

impl Foreign for View {
    fn type_of(&self) -> Type {
        Type::Basic(match self.part {
            Part::Match => Basic::Match,
            Part::Group(_) => Basic::RegexGroup,
            Part::Capture(..) => Basic::Capture,
            Part::Groups => Basic::GroupCollection,
            Part::Captures(_) => Basic::CaptureCollection,
        })
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(match self.part {
            Part::Groups | Part::Captures(_) => self.type_of().full_name(),
            _ => self.text(),
        })
    }

    fn elements(&self) -> Option<Vec<Value>> {
        match self.part {
            Part::Groups => Some(
                (0..self.found.captures.slots())
                    .map(|slot| self.group_at(Some(slot)))
                    .collect(),
            ),
            Part::Captures(slot) => {
                let count = slot.map_or(0, |slot| self.found.captures.of(slot).len());
                Some(
                    (0..count)
                        .map(|index| {
                            let part = Part::Capture(slot.unwrap_or_default(), index);
                            Self::value(&self.found, part)
                        })
                        .collect(),
                )
            }
            _ => None,
        }
    }

    fn count(&self) -> Option<usize> {
        match self.part {
            Part::Groups => Some(self.found.captures.slots()),
            Part::Captures(slot) => Some(slot.map_or(0, |slot| self.found.captures.of(slot).len())),
            _ => None,
        }
    }

    fn byte_length(&self) -> usize {
        self.span().map_or(0, |(start, end)| end - start)
    }
}

/// `MatchCollection`.
#[derive(Debug)]
pub(super) struct Matches(pub(super) Vec<Arc<Found>>);

impl Foreign for Matches {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::MatchCollection)
    }

    fn elements(&self) -> Option<Vec<Value>> {
        Some(
            self.0
                .iter()
                .map(|found| View::value(found, Part::Match))
                .collect(),
        )
    }

    fn count(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

pub(super) fn view(args: &[Value]) -> Result<&View, Exception> {
    args.first()
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}
