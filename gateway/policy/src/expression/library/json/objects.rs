//! `JObject`.

use super::edit::{self, At};
use super::node::{Node, Tree};
use super::reader::Wanted;
use super::token::{pay, value_of};
use super::tokens::{from_object_checked, item, parse, set_item};
use super::{Outcome, node, receiver};
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::key::fold;
use crate::expression::library::arguments::{ignores_case, optional_text, text, value};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::object::Object;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

pub(in crate::expression::library) static OBJECT: Group = Group {
    owner: "JObject",
    entries: &[
        full("new()", |m, _| {
            pay(m.budget)?;
            Ok(value_of(Node::object()))
        }),
        full("new(JObject other)", |m, a| {
            if value(a, 0).is_null() {
                return Err(Exception::argument_null("other"));
            }
            edit::clone(m.budget, node(a)?).map(value_of)
        }),
        full("new(params object[] content)", |m, a| {
            pay(m.budget)?;
            let made = Node::object();
            edit::add(m, &made, At::End, &value(a, 0))?;
            Ok(value_of(made))
        }),
        full("new(object content)", |m, a| {
            pay(m.budget)?;
            let made = Node::object();
            edit::add(m, &made, At::End, &value(a, 0))?;
            Ok(value_of(made))
        }),
        full("static JObject Parse(string json)", |m, a| {
            parse(m.budget, a, Wanted::Object)
        }),
        full("static JObject FromObject(object o)", |m, a| {
            let tree = from_object_checked(m, a)?;
            if tree.kind() == super::node::Kind::Object {
                return Ok(value_of(tree));
            }
            Err(Exception::new(
                names::ARGUMENT,
                format!(
                    "Object serialized to {}. JObject instance expected.",
                    tree.kind().name()
                ),
            ))
        }),
        full("JToken this[string propertyName]", |m, a| {
            if value(a, 1).is_null() {
                return Err(Exception::argument_null("propertyName"));
            }
            item(m.budget, receiver(a)?, &value(a, 1))
        }),
        full("void this[string propertyName, JToken value]", |m, a| {
            if value(a, 1).is_null() {
                return Err(Exception::argument_null("propertyName"));
            }
            set_item(m, a).map(|()| Value::Null)
        }),
        full("void Add(string propertyName, JToken value)", |m, a| {
            let name = text(a, 1, "name")?;
            let child = super::token_argument(m.budget, a, 2)?;
            let property = edit::named(m.budget, name, child)?;
            edit::insert(m.budget, node(a)?, At::End, property)?;
            Ok(Value::Null)
        }),
        full("bool Remove(string propertyName)", |m, a| {
            let name = text(a, 1, "propertyName")?;
            let object = node(a)?;
            let Some(at) = object.find(name).and_then(|found| object.position(&found)) else {
                return Ok(Value::Bool(false));
            };
            m.budget.charge(object.count() as u64 / 8)?;
            object.remove_at(at);
            Ok(Value::Bool(true))
        }),
        full("bool ContainsKey(string propertyName)", |_, a| {
            let name = text(a, 1, "propertyName")?;
            Ok(Value::Bool(node(a)?.find(name).is_some()))
        }),
        full(
            "bool TryGetValue(string propertyName, out JToken value)",
            |m, a| {
                let found = optional_text(a, 1).map(|name| property(m.budget, a, name, None));
                let found = found.transpose()?.flatten().and_then(|p| p.only());
                let some = found.is_some();
                let found = match found {
                    Some(found) => receiver(a)?.wrap(found),
                    None => Value::Null,
                };
                m.outs.push(found);
                Ok(Value::Bool(some))
            },
        ),
        full(
            "bool TryGetValue(string propertyName, StringComparison comparison, out JToken value)",
            |m, a| {
                let found = get_value(m.budget, a)?;
                let some = !found.is_null();
                m.outs.push(found);
                Ok(Value::Bool(some))
            },
        ),
        full("JToken GetValue(string propertyName)", |m, a| {
            get_value(m.budget, a)
        }),
        full(
            "JToken GetValue(string propertyName, StringComparison comparison)",
            |m, a| get_value(m.budget, a),
        ),
        full("JProperty Property(string name)", |m, a| {
            let name = text(a, 1, "name")?;
            let found = property(m.budget, a, name, None)?;
            wrapped(a, found)
        }),
        full(
            "JProperty Property(string name, StringComparison comparison)",
            |m, a| {
                let name = text(a, 1, "name")?;
                let found = property(m.budget, a, name, Some(ignores_case(a, 2)))?;
                wrapped(a, found)
            },
        ),
        full("IEnumerable<JProperty> Properties()", |m, a| {
            let receiver = receiver(a)?;
            let properties = receiver.node.children();
            m.budget
                .allocate(properties.len().saturating_mul(4 * size_of::<Value>()))?;
            let items = properties
                .into_iter()
                .map(|property| receiver.wrap(property))
                .collect();
            Ok(Value::object(Object::list(
                Type::Basic(Basic::JProperty),
                items,
            )))
        }),
        full("IEnumerable<JToken> PropertyValues()", |m, a| {
            let values = node(a)?.children();
            let values = values.iter().filter_map(|p| p.only()).collect();
            super::tokens::tokens(m.budget, a, values)
        }),
    ],
};

/// The property of that name; failing that, and if case may be ignored, the first that differs only
/// in it.
fn property(
    budget: &mut Budget,
    args: &[Value],
    name: &str,
    ignore_case: Option<bool>,
) -> Result<Option<Tree>, Exception> {
    let object = node(args)?;
    if let Some(found) = object.find(name) {
        return Ok(Some(found));
    }
    if ignore_case != Some(true) {
        return Ok(None);
    }
    budget.charge(object.count() as u64)?;
    let wanted = fold(name);
    Ok(object
        .children()
        .into_iter()
        .find(|property| property.name().is_some_and(|known| fold(known) == wanted)))
}

fn wrapped(args: &[Value], found: Option<Tree>) -> Outcome {
    let receiver = receiver(args)?;
    Ok(found.map_or(Value::Null, |found| receiver.wrap(found)))
}

fn get_value(budget: &mut Budget, args: &[Value]) -> Outcome {
    let Some(name) = optional_text(args, 1) else {
        return Ok(Value::Null);
    };
    let found = property(budget, args, name, Some(ignores_case(args, 2)))?;
    wrapped(args, found.and_then(|property| property.only()))
}
