//! JSON as Newtonsoft.Json has it.

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[];
