//! `JToken`.

use std::sync::Arc;

use super::casts::extract;
use super::edit::{self, At};
use super::node::{Class, Tree};
use super::reader::{self, Wanted};
use super::token::{Token, node_of, value_of};
use super::{Outcome, equality, from_object, json_path, node, receiver, selection, to_object};
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{boolean, element_token, int, text, token, value};
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::{Enumeration, Type, is_instance};
use crate::expression::value::Value;

pub(in crate::expression::library) static TOKEN: Group = Group {
    owner: "JToken",
    entries: &[
        full("static JToken Parse(string json)", |m, a| {
            parse(m.budget, a, Wanted::Token)
        }),
        full("static JToken FromObject(object o)", |m, a| {
            from_object_checked(m, a).map(value_of)
        }),
        full("static bool DeepEquals(JToken t1, JToken t2)", |m, a| {
            let (x, y) = (value(a, 0), value(a, 1));
            Ok(Value::Bool(match (node_of(&x), node_of(&y)) {
                (Some(x), Some(y)) => equality::deep_equals(m.budget, x, y)?,
                (None, None) => true,
                _ => false,
            }))
        }),
        full("JToken DeepClone()", |m, a| {
            edit::clone(m.budget, node(a)?).map(value_of)
        }),
        full("JTokenType Type", |_, a| {
            Ok(Value::Enum(Enumeration::JTokenType, node(a)?.kind() as i32))
        }),
        full("bool HasValues", |_, a| {
            Ok(Value::Bool(node(a)?.count() > 0))
        }),
        full("string Path", |m, a| {
            let (_, levels) = node(a)?.root();
            m.budget.charge(levels as u64)?;
            let text = super::tree_path::path_of(node(a)?);
            m.budget.allocate(text.len())?;
            Ok(Value::text(text))
        }),
        full("JContainer Parent", |_, a| {
            Ok(node(a)?.parent().map_or(Value::Null, value_of))
        }),
        full("JToken Root", |m, a| {
            let (root, levels) = node(a)?.root();
            m.budget.charge(levels as u64 / 8)?;
            Ok(value_of(root))
        }),
        full("JToken First", |_, a| end(a, |_| 0)),
        full("JToken Last", |_, a| {
            end(a, |node| node.count().saturating_sub(1))
        }),
        full("JToken Next", |m, a| sibling(m.budget, a, true)),
        full("JToken Previous", |m, a| sibling(m.budget, a, false)),
        full("JToken this[object key]", |m, a| {
            item(m.budget, receiver(a)?, &value(a, 1))
        }),
        full("void this[object key, JToken value]", |m, a| {
            set_item(m, a).map(|()| Value::Null)
        }),
        full("T Value<T>(object key)", |m, a| {
            let found = item(m.budget, receiver(a)?, &value(a, 1))?;
            let wanted = token(a);
            if found.is_null() {
                return Ok(crate::expression::library::linq::default_value(&wanted));
            }
            extract(m.budget, found, &wanted)
        }),
        full("IEnumerable<JToken> Children()", |m, a| {
            children(m, a, None)
        }),
        full("IEnumerable<T> Children<T>()", |m, a| {
            children(m, a, Some(&element_token(a)))
        }),
        full("IEnumerable<T> Values<T>()", |m, a| {
            let receiver = receiver(a)?;
            if receiver.node.is_value() {
                return Err(no_children(&receiver.node, "access"));
            }
            let wanted = element_token(a);
            let mut items = Vec::new();
            for child in receiver.node.children() {
                m.budget.allocate(size_of::<Value>())?;
                items.push(extract(m.budget, receiver.wrap(child), &wanted)?);
            }
            Ok(Value::object(Object::list(wanted, items)))
        }),
        full("T ToObject<T>()", |m, a| {
            to_object::to_object(m.budget, node(a)?, &token(a))
        }),
        full("string ToString(Formatting formatting)", |m, a| {
            let text = super::writer::write(node(a)?, int(a, 1) == 1)?;
            m.budget.allocate(text.len())?;
            Ok(Value::text(text))
        }),
        full("void Remove()", |m, a| {
            edit::remove(m.budget, node(a)?).map(|()| Value::Null)
        }),
        full("void Replace(JToken value)", |m, a| {
            let (parent, index) = edit::place(m.budget, node(a)?)?;
            let token = super::token_argument(m.budget, a, 1)?;
            if parent.name().is_some() {
                edit::set_value(m.budget, &parent, token)?;
            } else {
                edit::set_item(m.budget, &parent, index, token)?;
            }
            Ok(Value::Null)
        }),
        full("void AddAfterSelf(object content)", |m, a| beside(m, a, 1)),
        full("void AddBeforeSelf(object content)", |m, a| beside(m, a, 0)),
    ],
};

