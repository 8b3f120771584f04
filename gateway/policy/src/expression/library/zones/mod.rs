//! Time zones.

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[];
