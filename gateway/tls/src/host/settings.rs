//! What a host configuration is made of.

use std::sync::Arc;

use openssl::ssl::SslVersion;

use super::groups::default_groups;
use crate::key_material::KeyMaterial;
use crate::trust::{RevocationPolicy, TrustBundle};

/// Longest time, in seconds, that resumption may put off a full handshake, unless configured: eight hours.
pub const DEFAULT_MAX_TICKET_AGE: u32 = 8 * 60 * 60;

/// What is asked of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ClientCertificateMode {
    /// No certificate is asked for.
    #[default]
    None,
    /// One is asked for; any whose key is proven passes, and so does none. Policies judge it.
    Optional,
    /// A trusted one is demanded; otherwise the handshake fails.
    Required,
}

impl ClientCertificateMode {
    /// The word used in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// Protocol versions that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl TlsVersion {
    pub(crate) const fn to_openssl(self) -> SslVersion {
        match self {
            Self::Tls12 => SslVersion::TLS1_2,
            Self::Tls13 => SslVersion::TLS1_3,
        }
    }

    /// As people write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

/// What a host configuration is made of.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// Id of the host configuration: `api.example.com` or `*.example.com`. Sessions do not cross it.
    pub key: String,
    /// What is asked of clients.
    pub mode: ClientCertificateMode,
    /// Certificate, key and intermediates.
    pub material: Arc<KeyMaterial>,
    /// What client certificates are judged by.
    pub trust: Arc<TrustBundle>,
    /// What an unknown revocation status means in mode `required`.
    pub revocation: RevocationPolicy,
    /// Lowest version.
    pub min_version: TlsVersion,
    /// Highest version.
    pub max_version: TlsVersion,
    /// Key exchange groups, most wanted first.
    pub groups: Vec<String>,
    /// Session tickets sent after a full TLS 1.3 handshake (1.2 sends one at most); 0: no resumption.
    pub tickets: u8,
    /// Whether HTTP/2 is offered by ALPN.
    pub http2: bool,
    /// Seconds after a full handshake for which its session, and every session resumed from it, may be resumed.
    pub max_ticket_age: u32,
}

impl HostSettings {
    /// Defaults for all that is not given: mode `none`, TLS 1.2 and 1.3, one ticket, HTTP/2 on.
    #[must_use]
    pub fn new(
        key: impl Into<String>,
        material: Arc<KeyMaterial>,
        trust: Arc<TrustBundle>,
    ) -> Self {
        Self {
            key: key.into(),
            mode: ClientCertificateMode::None,
            material,
            trust,
            revocation: RevocationPolicy::Hard,
            min_version: TlsVersion::Tls12,
            max_version: TlsVersion::Tls13,
            groups: default_groups().to_vec(),
            tickets: 1,
            http2: true,
            max_ticket_age: DEFAULT_MAX_TICKET_AGE,
        }
    }
}
