//! Keys, ciphers and what certificates say of them.

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[];
