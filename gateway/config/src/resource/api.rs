//! `apis/{id}`: what callers reach under one path prefix.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::accept::{Acceptance, Warning, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{self, Table, effective, no_effect, read_only, refused, refused_unless};
use super::{Body, url};

pub use super::operation::Operation;

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

const IMPORT: &str = "definitions are not imported; create the operations one by one.";
const VERSIONS: &str =
    "version sets do not work here; give each version an API and a path of its own.";
const KIND: &str = "only HTTP APIs are served.";

const PROPERTIES: Table = &[
    effective("path"),
    effective("displayName"),
    effective("description"),
    effective("serviceUrl"),
    effective("protocols"),
    effective("subscriptionRequired"),
    effective("subscriptionKeyParameterNames"),
    effective("apiRevision"),
    effective("apiVersion"),
    effective("apiRevisionDescription"),
    effective("apiVersionDescription"),
    effective("contact"),
    effective("license"),
    effective("termsOfServiceUrl"),
    refused_unless("type", &["\"http\""], KIND),
    refused_unless("apiType", &["\"http\""], KIND),
    refused_unless("isCurrent", &["true"], "only current revisions are served."),
    refused("apiVersionSetId", VERSIONS),
    refused("apiVersionSet", VERSIONS),
    refused("sourceApiId", "APIs are not copied."),
    refused("format", IMPORT),
    refused("value", IMPORT),
    refused("wsdlSelector", IMPORT),
    refused("translateRequiredQueryParameters", IMPORT),
    // Documentation for developer portals in the contract too: it never checks a token.
    no_effect("authenticationSettings"),
    no_effect("aiProperties"),
    read_only("isOnline"),
    read_only("provisioningState"),
    read_only("warnings"),
];

const KEY_NAMES: Table = &[effective("header"), effective("query")];

/// The contract's default names for the subscription key.
const KEY_HEADER: &str = "Ocp-Apim-Subscription-Key";
const KEY_QUERY: &str = "subscription-key";

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Api> {
    let stored = || match acceptance.existing {
        Some(Body::Api(existing)) => existing.properties.as_object().cloned().unwrap_or_default(),
        _ => Map::new(),
    };
    let properties = wanted_properties(acceptance.mode, body, stored, PROPERTIES, problems)?;
    read(&properties, &acceptance.path.name(), problems)
}

/// Reads an API called `name` from its properties.
fn read(properties: &Map<String, Value>, name: &str, problems: &Problems) -> Option<Api> {
    let fields = Fields::new(properties, PROPERTIES, "", problems);
    if fields.value("path").is_none() {
        fields.problem("path", "`path` is required; it may be empty.");
    }
    let path = fields
        .text("path", 0, 400)
        .map(|path| path.trim_matches('/'));
    if path.is_some_and(|path| !is_path(path)) {
        fields.problem(
            "path",
            "A path consists of segments of letters, digits and -._~!$'()*,;=@ separated by single slashes.",
        );
    }
    let display_name = fields.text("displayName", 1, 300).unwrap_or(name);
    for (member, most) in [
        ("description", usize::MAX),
        ("apiRevisionDescription", 256),
        ("apiVersionDescription", 256),
        ("termsOfServiceUrl", 2000),
    ] {
        fields.text(member, 0, most);
    }
    let mut kept = schema::to_keep(properties, PROPERTIES, &[]);
    kept.entry("displayName")
        .or_insert_with(|| json!(display_name));
    let service_url = url::read(&fields, "serviceUrl", false);
    let protocols = fields
        .texts("protocols", 4, 10)
        .unwrap_or_else(|| vec!["https"]);
    for (index, protocol) in protocols.iter().enumerate() {
        if !matches!(*protocol, "http" | "https") {
            fields.problem(
                &format!("protocols[{index}]"),
                "Only `http` and `https` are served; WebSocket APIs are not.",
            );
        }
    }
    let names = fields.child("subscriptionKeyParameterNames", KEY_NAMES);
    let key_name = |member, default| {
        names
            .as_ref()
            .and_then(|names| names.text(member, 1, 256))
            .unwrap_or(default)
    };
    let key_header = key_name("header", KEY_HEADER);
    if http::HeaderName::from_bytes(key_header.as_bytes()).is_err() {
        fields.problem(
            "subscriptionKeyParameterNames.header",
            "This is not a header name.",
        );
    }
    fields.map("contact");
    fields.map("license");
    Some(Api {
        display_name: Arc::from(display_name),
        service_url,
        protocols: protocols.into_iter().map(Arc::from).collect(),
        // The contract's default, and the safe one: nobody is let in by leaving it out.
        subscription_required: fields.flag("subscriptionRequired").unwrap_or(true),
        key_header: Arc::from(key_header),
        key_query: Arc::from(key_name("query", KEY_QUERY)),
        revision: Arc::from(fields.text("apiRevision", 1, 100).unwrap_or("1")),
        version: Arc::from(fields.text("apiVersion", 0, 100).unwrap_or("")),
        properties: Value::Object(kept),
        path: Arc::from(path?),
    })
}

fn is_path(path: &str) -> bool {
    path.is_empty()
        || path.split('/').all(|segment| {
            !segment.is_empty()
                && segment != "."
                && segment != ".."
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._~!$'()*,;=@".contains(&b))
        })
}

/// `properties` as clients read them.
pub(crate) fn render(api: &Api) -> Map<String, Value> {
    let mut properties = api.properties.as_object().cloned().unwrap_or_default();
    properties.insert("path".to_owned(), json!(&*api.path));
    properties.insert("displayName".to_owned(), json!(&*api.display_name));
    properties.insert(
        "subscriptionRequired".to_owned(),
        json!(api.subscription_required),
    );
    properties.insert("protocols".to_owned(), json!(api.protocols));
    properties.insert(
        "subscriptionKeyParameterNames".to_owned(),
        json!({ "header": &*api.key_header, "query": &*api.key_query }),
    );
    properties.insert("apiRevision".to_owned(), json!(&*api.revision));
    properties.insert("isCurrent".to_owned(), json!(true));
    properties.insert("provisioningState".to_owned(), json!("Succeeded"));
    properties
}

pub(crate) fn warnings(api: &Api) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(properties) = api.properties.as_object() {
        schema::warn(properties, PROPERTIES, "", &mut warnings);
    }
    if !api.protocols.iter().any(|protocol| &**protocol == "https") {
        warnings.push(Warning::new(
            "NoEffect",
            "`protocols` does not contain `https`; the gateway serves it over TLS nevertheless, and only so.",
        ));
    }
    warnings
}

pub(crate) fn from_json(stored: &Map<String, Value>, problems: &Problems) -> Option<Api> {
    read(stored, "", problems)
}
