//! What became of an offline request.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gateway_policy::context::LastError;
use gateway_policy::host::{TraceRecord, TraceSeverity};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// A request that was sent to a server.
#[derive(Debug, Clone)]
pub struct SentRequest {
    /// Method.
    pub method: String,
    /// Whole URL.
    pub url: String,
    /// Headers as policies left them, and `Host`.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Resource id or thumbprint of the gateway's own certificate, if a policy chose one.
    pub client_certificate: Option<Arc<str>>,
}

/// A variable at the end of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: Arc<str>,
    /// Full name of its .NET type, empty for `null`.
    pub type_name: String,
    /// What `ToString()` gives, or why it gives nothing.
    pub text: String,
}

/// Everything that can be said about one request.
#[derive(Debug)]
pub struct Outcome {
    /// The request as it was forwarded, once for each time.
    pub forwarded: Vec<SentRequest>,
    /// Status of the response.
    pub status: StatusCode,
    /// Its reason phrase.
    pub reason: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// Variables in order of their first assignment.
    pub variables: Vec<Variable>,
    /// Trace records in order.
    pub traces: Vec<TraceRecord>,
    /// The failure that was handled last, if there was one.
    pub last_error: Option<LastError>,
    /// Whether the request ended in a failure.
    pub failed: bool,
    /// What was asked for besides forwarding, in order.
    pub effects: Vec<Value>,
}

/// A body as text, or as base64 if it is none.
#[must_use]
pub fn body_json(body: &Bytes) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) => Value::from(text),
        Err(_) => json!({ "base64": STANDARD.encode(body) }),
    }
}

/// Headers as pairs, because one name may come several times.
#[must_use]
pub fn headers_json(headers: &HeaderMap) -> Value {
    headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect()
}

impl SentRequest {
    /// For tools.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "method": self.method,
            "url": self.url,
            "headers": headers_json(&self.headers),
            "body": body_json(&self.body),
            "clientCertificate": self.client_certificate.as_deref(),
        })
    }
}

fn severity(severity: TraceSeverity) -> &'static str {
    match severity {
        TraceSeverity::Verbose => "verbose",
        TraceSeverity::Information => "information",
        TraceSeverity::Error => "error",
    }
}

impl Outcome {
    /// For tools.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let variables: Vec<Value> = self
            .variables
            .iter()
            .map(|it| json!({ "name": &*it.name, "type": it.type_name, "text": it.text }))
            .collect();
        let traces: Vec<Value> = self
            .traces
            .iter()
            .map(|it| {
                json!({
                    "source": it.source,
                    "severity": severity(it.severity),
                    "message": it.message,
                    "metadata": it.metadata,
                })
            })
            .collect();
        json!({
            "failed": self.failed,
            "forwarded": self.forwarded.iter().map(SentRequest::to_json).collect::<Vec<_>>(),
            "response": {
                "status": self.status.as_u16(),
                "reason": self.reason,
                "headers": headers_json(&self.headers),
                "body": body_json(&self.body),
            },
            "variables": variables,
            "traces": traces,
            "lastError": self.last_error.as_ref().map(last_error_json),
            "effects": self.effects,
        })
    }

    /// For people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let mut line = |text: &str| {
            out.push_str(text);
            out.push('\n');
        };
        if self.forwarded.is_empty() {
            line("not forwarded");
        }
        for request in &self.forwarded {
            line(&format!("forwarded  {} {}", request.method, request.url));
            if let Some(certificate) = &request.client_certificate {
                line(&format!("  with the certificate {certificate}"));
            }
            message(&request.headers, &request.body, &mut line);
        }
        line(&format!(
            "response   {} {}",
            self.status.as_u16(),
            self.reason
        ));
        message(&self.headers, &self.body, &mut line);
        for variable in &self.variables {
            let type_name = match variable.type_name.as_str() {
                "" => "null",
                name => name,
            };
            line(&format!(
                "variable   {}: {type_name} = {}",
                variable.name, variable.text
            ));
        }
        for trace in &self.traces {
            line(&format!(
                "trace      {} [{}] {}",
                severity(trace.severity),
                trace.source,
                trace.message
            ));
            for (name, value) in &trace.metadata {
                line(&format!("  {name}: {value}"));
            }
        }
        if let Some(error) = &self.last_error {
            line(&format!(
                "last error {} {} in {} at {} {}: {}",
                error.source, error.reason, error.section, error.scope, error.path, error.message
            ));
        }
        for effect in &self.effects {
            line(&format!("effect     {effect}"));
        }
        out
    }
}

fn last_error_json(error: &LastError) -> Value {
    json!({
        "source": &*error.source,
        "reason": &*error.reason,
        "message": &*error.message,
        "scope": &*error.scope,
        "section": &*error.section,
        "path": &*error.path,
        "policyId": &*error.policy_id,
    })
}

fn message(headers: &HeaderMap, body: &Bytes, line: &mut dyn FnMut(&str)) {
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        line(&format!("  {name}: {value}"));
    }
    if !body.is_empty() {
        line("");
        match std::str::from_utf8(body) {
            Ok(text) => text.lines().for_each(|text| line(&format!("  {text}"))),
            Err(_) => line(&format!("  ({} bytes that are no text)", body.len())),
        }
    }
}
