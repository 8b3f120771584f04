//! Texts as trees: `JToken.Parse` and what `JsonConvert.DeserializeObject` reads.

use std::sync::Arc;

use super::node::{Class, Kind, Node, Tree};
use super::scanner::{Found, Scanner};
use super::token::pay;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::value::Value;

/// What `Parse` was called on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Token,
    Object,
    Array,
}

impl Wanted {
    fn class(self) -> &'static str {
        match self {
            Self::Token => "JToken",
            Self::Object => "JObject",
            Self::Array => "JArray",
        }
    }
}

/// `JToken.Parse`, `JObject.Parse`, `JArray.Parse`.
pub(super) fn parse(budget: &mut Budget, text: &str, wanted: Wanted) -> Result<Tree, Exception> {
    budget.charge(text.len() as u64 / 64)?;
    let mut scanner = Scanner::new(text, true);
    let class = wanted.class();
    let first = loop {
        match scanner.read(budget)? {
            None => return Err(scanner.error(&format!("Error reading {class} from JsonReader."))),
            // `JToken` takes a comment for content.
            Some(Found::Comment(_)) if wanted != Wanted::Token => {}
            Some(found) => break found,
        }
    };
    let refused = match (wanted, &first) {
        (Wanted::Object, Found::StartObject) | (Wanted::Array, Found::StartArray) => None,
        (Wanted::Object, other) => Some(format!(
            "Current JsonReader item is not an object: {}.",
            other.name()
        )),
        (Wanted::Array, other) => Some(format!(
            "Current JsonReader item is not an array: {}.",
            other.name()
        )),
        (Wanted::Token, Found::EndArray | Found::EndObject | Found::Name(_)) => {
            Some(format!("Unexpected token: {}.", first.name()))
        }
        (Wanted::Token, _) => None,
    };
    if let Some(refused) = refused {
        return Err(scanner.error(&format!("Error reading {class} from JsonReader. {refused}")));
    }
    let tree = content(&mut scanner, budget, first, Duplicates::Replace)?;
    // Only comments may follow.
    while scanner.read(budget)?.is_some() {}
    Ok(tree)
}

/// What `JsonConvert.DeserializeObject` reads; `None` if the text is empty.
pub(super) fn deserialize(
    budget: &mut Budget,
    text: &str,
    dates: bool,
) -> Result<(Option<Tree>, (usize, usize)), Exception> {
    budget.charge(text.len() as u64 / 64)?;
    let mut scanner = Scanner::new(text, dates);
    let first = loop {
        match scanner.read(budget)? {
            None => return Ok((None, scanner.place())),
            Some(Found::Comment(_)) => {}
            Some(found) => break found,
        }
    };
    let tree = content(&mut scanner, budget, first, Duplicates::Append)?;
    let place = scanner.place();
    while scanner.read(budget)?.is_some() {}
    Ok((Some(tree), place))
}

/// What a second property of the same name does: takes the place of the first, or goes to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duplicates {
    Replace,
    Append,
}

/// A name that waits for its value in the object on top of the stack.
type Pending = Option<Arc<str>>;

fn content(
    scanner: &mut Scanner<'_>,
    budget: &mut Budget,
    first: Found,
    duplicates: Duplicates,
) -> Result<Tree, Exception> {
    let mut open: Vec<(Tree, Pending)> = Vec::new();
    let mut next = Some(first);
    loop {
        let found = match next.take() {
            Some(found) => found,
            None => match scanner.read(budget)? {
                Some(found) => found,
                None => return Err(unfinished(scanner, open.first().map(|(tree, _)| tree))),
            },
        };
        let done = match found {
            Found::StartObject => {
                pay(budget)?;
                open.push((Node::object(), None));
                None
            }
            Found::StartArray => {
                pay(budget)?;
                open.push((Node::array(), None));
                None
            }
            Found::Name(name) => {
                if let Some((_, pending)) = open.last_mut() {
                    *pending = Some(name);
                }
                None
            }
            Found::EndObject | Found::EndArray => open.pop().map(|(tree, _)| tree),
            Found::Scalar(kind, value) => {
                pay(budget)?;
                Some(Node::value(kind, value))
            }
            Found::Comment(text) if open.is_empty() => {
                Some(Node::value(Kind::Comment, Value::text(text)))
            }
            Found::Comment(text) => {
                if let Some((array, _)) = open.last()
                    && *array.class() == Class::Array
                    && duplicates == Duplicates::Append
                {
                    pay(budget)?;
                    array.push(Node::value(Kind::Comment, Value::text(text)));
                }
                None
            }
        };
        let Some(done) = done else { continue };
        let Some((container, pending)) = open.last_mut() else {
            return Ok(done);
        };
        match pending.take() {
            Some(name) => {
                pay(budget)?;
                put(budget, container, Node::property_of(name, done), duplicates)?;
            }
            None => container.push(done),
        }
    }
}

/// Adds a property, the last of a name.
fn put(
    budget: &mut Budget,
    object: &Tree,
    property: Tree,
    duplicates: Duplicates,
) -> Result<(), Exception> {
    let before = property
        .name()
        .and_then(|name| object.find(name))
        .and_then(|known| object.position(&known));
    if before.is_some() {
        budget.charge(object.count() as u64 / 8)?;
    }
    match (before, duplicates) {
        (None, _) => object.push(property),
        (Some(at), Duplicates::Replace) => object.replace_at(at, property),
        (Some(at), Duplicates::Append) => {
            object.remove_at(at);
            object.push(property);
        }
    }
    Ok(())
}

fn unfinished(scanner: &Scanner<'_>, root: Option<&Tree>) -> Exception {
    let class = match root.map(|root| root.class()) {
        Some(Class::Array) => "JArray",
        _ => "JObject",
    };
    scanner.error(&format!("Unexpected end of content while loading {class}."))
}
