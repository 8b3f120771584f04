//! `hostnameConfigurations` of the service: the names the gateway answers to.

use std::collections::HashSet;
use std::sync::Arc;

use gateway_tls::key_material::KeyMaterial;
use serde_json::{Value, json};

use super::accept::Warning;
use super::certificate;
use super::encoded::{self, Upload};
use super::fields::Fields;
use super::schema::{self, Table, effective, no_effect, read_only, refused, to_keep};
use super::service::{HostnameConfiguration, Service, information};

/// Most host names of one gateway.
const MOST: usize = 10_000;

/// `type` values of the contract.
const KINDS: [&str; 6] = [
    "Proxy",
    "Portal",
    "Management",
    "Scm",
    "DeveloperPortal",
    "ConfigurationApi",
];

const ENTRY: Table = &[
    effective("type"),
    effective("hostName"),
    effective("encodedCertificate"),
    effective("certificatePassword"),
    effective("defaultSslBinding"),
    effective("negotiateClientCertificate"),
    refused(
        "keyVaultId",
        "there is no Key Vault here; send `encodedCertificate`.",
    ),
    no_effect("identityClientId"),
    read_only("certificate"),
    read_only("certificateSource"),
    read_only("certificateStatus"),
];

/// Reads the list; an entry without data keeps the stored certificate of the same host name.
pub(crate) fn read(
    fields: &Fields<'_>,
    existing: &Service,
    now: i64,
) -> Option<Vec<HostnameConfiguration>> {
    if fields.value("hostnameConfigurations").is_none() {
        return Some(Vec::new());
    }
    let entries = fields.objects("hostnameConfigurations", MOST, ENTRY)?;
    let mut hosts: Vec<HostnameConfiguration> = Vec::with_capacity(entries.len());
    let mut seen = HashSet::new();
    for entry in &entries {
        let Some(host) = read_one(entry, existing, now) else {
            continue;
        };
        if !seen.insert((Arc::clone(&host.kind), Arc::clone(&host.host_name))) {
            entry.problem(
                "hostName",
                format!("`{}` is configured twice.", host.host_name),
            );
        }
        let is_default = |host: &HostnameConfiguration| host.is_proxy() && host.default_ssl_binding;
        if is_default(&host) && hosts.iter().any(is_default) {
            entry.problem(
                "defaultSslBinding",
                "Only one host name can be the default.",
            );
        }
        hosts.push(host);
    }
    Some(hosts)
}

fn read_one(entry: &Fields<'_>, existing: &Service, now: i64) -> Option<HostnameConfiguration> {
    let kind = entry.required_text("type", 1, 64);
    if kind.is_some_and(|kind| !KINDS.contains(&kind)) {
        entry.problem(
            "type",
            format!("`type` must be one of {}.", KINDS.join(", ")),
        );
    }
    let host_name = entry
        .required_text("hostName", 1, 253)
        .map(str::to_ascii_lowercase);
    if let Some(reason) = host_name.as_deref().and_then(fault) {
        entry.problem("hostName", reason);
    }
    let default_ssl_binding = entry.flag("defaultSslBinding").unwrap_or(false);
    let negotiate_client_certificate = entry.flag("negotiateClientCertificate").unwrap_or(false);
    let stored = existing
        .hostname_configurations
        .iter()
        .find(|host| Some(&*host.kind) == kind && Some(&*host.host_name) == host_name.as_deref());
    let material = match (entry.value("encodedCertificate"), stored) {
        (Some(_), _) => brought_in(entry, stored, now),
        (None, Some(stored)) => Some(Arc::clone(&stored.material)),
        (None, None) => {
            entry.problem(
                "encodedCertificate",
                "`encodedCertificate` is required for a host name that is not configured yet.",
            );
            None
        }
    };
    let secrets = ["encodedCertificate", "certificatePassword"];
    Some(HostnameConfiguration {
        kind: Arc::from(kind?),
        host_name: Arc::from(host_name?),
        material: material?,
        default_ssl_binding,
        negotiate_client_certificate,
        properties: Value::Object(to_keep(entry.object(), ENTRY, &secrets)),
    })
}

fn brought_in(
    entry: &Fields<'_>,
    stored: Option<&HostnameConfiguration>,
    now: i64,
) -> Option<Arc<KeyMaterial>> {
    let material = match encoded::upload(entry, "encodedCertificate", "certificatePassword")? {
        Upload::WithKey(material) => material,
        Upload::Public(_) => {
            entry.problem(
                "encodedCertificate",
                "A host name needs a certificate with its private key (PFX); this is a certificate only.",
            );
            return None;
        }
    };
    let facts = material.facts();
    let is_new = stored.is_none_or(|stored| stored.material.facts().sha256 != facts.sha256);
    if is_new && facts.not_after < now {
        entry.problem("encodedCertificate", certificate::expired(facts));
        return None;
    }
    Some(material)
}

