//! `namedValues/{id}`: text that policies refer to as `{{displayName}}`.

use std::fmt;
use std::sync::Arc;

/// A named value.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedValue {
    /// The name policies use; unique without regard to case.
    pub display_name: Arc<str>,
    /// The text; write-only if `secret`.
    pub value: Arc<str>,
    /// Whether reads leave the value out.
    pub secret: bool,
    /// Tags.
    pub tags: Vec<Arc<str>>,
}

impl fmt::Debug for NamedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedValue")
            .field("display_name", &self.display_name)
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}
