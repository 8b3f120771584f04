//! Accepting what a client sent: the common words of all kinds.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::fields::{Fields, Problems};
use super::merge::merge;
use super::schema::{ENVELOPE, Table};
use super::{Body, Kind, ResourcePath};
use super::{
    api, backend, cache, certificate, crl, identity_list, identity_member, logger, name_rule,
    named_value,
};
use super::{operation, policy, policy_fragment, product, service, subscription};

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

impl FieldProblem {
    /// A problem of one property.
    pub fn new(target: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            message: message.into(),
            line: None,
            column: None,
        }
    }
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

impl Warning {
    /// A warning without a place in a document.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: Arc::from(code),
            message: message.into(),
            line: None,
            column: None,
        }
    }
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
/// What can only be known by looking at other resources (unique display names, references, whether
/// a policy compiles) is not judged here.
///
/// # Errors
///
/// Every problem of the body, by property; nothing is changed.
pub fn accept(acceptance: &Acceptance<'_>, body: &Value) -> Accepted {
    let problems = Problems::default();
    name_rule::check(acceptance.path, &problems);
    let accepted = match body {
        Value::Object(body) => accept_object(acceptance, body, &problems),
        _ => {
            problems.add("", "The body must be a JSON object.");
            None
        }
    };
    match accepted {
        Some(body) if problems.is_empty() => {
            let warnings = warnings(&body, acceptance.now);
            Ok((body, warnings))
        }
        _ => {
            let mut found = problems.into_vec();
            if found.is_empty() {
                found.push(FieldProblem::new("", "The body cannot be used."));
            }
            Err(found)
        }
    }
}

fn accept_object(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Body> {
    let kind = acceptance.path.kind();
    if acceptance.mode == Mode::Patch && !can_be_patched(kind) {
        problems.add("", "This kind of resource cannot be patched; PUT it whole.");
        return None;
    }
    match kind {
        Kind::Service => service::accept(acceptance, body, problems).map(Body::Service),
        Kind::NamedValue => named_value::accept(acceptance, body, problems).map(Body::NamedValue),
        Kind::Certificate => certificate::accept(acceptance, body, problems).map(Body::Certificate),
        Kind::Backend => backend::accept(acceptance, body, problems).map(Body::Backend),
        Kind::Api => api::accept(acceptance, body, problems).map(Body::Api),
        Kind::Operation => operation::accept(acceptance, body, problems).map(Body::Operation),
        Kind::GlobalPolicy | Kind::ProductPolicy | Kind::ApiPolicy | Kind::OperationPolicy => {
            policy::accept(body, problems).map(Body::Policy)
        }
        Kind::Subscription => {
            subscription::accept(acceptance, body, problems).map(Body::Subscription)
        }
        Kind::IdentityList => {
            identity_list::accept(acceptance, body, problems).map(Body::IdentityList)
        }
        Kind::Identity => identity_member::accept(acceptance, body, problems).map(Body::Identity),
        Kind::Crl => crl::accept(acceptance, body, problems).map(Body::Crl),
        Kind::PolicyFragment => policy_fragment::accept(body, problems).map(Body::PolicyFragment),
        Kind::Product => product::accept(acceptance, body, problems).map(Body::Product),
        Kind::ProductApi => product::accept_link(body, problems).map(|()| Body::ProductApi),
        Kind::Logger => logger::accept(acceptance, body, problems).map(Body::Logger),
        Kind::Cache => cache::accept(acceptance, body, problems).map(Body::Cache),
    }
}

/// Whether the contract has a `PATCH` for this kind.
#[must_use]
pub const fn can_be_patched(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Certificate
            | Kind::Crl
            | Kind::PolicyFragment
            | Kind::ProductApi
            | Kind::GlobalPolicy
            | Kind::ProductPolicy
            | Kind::ApiPolicy
            | Kind::OperationPolicy
    )
}

/// What an operator should know about a stored resource at `now` (unix seconds): properties without
/// effect, certificates that have expired. Warnings about policy documents come from compiling them.
#[must_use]
pub fn warnings(body: &Body, now: i64) -> Vec<Warning> {
    match body {
        Body::Service(service) => service::warnings(service, now),
        Body::Certificate(certificate) => certificate::warnings(certificate, now),
        Body::Backend(backend) => backend::warnings(backend),
        Body::Api(api) => api::warnings(api),
        Body::Operation(operation) => operation::warnings(operation),
        Body::Subscription(subscription) => subscription::warnings(subscription),
        Body::Crl(crl) => crl::warnings(crl, now),
        Body::Product(product) => product::warnings(product),
        Body::Logger(logger) => logger::warnings(logger),
        Body::Cache(cache) => cache::warnings(cache),
        Body::NamedValue(_)
        | Body::Policy(_)
        | Body::PolicyFragment(_)
        | Body::ProductApi
        | Body::IdentityList(_)
        | Body::Identity(_) => Vec::new(),
    }
}

/// The `properties` that a body asks for: those of a `PUT`, or those of a `PATCH` merged into
/// `stored`. Members that no table knows are reported where they came from.
pub(crate) fn wanted_properties(
    mode: Mode,
    body: &Map<String, Value>,
    stored: impl FnOnce() -> Map<String, Value>,
    table: Table,
    problems: &Problems,
) -> Option<Map<String, Value>> {
    let envelope = Fields::new(body, ENVELOPE, "", problems);
    let sent = envelope.map("properties");
    if sent.is_none() && mode == Mode::Put {
        if envelope.value("properties").is_none() {
            problems.add("properties", "`properties` is required.");
        }
        return None;
    }
    let empty = Map::new();
    let sent = sent.unwrap_or(&empty);
    match mode {
        Mode::Put => Some(sent.clone()),
        Mode::Patch => {
            let unknown = Problems::default();
            super::schema::check(sent, table, "", &unknown);
            for problem in unknown.into_vec() {
                // A refused value is reported when the merged properties are read; a removal of
                // something unknown would leave no trace there.
                if sent.get(&problem.target).is_some_and(Value::is_null) {
                    problems.add(problem.target, problem.message);
                }
            }
            let mut merged = stored();
            merge(&mut merged, sent);
            Some(merged)
        }
    }
}
