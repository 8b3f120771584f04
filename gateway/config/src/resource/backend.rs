//! `backends/{id}`: where requests go, and with what credentials.

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::accept::{Acceptance, Warning, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{
    self, Table, effective, no_effect, no_effect_unless, read_only, refused, refused_unless,
};
use super::{Body, thumbprint, url};

/// A backend.
#[derive(Clone)]
pub struct Backend {
    /// Base URL, `http` or `https`.
    pub url: Arc<str>,
    /// Whether the server's chain must lead to a trusted root (`tls.validateCertificateChain`).
    pub validate_chain: bool,
    /// Whether the server's certificate must be for the URL's host (`tls.validateCertificateName`).
    pub validate_name: bool,
    /// Names of `certificates` resources (last segment of the ARM ids in `credentials.certificateIds`,
    /// and any `credentials.certificate` entry that is such a name).
    pub certificate_ids: Vec<Arc<str>>,
    /// Thumbprints in `credentials.certificate`, upper case.
    pub certificate_thumbprints: Vec<Arc<str>>,
    /// Headers added to each request.
    pub headers: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// Query parameters added to each request.
    pub query: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// `Authorization` scheme and parameter.
    pub authorization: Option<(Arc<str>, Arc<str>)>,
    /// The properties as the client sent them, to be read back.
    pub properties: Value,
}

impl fmt::Debug for Backend {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

const POOLS: &str = "backend pools do not work yet; requests would go nowhere.";

const PROPERTIES: Table = &[
    effective("url"),
    no_effect_unless("protocol", &["\"http\""]),
    effective("title"),
    effective("description"),
    no_effect("resourceId"),
    refused_unless("type", &["\"Single\""], POOLS),
    refused("pool", POOLS),
    refused("proxy", "requests would not go through it."),
    refused(
        "properties",
        "Service Fabric clusters are not resolved here.",
    ),
    effective("credentials"),
    effective("tls"),
    no_effect_unless("circuitBreaker", &["{}", "{\"rules\":[]}"]),
    refused("failureResponse", "it would not be sent."),
    refused("azureRegion", "there are no regions here."),
    read_only("provisioningState"),
    read_only("warnings"),
];

const CREDENTIALS: Table = &[
    effective("certificateIds"),
    effective("certificate"),
    effective("query"),
    effective("header"),
    effective("authorization"),
    refused("managedIdentity", "there are no managed identities here."),
];

const AUTHORIZATION: Table = &[effective("scheme"), effective("parameter")];

const TLS: Table = &[
    effective("validateCertificateChain"),
    effective("validateCertificateName"),
    refused(
        "serverCertificateThumbprints",
        "the pins would not be checked.",
    ),
    refused("serverX509Names", "the names would not be checked."),
];

/// Headers that belong to one connection or decide where a message ends; adding them to requests
/// would let a backend see another request than the gateway judged (RFC 9110 section 7.6.1).
const FORBIDDEN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Backend> {
    let stored = || match acceptance.existing {
        Some(Body::Backend(existing)) => {
            existing.properties.as_object().cloned().unwrap_or_default()
        }
        _ => Map::new(),
    };
    let properties = wanted_properties(acceptance.mode, body, stored, PROPERTIES, problems)?;
    read(&properties, problems)
}

/// Reads a backend from its properties.
pub(crate) fn read(properties: &Map<String, Value>, problems: &Problems) -> Option<Backend> {
    let fields = Fields::new(properties, PROPERTIES, "", problems);
    let url = url::read(&fields, "url", true);
    fields.text("protocol", 1, 20);
    fields.text("title", 1, 300);
    fields.text("description", 1, 2000);
    fields.text("resourceId", 1, 2000);
    fields.map("circuitBreaker");
    let tls = fields.child("tls", TLS);
    let flag = |name| tls.as_ref().and_then(|tls| tls.flag(name)).unwrap_or(true);
    let mut backend = Backend {
        url: Arc::from(""),
        validate_chain: flag("validateCertificateChain"),
        validate_name: flag("validateCertificateName"),
        certificate_ids: Vec::new(),
        certificate_thumbprints: Vec::new(),
        headers: Vec::new(),
        query: Vec::new(),
        authorization: None,
        properties: Value::Object(schema::to_keep(properties, PROPERTIES, &[])),
    };
    if let Some(credentials) = fields.child("credentials", CREDENTIALS) {
        read_credentials(&credentials, &mut backend);
    }
    backend.url = url?;
    Some(backend)
}

fn read_credentials(fields: &Fields<'_>, backend: &mut Backend) {
    for (index, id) in fields
        .texts("certificateIds", 32, 2000)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        match last_segment(id) {
            Some(name) => backend.certificate_ids.push(Arc::from(name)),
            None => fields.problem(
                &format!("certificateIds[{index}]"),
                "The id of a `certificates` resource is expected, such as `/certificates/name`.",
            ),
        }
    }
    // The contract wants thumbprints here; the articles about it write names, so both are taken, a
    // thumbprint first. It is ignored if `certificateIds` are given (the contract's own words).
    let named = fields.texts("certificate", 32, 256).unwrap_or_default();
    if backend.certificate_ids.is_empty() {
        for entry in named {
            match thumbprint::parse(entry) {
                Ok(thumbprint::Thumbprint::Sha1(sha1)) => {
                    backend
                        .certificate_thumbprints
                        .push(Arc::from(thumbprint::print(&sha1)));
                }
                _ => backend.certificate_ids.push(Arc::from(entry)),
            }
        }
    }
    backend.headers = pairs(fields, "header", header_fault);
    backend.query = pairs(fields, "query", |name, _| {
        name.is_empty()
            .then(|| "A query parameter needs a name.".to_owned())
    });
    if let Some(authorization) = fields.child("authorization", AUTHORIZATION) {
        let scheme = authorization.required_text("scheme", 1, 100);
        let parameter = authorization.required_text("parameter", 1, 300);
        if let (Some(scheme), Some(parameter)) = (scheme, parameter) {
            if let Some(fault) = header_fault("Authorization", &format!("{scheme} {parameter}")) {
                authorization.problem("parameter", fault);
            }
            if backend
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
            {
                authorization.problem("scheme", "`header` already has an `Authorization`.");
            }
            backend.authorization = Some((Arc::from(scheme), Arc::from(parameter)));
        }
    }
}

type Pairs = Vec<(Arc<str>, Vec<Arc<str>>)>;

fn pairs(fields: &Fields<'_>, member: &str, fault: impl Fn(&str, &str) -> Option<String>) -> Pairs {
    let mut pairs = Vec::new();
    for (name, values) in fields.map(member).into_iter().flatten() {
        let place = format!("{member}.{name}");
        let texts: Option<Vec<&str>> = values
            .as_array()
            .and_then(|values| values.iter().map(Value::as_str).collect());
        let Some(texts) = texts else {
            fields.problem(&place, "An array of strings is expected here.");
            continue;
        };
        for text in &texts {
            if text.contains("{{") {
                fields.problem(
                    &place,
                    "Named values are not replaced in backend credentials.",
                );
            } else if let Some(fault) = fault(name, text) {
                fields.problem(&place, fault);
            }
        }
        pairs.push((
            Arc::from(name.as_str()),
            texts.into_iter().map(Arc::from).collect(),
        ));
    }
    pairs
}

fn header_fault(name: &str, value: &str) -> Option<String> {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Some(format!("`{}` is not a header name.", name.escape_default()));
    }
    if FORBIDDEN_HEADERS
        .iter()
        .any(|forbidden| forbidden.eq_ignore_ascii_case(name))
    {
        return Some(format!(
            "The header `{name}` belongs to the connection and cannot be set."
        ));
    }
    HeaderValue::from_str(value)
        .is_err()
        .then(|| format!("The value of `{name}` has characters that a header cannot carry."))
}

