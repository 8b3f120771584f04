//! `policies/policy` at the three scopes.

use std::sync::Arc;

/// A policy document as it was uploaded.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The text, byte for byte.
    pub source: Arc<str>,
    /// Format it was uploaded in: `rawxml` or `xml`.
    pub format: PolicyFormat,
}

/// `properties.format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyFormat {
    /// Expressions escaped as XML demands.
    Xml,
    /// Expressions as C# writes them.
    RawXml,
}
