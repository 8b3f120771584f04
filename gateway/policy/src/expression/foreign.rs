//! Objects that a part of the library defines for itself: JSON, XML, matches of a regular expression.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::budget::Budget;
use super::exception::Exception;
use super::key::Key;
use super::machine::Machine;
use super::object::Object;
use super::types::Type;
use super::value::Value;

/// What the machine needs to know of an object whose members only its own file reads.
///
/// A lock inside it is never held while code of the expression runs.
pub trait Foreign: Any + fmt::Debug + Send + Sync {
    /// Its runtime type.
    fn type_of(&self) -> Type;

    /// `ToString()`.
    ///
    /// # Errors
    ///
    /// If printing it throws in .NET, or is refused because the object is nested too deeply.
    fn print(&self) -> Result<String, Exception> {
        Ok(self.type_of().full_name())
    }

    /// What makes it equal to others under `Equals`; `None` if only to itself.
    fn key(&self) -> Option<Key> {
        None
    }

    /// What makes two handles the same object under `==` of references; `None` if only sharing does.
    fn identity(&self) -> Option<u64> {
        None
    }

    /// What `foreach` and LINQ go through each time they begin; `None` if [`Foreign::elements`] is all
    /// there is. What it walks is paid from the machine's budget.
    fn enumerate(&self, machine: &mut Machine<'_>) -> Option<Result<Vec<Value>, Exception>> {
        let _ = machine;
        None
    }

    /// What `foreach` and LINQ go through; `None` if it is no sequence.
    fn elements(&self) -> Option<Vec<Value>> {
        None
    }

    /// Number of elements, where it is known.
    fn count(&self) -> Option<usize> {
        None
    }

    /// Bytes of what is read whole.
    fn byte_length(&self) -> usize {
        0
    }

    /// A copy that shares nothing that can change, for a cache that other requests read; `None` if the
    /// object is no data. What it takes beyond [`Foreign::byte_length`] is paid from `budget`.
    ///
    /// # Errors
    ///
    /// If the copy is larger than `budget` has left.
    fn copied(&self, budget: &mut Budget) -> Result<Option<Value>, Exception> {
        let _ = budget;
        Ok(None)
    }

    /// Bytes of a copy that is kept, for what bounds a cache; [`Foreign::byte_length`] unless that
    /// would have to walk a tree.
    fn stored_length(&self) -> usize {
        self.byte_length()
    }

    /// Calls `visit` with every object this one holds, until it says no.
    fn visit_objects(&self, visit: &mut dyn FnMut(&Arc<Object>) -> bool) -> bool {
        let _ = visit;
        true
    }

    /// Moves the values it holds to `into`, so that long chains are freed without recursion.
    fn take_children(&mut self, into: &mut Vec<Value>) {
        let _ = into;
    }
}

impl Value {
    /// An object of the library's own.
    pub(crate) fn foreign(object: impl Foreign) -> Self {
        Self::object(Object::Foreign(Box::new(object)))
    }

    /// The object, if it is a `T`.
    pub(crate) fn as_foreign<T: Foreign>(&self) -> Option<&T> {
        match self {
            Self::Object(object) => object.as_foreign(),
            _ => None,
        }
    }
}

impl Object {
    /// The object, if it is a `T`.
    pub(crate) fn as_foreign<T: Foreign>(&self) -> Option<&T> {
        match self {
            Self::Foreign(object) => {
                let any: &dyn Any = object.as_ref();
                any.downcast_ref()
            }
            _ => None,
        }
    }
}
