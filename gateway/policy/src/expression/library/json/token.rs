//! Tokens as values of expressions.

use std::sync::Arc;

use super::node::{Class, Kind, NODE, Node, Tree};
use super::{equality, writer};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::key::Key;
use crate::expression::object::Object;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

/// A reference to a token. It keeps the root of its tree alive, so that what is above the token can
/// still be asked for when nothing else holds it; inside the tree parents are held weakly.
#[derive(Debug)]
pub(crate) struct Token {
    pub(super) node: Tree,
    root: Tree,
}

impl Token {
    /// A token of the same tree.
    pub(super) fn wrap(&self, node: Tree) -> Value {
        Value::foreign(Self {
            node,
            root: Arc::clone(&self.root),
        })
    }
}

/// A token as a value.
pub(super) fn value_of(node: Tree) -> Value {
    let (root, _) = node.root();
    Value::foreign(Token { node, root })
}

/// The token a value is.
pub(super) fn node_of(value: &Value) -> Option<&Tree> {
    value.as_foreign::<Token>().map(|token| &token.node)
}

impl Foreign for Token {
    fn type_of(&self) -> Type {
        self.node.type_of()
    }

    /// `ToString()`: a value as its .NET value prints, everything else as indented JSON.
    fn print(&self) -> Result<String, Exception> {
        writer::to_text(&self.node)
    }

    fn key(&self) -> Option<Key> {
        // Only `JValue` has an `Equals` of its own.
        if *self.node.class() == Class::Value {
            return Some(equality::scalar_key(&self.node));
        }
        Some(Key::Reference(Arc::as_ptr(&self.node).addr()))
    }

    fn identity(&self) -> Option<u64> {
        u64::try_from(Arc::as_ptr(&self.node).addr()).ok()
    }

    fn stored_length(&self) -> usize {
        let mut length = 0_usize;
        let mut pending = vec![Arc::clone(&self.node)];
        while let Some(node) = pending.pop() {
            let text = match (node.name(), node.scalar()) {
                (Some(name), _) => name.len(),
                (None, Some((_, Value::Text(text)))) => text.len(),
                (None, Some((_, Value::Object(bytes)))) => bytes.byte_length(),
                _ => 0,
            };
            length = length.saturating_add(NODE + text);
            pending.append(&mut node.children());
        }
        length
    }

    fn copied(&self, budget: &mut Budget) -> Result<Option<Value>, Exception> {
        super::edit::clone(budget, &self.node).map(|node| Some(value_of(node)))
    }

    fn elements(&self) -> Option<Vec<Value>> {
        self.node.is_container().then(|| {
            self.node
                .children()
                .into_iter()
                .map(|child| self.wrap(child))
                .collect()
        })
    }

    fn count(&self) -> Option<usize> {
        self.node.is_container().then(|| self.node.count())
    }
}

/// `KeyValuePair<string, JToken>` for each property: what `foreach` over a `JObject` yields.
pub(super) fn pairs(token: &Token) -> Vec<Value> {
    let types: Arc<[Type]> = Arc::new([Type::STRING, Type::Basic(Basic::JToken)]);
    token
        .node
        .children()
        .into_iter()
        .filter_map(|property| {
            let name = Value::text(Arc::clone(property.name()?));
            let value = property.only().map_or(Value::Null, |node| token.wrap(node));
            Some(Value::object(Object::pair(&types, name, value)))
        })
        .collect()
}

/// What a scalar of the expression is as a `JValue`, as `JValue.GetValueType` decides; `None` for what
/// cannot be one.
pub(super) fn scalar_of(value: &Value) -> Option<Tree> {
    let kind = match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Boolean,
        Value::SByte(_)
        | Value::Byte(_)
        | Value::Short(_)
        | Value::UShort(_)
        | Value::Int(_)
        | Value::UInt(_)
        | Value::Long(_)
        | Value::ULong(_)
        | Value::Enum(..) => Kind::Integer,
        Value::Float(_) | Value::Double(_) | Value::Decimal(_) => Kind::Float,
        Value::Text(_) | Value::Char(_) => Kind::String,
        Value::Guid(_) => Kind::Guid,
        Value::DateTime(_) | Value::DateTimeOffset(_) => Kind::Date,
        Value::TimeSpan(_) => Kind::TimeSpan,
        Value::Object(object) if matches!(object.as_ref(), Object::Bytes(_)) => Kind::Bytes,
        _ => return None,
    };
    Some(Node::value(kind, value.clone()))
}

/// What one more token costs.
pub(super) fn pay(budget: &mut Budget) -> Result<(), Exception> {
    budget.charge(1)?;
    budget.allocate(NODE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;
    use crate::expression::library::json::reader::{Wanted, parse};

    #[test]
    fn a_stored_tree_shares_nothing_with_the_one_it_was_made_from() {
        let mut budget = Budget::default();
        let tree = parse(&mut budget, "{\"a\":[1,\"some text\"]}", Wanted::Token).unwrap();
        let (copy, size) = value_of(tree.clone()).stored(&mut budget).unwrap();
        tree.clear();
        let copy = node_of(&copy).unwrap();
        assert_eq!(
            writer::write(copy, false).unwrap(),
            "{\"a\":[1,\"some text\"]}"
        );
        // Five tokens and their text: what bounds a cache must count them.
        assert!(size >= 5 * NODE + 10, "{size}");
    }
}