/// `bk` of `/subscriptions/…/certificates/bk`, of `certificates/bk` and of `bk`.
fn last_segment(id: &str) -> Option<&str> {
    let mut segments = id.trim_matches('/').rsplit('/');
    let name = segments.next().filter(|name| !name.is_empty())?;
    match segments.next() {
        Some(collection) if !collection.eq_ignore_ascii_case("certificates") => None,
        _ => Some(name),
    }
}

/// `properties` as clients read them; credentials are part of them, as in the contract.
pub(crate) fn render(backend: &Backend) -> Map<String, Value> {
    backend.properties.as_object().cloned().unwrap_or_default()
}

pub(crate) fn warnings(backend: &Backend) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(properties) = backend.properties.as_object() {
        schema::warn(properties, PROPERTIES, "", &mut warnings);
    }
    let is_plain = backend
        .url
        .get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
    let has_certificate =
        !backend.certificate_ids.is_empty() || !backend.certificate_thumbprints.is_empty();
    if is_plain && has_certificate {
        warnings.push(Warning::new(
            "NoEffect",
            "`credentials.certificate` has no effect with a plain http `url`.",
        ));
    }
    if !is_plain && !backend.validate_chain {
        warnings.push(Warning::new(
            "BackendNotVerified",
            "`tls.validateCertificateChain` is false: anyone on the way can pretend to be the backend.",
        ));
    } else if !is_plain && !backend.validate_name {
        warnings.push(Warning::new(
            "BackendNotVerified",
            "`tls.validateCertificateName` is false: any server with a trusted certificate can pretend \
             to be the backend.",
        ));
    }
    warnings
}

pub(crate) fn from_json(stored: &Map<String, Value>, problems: &Problems) -> Option<Backend> {
    read(stored, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_certificates_are_taken_in_every_length() {
        for id in [
            "bk",
            "/certificates/bk",
            "certificates/bk",
            "/subscriptions/0/x/y/Certificates/bk",
        ] {
            assert_eq!(last_segment(id), Some("bk"), "{id}");
        }
        assert_eq!(last_segment("/backends/bk"), None);
        assert_eq!(last_segment("/"), None);
    }
}
