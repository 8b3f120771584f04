//! `JsonConvert`: the two methods that APIM allows.

use super::node::Tree;
use super::token::{node_of, value_of};
use super::{Outcome, from_object, reader, to_object, writer};
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{int, text, token, value};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::types::Type;
use crate::expression::value::Value;

pub(in crate::expression::library) static CONVERT: Group = Group {
    owner: "JsonConvert",
    entries: &[
        full("static string SerializeObject(object value)", |m, a| {
            serialized(m, a, false)
        }),
        full(
            "static string SerializeObject(object value, Formatting formatting)",
            |m, a| serialized(m, a, int(a, 1) == 1),
        ),
        full("static object DeserializeObject(string value)", |m, a| {
            deserialized(m, a, &Type::OBJECT)
        }),
        full("static T DeserializeObject<T>(string value)", |m, a| {
            deserialized(m, a, &token(a))
        }),
    ],
};

fn serialized(machine: &mut Machine<'_>, args: &[Value], indented: bool) -> Outcome {
    let source = value(args, 0);
    let tree: Tree = match node_of(&source) {
        Some(node) => std::sync::Arc::clone(node),
        None => from_object::serialize(machine, &source)?,
    };
    let text = writer::write(&tree, indented)?;
    machine.budget.allocate(text.len())?;
    Ok(Value::text(text))
}

fn deserialized(machine: &mut Machine<'_>, args: &[Value], ty: &Type) -> Outcome {
    let source = text(args, 0, "value")?;
    let dates = to_object::reads_dates(ty);
    let (tree, place) = reader::deserialize(machine.budget, source, dates)?;
    let Some(tree) = tree else {
        if ty.is_value_type() {
            let text = format!(
                "No JSON content found and type '{}' is not nullable.",
                ty.full_name()
            );
            return Err(Exception::new(
                names::JSON_SERIALIZATION,
                super::position::message(&text, "", Some(place)),
            ));
        }
        return Ok(Value::Null);
    };
    if *ty == Type::OBJECT && tree.is_container() {
        return Ok(value_of(tree));
    }
    // What was read is nobody else's: a token needs no copy.
    if tree.type_of().derives_from(ty) {
        return Ok(value_of(tree));
    }
    to_object::deserialize(machine.budget, &tree, ty, Some(place))
}
