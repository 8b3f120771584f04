//! `apis/{id}/operations/{id}`: one method and URL template of an API.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Body;
use super::accept::{Acceptance, Warning, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{self, Table, effective, read_only, refused};

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

const PROPERTIES: Table = &[
    effective("displayName"),
    effective("method"),
    effective("urlTemplate"),
    effective("templateParameters"),
    effective("description"),
    effective("request"),
    effective("responses"),
    refused(
        "policies",
        "save the document as `policies/policy` of the operation.",
    ),
    read_only("provisioningState"),
    read_only("warnings"),
];

const PARAMETER: Table = &[
    effective("name"),
    effective("type"),
    effective("required"),
    effective("defaultValue"),
    effective("values"),
    effective("description"),
    effective("schemaId"),
    effective("typeName"),
    effective("examples"),
];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Operation> {
    let stored = || match acceptance.existing {
        Some(Body::Operation(existing)) => {
            existing.properties.as_object().cloned().unwrap_or_default()
        }
        _ => Map::new(),
    };
    let properties = wanted_properties(acceptance.mode, body, stored, PROPERTIES, problems)?;
    read(&properties, problems)
}

fn read(properties: &Map<String, Value>, problems: &Problems) -> Option<Operation> {
    let fields = Fields::new(properties, PROPERTIES, "", problems);
    let display_name = fields.required_text("displayName", 1, 300);
    let method = fields.required_text("method", 1, 100);
    if method.is_some_and(|method| http::Method::from_bytes(method.as_bytes()).is_err()) {
        fields.problem("method", "This is not an HTTP method.");
    }
    let url_template = fields.required_text("urlTemplate", 1, 1000);
    if let Some(Err(error)) = url_template.map(crate::route::Template::parse) {
        fields.problem("urlTemplate", error.to_string());
    }
    fields.text("description", 0, 1000);
    fields.map("request");
    fields.array("responses", 100);
    for parameter in fields
        .objects("templateParameters", 100, PARAMETER)
        .unwrap_or_default()
    {
        parameter.required_text("name", 1, 256);
        parameter.required_text("type", 1, 256);
        parameter.flag("required");
    }
    Some(Operation {
        display_name: Arc::from(display_name?),
        method: Arc::from(method?),
        url_template: Arc::from(url_template?),
        properties: Value::Object(schema::to_keep(properties, PROPERTIES, &[])),
    })
}

/// `properties` as clients read them.
pub(crate) fn render(operation: &Operation) -> Map<String, Value> {
    operation
        .properties
        .as_object()
        .cloned()
        .unwrap_or_default()
}

pub(crate) fn warnings(operation: &Operation) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(properties) = operation.properties.as_object() {
        schema::warn(properties, PROPERTIES, "", &mut warnings);
    }
    warnings
}

pub(crate) fn from_json(stored: &Map<String, Value>, problems: &Problems) -> Option<Operation> {
    read(stored, problems)
}
