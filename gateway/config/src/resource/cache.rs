//! `caches/{id}`: external caches. There is no client for one here: the resource is kept for those who
//! bring it along, and a warning says that policies use the internal cache.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Body;
use super::accept::{Acceptance, Warning, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{self, Table, effective, no_effect, read_only};

/// An external cache.
#[derive(Clone)]
pub struct Cache {
    /// How Redis would be reached; holds a password.
    pub connection_string: Arc<str>,
    /// The other properties as the client sent them, to be read back.
    pub properties: Value,
}

impl fmt::Debug for Cache {
    /// Without the connection string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

const PROPERTIES: Table = &[
    effective("connectionString"),
    effective("useFromLocation"),
    effective("description"),
    no_effect("resourceId"),
    read_only("warnings"),
];

const SECRETS: &[&str] = &["connectionString"];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Cache> {
    let existing = match acceptance.existing {
        Some(Body::Cache(existing)) => Some(existing),
        _ => None,
    };
    let stored = || existing.map(to_json).unwrap_or_default();
    let mut properties = wanted_properties(acceptance.mode, body, stored, PROPERTIES, problems)?;
    if let Some(existing) = existing {
        // What a GET gave is sent back: the password is still the stored one.
        let sent = properties.get("connectionString").and_then(Value::as_str);
        let shown = shown(&existing.connection_string);
        if sent == Some(shown.as_str()) {
            properties.insert(
                "connectionString".to_owned(),
                json!(&*existing.connection_string),
            );
        }
    }
    read(&properties, problems)
}

fn read(properties: &Map<String, Value>, problems: &Problems) -> Option<Cache> {
    let fields = Fields::new(properties, PROPERTIES, "", problems);
    let connection_string = fields.required_text("connectionString", 1, 300);
    fields.required_text("useFromLocation", 1, 256);
    fields.text("description", 0, 2000);
    fields.text("resourceId", 0, 2000);
    Some(Cache {
        connection_string: Arc::from(connection_string?),
        properties: Value::Object(schema::to_keep(properties, PROPERTIES, SECRETS)),
    })
}

/// The connection string without what follows the address: passwords stand there.
fn shown(connection_string: &str) -> String {
    match connection_string.split_once(',') {
        Some((address, _)) => format!("{address},***"),
        None if connection_string.contains(['@', '=']) => "***".to_owned(),
        None => connection_string.to_owned(),
    }
}

/// `properties` as clients read them.
pub(crate) fn render(cache: &Cache) -> Map<String, Value> {
    let mut properties = to_json(cache);
    properties.insert(
        "connectionString".to_owned(),
        json!(shown(&cache.connection_string)),
    );
    properties
}

/// Everything, the password included.
pub(crate) fn to_json(cache: &Cache) -> Map<String, Value> {
    let mut properties = cache.properties.as_object().cloned().unwrap_or_default();
    properties.insert(
        "connectionString".to_owned(),
        json!(&*cache.connection_string),
    );
    properties
}

pub(crate) fn from_json(stored: &Map<String, Value>, problems: &Problems) -> Option<Cache> {
    read(stored, problems)
}

pub(crate) fn warnings(cache: &Cache) -> Vec<Warning> {
    let mut warnings = vec![Warning::new(
        "NoEffect",
        "The cache is stored and read back; external caches (Redis) are not supported here, so that policies use the internal cache.",
    )];
    if let Some(properties) = cache.properties.as_object() {
        schema::warn(properties, PROPERTIES, "", &mut warnings);
    }
    warnings
}
