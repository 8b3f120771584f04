//! The service resource: trusted CAs, host names, switches.

use std::sync::Arc;

use gateway_tls::certificate::CertificateFacts;
use gateway_tls::key_material::KeyMaterial;
use indexmap::IndexMap;
use serde_json::Value;

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
