//! `apis/{id}` and `apis/{id}/operations/{id}`.

use std::sync::Arc;

use serde_json::Value;

/// An API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Path prefix without slashes around it; empty is the root.
    pub path: Arc<str>,
    /// Display name.
    pub display_name: Arc<str>,
    /// Backend URL; `None` if a policy must choose one.
    pub service_url: Option<Arc<str>>,
    /// `http`, `https`.
    pub protocols: Vec<Arc<str>>,
    /// Whether a subscription key is demanded.
    pub subscription_required: bool,
    /// Header that carries the key.
    pub key_header: Arc<str>,
    /// Query parameter that carries the key.
    pub key_query: Arc<str>,
    /// `apiRevision`, `1` if absent.
    pub revision: Arc<str>,
    /// `apiVersion`, empty if absent.
    pub version: Arc<str>,
    /// The properties as the client sent them, to be read back.
    pub properties: Value,
}

/// An operation of an API.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Display name.
    pub display_name: Arc<str>,
    /// Method, any token; `*` is any method.
    pub method: Arc<str>,
    /// `/o/{id}/?date={date}`, relative to the API.
    pub url_template: Arc<str>,
    /// The properties as the client sent them, to be read back.
    pub properties: Value,
}
