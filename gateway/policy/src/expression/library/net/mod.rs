//! Addresses, URIs and forms.

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[];
