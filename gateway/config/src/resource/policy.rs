//! `policies/policy` at the global, product, API and operation scopes.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::accept::{Mode, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{Table, effective, read_only};

/// The longest policy document, in bytes: four times what the contract's service takes, and small
/// enough to be compiled in well under a second.
pub const MAX_POLICY_BYTES: usize = 1024 * 1024;

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

impl PolicyFormat {
    /// The contract's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::RawXml => "rawxml",
        }
    }

    /// Reads the contract's word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "xml" => Some(Self::Xml),
            "rawxml" => Some(Self::RawXml),
            _ => None,
        }
    }
}

const PROPERTIES: Table = &[
    effective("value"),
    effective("format"),
    read_only("warnings"),
];

pub(crate) fn accept(body: &Map<String, Value>, problems: &Problems) -> Option<Policy> {
    let properties = wanted_properties(Mode::Put, body, Map::new, PROPERTIES, problems)?;
    let fields = Fields::new(&properties, PROPERTIES, "", problems);
    let format = read_format(&fields);
    let source = read_source(&fields);
    Some(Policy {
        source: source?,
        format: format?,
    })
}

/// `format`: `xml` unless said otherwise.
pub(super) fn read_format(fields: &Fields<'_>) -> Option<PolicyFormat> {
    match fields
        .value("format")
        .map(|format| format.as_str().unwrap_or(""))
    {
        None => Some(PolicyFormat::Xml),
        Some("xml-link" | "rawxml-link") => {
            fields.problem(
                "format",
                "Policies are not fetched from links; send the document itself as `xml` or `rawxml`.",
            );
            None
        }
        Some(name) => {
            let format = PolicyFormat::from_name(name);
            if format.is_none() {
                fields.problem("format", "`format` must be `xml` or `rawxml`.");
            }
            format
        }
    }
}

/// `value`: the text of a document.
pub(super) fn read_source(fields: &Fields<'_>) -> Option<Arc<str>> {
    match fields.value("value") {
        None => {
            fields.problem("value", "`value` is required.");
            None
        }
        Some(Value::String(text)) if text.len() > MAX_POLICY_BYTES => {
            fields.problem(
                "value",
                format!(
                    "A policy document has at most {MAX_POLICY_BYTES} bytes; this one has {}.",
                    text.len()
                ),
            );
            None
        }
        Some(Value::String(text)) => Some(Arc::from(text.as_str())),
        Some(_) => {
            fields.problem("value", "`value` must be a string.");
            None
        }
    }
}

/// `properties` as clients read them, in the format the document was uploaded in.
pub(crate) fn render(policy: &Policy) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("value".to_owned(), json!(&*policy.source));
    properties.insert("format".to_owned(), json!(policy.format.name()));
    properties
}

pub(crate) fn from_json(stored: &Map<String, Value>) -> Option<Policy> {
    Some(Policy {
        source: Arc::from(stored.get("value")?.as_str()?),
        format: PolicyFormat::from_name(stored.get("format")?.as_str()?)?,
    })
}
