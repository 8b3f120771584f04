//! `namedValues/{id}`: text that policies refer to as `{{displayName}}`.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Body;
use super::accept::{Acceptance, Mode, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{Table, effective, read_only, refused};

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

const PROPERTIES: Table = &[
    effective("displayName"),
    effective("value"),
    effective("secret"),
    effective("tags"),
    refused("keyVault", "there is no Key Vault here; send `value`."),
    read_only("provisioningState"),
    read_only("warnings"),
];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<NamedValue> {
    let existing = match acceptance.existing {
        Some(Body::NamedValue(existing)) => Some(existing),
        _ => None,
    };
    let stored = || existing.map(to_json).unwrap_or_default();
    let properties = wanted_properties(acceptance.mode, body, stored, PROPERTIES, problems)?;
    let fields = Fields::new(&properties, PROPERTIES, "", problems);

    let display_name = fields.required_text("displayName", 1, 256);
    if display_name.is_some_and(|name| {
        !name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    }) {
        fields.problem(
            "displayName",
            "Display name may contain only letters, digits, periods, dash, and underscores.",
        );
    }
    let value = fields.text("value", 1, 4096);
    if value.is_some_and(|value| value.trim().is_empty()) {
        fields.problem("value", "`value` must not be blank.");
    }
    let tags = fields.texts("tags", 32, 256).unwrap_or_default();
    let was_secret = existing.is_some_and(|existing| existing.secret);
    let secret = fields
        .flag("secret")
        .unwrap_or(was_secret && fields.value("value").is_none());
    let sent_value = sent_value(acceptance.mode, body, &fields);
    let value = match (value, existing) {
        // Whoever may read must not learn a secret by declaring it public.
        (_, Some(_)) if was_secret && !secret && !sent_value => {
            fields.problem(
                "value",
                "`value` is required to make a secret named value public.",
            );
            None
        }
        (Some(value), _) => Some(Arc::from(value)),
        // What `az apim nv update` sends: GET leaves the value out, PUT sends that back.
        (None, Some(existing)) if was_secret && !sent_value => Some(Arc::clone(&existing.value)),
        (None, _) => {
            if !sent_value {
                fields.problem("value", "`value` is required.");
            }
            None
        }
    };
    Some(NamedValue {
        display_name: Arc::from(display_name?),
        value: value?,
        secret,
        tags: tags.into_iter().map(Arc::from).collect(),
    })
}

/// Whether the client itself sent a value, rather than a merge having kept the stored one.
fn sent_value(mode: Mode, body: &Map<String, Value>, fields: &Fields<'_>) -> bool {
    match mode {
        Mode::Put => fields.value("value").is_some(),
        Mode::Patch => body
            .get("properties")
            .and_then(|properties| properties.get("value"))
            .is_some_and(|value| !value.is_null()),
    }
}

/// `properties` as clients read them.
pub(crate) fn render(named_value: &NamedValue) -> Map<String, Value> {
    let mut properties = to_json(named_value);
    if named_value.secret {
        properties.shift_remove("value");
    }
    properties.insert("provisioningState".to_owned(), json!("Succeeded"));
    properties
}

/// The answer to `listValue`.
pub(crate) fn secrets(named_value: &NamedValue) -> Value {
    json!({ "value": &*named_value.value })
}

/// Everything, secrets included.
pub(crate) fn to_json(named_value: &NamedValue) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("displayName".to_owned(), json!(&*named_value.display_name));
    properties.insert("value".to_owned(), json!(&*named_value.value));
    if !named_value.tags.is_empty() {
        properties.insert("tags".to_owned(), json!(named_value.tags));
    }
    properties.insert("secret".to_owned(), json!(named_value.secret));
    properties
}

pub(crate) fn from_json(stored: &Map<String, Value>) -> Option<NamedValue> {
    let tags = stored.get("tags").and_then(Value::as_array);
    Some(NamedValue {
        display_name: Arc::from(stored.get("displayName")?.as_str()?),
        value: Arc::from(stored.get("value")?.as_str()?),
        secret: stored.get("secret")?.as_bool()?,
        tags: tags
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(Arc::from)
            .collect(),
    })
}