/// What is wrong with a host name: letters, digits and dashes in labels (RFC 1123 section 2.1), `*`
/// only as the whole first label.
fn fault(name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    if !name.is_ascii() {
        return Some("A host name is ASCII; write international names in their `xn--` form.");
    }
    if rest.contains('*') {
        return Some("`*` can only be the whole first label, as in `*.example.com`.");
    }
    if rest.len() != name.len() && !rest.contains('.') {
        return Some("A wildcard needs at least two labels after it.");
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    (!rest.split('.').all(is_label))
        .then_some("A host name consists of labels of letters, digits and dashes, without a port.")
}

pub(crate) fn render(host: &HostnameConfiguration) -> Value {
    let mut properties = host.properties.as_object().cloned().unwrap_or_default();
    properties.insert("type".to_owned(), json!(&*host.kind));
    properties.insert("hostName".to_owned(), json!(&*host.host_name));
    properties.insert(
        "defaultSslBinding".to_owned(),
        json!(host.default_ssl_binding),
    );
    properties.insert(
        "negotiateClientCertificate".to_owned(),
        json!(host.negotiate_client_certificate),
    );
    properties.insert("certificate".to_owned(), information(host.material.facts()));
    properties.insert("certificateSource".to_owned(), json!("Custom"));
    Value::Object(properties)
}

pub(crate) fn warn(host: &HostnameConfiguration, now: i64, warnings: &mut Vec<Warning>) {
    let name = &host.host_name;
    if let Some(properties) = host.properties.as_object() {
        schema::warn(
            properties,
            ENTRY,
            &format!("hostnameConfigurations[{name}]"),
            warnings,
        );
    }
    if !host.is_proxy() {
        warnings.push(Warning::new(
            "NoEffect",
            format!(
                "The host name `{name}` of type `{}` is stored, and nothing answers to it here.",
                host.kind
            ),
        ));
    }
    let facts = host.material.facts();
    certificate::about(facts, now, warnings);
    if !covers(
        &facts.dns_names,
        facts.subject.common_name(),
        &facts.ip_addresses,
        name,
    ) {
        warnings.push(Warning::new(
            "HostNameMismatch",
            format!(
                "The certificate `{}` is not for `{name}`; clients that check names will refuse it.",
                certificate::subject(facts)
            ),
        ));
    }
}

/// Whether a certificate's names cover a host name (RFC 9525 section 6.3); the common name counts
/// only if there are no alternative names.
fn covers(dns: &[String], common_name: Option<&str>, addresses: &[Vec<u8>], host: &str) -> bool {
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        return addresses.iter().any(|known| known == &address.octets());
    }
    let matches = |pattern: &str| {
        let pattern = pattern.to_ascii_lowercase();
        pattern == host
            || pattern.strip_prefix('*').is_some_and(|suffix| {
                host.split_once('.').is_some_and(|(label, rest)| {
                    !label.is_empty() && label != "*" && suffix.strip_prefix('.') == Some(rest)
                })
            })
    };
    if dns.is_empty() {
        common_name.is_some_and(matches)
    } else {
        dns.iter().any(|name| matches(name))
    }
}

pub(crate) fn to_json(host: &HostnameConfiguration) -> Value {
    json!({
        "type": &*host.kind,
        "hostName": &*host.host_name,
        "material": certificate::material_to_json(&host.material),
        "defaultSslBinding": host.default_ssl_binding,
        "negotiateClientCertificate": host.negotiate_client_certificate,
        "properties": host.properties,
    })
}

pub(crate) fn from_json(stored: &Value) -> Option<HostnameConfiguration> {
    Some(HostnameConfiguration {
        kind: Arc::from(stored.get("type")?.as_str()?),
        host_name: Arc::from(stored.get("hostName")?.as_str()?),
        material: certificate::material_from_json(stored.get("material")?)?,
        default_ssl_binding: stored.get("defaultSslBinding")?.as_bool()?,
        negotiate_client_certificate: stored.get("negotiateClientCertificate")?.as_bool()?,
        properties: stored.get("properties")?.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_labels_with_at_most_a_leading_wildcard() {
        for good in [
            "a",
            "localhost",
            "127.0.0.1",
            "a-b.example.com",
            "*.example.com",
            "xn--bcher-kva.example",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "*",
            "*.com",
            "a.*.com",
            "a..b",
            "-a.b",
            "a:443",
            "bücher.example",
            "a b",
            "https://a",
            ".a",
            "a/",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_wildcard_covers_one_label_and_the_common_name_counts_only_alone() {
        let dns = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(covers(&dns(&["*.a.test"]), None, &[], "x.a.test"));
        assert!(!covers(&dns(&["*.a.test"]), None, &[], "x.y.a.test"));
        assert!(covers(&dns(&["*.a.test"]), None, &[], "*.a.test"));
        assert!(covers(&[], Some("x.test"), &[], "x.test"));
        assert!(!covers(&dns(&["y.test"]), Some("x.test"), &[], "x.test"));
        assert!(covers(&[], None, &[vec![127, 0, 0, 1]], "127.0.0.1"));
    }
}
