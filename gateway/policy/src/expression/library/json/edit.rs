//! Changes of trees: adding, replacing, removing, copying.

use std::sync::Arc;

use super::node::{Class, Kind, Node, Tree};
use super::token::{node_of, pay, scalar_of};
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::type_of;
use crate::expression::value::Value;

/// Where something is added.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    Index(usize),
    End,
}

impl At {
    fn index(self) -> usize {
        match self {
            Self::Index(index) => index,
            Self::End => usize::MAX,
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Index(index) => Self::Index(index.saturating_add(1)),
            Self::End => Self::End,
        }
    }
}

/// A token from anything: a token itself, or a value as a `JValue`.
pub(super) fn from_content(budget: &mut Budget, content: &Value) -> Result<Tree, Exception> {
    if let Some(node) = node_of(content) {
        return Ok(Arc::clone(node));
    }
    pay(budget)?;
    scalar_of(content).ok_or_else(|| {
        let name = type_of(content)
            .map(|ty| ty.full_name())
            .unwrap_or_default();
        Exception::new(
            names::ARGUMENT,
            format!("Could not determine JSON object type for type {name}."),
        )
    })
}

/// Whether content is several tokens: a sequence that is no string, token or array of bytes.
pub(super) fn is_several(content: &Value) -> bool {
    match content {
        Value::Object(object) => {
            node_of(content).is_none()
                && matches!(
                    object.as_ref(),
                    Object::Array { .. }
                        | Object::List { .. }
                        | Object::Dictionary { .. }
                        | Object::Set { .. }
                        | Object::Queue { .. }
                        | Object::Stack { .. }
                        | Object::Grouping { .. }
                        | Object::Query(_)
                )
        }
        _ => false,
    }
}

/// `Add` with content of any kind.
pub(super) fn add(
    machine: &mut Machine<'_>,
    container: &Tree,
    at: At,
    content: &Value,
) -> Result<(), Exception> {
    let mut at = at;
    let mut pending = vec![content.clone()];
    // Sequences inside sequences are flattened.
    while let Some(content) = pending.pop() {
        machine.budget.charge(1)?;
        if is_several(&content) {
            let mut items = machine.collect(&content)?;
            items.reverse();
            pending.append(&mut items);
            continue;
        }
        let child = from_content(machine.budget, &content)?;
        insert(machine.budget, container, at, child)?;
        at = at.next();
    }
    Ok(())
}

/// A token that has no parent: a copy, if it has one or would end up inside itself.
fn detached(budget: &mut Budget, container: &Tree, child: Tree) -> Result<Tree, Exception> {
    let mut copy = child.parent().is_some() || Arc::ptr_eq(&child, container);
    if !copy && child.count() > 0 {
        let (root, levels) = container.root();
        budget.charge(levels as u64 / 8)?;
        copy = Arc::ptr_eq(&root, &child);
    }
    if copy {
        clone(budget, &child)
    } else {
        Ok(child)
    }
}

fn cannot_add(child: &Tree, container: &Tree) -> Exception {
    Exception::new(
        names::ARGUMENT,
        format!(
            "Can not add {} to {}.",
            child.type_of().full_name(),
            container.type_of().full_name()
        ),
    )
}

/// Whether `child` may be in `container`, in the place of `existing`.
fn validate(container: &Tree, child: &Tree, existing: Option<&Tree>) -> Result<(), Exception> {
    match (container.class(), child.name()) {
        (Class::Object, Some(name)) => {
            if existing.and_then(|existing| existing.name()) == Some(name) {
                return Ok(());
            }
            match container.find(name) {
                Some(_) => Err(Exception::new(
                    names::ARGUMENT,
                    format!(
                        "Can not add property {name} to Newtonsoft.Json.Linq.JObject. Property with \
                         the same name already exists on object."
                    ),
                )),
                None => Ok(()),
            }
        }
        (Class::Object, None) | (Class::Array | Class::Property(_), Some(_)) => {
            Err(cannot_add(child, container))
        }
        _ => Ok(()),
    }
}

