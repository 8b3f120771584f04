//! Arrays, tuples, anonymous objects and initialisers.

use std::sync::Arc;

use super::{Machine, Slot};
use crate::expression::exception::{Exception, names};
use crate::expression::node::Node;
use crate::expression::object::Object;
use crate::expression::types::{Basic, Family, Type};
use crate::expression::value::Value;

impl<'a> Machine<'a> {
    fn values(&mut self, nodes: &'a [Node]) -> Result<Vec<Value>, Exception> {
        self.budget
            .allocate(nodes.len().saturating_mul(size_of::<Value>()))?;
        self.budget.charge(nodes.len() as u64)?;
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            values.push(self.eval(node)?);
        }
        Ok(values)
    }

    #[inline(never)]
    pub(super) fn eval_array(
        &mut self,
        element: &'a Type,
        items: &'a [Node],
    ) -> Result<Value, Exception> {
        let values = self.values(items)?;
        Ok(Value::object(Object::array(element.clone(), values)))
    }

    #[inline(never)]
    pub(super) fn eval_sized_array(
        &mut self,
        element: &'a Type,
        default: &'a Value,
        length: &'a Node,
    ) -> Result<Value, Exception> {
        let length = self.eval(length)?.as_int().unwrap_or_default();
        let Ok(length) = usize::try_from(length) else {
            return Err(Exception::new(
                names::OVERFLOW,
                "Arithmetic operation resulted in an overflow.",
            ));
        };
        if *element == Type::Basic(Basic::Byte) {
            self.budget.allocate(length)?;
            return Ok(Value::bytes(vec![0; length]));
        }
        self.budget
            .allocate(length.saturating_mul(size_of::<Value>()))?;
        Ok(Value::object(Object::array(
            element.clone(),
            vec![default.clone(); length],
        )))
    }

    #[inline(never)]
    pub(super) fn eval_anonymous(
        &mut self,
        shape: &'a Arc<[(Arc<str>, Type)]>,
        values: &'a [Node],
    ) -> Result<Value, Exception> {
        let values = self.values(values)?;
        Ok(Value::object(Object::Anonymous {
            shape: Arc::clone(shape),
            values,
        }))
    }

    #[inline(never)]
    pub(super) fn eval_tuple(
        &mut self,
        types: &'a Arc<[Type]>,
        items: &'a [Node],
    ) -> Result<Value, Exception> {
        let items = self.values(items)?;
        let family = Family::ValueTuple;
        Ok(Value::object(Object::Tuple {
            family,
            types: Arc::clone(types),
            items,
        }))
    }

    #[inline(never)]
    pub(super) fn eval_field(
        &mut self,
        target: &'a Node,
        index: usize,
    ) -> Result<Value, Exception> {
        let Value::Object(object) = self.eval(target)? else {
            return Err(Exception::null_reference());
        };
        let field = match object.as_ref() {
            Object::Tuple { items, .. } => items.get(index),
            Object::Anonymous { values, .. } => values.get(index),
            Object::Pair { key, value, .. } => [key, value].get(index).copied(),
            _ => None,
        };
        field.cloned().ok_or_else(Exception::null_reference)
    }

    #[inline(never)]
    pub(super) fn eval_initialize(
        &mut self,
        slot: usize,
        object: &'a Node,
        additions: &'a [Node],
    ) -> Result<Value, Exception> {
        let object = self.eval(object)?;
        self.put(slot, Slot::Value(object.clone()));
        for addition in additions {
            self.eval(addition)?;
            // A nested initialiser of the same code uses its own slot, a recursive call its own frame.
        }
        Ok(object)
    }
}