pub(in crate::expression::library) static QUERIES: Group = Group {
    owner: "JToken",
    entries: &[
        full("JToken SelectToken(string path)", |m, a| {
            select_one(m.budget, a, false)
        }),
        full(
            "JToken SelectToken(string path, bool errorWhenNoMatch)",
            |m, a| select_one(m.budget, a, boolean(a, 2)),
        ),
        full("IEnumerable<JToken> SelectTokens(string path)", |m, a| {
            select(m.budget, a, false)
        }),
        full(
            "IEnumerable<JToken> SelectTokens(string path, bool errorWhenNoMatch)",
            |m, a| select(m.budget, a, boolean(a, 2)),
        ),
        full("IEnumerable<JToken> Ancestors()", |m, a| {
            ancestors(m.budget, a, false)
        }),
        full("IEnumerable<JToken> AncestorsAndSelf()", |m, a| {
            ancestors(m.budget, a, true)
        }),
        full("IEnumerable<JToken> AfterSelf()", |m, a| {
            let around = siblings(m.budget, node(a)?)?;
            tokens(m.budget, a, around.1)
        }),
        full("IEnumerable<JToken> BeforeSelf()", |m, a| {
            let around = siblings(m.budget, node(a)?)?;
            tokens(m.budget, a, around.0)
        }),
        pure("bool Equals(object obj)", |_, a| {
            Ok(Value::Bool(crate::expression::key::equals(
                &value(a, 0),
                &value(a, 1),
            )))
        }),
    ],
};

/// `Parse` of any class.
pub(super) fn parse(budget: &mut Budget, args: &[Value], wanted: Wanted) -> Outcome {
    // Newtonsoft hands the text to a `StringReader`, which names its own parameter.
    let source = text(args, 0, "s")?;
    reader::parse(budget, source, wanted).map(value_of)
}

/// `FromObject`, which refuses `null`.
pub(super) fn from_object_checked(
    machine: &mut Machine<'_>,
    args: &[Value],
) -> Result<Tree, Exception> {
    match value(args, 0) {
        Value::Null => Err(Exception::argument_null("o")),
        source => from_object::serialize(machine, &source),
    }
}

/// The exception of a `JValue` that is asked for children.
pub(super) fn no_children(node: &Tree, what: &str) -> Exception {
    Exception::new(
        names::INVALID_OPERATION,
        format!(
            "Cannot {what} child value on {}.",
            node.type_of().full_name()
        ),
    )
}

/// An array of tokens of the receiver's tree.
pub(super) fn tokens(budget: &mut Budget, args: &[Value], nodes: Vec<Tree>) -> Outcome {
    let receiver = receiver(args)?;
    budget.allocate(nodes.len().saturating_mul(4 * size_of::<Value>()))?;
    let items = nodes.into_iter().map(|node| receiver.wrap(node)).collect();
    Ok(Value::object(Object::list(
        Type::Basic(crate::expression::types::Basic::JToken),
        items,
    )))
}

fn end(args: &[Value], index: impl Fn(&Tree) -> usize) -> Outcome {
    let receiver = receiver(args)?;
    if receiver.node.is_value() {
        return Err(no_children(&receiver.node, "access"));
    }
    let child = receiver.node.at(index(&receiver.node));
    Ok(child.map_or(Value::Null, |child| receiver.wrap(child)))
}

fn sibling(budget: &mut Budget, args: &[Value], next: bool) -> Outcome {
    let receiver = receiver(args)?;
    if receiver.node.parent().is_none() {
        return Ok(Value::Null);
    }
    let (parent, index) = edit::place(budget, &receiver.node)?;
    let wanted = if next {
        Some(index + 1)
    } else {
        index.checked_sub(1)
    };
    let found = wanted.and_then(|index| parent.at(index));
    Ok(found.map_or(Value::Null, |child| receiver.wrap(child)))
}

/// The siblings before and after a token.
fn siblings(budget: &mut Budget, node: &Tree) -> Result<(Vec<Tree>, Vec<Tree>), Exception> {
    if node.parent().is_none() {
        return Ok((Vec::new(), Vec::new()));
    }
    let (parent, index) = edit::place(budget, node)?;
    let mut before = parent.children();
    let after = before.split_off((index + 1).min(before.len()));
    before.truncate(index);
    Ok((before, after))
}

fn ancestors(budget: &mut Budget, args: &[Value], with_self: bool) -> Outcome {
    let mut all = Vec::new();
    let mut current = if with_self {
        Some(Arc::clone(node(args)?))
    } else {
        node(args)?.parent()
    };
    while let Some(node) = current {
        budget.charge(1)?;
        current = node.parent();
        all.push(node);
    }
    tokens(budget, args, all)
}

