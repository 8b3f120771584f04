//! `policyFragments/{id}`: policies that documents include by name.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::accept::{Mode, wanted_properties};
use super::fields::{Fields, Problems};
use super::policy::{self, PolicyFormat};
use super::schema::{Table, effective, read_only};

/// A policy fragment as it was uploaded.
#[derive(Debug, Clone)]
pub struct PolicyFragment {
    /// The text, byte for byte: `<fragment>…</fragment>`.
    pub source: Arc<str>,
    /// Format it was uploaded in.
    pub format: PolicyFormat,
    /// What it is for.
    pub description: Option<Arc<str>>,
}

const PROPERTIES: Table = &[
    effective("value"),
    effective("format"),
    effective("description"),
    read_only("provisioningState"),
    read_only("warnings"),
];

pub(crate) fn accept(body: &Map<String, Value>, problems: &Problems) -> Option<PolicyFragment> {
    let properties = wanted_properties(Mode::Put, body, Map::new, PROPERTIES, problems)?;
    let fields = Fields::new(&properties, PROPERTIES, "", problems);
    let format = policy::read_format(&fields);
    let source = policy::read_source(&fields);
    Some(PolicyFragment {
        description: fields.text("description", 0, 1000).map(Arc::from),
        source: source?,
        format: format?,
    })
}

/// `properties` as clients read them, in the format the fragment was uploaded in.
pub(crate) fn render(fragment: &PolicyFragment) -> Map<String, Value> {
    let mut properties = to_json(fragment);
    properties.insert("provisioningState".to_owned(), json!("Succeeded"));
    properties
}

pub(crate) fn to_json(fragment: &PolicyFragment) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("value".to_owned(), json!(&*fragment.source));
    if let Some(description) = &fragment.description {
        properties.insert("description".to_owned(), json!(&**description));
    }
    properties.insert("format".to_owned(), json!(fragment.format.name()));
    properties
}

pub(crate) fn from_json(stored: &Map<String, Value>) -> Option<PolicyFragment> {
    Some(PolicyFragment {
        source: Arc::from(stored.get("value")?.as_str()?),
        format: PolicyFormat::from_name(stored.get("format")?.as_str()?)?,
        description: stored
            .get("description")
            .and_then(Value::as_str)
            .map(Arc::from),
    })
}
