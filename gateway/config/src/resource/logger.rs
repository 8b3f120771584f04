//! `loggers/{id}`: where `log-to-eventhub` sends its messages.
//!
//! Event Hubs, Application Insights and Azure Monitor are not spoken here. A logger of any of the
//! contract's types delivers if its `credentials` name one of our own destinations:
//!
//! * `url`: an HTTP endpoint that takes batches of messages as `POST`s; `authorization` is sent as the
//!   header of that name;
//! * `file`: the name of a file in the gateway's directory for loggers; one JSON line per message.
//!
//! One that names none is kept for those who bring it along, and a warning says that it drops what it
//! is given.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::accept::{Acceptance, Mode, Warning, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{self, Table, effective, no_effect, read_only};
use super::{Body, url};

/// A logger.
#[derive(Clone)]
pub struct Logger {
    /// Where messages go; `None` if nowhere.
    pub destination: Option<Destination>,
    /// Secret members of `credentials`.
    secrets: Map<String, Value>,
    /// The other properties as the client sent them, to be read back.
    pub properties: Value,
}

/// Where the messages of a logger go.
#[derive(Clone, PartialEq, Eq)]
pub enum Destination {
    /// An HTTP endpoint.
    Http {
        /// Its URL.
        url: Arc<str>,
        /// Value of the `Authorization` header.
        authorization: Option<Arc<str>>,
    },
    /// A file in the gateway's directory for loggers, by name.
    File(Arc<str>),
}

impl fmt::Debug for Destination {
    /// Without the authorization, and without the URL's query, which may be one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, .. } => {
                let shown = url.split(['?', '#']).next().unwrap_or_default();
                write!(f, "{shown}")
            }
            Self::File(name) => write!(f, "file {name}"),
        }
    }
}

impl fmt::Debug for Logger {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logger")
            .field("destination", &self.destination)
            .finish_non_exhaustive()
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
    effective("url"),
    effective("authorization"),
    effective("file"),
    effective("name"),
    effective("connectionString"),
    effective("endpointAddress"),
    effective("identityClientId"),
    effective("instrumentationKey"),
];

/// Credentials that are written and never read.
const SECRETS: &[&str] = &["authorization", "connectionString", "instrumentationKey"];

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

/// Secrets are never read back, so that a `PUT` of what a `GET` gave has none: they stay, as long as
/// they go where they went before.
fn keep_secrets(properties: &mut Map<String, Value>, existing: &Logger) {
    let old = existing.properties.get("credentials");
    let Some(Value::Object(credentials)) = properties.get_mut("credentials") else {
        return;
    };
    for (name, secret) in &existing.secrets {
        let same_place = old.and_then(|old| old.get("url")) == credentials.get("url");
        if same_place && credentials.get(name).is_none_or(Value::is_null) {
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
        destination = read_destination(&credentials);
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
        destination,
        secrets,
        properties: Value::Object(kept),
    })
}

fn read_destination(credentials: &Fields<'_>) -> Option<Destination> {
    let authorization = credentials.value("authorization").and_then(Value::as_str);
    if authorization.is_some_and(|text| http::HeaderValue::from_str(text).is_err()) {
        credentials.problem("authorization", "This is not a header value.");
    }
    let file = credentials.value("file").and_then(Value::as_str);
    if credentials.value("url").is_some() {
        if file.is_some() {
            credentials.problem("file", "A logger has one destination: `url` or `file`.");
        }
        return Some(Destination::Http {
            url: url::read(credentials, "url", true)?,
            authorization: authorization.map(Arc::from),
        });
    }
    let file = file?;
    // A name, never a path: whoever may save loggers must not choose where in the machine is written.
    let is_name = !file.starts_with('.')
        && file
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !is_name {
        credentials.problem(
            "file",
            "`file` is the name of a file in the gateway's directory for loggers: letters, digits and ._- only, not beginning with a period.",
        );
        return None;
    }
    Some(Destination::File(Arc::from(file)))
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
            "NoDestination",
            "Azure's logging services are not reached from here: messages for this logger are dropped and counted. Name a destination in `credentials`: `url` or `file`.",
        ));
    }
    if let Some(properties) = logger.properties.as_object() {
        schema::warn(properties, PROPERTIES, "", &mut warnings);
    }
    warnings
}
