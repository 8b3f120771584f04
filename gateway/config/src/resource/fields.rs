//! Reading JSON members with a rule each, and collecting everything that is wrong.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::accept::FieldProblem;
use super::moment;
use super::schema::{Table, check, join};

/// How many problems one body may report; more would help nobody.
const MOST_PROBLEMS: usize = 100;

/// The problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Vec<FieldProblem>>);

impl Problems {
    pub(crate) fn add(&self, target: impl Into<String>, message: impl Into<String>) {
        let mut found = self.0.borrow_mut();
        if found.len() < MOST_PROBLEMS {
            found.push(FieldProblem::new(target, message));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<FieldProblem> {
        self.0.into_inner()
    }
}

/// A JSON object being read; its own place is `prefix`.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    prefix: String,
    problems: &'a Problems,
}

impl<'a> Fields<'a> {
    /// Reads `object` by `table`: unknown and refused members are reported at once.
    pub(crate) fn new(
        object: &'a Map<String, Value>,
        table: Table,
        prefix: impl Into<String>,
        problems: &'a Problems,
    ) -> Self {
        let prefix = prefix.into();
        check(object, table, &prefix, problems);
        Self {
            object,
            prefix,
            problems,
        }
    }

    /// The members as they came.
    pub(crate) fn object(&self) -> &'a Map<String, Value> {
        self.object
    }

    /// The place of a member, as problems name it.
    pub(crate) fn place(&self, name: &str) -> String {
        join(&self.prefix, name)
    }

    /// Reports a problem of a member.
    pub(crate) fn problem(&self, name: &str, message: impl Into<String>) {
        self.problems.add(self.place(name), message);
    }

    /// A member that is there and not null.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// A text member of `least` to `most` characters; 0 as `least` allows an empty one.
    pub(crate) fn text(&self, name: &str, least: usize, most: usize) -> Option<&'a str> {
        let Some(text) = self.value(name)?.as_str() else {
            self.problem(name, format!("`{name}` must be a string."));
            return None;
        };
        self.check_length(name, text, least, most).then_some(text)
    }

    /// As [`Fields::text`], and it must be there.
    pub(crate) fn required_text(&self, name: &str, least: usize, most: usize) -> Option<&'a str> {
        if self.value(name).is_none() {
            self.problem(name, format!("`{name}` is required."));
        }
        self.text(name, least, most)
    }

    fn check_length(&self, name: &str, text: &str, least: usize, most: usize) -> bool {
        let length = text.chars().count();
        if length < least || length > most {
            let message = if most == usize::MAX {
                format!("`{name}` must not be empty.")
            } else {
                format!("`{name}` must have {least} to {most} characters; it has {length}.")
            };
            self.problem(name, message);
            return false;
        }
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            self.problem(
                name,
                format!("`{name}` must not contain control characters."),
            );
            return false;
        }
        true
    }

    /// A boolean member.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.problem(name, format!("`{name}` must be true or false."));
        }
        flag
    }

    /// An instant in RFC 3339 form, as unix seconds.
    pub(crate) fn moment(&self, name: &str) -> Option<i64> {
        let text = self.text(name, 1, 64)?;
        let moment = moment::parse(text);
        if moment.is_none() {
            self.problem(
                name,
                format!("`{name}` must be a date and time such as 2027-01-31T00:00:00Z."),
            );
        }
        moment
    }

    /// A member that is an object, to be read by `table`.
    pub(crate) fn child(&self, name: &str, table: Table) -> Option<Self> {
        match self.value(name)? {
            Value::Object(object) => {
                Some(Self::new(object, table, self.place(name), self.problems))
            }
            _ => {
                self.problem(name, format!("`{name}` must be an object."));
                None
            }
        }
    }

    /// A member that is an object of whatever members.
    pub(crate) fn map(&self, name: &str) -> Option<&'a Map<String, Value>> {
        let map = self.value(name)?.as_object();
        if map.is_none() {
            self.problem(name, format!("`{name}` must be an object."));
        }
        map
    }

    /// The elements of an array member, at most `most`.
    pub(crate) fn array(&self, name: &str, most: usize) -> Option<&'a [Value]> {
        let Some(array) = self.value(name)?.as_array() else {
            self.problem(name, format!("`{name}` must be an array."));
            return None;
        };
        if array.len() > most {
            self.problem(
                name,
                format!(
                    "`{name}` may have at most {most} elements; it has {}.",
                    array.len()
                ),
            );
            return None;
        }
        Some(array)
    }

    /// The elements of an array of objects, each to be read by `table`, with their places.
    pub(crate) fn objects(&self, name: &str, most: usize, table: Table) -> Option<Vec<Self>> {
        let array = self.array(name, most)?;
        let mut read = Vec::with_capacity(array.len());
        for (index, element) in array.iter().enumerate() {
            let place = format!("{}[{index}]", self.place(name));
            match element.as_object() {
                Some(object) => read.push(Self::new(object, table, place, self.problems)),
                None => self.problems.add(place, "An object is expected here."),
            }
        }
        Some(read)
    }

    /// The elements of an array of strings of 1 to `longest` characters.
    pub(crate) fn texts(&self, name: &str, most: usize, longest: usize) -> Option<Vec<&'a str>> {
        let array = self.array(name, most)?;
        let mut read = Vec::with_capacity(array.len());
        for (index, element) in array.iter().enumerate() {
            let place = format!("{name}[{index}]");
            match element.as_str() {
                Some(text) if self.check_length(&place, text, 1, longest) => read.push(text),
                Some(_) => {}
                None => self.problem(&place, "A string is expected here."),
            }
        }
        Some(read)
    }
}
