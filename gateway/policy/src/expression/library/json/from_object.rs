//! Values as trees: `JToken.FromObject`, `JsonConvert.SerializeObject`.

use super::edit;
use super::node::{Node, Tree};
use super::token::{node_of, pay, scalar_of};
use crate::expression::BudgetKind;
use crate::expression::exception::{Exception, names};
use crate::expression::library;
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::{Type, type_of};
use crate::expression::value::Value;

/// Objects inside objects that are serialised.
const MAX_LEVELS: usize = 64;

/// The tree of a value.
pub(super) fn serialize(machine: &mut Machine<'_>, value: &Value) -> Result<Tree, Exception> {
    nested(machine, value, 0)
}

fn nested(machine: &mut Machine<'_>, value: &Value, level: usize) -> Result<Tree, Exception> {
    if let Some(node) = node_of(value) {
        return edit::clone(machine.budget, node);
    }
    pay(machine.budget)?;
    if level > MAX_LEVELS {
        return Err(Exception::budget(
            BudgetKind::Depth,
            "The value is nested too deeply to be serialised.",
        ));
    }
    if let Value::Enum(_, number) = value {
        return Ok(scalar_of(&Value::Int(*number)).unwrap_or_else(Node::null));
    }
    if let Some(scalar) = scalar_of(value) {
        machine.budget.charge_reading(value)?;
        return Ok(scalar);
    }
    match value {
        Value::Object(object) => composite(machine, value, object, level + 1),
        Value::Handle(handle) if Type::Basic(handle.basic()).element().is_some() => {
            let pairs = library::entries(machine, *handle)?;
            dictionary(machine, &pairs, level + 1)
        }
        _ => Err(refused(value)),
    }
}

fn refused(value: &Value) -> Exception {
    let name = type_of(value).map(|ty| ty.full_name()).unwrap_or_default();
    Exception::new(
        names::NOT_SUPPORTED,
        format!("Objects of type '{name}' cannot be serialised as JSON."),
    )
}

fn composite(
    machine: &mut Machine<'_>,
    value: &Value,
    object: &Object,
    level: usize,
) -> Result<Tree, Exception> {
    let members: Vec<(String, Value)> = match object {
        Object::Anonymous { shape, values } => shape
            .iter()
            .zip(values)
            .map(|((name, _), value)| (name.to_string(), value.clone()))
            .collect(),
        Object::Pair { key, value, .. } => vec![
            ("Key".to_owned(), key.clone()),
            ("Value".to_owned(), value.clone()),
        ],
        Object::Tuple { items, .. } => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("Item{}", index + 1), item.clone()))
            .collect(),
        Object::Dictionary { .. } => {
            let pairs = object.elements().unwrap_or_default();
            return dictionary(machine, &pairs, level);
        }
        Object::Array { .. }
        | Object::List { .. }
        | Object::Set { .. }
        | Object::Queue { .. }
        | Object::Stack { .. }
        | Object::Grouping { .. }
        | Object::Query(_) => {
            let array = Node::array();
            for item in machine.collect(value)? {
                let item = nested(machine, &item, level)?;
                array.push(item);
            }
            return Ok(array);
        }
        _ => return Err(refused(value)),
    };
    let made = Node::object();
    for (name, member) in members {
        let member = nested(machine, &member, level)?;
        put(machine, &made, &name, member)?;
    }
    Ok(made)
}

fn put(machine: &mut Machine<'_>, object: &Tree, name: &str, value: Tree) -> Result<(), Exception> {
    pay(machine.budget)?;
    machine.budget.allocate(name.len())?;
    object.push(Node::property_of(name, value));
    Ok(())
}

fn dictionary(machine: &mut Machine<'_>, pairs: &[Value], level: usize) -> Result<Tree, Exception> {
    let made = Node::object();
    for pair in pairs {
        let Value::Object(pair) = pair else { continue };
        let Object::Pair { key, value, .. } = pair.as_ref() else {
            continue;
        };
        let name = match key {
            Value::DateTime(time) => super::text::date_time(*time)?,
            Value::DateTimeOffset(time) => super::text::date_time_offset(*time)?,
            other => other.to_text()?,
        };
        let value = nested(machine, value, level)?;
        put(machine, &made, &name, value)?;
    }
    Ok(made)
}
