//! Accepting what a client sent: the common words of all kinds.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Body, ResourcePath};

/// One thing wrong with a request body, in the shape of the contract's `details[]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// JSON property path, e.g. `hostnameConfigurations[1].hostName`; the contract shows the last
    /// segment's name for top-level properties (`displayName`).
    pub target: String,
    /// A sentence for a person; never contains a secret.
    pub message: String,
    /// Line in a policy document, from 1, where that applies.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
}

/// A warning about a resource that was accepted: `properties.warnings[]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable code, e.g. `NoEffect`, `FailsOpen`, `CertificateExpired`.
    pub code: Arc<str>,
    /// A sentence for a person.
    pub message: String,
    /// Line in a policy document.
    pub line: Option<u32>,
    /// Column in a policy document.
    pub column: Option<u32>,
}

/// How the body came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `PUT`: the body replaces the resource; absent write-only secrets keep their stored value.
    Put,
    /// `PATCH`: JSON merge patch over the stored properties (RFC 7396).
    Patch,
}

/// What accepting may look at besides the body.
#[derive(Debug)]
pub struct Acceptance<'a> {
    /// How the body came.
    pub mode: Mode,
    /// Where it goes.
    pub path: &'a ResourcePath,
    /// What is there now.
    pub existing: Option<&'a Body>,
    /// Now, in unix seconds: an expired server certificate is refused when it is brought in.
    pub now: i64,
}

/// The outcome: a body ready to be stored, with warnings, or every problem.
pub type Accepted = Result<(Body, Vec<Warning>), Vec<FieldProblem>>;

/// Accepts the JSON `body` of one request for the resource at `acceptance.path`.
///
/// # Errors
///
/// Every problem of the body, by property; nothing is changed.
pub fn accept(acceptance: &Acceptance<'_>, body: &Value) -> Accepted {
    let _: Option<&Map<String, Value>> = body.as_object();
    let _ = acceptance;
    Err(Vec::new())
}
