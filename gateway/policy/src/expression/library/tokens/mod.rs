//! JSON Web Tokens and credentials.

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[];
