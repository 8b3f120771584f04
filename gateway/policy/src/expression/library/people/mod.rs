//! Users, products and the rest of `context` that comes with resources.

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[];
