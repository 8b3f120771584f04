//! The service resource: trusted CAs, host names, switches.

use std::sync::Arc;

use gateway_tls::certificate::CertificateFacts;
use gateway_tls::key_material::KeyMaterial;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::accept::{Acceptance, Mode, Warning};
use super::fields::{Fields, Problems};
use super::merge::merge;
use super::schema::{
    Table, check, effective, no_effect, no_effect_unless, read_only, refused, to_keep, warn,
};
use super::{Body, certificate, host_name, moment, service_ca, service_switches};

/// The service.
#[derive(Debug, Clone)]
pub struct Service {
    /// `location`.
    pub location: Arc<str>,
    /// The CA list: at most what the configuration allows, each a root or an intermediate.
    pub certificates: Vec<CaCertificate>,
    /// Host names.
    pub hostname_configurations: Vec<HostnameConfiguration>,
    /// `customProperties`, names as sent.
    pub custom_properties: IndexMap<Arc<str>, Arc<str>>,
    /// Everything else of the resource as the client sent it (`sku`, `tags`, `publisherEmail`, …),
    /// an object with the resource's top-level members, to be read back.
    pub rest: Value,
}

/// One CA of the list.
#[derive(Debug, Clone)]
pub struct CaCertificate {
    /// Which store.
    pub store: CaStore,
    /// The certificate.
    pub facts: Arc<CertificateFacts>,
}

/// `storeName`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaStore {
    /// Trusted: a path may end here.
    Root,
    /// Known, not trusted: an intermediate.
    CertificateAuthority,
}

impl CaStore {
    /// The contract's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "Root",
            Self::CertificateAuthority => "CertificateAuthority",
        }
    }
}

/// One host name.
#[derive(Debug, Clone)]
pub struct HostnameConfiguration {
    /// `type`; only `Proxy` names the gateway's data path.
    pub kind: Arc<str>,
    /// Host name, lower case, possibly `*.example.com`.
    pub host_name: Arc<str>,
    /// Its certificate and key.
    pub material: Arc<KeyMaterial>,
    /// Whether it serves clients that send no SNI.
    pub default_ssl_binding: bool,
    /// Whether clients are asked for a certificate.
    pub negotiate_client_certificate: bool,
    /// The properties as the client sent them, without secrets, to be read back.
    pub properties: Value,
}

impl HostnameConfiguration {
    /// Whether it names the gateway's data path; other types are kept without effect.
    #[must_use]
    pub fn is_proxy(&self) -> bool {
        &*self.kind == "Proxy"
    }
}

impl Default for Service {
    /// The service of an empty store: no host name, no CA.
    fn default() -> Self {
        Self {
            location: Arc::from("local"),
            certificates: Vec::new(),
            hostname_configurations: Vec::new(),
            custom_properties: IndexMap::new(),
            rest: json!({
                "sku": { "name": "Developer", "capacity": 1 },
                "properties": { "publisherName": "Countersign", "publisherEmail": "admin@localhost" }
            }),
        }
    }
}

const RESOURCE: Table = &[
    effective("properties"),
    effective("location"),
    effective("sku"),
    effective("tags"),
    no_effect("zones"),
    no_effect_unless("identity", &["{}", "{\"type\":\"None\"}"]),
    read_only("id"),
    read_only("name"),
    read_only("type"),
    read_only("etag"),
    read_only("systemData"),
];