fn children(machine: &mut Machine<'_>, args: &[Value], wanted: Option<&Type>) -> Outcome {
    let receiver = receiver(args)?;
    let mut nodes = receiver.node.children();
    machine.budget.charge(nodes.len() as u64 / 8)?;
    if let Some(wanted) = wanted {
        nodes.retain(|node| is_instance(&receiver.wrap(Arc::clone(node)), wanted));
    }
    tokens(machine.budget, args, nodes)
}

/// How a key is shown in messages.
fn shown(key: &Value) -> String {
    match key {
        Value::Null => "null".to_owned(),
        Value::Text(text) => format!("\"{}\"", text.as_str()),
        other => other.to_text().unwrap_or_default(),
    }
}

/// `token[key]`.
pub(super) fn item(budget: &mut Budget, token: &Token, key: &Value) -> Outcome {
    budget.charge(1)?;
    match (token.node.class(), key) {
        (Class::Object | Class::Array, Value::Null) => Err(Exception::argument_null("key")),
        (Class::Object, Value::Text(name)) => {
            let found = token.node.find(name).and_then(|property| property.only());
            Ok(found.map_or(Value::Null, |node| token.wrap(node)))
        }
        (Class::Object, key) => Err(Exception::new(
            names::ARGUMENT,
            format!(
                "Accessed JObject values with invalid key value: {}. Object property name expected.",
                shown(key)
            ),
        )),
        (Class::Array, Value::Int(index)) => usize::try_from(*index)
            .ok()
            .and_then(|index| token.node.at(index))
            .map(|node| token.wrap(node))
            .ok_or_else(Exception::index_argument),
        (Class::Array, key) => Err(Exception::new(
            names::ARGUMENT,
            format!(
                "Accessed JArray values with invalid key value: {}. Int32 array index expected.",
                shown(key)
            ),
        )),
        _ => Err(no_children(&token.node, "access")),
    }
}

/// `token[key] = value`.
pub(super) fn set_item(machine: &mut Machine<'_>, args: &[Value]) -> Result<(), Exception> {
    let budget = &mut *machine.budget;
    let token = receiver(args)?;
    let key = value(args, 1);
    match (token.node.class(), &key) {
        (Class::Object | Class::Array, Value::Null) => Err(Exception::argument_null("key")),
        (Class::Object, Value::Text(name)) => {
            let child = super::token_argument(budget, args, 2)?;
            edit::set_named(budget, &token.node, name, child)
        }
        (Class::Object, key) => Err(Exception::new(
            names::ARGUMENT,
            format!(
                "Set JObject values with invalid key value: {}. Object property name expected.",
                shown(key)
            ),
        )),
        (Class::Array, Value::Int(index)) => {
            let index = usize::try_from(*index)
                .map_err(|_| Exception::argument_range("Index is less than 0.", "index"))?;
            let child = super::token_argument(budget, args, 2)?;
            edit::set_item(budget, &token.node, index, child)
        }
        (Class::Array, key) => Err(Exception::new(
            names::ARGUMENT,
            format!(
                "Set JArray values with invalid key value: {}. Int32 array index expected.",
                shown(key)
            ),
        )),
        _ => Err(no_children(&token.node, "set")),
    }
}

fn beside(machine: &mut Machine<'_>, args: &[Value], offset: usize) -> Outcome {
    let (parent, index) = edit::place(machine.budget, node(args)?)?;
    if parent.name().is_some() {
        return Err(Exception::new(
            names::JSON,
            "Newtonsoft.Json.Linq.JProperty cannot have multiple values.",
        ));
    }
    edit::add(machine, &parent, At::Index(index + offset), &value(args, 1))?;
    Ok(Value::Null)
}

fn selected(budget: &mut Budget, args: &[Value], must_match: bool) -> Result<Vec<Tree>, Exception> {
    let path = text(args, 1, "expression")?;
    budget.charge(path.len() as u64)?;
    let parts = json_path::parse(path)?;
    let node = node(args)?;
    selection::select(budget, &parts, node, node, must_match)
}

fn select_one(budget: &mut Budget, args: &[Value], must_match: bool) -> Outcome {
    let receiver = receiver(args)?;
    let mut found = selected(budget, args, must_match)?.into_iter();
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Exception::new(
            names::JSON,
            "Path returned multiple tokens.",
        )),
        (Some(node), None) => Ok(receiver.wrap(node)),
        (None, None) => Ok(Value::Null),
    }
}

fn select(budget: &mut Budget, args: &[Value], must_match: bool) -> Outcome {
    let found = selected(budget, args, must_match)?;
    tokens(budget, args, found)
}
