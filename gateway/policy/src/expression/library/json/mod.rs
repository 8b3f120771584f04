//! JSON as `Newtonsoft.Json` has it: trees of tokens that share one another's contents, read and written
//! the way `JsonTextReader` and `JsonTextWriter` do.
//!
//! Source of the behaviour: the documentation of `Newtonsoft.Json` 13 (`JToken`, `JsonConvert`,
//! "Querying JSON with `SelectToken`", "Serializing Dates in JSON").

mod arrays;
pub(crate) mod binding;
mod casts;
mod containers;
mod convert_class;
mod edit;
mod equality;
mod from_object;
mod iso_dates;
mod json_path;
mod json_path_filters;
mod merge;
mod node;
mod objects;
mod ordering;
mod position;
mod properties;
mod reader;
mod scanner;
mod scanner_numbers;
mod scanner_strings;
mod selection;
mod sequences;
mod text;
mod to_object;
mod token;
mod tokens;
mod tree_path;
mod values;
mod writer;

use super::registry::Group;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::machine::Machine;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;
use node::Tree;
use token::Token;

pub(super) static GROUPS: &[&Group] = &[
    &tokens::TOKEN,
    &tokens::QUERIES,
    &casts::CASTS,
    &containers::CONTAINER,
    &objects::OBJECT,
    &arrays::ARRAY,
    &properties::PROPERTY,
    &values::VALUE,
    &values::RAW,
    &convert_class::CONVERT,
    &sequences::SEQUENCES,
    &sequences::EXTENSIONS,
];

type Outcome = Result<Value, Exception>;

/// The token a member was called on.
fn receiver(args: &[Value]) -> Result<&Token, Exception> {
    args.first()
        .and_then(Value::as_foreign::<Token>)
        .ok_or_else(Exception::null_reference)
}

/// The node of the same.
fn node(args: &[Value]) -> Result<&Tree, Exception> {
    Ok(&receiver(args)?.node)
}

/// A `JToken` argument; `null` is a JSON null.
fn token_argument(budget: &mut Budget, args: &[Value], index: usize) -> Result<Tree, Exception> {
    edit::from_content(budget, &super::arguments::value(args, index))
}

/// `Convert.ToInt32(object)` and its like of a `JValue`, which converts itself; `None` for anything
/// else.
pub(super) fn convert(value: &Value, target: Basic) -> Option<Outcome> {
    let node = token::node_of(value).filter(|node| node.is_value())?;
    // The scalar of a token is small: nothing here grows with the tree.
    Some(casts::cast_node(
        &mut Budget::default(),
        node,
        &Type::Basic(target),
        false,
    ))
}

/// What a `JValue` holds; `None` for anything else, and for integers beyond 64 bits.
pub(super) fn scalar(value: &Value) -> Option<Value> {
    match token::node_of(value)?.scalar()? {
        (node::Kind::Integer, Value::Text(_)) => None,
        (_, value) => Some(value),
    }
}

/// A body as `JObject`, `JArray` or `JToken`; `None` for other types.
pub(super) fn read_body(machine: &mut Machine<'_>, wanted: &Type, text: &str) -> Option<Outcome> {
    let wanted = match wanted {
        Type::Basic(Basic::JObject) => reader::Wanted::Object,
        Type::Basic(Basic::JArray) => reader::Wanted::Array,
        Type::Basic(Basic::JToken) => reader::Wanted::Token,
        _ => return None,
    };
    Some(reader::parse(machine.budget, text, wanted).map(token::value_of))
}

/// The `JArray` that a text is.
pub(crate) fn array(budget: &mut Budget, text: &str) -> Result<Value, Exception> {
    reader::parse(budget, text, reader::Wanted::Array).map(token::value_of)
}

/// What `foreach` over a `JObject` goes through: its properties as pairs.
pub(crate) fn object_pairs(budget: &mut Budget, args: &[Value]) -> Result<Value, Exception> {
    let value = super::arguments::value(args, 0);
    let Some(token) = value.as_foreign::<Token>() else {
        // A query says itself what `null` means to it.
        return Ok(value);
    };
    budget.allocate(token.node.count().saturating_mul(3 * size_of::<Value>()))?;
    let element = Type::Generic(
        crate::expression::types::Family::Pair,
        std::sync::Arc::new([Type::STRING, Type::Basic(Basic::JToken)]),
    );
    Ok(Value::object(crate::expression::object::Object::array(
        element,
        token::pairs(token),
    )))
}
