//! `JToken.Path`.

use std::sync::Arc;

use super::node::{Class, Tree};
use super::position::{Step, path};

/// The path from the root to a token.
pub(super) fn path_of(node: &Tree) -> String {
    let mut steps = Vec::new();
    let mut child = Arc::clone(node);
    loop {
        if let Class::Property(name) = child.class() {
            steps.push(Step::Name(Some(Arc::clone(name))));
        }
        let Some(parent) = child.parent() else { break };
        if *parent.class() == Class::Array {
            steps.push(Step::Index(parent.position(&child).unwrap_or_default()));
        }
        child = parent;
    }
    path(steps.iter().rev())
}
