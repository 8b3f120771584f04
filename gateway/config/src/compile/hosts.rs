//! Host configurations: one TLS context for each name.

use std::sync::Arc;

use gateway_tls::host::{ClientCertificateMode, HostContext, HostSettings};
use gateway_tls::key_material::KeyMaterial;
use gateway_tls::trust::TrustBundle;

use super::Compilation;
use crate::hosts::{HostConfiguration, HostTable};
use crate::resource::service::Service;
use crate::resource::{Body, Kind, ResourcePath};

/// A host whose certificate and key come from files.
#[derive(Debug)]
pub struct FileHost {
    /// Name, lower case, possibly `*.example.com`.
    pub name: Arc<str>,
    /// What the files hold now.
    pub material: Arc<KeyMaterial>,
    /// Whether clients are asked for a certificate.
    pub mode: ClientCertificateMode,
    /// Whether it serves clients without SNI.
    pub is_default: bool,
}

/// TLS settings that all hosts share.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// Tickets sent after a full TLS 1.3 handshake.
    pub tickets: u8,
    /// Seconds after a full handshake beyond which its session is not resumed.
    pub max_ticket_age: u32,
}

/// Prefix and suffix of the custom property that sets a host's mode.
const MODE_PREFIX: &str = "Countersign.Host.";
const MODE_SUFFIX: &str = ".ClientCertificate";
const HTTP2_PROPERTY: &str = "Microsoft.WindowsAzure.ApiManagement.Gateway.Protocols.Server.Http2";

impl Compilation<'_> {
    pub(super) fn hosts(&mut self, trust: &Arc<TrustBundle>) -> Arc<HostTable> {
        if let Some(previous) = self.previous
            && Arc::ptr_eq(&previous.trust, trust)
            && !self.touches(Kind::Service)
            && !self.file_hosts_changed
        {
            return Arc::clone(&previous.hosts);
        }
        let path = ResourcePath::service();
        let body = self.resources.body(&path).cloned();
        let service = match body.as_deref() {
            Some(Body::Service(service)) => Some(service),
            _ => None,
        };
        let http2 = service.is_none_or(|service| {
            property(service, HTTP2_PROPERTY)
                .is_none_or(|value| !value.eq_ignore_ascii_case("false"))
        });
        let mut hosts: Vec<Arc<HostConfiguration>> = Vec::new();
        for file in &self.settings.file_hosts {
            hosts.push(
                self.host(&HostParts {
                    name: &file.name,
                    material: &file.material,
                    mode: service
                        .and_then(|s| mode_property(s, &file.name))
                        .unwrap_or(file.mode),
                    is_default: file.is_default,
                    http2,
                    trust,
                    place: format!("host `{}` from files", file.name),
                }),
            );
        }
        let configurations = service
            .map(|s| s.hostname_configurations.as_slice())
            .unwrap_or_default();
        for (i, configuration) in configurations.iter().enumerate() {
            if !configuration.kind.eq_ignore_ascii_case("Proxy") {
                continue;
            }
            let name = &configuration.host_name;
            if hosts.iter().any(|host| host.key == *name) {
                let target = format!("hostnameConfigurations[{i}].hostName");
                self.problem(&path, &target, format!("`{name}` is configured twice"));
                continue;
            }
            let asked = if configuration.negotiate_client_certificate {
                ClientCertificateMode::Optional
            } else {
                ClientCertificateMode::None
            };
            hosts.push(
                self.host(&HostParts {
                    name,
                    material: &configuration.material,
                    mode: service
                        .and_then(|s| mode_property(s, name))
                        .unwrap_or(asked),
                    is_default: configuration.default_ssl_binding,
                    http2,
                    trust,
                    place: format!("hostnameConfigurations[{i}]"),
                }),
            );
        }
        Arc::new(HostTable::new(hosts, self.settings.unknown_name))
    }

    fn host(&mut self, parts: &HostParts<'_>) -> Arc<HostConfiguration> {
        let context = HostContext::build(HostSettings {
            mode: parts.mode,
            revocation: self.settings.revocation,
            tickets: self.settings.tls.tickets,
            max_ticket_age: self.settings.tls.max_ticket_age,
            http2: parts.http2,
            ..HostSettings::new(
                &**parts.name,
                Arc::clone(parts.material),
                Arc::clone(parts.trust),
            )
        });
        let context = match context {
            Ok(context) => Some(context),
            Err(error) => {
                self.problem(&ResourcePath::service(), &parts.place, error.to_string());
                None
            }
        };
        Arc::new(HostConfiguration {
            key: Arc::clone(parts.name),
            context,
            mode: parts.mode,
            is_default: parts.is_default,
        })
    }
}

struct HostParts<'a> {
    name: &'a Arc<str>,
    material: &'a Arc<KeyMaterial>,
    mode: ClientCertificateMode,
    is_default: bool,
    http2: bool,
    trust: &'a Arc<TrustBundle>,
    place: String,
}

fn property<'s>(service: &'s Service, name: &str) -> Option<&'s Arc<str>> {
    service
        .custom_properties
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// `Countersign.Host.<name>.ClientCertificate` of a host.
fn mode_property(service: &Service, host: &str) -> Option<ClientCertificateMode> {
    let value = property(service, &format!("{MODE_PREFIX}{host}{MODE_SUFFIX}"))?;
    match value.to_ascii_lowercase().as_str() {
        "none" => Some(ClientCertificateMode::None),
        "optional" => Some(ClientCertificateMode::Optional),
        "required" => Some(ClientCertificateMode::Required),
        // Refused when it was written; should it come from elsewhere, the strictest reading.
        _ => Some(ClientCertificateMode::Required),
    }
}