const PROPERTIES: Table = &[
    effective("publisherEmail"),
    effective("publisherName"),
    effective("notificationSenderEmail"),
    effective("certificates"),
    effective("hostnameConfigurations"),
    effective("customProperties"),
    // The official clients send `enableClientCertificate: false` with every PATCH, so it must never
    // switch anything off; `negotiateClientCertificate` of a host name is the switch.
    no_effect("enableClientCertificate"),
    refused(
        "disableGateway",
        "the gateway keeps serving; stop the process instead.",
    ),
    refused("restore", "there is no deleted service to restore."),
    no_effect_unless("virtualNetworkType", &["\"None\""]),
    no_effect("virtualNetworkConfiguration"),
    refused("additionalLocations", "one process serves one location."),
    no_effect_unless("apiVersionConstraint", &["{}", "{\"minApiVersion\":null}"]),
    no_effect_unless("publicNetworkAccess", &["\"Enabled\""]),
    no_effect("publicIpAddressId"),
    no_effect_unless("natGatewayState", &["\"Disabled\"", "\"Unsupported\""]),
    no_effect_unless("legacyPortalStatus", &["\"Enabled\"", "\"Disabled\""]),
    no_effect_unless("developerPortalStatus", &["\"Enabled\"", "\"Disabled\""]),
    no_effect_unless("releaseChannel", &["\"Default\""]),
    no_effect("configurationApi"),
    no_effect("privateEndpointConnections"),
    read_only("provisioningState"),
    read_only("targetProvisioningState"),
    read_only("createdAtUtc"),
    read_only("gatewayUrl"),
    read_only("gatewayRegionalUrl"),
    read_only("portalUrl"),
    read_only("managementApiUrl"),
    read_only("scmUrl"),
    read_only("developerPortalUrl"),
    read_only("publicIPAddresses"),
    read_only("privateIPAddresses"),
    read_only("outboundPublicIPAddresses"),
    read_only("platformVersion"),
    read_only("zoneRedundant"),
    read_only("warnings"),
];

/// Parts of `properties` that have fields of their own.
const SEPARATE: &[&str] = &["certificates", "hostnameConfigurations", "customProperties"];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Service> {
    let default = Service::default();
    let existing = match acceptance.existing {
        Some(Body::Service(existing)) => existing,
        _ => &default,
    };
    let whole = wanted(acceptance.mode, existing, body, problems);
    let resource = Fields::new(&whole, RESOURCE, "", problems);
    let location = resource.text("location", 1, 256);
    resource.map("tags");
    if let Some(sku) = resource.map("sku")
        && sku.get("name").is_none_or(|name| !name.is_string())
    {
        problems.add("sku.name", "`sku.name` is required.");
    }
    let empty = Map::new();
    let properties = resource.map("properties").unwrap_or(&empty);
    let fields = Fields::new(properties, PROPERTIES, "", problems);
    for name in ["publisherEmail", "publisherName", "notificationSenderEmail"] {
        fields.text(name, 1, 100);
    }
    let certificates = service_ca::read(&fields, existing, acceptance.now);
    let hosts = host_name::read(&fields, existing, acceptance.now);
    let custom_properties = service_switches::read(&fields);

    let mut rest = to_keep(resource.object(), RESOURCE, &["location", "properties"]);
    rest.insert(
        "properties".to_owned(),
        Value::Object(to_keep(properties, PROPERTIES, SEPARATE)),
    );
    Some(Service {
        location: location.map_or_else(|| Arc::clone(&existing.location), Arc::from),
        certificates: certificates?,
        hostname_configurations: hosts?,
        custom_properties: custom_properties?,
        rest: Value::Object(rest),
    })
}

