//! Bodies of the admin API that many tests write.

use gateway_testkit::Issued;
use serde_json::{Value, json};

/// `{"properties": …}`.
#[must_use]
pub fn properties(properties: &Value) -> Value {
    json!({ "properties": properties })
}

/// An API without subscription at `path`, forwarding to `service_url`.
#[must_use]
pub fn api(path: &str, service_url: &str) -> Value {
    properties(&json!({
        "displayName": path,
        "path": path,
        "protocols": ["https"],
        "serviceUrl": service_url,
        "subscriptionRequired": false
    }))
}

/// An operation that takes every method and path.
#[must_use]
pub fn operation() -> Value {
    properties(&json!({ "displayName": "any", "method": "*", "urlTemplate": "/*" }))
}

/// A policy document as it is written.
#[must_use]
pub fn policy(document: &str) -> Value {
    properties(&json!({ "format": "rawxml", "value": document }))
}

/// A named value.
#[must_use]
pub fn named_value(display_name: &str, value: &str) -> Value {
    properties(&json!({ "displayName": display_name, "value": value }))
}

/// A member of an identity list: this very certificate.
///
/// # Panics
/// If the certificate has no thumbprint, which cannot be.
#[must_use]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
pub fn identity(issued: &Issued) -> Value {
    properties(&json!({ "thumbprint": issued.thumbprint().expect("a thumbprint") }))
}
