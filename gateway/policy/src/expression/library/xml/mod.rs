//! `System.Xml.Linq`, and what documents use of `System.Xml`.

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[];