/// Inserts one token.
pub(super) fn insert(
    budget: &mut Budget,
    container: &Tree,
    at: At,
    child: Tree,
) -> Result<(), Exception> {
    let child = detached(budget, container, child)?;
    // A comment has no name.
    if *container.class() == Class::Object && child.kind() == Kind::Comment {
        return Ok(());
    }
    validate(container, &child, None)?;
    if container.name().is_some() && container.only().is_some() {
        return Err(Exception::new(
            names::JSON,
            "Newtonsoft.Json.Linq.JProperty cannot have multiple values.",
        ));
    }
    if let At::Index(index) = at {
        let count = container.count();
        if index > count {
            return Err(Exception::argument_range(
                "Index must be within the bounds of the List.",
                "index",
            ));
        }
        budget.charge((count - index) as u64 / 8)?;
    }
    budget.allocate(32)?;
    container.insert(at.index(), child);
    Ok(())
}

/// Puts `child` in the place of child `index`.
pub(super) fn set_item(
    budget: &mut Budget,
    container: &Tree,
    index: usize,
    child: Tree,
) -> Result<(), Exception> {
    let Some(existing) = container.at(index) else {
        return Err(Exception::argument_range(
            "Index is equal to or greater than Count.",
            "index",
        ));
    };
    if Arc::ptr_eq(&existing, &child) {
        return Ok(());
    }
    let child = detached(budget, container, child)?;
    validate(container, &child, Some(&existing))?;
    if *container.class() == Class::Object {
        budget.charge(container.count() as u64 / 8)?;
    }
    container.replace_at(index, child);
    Ok(())
}

/// Sets the value of a property.
pub(super) fn set_value(
    budget: &mut Budget,
    property: &Tree,
    value: Tree,
) -> Result<(), Exception> {
    if property
        .only()
        .is_some_and(|present| Arc::ptr_eq(&present, &value))
    {
        return Ok(());
    }
    let value = detached(budget, property, value)?;
    validate(property, &value, None)?;
    property.set_only(value);
    Ok(())
}

/// `object[name] = value`.
pub(super) fn set_named(
    budget: &mut Budget,
    object: &Tree,
    name: &str,
    value: Tree,
) -> Result<(), Exception> {
    match object.find(name) {
        Some(property) => set_value(budget, &property, value),
        None => {
            let property = named(budget, name, value)?;
            insert(budget, object, At::End, property)
        }
    }
}

/// A new property.
pub(super) fn named(budget: &mut Budget, name: &str, value: Tree) -> Result<Tree, Exception> {
    pay(budget)?;
    budget.allocate(name.len())?;
    let property = Node::property(name);
    set_value(budget, &property, value)?;
    Ok(property)
}

/// The container of a token, and where the token is in it.
pub(super) fn place(budget: &mut Budget, node: &Tree) -> Result<(Tree, usize), Exception> {
    let parent = node
        .parent()
        .ok_or_else(|| Exception::invalid_operation("The parent is missing."))?;
    budget.charge(parent.count() as u64 / 8)?;
    let index = parent
        .position(node)
        .ok_or_else(|| Exception::invalid_operation("The parent is missing."))?;
    Ok((parent, index))
}

/// The exception for changing what a property holds in any way but setting its value.
pub(super) fn fixed() -> Exception {
    Exception::new(
        names::JSON,
        "Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.",
    )
}

/// `Remove()`.
pub(super) fn remove(budget: &mut Budget, node: &Tree) -> Result<(), Exception> {
    let (parent, index) = place(budget, node)?;
    if parent.name().is_some() {
        return Err(fixed());
    }
    parent.remove_at(index);
    Ok(())
}

/// A copy of a tree, without a parent.
pub(super) fn clone(budget: &mut Budget, node: &Tree) -> Result<Tree, Exception> {
    let copy = shallow(budget, node)?;
    let mut pending = vec![(Arc::clone(node), Arc::clone(&copy))];
    while let Some((from, to)) = pending.pop() {
        for child in from.children() {
            let copy = shallow(budget, &child)?;
            if child.is_container() {
                pending.push((child, Arc::clone(&copy)));
            }
            to.push(copy);
        }
    }
    Ok(copy)
}

fn shallow(budget: &mut Budget, node: &Tree) -> Result<Tree, Exception> {
    pay(budget)?;
    Ok(match node.class() {
        Class::Object => Node::object(),
        Class::Array => Node::array(),
        Class::Property(name) => Node::property(Arc::clone(name)),
        Class::Value => {
            let (kind, value) = node.scalar().unwrap_or((Kind::Null, Value::Null));
            Node::value(kind, value)
        }
        Class::Raw => Node::raw(node.scalar().map_or(Value::Null, |(_, value)| value)),
    })
}
