//! Regular expressions in the dialect of .NET.

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[];