/// The resource a body asks for. What a `PUT` leaves out of the description (`sku`, publisher) keeps
/// its value, because it has no effect that leaving it out could mean to end.
fn wanted(
    mode: Mode,
    existing: &Service,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Map<String, Value> {
    match mode {
        Mode::Put => {
            let mut whole = body.clone();
            for (name, value) in existing.rest.as_object().into_iter().flatten() {
                if matches!(name.as_str(), "sku") {
                    whole.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            whole
        }
        Mode::Patch => {
            let unknown = Problems::default();
            check(body, RESOURCE, "", &unknown);
            if let Some(properties) = body.get("properties").and_then(Value::as_object) {
                check(properties, PROPERTIES, "", &unknown);
            }
            let is_removal = |name: &str| {
                let top = body.get(name);
                let inner = body
                    .get("properties")
                    .and_then(|properties| properties.get(name));
                top.or(inner).is_some_and(Value::is_null)
            };
            for problem in unknown.into_vec() {
                if is_removal(&problem.target) {
                    problems.add(problem.target, problem.message);
                }
            }
            let mut whole = readable(existing);
            merge(&mut whole, body);
            whole
        }
    }
}

/// The whole resource as clients read it, without `id`, `name`, `type` and `etag`.
pub(crate) fn render(service: &Service) -> Map<String, Value> {
    let mut whole = readable(service);
    let gateway_url = service
        .hostname_configurations
        .iter()
        .filter(|host| host.is_proxy())
        .max_by_key(|host| host.default_ssl_binding)
        .map(|host| format!("https://{}", host.host_name));
    if let Some(Value::Object(properties)) = whole.get_mut("properties") {
        properties.insert("provisioningState".to_owned(), json!("Succeeded"));
        if let Some(url) = gateway_url {
            properties.insert("gatewayUrl".to_owned(), json!(url));
        }
    }
    whole
}

/// What was stored, in the shape clients send.
fn readable(service: &Service) -> Map<String, Value> {
    let mut whole = service.rest.as_object().cloned().unwrap_or_default();
    whole.insert("location".to_owned(), json!(&*service.location));
    let properties = whole.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        let hosts: Vec<Value> = service
            .hostname_configurations
            .iter()
            .map(host_name::render)
            .collect();
        let authorities: Vec<Value> = service
            .certificates
            .iter()
            .map(service_ca::render)
            .collect();
        properties.insert("hostnameConfigurations".to_owned(), Value::Array(hosts));
        properties.insert("certificates".to_owned(), Value::Array(authorities));
        properties.insert(
            "customProperties".to_owned(),
            service_switches::render(service),
        );
    }
    whole
}

/// `certificate` in answers about CAs and host names.
pub(crate) fn information(facts: &CertificateFacts) -> Value {
    json!({
        "subject": &*certificate::subject(facts),
        "thumbprint": facts.thumbprint(),
        "expiry": moment::print(facts.not_after),
    })
}

pub(crate) fn warnings(service: &Service, now: i64) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(rest) = service.rest.as_object() {
        warn(rest, RESOURCE, "", &mut warnings);
        if let Some(properties) = rest.get("properties").and_then(Value::as_object) {
            warn(properties, PROPERTIES, "", &mut warnings);
        }
    }
    for (index, ca) in service.certificates.iter().enumerate() {
        service_ca::warn(ca, index, now, &mut warnings);
    }
    for host in &service.hostname_configurations {
        host_name::warn(host, now, &mut warnings);
    }
    service_switches::warn(service, &mut warnings);
    warnings
}

pub(crate) fn to_json(service: &Service) -> Map<String, Value> {
    let mut stored = Map::new();
    stored.insert("location".to_owned(), json!(&*service.location));
    let authorities: Vec<Value> = service
        .certificates
        .iter()
        .map(service_ca::to_json)
        .collect();
    stored.insert("certificates".to_owned(), Value::Array(authorities));
    let hosts: Vec<Value> = service
        .hostname_configurations
        .iter()
        .map(host_name::to_json)
        .collect();
    stored.insert("hosts".to_owned(), Value::Array(hosts));
    stored.insert(
        "customProperties".to_owned(),
        service_switches::render(service),
    );
    stored.insert("rest".to_owned(), service.rest.clone());
    stored
}

pub(crate) fn from_json(stored: &Map<String, Value>) -> Option<Service> {
    let authorities = stored.get("certificates")?.as_array()?;
    let hosts = stored.get("hosts")?.as_array()?;
    let custom = stored.get("customProperties")?.as_object()?;
    Some(Service {
        location: Arc::from(stored.get("location")?.as_str()?),
        certificates: authorities
            .iter()
            .map(service_ca::from_json)
            .collect::<Option<_>>()?,
        hostname_configurations: hosts
            .iter()
            .map(host_name::from_json)
            .collect::<Option<_>>()?,
        custom_properties: custom
            .iter()
            .map(|(name, value)| Some((Arc::from(name.as_str()), Arc::from(value.as_str()?))))
            .collect::<Option<_>>()?,
        rest: stored.get("rest")?.clone(),
    })
}
