//! `JContainer.Merge` without settings: objects property by property, arrays one behind the other.

use std::sync::Arc;

use super::edit::{self, At};
use super::node::{Class, Kind, Tree};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;

/// Merges `content` into `target`.
pub(super) fn merge(budget: &mut Budget, target: &Tree, content: &Tree) -> Result<(), Exception> {
    let mut pending = vec![(Arc::clone(target), Arc::clone(content))];
    while let Some((target, content)) = pending.pop() {
        budget.charge(1)?;
        match (target.class(), content.class()) {
            (Class::Object, Class::Object) => {
                for property in content.children() {
                    budget.charge(1)?;
                    let (Some(name), Some(value)) = (property.name(), property.only()) else {
                        continue;
                    };
                    let Some(existing) = target.find(name) else {
                        edit::set_named(budget, &target, name, value)?;
                        continue;
                    };
                    match existing.only() {
                        Some(present)
                            if present.is_container() && present.class() == value.class() =>
                        {
                            pending.push((present, value));
                        }
                        // A null changes nothing (`MergeNullValueHandling.Ignore`).
                        _ if value.kind() == Kind::Null => {}
                        _ => edit::set_value(budget, &existing, value)?,
                    }
                }
            }
            (Class::Array, Class::Array | Class::Object) => {
                for item in content.children() {
                    let copy = edit::clone(budget, &item)?;
                    edit::insert(budget, &target, At::End, copy)?;
                }
            }
            (Class::Property(_), Class::Property(_)) => {
                if let Some(value) = content.only()
                    && value.kind() != Kind::Null
                {
                    edit::set_value(budget, &target, value)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
