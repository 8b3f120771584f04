//! `loggers/{id}`: where `log-to-eventhub` sends its messages.
//!
//! Credentials of our own name a file (`{"destination": "file", "path": "events.jsonl"}`) or a receiver
//! (`{"destination": "http", "url": "https://…"}`). Event Hubs, Application Insights and Azure Monitor
//! are not spoken here: such a resource is kept for those who bring it along, a warning says that
//! nothing is delivered, and a policy that names it is refused.

use std::fmt;
use std::sync::Arc;

use gateway_policy::context::Url;

use serde_json::{Map, Value, json};

use super::Body;
use super::accept::{Acceptance, Mode, Warning, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{self, Table, effective, no_effect, read_only};

/// Where messages go.
#[derive(Clone, PartialEq, Eq)]
pub enum Destination {
    /// A file in the directory of loggers, by its name.
    File(Arc<str>),
    /// A receiver of HTTP `POST`s. Its URL may hold a secret.
    Http(Url),
}

impl fmt::Debug for Destination {
    /// Without the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => f.debug_tuple("File").field(name).finish(),
            Self::Http(_) => f.debug_tuple("Http").finish_non_exhaustive(),
        }
    }
}

/// A logger.
#[derive(Clone)]
pub struct Logger {
    /// Where its messages go; `None` if nothing here can deliver them.
    pub destination: Option<Destination>,
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
    effective("destination"),
    effective("path"),
    effective("url"),
];

/// Credentials that are written and never read.
const SECRETS: &[&str] = &["connectionString", "instrumentationKey", "url"];

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
    let destination = credentials.get("destination").and_then(Value::as_str);
    let (is_ours, is_http) = (destination.is_some(), destination == Some("http"));
    for (name, secret) in &existing.secrets {
        // A secret belongs to its destination: it does not follow to another one.
        let stays = if name == "url" { is_http } else { !is_ours };
        if stays && credentials.get(name).is_none_or(Value::is_null) {
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
    let mut destination = None;
    let mut secrets = Map::new();
    let mut kept = schema::to_keep(properties, PROPERTIES, &[]);
    if let Some(credentials) = fields.child("credentials", CREDENTIALS) {
        for member in CREDENTIALS {
            credentials.text(member.name, 1, 2000);
        }
        destination = read_destination(&credentials, kind);
        if let Some(Value::Object(shown)) = kept.get_mut("credentials") {
            for name in SECRETS {
                if let Some(secret) = shown.shift_remove(*name).filter(|it| !it.is_null()) {
                    secrets.insert((*name).to_owned(), secret);
                }
            }
        }
    }
    Some(Logger {
        destination,
        secrets,
        properties: Value::Object(kept),
    })
}

fn read_destination(credentials: &Fields<'_>, kind: Option<&str>) -> Option<Destination> {
    let written = |name: &str| credentials.value(name).and_then(Value::as_str);
    let named = written("destination");
    let path = written("path");
    let url = written("url");
    let Some(named) = named else {
        for (name, value) in [("path", path), ("url", url)] {
            if value.is_some() {
                credentials.problem(name, format!("`{name}` needs a `destination`."));
            }
        }
        return None;
    };
    if kind != Some("azureEventHub") {
        credentials.problem(
            "destination",
            "`destination` is for loggers of the type `azureEventHub`.",
        );
    }
    for name in ["connectionString", "endpointAddress", "instrumentationKey"] {
        if written(name).is_some() {
            credentials.problem(
                name,
                format!("`{name}` names another place than `destination` does."),
            );
        }
    }
    let other = match named {
        "file" => url.map(|_| "url"),
        "http" => path.map(|_| "path"),
        _ => {
            credentials.problem("destination", "`destination` must be `file` or `http`.");
            return None;
        }
    };
    if let Some(other) = other {
        credentials.problem(
            other,
            format!("`{other}` does not belong to the destination `{named}`."),
        );
    }
    if named == "file" {
        let name = path.filter(|name| is_file_name(name));
        if name.is_none() {
            credentials.problem(
                "path",
                "`path` must be the name of a file in the directory of loggers: up to 100 letters, \
                 digits, `.`, `-` and `_`, no `.` in front.",
            );
        }
        return name.map(|name| Destination::File(Arc::from(name)));
    }
    let parsed = url.and_then(Url::parse);
    if parsed.is_none() {
        credentials.problem(
            "url",
            "`url` must be an absolute `http` or `https` URL without user and fragment.",
        );
    }
    parsed.map(Destination::Http)
}

/// A name and no path: whoever may write resources may not write to any file of the machine.
fn is_file_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.len() <= 100 && !name.starts_with('.') && !name.is_empty() && name.chars().all(plain)
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
    let mut warnings = Vec::new();
    if logger.destination.is_none() {
        warnings.push(Warning::new(
            "NoEffect",
            "The logger is stored and read back; nothing is delivered to it from here, and policies \
             that name it are refused. Credentials with a `destination` (`file` or `http`) deliver.",
        ));
    }
    if let Some(properties) = logger.properties.as_object() {
        schema::warn(properties, PROPERTIES, "", &mut warnings);
    }
    warnings
}
