//! `customProperties` of the service: switches with the values `True` and `False`, and the client
//! certificate mode of each host.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::accept::Warning;
use super::fields::Fields;
use super::schema::Property;
use super::schema::{effective, unknown};
use super::service::{HostnameConfiguration, Service};

const GATEWAY: &str = "Microsoft.WindowsAzure.ApiManagement.Gateway.";
const HTTP2: &str = "Microsoft.WindowsAzure.ApiManagement.Gateway.Protocols.Server.Http2";

/// Old protocol versions; nothing here speaks them, so only `False` is true.
const OLD_PROTOCOLS: [&str; 6] = [
    "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls10",
    "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls11",
    "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Ssl30",
    "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls10",
    "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls11",
    "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Ssl30",
];

/// All switches of the contract, for suggestions.
const SWITCHES: &[Property] = &[
    effective("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls10"),
    effective("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls11"),
    effective("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Ssl30"),
    effective("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls10"),
    effective("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls11"),
    effective("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Ssl30"),
    effective(HTTP2),
    effective("Countersign.Host.<name>.ClientCertificate"),
];

/// Cipher suites of TLS 1.2 and below that the contract lets switch; none of them is offered here.
const CIPHERS: [&str; 10] = [
    "TripleDes168",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
];

/// Whether the clients of a host are asked for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Not asked.
    None,
    /// Asked; policies judge what comes.
    Optional,
    /// Without a trusted one there is no connection.
    Required,
}

impl Service {
    /// Whether the clients of `host` are asked for a certificate: the custom property
    /// `Countersign.Host.<name>.ClientCertificate` decides, else `negotiateClientCertificate`.
    #[must_use]
    pub fn client_certificates(&self, host: &HostnameConfiguration) -> ClientCertificates {
        let property = self.custom_properties.iter().find_map(|(name, value)| {
            let named = host_of(name)?;
            named
                .eq_ignore_ascii_case(&host.host_name)
                .then(|| mode(value))
                .flatten()
        });
        property.unwrap_or(if host.negotiate_client_certificate {
            ClientCertificates::Optional
        } else {
            ClientCertificates::None
        })
    }

    /// Whether HTTP/2 is offered to clients; it is unless switched off.
    #[must_use]
    pub fn http2(&self) -> bool {
        let switch = self
            .custom_properties
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(HTTP2));
        switch.is_none_or(|(_, value)| !value.eq_ignore_ascii_case("false"))
    }
}

/// Reads and checks the switches.
pub(crate) fn read(fields: &Fields<'_>) -> Option<IndexMap<Arc<str>, Arc<str>>> {
    if fields.value("customProperties").is_none() {
        return Some(IndexMap::new());
    }
    let sent = fields.map("customProperties")?;
    let mut switches = IndexMap::new();
    for (name, value) in sent {
        let place = format!(
            "customProperties[\"{}\"]",
            name.chars().take(200).collect::<String>()
        );
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.as_str(),
            _ => {
                fields.problem(
                    &place,
                    "The value must be a string such as \"True\" or \"False\".",
                );
                continue;
            }
        };
        if let Some(reason) = fault(name, value) {
            fields.problem(&place, reason);
        }
        let twice = |(known, _): &(&Arc<str>, &Arc<str>)| known.eq_ignore_ascii_case(name);
        if switches.iter().any(|entry| twice(&entry)) {
            fields.problem(&place, "The property is there twice, in two spellings.");
        }
        switches.insert(Arc::from(name.as_str()), Arc::from(value));
    }
    Some(switches)
}

fn fault(name: &str, value: &str) -> Option<String> {
    if host_of(name).is_some() {
        let is_mode = mode(value).is_some();
        return (!is_mode)
            .then(|| "The value must be `none`, `optional` or `required`.".to_owned());
    }
    let switch = truth(value);
    if let Some(old) = OLD_PROTOCOLS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
    {
        let version = old.rsplit('.').next().unwrap_or(old);
        return match switch {
            Some(false) => None,
            Some(true) => Some(format!(
                "{version} is not supported; TLS 1.2 and TLS 1.3 are spoken."
            )),
            None => Some(NOT_A_SWITCH.to_owned()),
        };
    }
    if name.eq_ignore_ascii_case(HTTP2) || is_cipher(name) {
        return switch.is_none().then(|| NOT_A_SWITCH.to_owned());
    }
    Some(unknown(name, SWITCHES))
}

const NOT_A_SWITCH: &str = "The value must be \"True\" or \"False\".";

/// The host in `Countersign.Host.<name>.ClientCertificate`.
fn host_of(name: &str) -> Option<&str> {
    const PREFIX: &str = "Countersign.Host.";
    const SUFFIX: &str = ".ClientCertificate";
    let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
    let (host, suffix) = rest.split_at_checked(rest.len().checked_sub(SUFFIX.len())?)?;
    (prefix.eq_ignore_ascii_case(PREFIX) && suffix.eq_ignore_ascii_case(SUFFIX) && !host.is_empty())
        .then_some(host)
}

fn mode(value: &str) -> Option<ClientCertificates> {
    match value.to_ascii_lowercase().as_str() {
        "none" => Some(ClientCertificates::None),
        "optional" => Some(ClientCertificates::Optional),
        "required" => Some(ClientCertificates::Required),
        _ => None,
    }
}

fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn is_cipher(name: &str) -> bool {
    let prefix = format!("{GATEWAY}Security.Ciphers.");
    name.split_at_checked(prefix.len())
        .is_some_and(|(head, cipher)| {
            head.eq_ignore_ascii_case(&prefix)
                && CIPHERS
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(cipher))
        })
}

pub(crate) fn render(service: &Service) -> Value {
    let mut switches = Map::new();
    for (name, value) in &service.custom_properties {
        switches.insert(name.to_string(), json!(&**value));
    }
    Value::Object(switches)
}

pub(crate) fn warn(service: &Service, warnings: &mut Vec<Warning>) {
    for (name, value) in &service.custom_properties {
        if is_cipher(name) && truth(value) == Some(true) {
            warnings.push(Warning::new(
                "NoEffect",
                format!("`{name}` is stored; the cipher suite is not offered here."),
            ));
        }
        let is_here = |host: &str| {
            let mut hosts = service.hostname_configurations.iter();
            hosts.any(|known| known.is_proxy() && known.host_name.eq_ignore_ascii_case(host))
        };
        // Not an error: the host may be one whose certificate comes from files.
        if let Some(host) = host_of(name).filter(|host| !is_here(host)) {
            warnings.push(Warning::new(
                "UnknownHost",
                format!("`{name}` has no effect unless `{host}` is a host name from the configuration file."),
            ));
        }
    }
    for host in &service.hostname_configurations {
        let asked = service.client_certificates(host) != ClientCertificates::None;
        if host.is_proxy() && host.negotiate_client_certificate && !asked {
            warnings.push(Warning::new(
                "ClientCertificateMode",
                format!(
                    "`customProperties[\"Countersign.Host.{0}.ClientCertificate\"]` is `none` and wins over \
                     `negotiateClientCertificate`: clients of `{0}` are not asked for a certificate.",
                    host.host_name
                ),
            ));
        }
    }
}
