//! `loggers/{id}`: where `log-to-eventhub` would send its messages.
//!
//! Event Hubs, Application Insights and Azure Monitor are not spoken here: the resource is kept for
//! those who bring it along, and a warning says that nothing is delivered.

use std::fmt;

use serde_json::{Map, Value, json};

use super::Body;
use super::accept::{Acceptance, Mode, Warning, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{self, Table, effective, no_effect, read_only};

/// A logger.
#[derive(Clone)]
pub struct Logger {
    /// Secret members of `credentials`.
    secrets: Map<String, Value>,
    /// The other properties as the client sent them, to be read back.
    pub properties: Value,
}

impl fmt::Debug for Logger {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logger").finish_non_exhaustive()
    }
}

const PROPERTIES: Table = &[
    effective("loggerType"),
    effective("description"),
    effective("credentials"),
    effective("isBuffered"),
    no_effect("resourceId"),
    read_only("warnings"),
];

const CREDENTIALS: Table = &[
    effective("name"),
    effective("connectionString"),
    effective("endpointAddress"),
    effective("identityClientId"),
    effective("instrumentationKey"),
];

/// Credentials that are written and never read.
const SECRETS: &[&str] = &["connectionString", "instrumentationKey"];

const TYPES: [&str; 3] = ["azureEventHub", "applicationInsights", "azureMonitor"];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Logger> {
    let existing = match acceptance.existing {
        Some(Body::Logger(existing)) => Some(existing),
        _ => None,
    };
    let stored = || existing.map(to_json).unwrap_or_default();
    let mut properties = wanted_properties(acceptance.mode, body, stored, PROPERTIES, problems)?;
    if acceptance.mode == Mode::Put
        && let Some(existing) = existing
    {
        keep_secrets(&mut properties, existing);
    }
    read(&properties, problems)
}

/// Secrets are never read back, so that a `PUT` of what a `GET` gave has none: they stay.
fn keep_secrets(properties: &mut Map<String, Value>, existing: &Logger) {
    let Some(Value::Object(credentials)) = properties.get_mut("credentials") else {
        return;
    };
    for (name, secret) in &existing.secrets {
        if credentials.get(name).is_none_or(Value::is_null) {
            credentials.insert(name.clone(), secret.clone());
        }
    }
}

fn read(properties: &Map<String, Value>, problems: &Problems) -> Option<Logger> {
    let fields = Fields::new(properties, PROPERTIES, "", problems);
    let kind = fields.required_text("loggerType", 1, 50);
    if kind.is_some_and(|kind| !TYPES.contains(&kind)) {
        fields.problem(
            "loggerType",
            format!("`loggerType` must be one of {}.", TYPES.join(", ")),
        );
    }
    fields.text("description", 0, 256);
    fields.flag("isBuffered");
    fields.text("resourceId", 0, 2000);
    let mut secrets = Map::new();
    let mut kept = schema::to_keep(properties, PROPERTIES, &[]);
    if let Some(credentials) = fields.child("credentials", CREDENTIALS) {
        for member in CREDENTIALS {
            credentials.text(member.name, 1, 2000);
        }
        if let Some(Value::Object(shown)) = kept.get_mut("credentials") {
            for name in SECRETS {
                if let Some(secret) = shown.shift_remove(*name).filter(|it| !it.is_null()) {
                    secrets.insert((*name).to_owned(), secret);
                }
            }
        }
    }
    Some(Logger {
        secrets,
        properties: Value::Object(kept),
    })
}

/// `properties` as clients read them: without secrets.
pub(crate) fn render(logger: &Logger) -> Map<String, Value> {
    logger.properties.as_object().cloned().unwrap_or_default()
}

/// Everything, secrets included.
pub(crate) fn to_json(logger: &Logger) -> Map<String, Value> {
    let mut properties = render(logger);
    if !logger.secrets.is_empty()
        && let Some(credentials) = properties
            .entry("credentials")
            .or_insert_with(|| json!({}))
            .as_object_mut()
    {
        credentials.extend(logger.secrets.clone());
    }
    properties
}

pub(crate) fn from_json(stored: &Map<String, Value>, problems: &Problems) -> Option<Logger> {
    read(stored, problems)
}

pub(crate) fn warnings(logger: &Logger) -> Vec<Warning> {
    let mut warnings = vec![Warning::new(
        "NoEffect",
        "The logger is stored and read back; nothing is delivered to it from here.",
    )];
    if let Some(properties) = logger.properties.as_object() {
        schema::warn(properties, PROPERTIES, "", &mut warnings);
    }
    warnings
}
