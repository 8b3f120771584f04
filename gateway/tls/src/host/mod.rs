//! Host configurations: for one host name, the certificate, the client certificate mode, the trust and the
//! TLS profile, as an OpenSSL context ready to be handed to connections.

mod context;
mod groups;
mod settings;

use std::ffi::{CStr, CString};
use std::fmt;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslContextRef};
use thiserror::Error;

use self::context::{SECURITY_LEVEL, TLS12_CIPHERS, build_context};
use self::groups::checked_groups;
pub use self::groups::{DEFAULT_GROUPS, default_groups};
pub use self::settings::{ClientCertificateMode, DEFAULT_MAX_TICKET_AGE, HostSettings, TlsVersion};
use crate::digest::PartsDigest;
use crate::key_material::KeyMaterial;
use crate::trust::{RevocationPolicy, TrustBundle};

/// Why a host configuration cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HostContextError {
    /// The highest version is below the lowest.
    #[error("the highest TLS version ({max}) is below the lowest ({min})", max = max.as_str(), min = min.as_str())]
    Versions {
        /// Lowest version given.
        min: TlsVersion,
        /// Highest version given.
        max: TlsVersion,
    },
    /// No group at all.
    #[error("the list of key exchange groups is empty")]
    NoGroups,
    /// A name that is not a group's.
    #[error("`{0}` is not the name of a key exchange group")]
    GroupName(String),
    /// OpenSSL does not know one of the groups.
    #[error("OpenSSL does not know one of the key exchange groups `{0}`")]
    Groups(String),
    /// TLS 1.2 clients with P-256 certificates would be refused.
    #[error(
        "without P-256 in the list of groups, TLS 1.2 clients with P-256 certificates are refused; add it or raise the lowest version to 1.3"
    )]
    GroupsWithoutP256,
    /// TLS 1.2 could not use the server's key.
    #[error(
        "the server certificate's key is on curve {0}, which must be in the list of groups while TLS 1.2 is on"
    )]
    GroupsWithoutServerCurve(&'static str),
    /// OpenSSL refuses the certificate or key, most often because the key is too small.
    #[error("the server certificate cannot be used: {0}")]
    Certificate(String),
    /// OpenSSL failed for a reason of its own.
    #[error("OpenSSL: {0}")]
    OpenSsl(String),
}

impl From<ErrorStack> for HostContextError {
    fn from(error: ErrorStack) -> Self {
        Self::OpenSsl(error.to_string())
    }
}

/// A host configuration, ready for connections. Immutable; a connection keeps its own for as long as it lives.
pub struct HostContext {
    key: String,
    mode: ClientCertificateMode,
    material: Arc<KeyMaterial>,
    trust: Arc<TrustBundle>,
    revocation: RevocationPolicy,
    min_version: TlsVersion,
    max_version: TlsVersion,
    groups: CString,
    tickets: u8,
    max_ticket_age: u32,
    trust_epoch: [u8; 32],
    session_id_context: [u8; 32],
    context: SslContext,
}

impl HostContext {
    /// Builds a host configuration. Takes about half a millisecond: not for the request path.
    ///
    /// # Errors
    /// Says which setting cannot be used.
    pub fn build(settings: HostSettings) -> Result<Arc<Self>, HostContextError> {
        if settings.max_version < settings.min_version {
            return Err(HostContextError::Versions {
                min: settings.min_version,
                max: settings.max_version,
            });
        }
        let groups = checked_groups(&settings)?;
        let context = build_context(&settings, &groups)?;
        let trust_epoch = trust_epoch(&settings, &groups);
        let session_id_context = {
            let mut digest = PartsDigest::new("countersign session id context 1");
            digest.part(settings.key.as_bytes());
            digest.part(settings.mode.as_str().as_bytes());
            digest.part(&trust_epoch);
            digest.finish()
        };
        Ok(Arc::new(Self {
            key: settings.key,
            mode: settings.mode,
            material: settings.material,
            trust: settings.trust,
            revocation: settings.revocation,
            min_version: settings.min_version,
            max_version: settings.max_version,
            groups,
            tickets: settings.tickets,
            max_ticket_age: settings.max_ticket_age,
            trust_epoch,
            session_id_context,
            context,
        }))
    }

    /// Id of the host configuration.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is asked of clients.
    #[must_use]
    pub const fn mode(&self) -> ClientCertificateMode {
        self.mode
    }

    /// What client certificates are judged by.
    #[must_use]
    pub const fn trust(&self) -> &Arc<TrustBundle> {
        &self.trust
    }

    /// What an unknown revocation status means in mode `required`.
    #[must_use]
    pub const fn revocation(&self) -> RevocationPolicy {
        self.revocation
    }

    /// Certificate, key and intermediates.
    #[must_use]
    pub const fn material(&self) -> &Arc<KeyMaterial> {
        &self.material
    }

    /// Digest of what the handshake decides: roots, intermediates, revocation lists, mode, TLS profile,
    /// revocation policy. Sessions do not outlive it.
    #[must_use]
    pub const fn trust_epoch(&self) -> [u8; 32] {
        self.trust_epoch
    }

    /// Lowest version.
    #[must_use]
    pub const fn min_version(&self) -> TlsVersion {
        self.min_version
    }

    /// Highest version.
    #[must_use]
    pub const fn max_version(&self) -> TlsVersion {
        self.max_version
    }

    /// Session tickets sent after a full handshake.
    #[must_use]
    pub const fn tickets(&self) -> u8 {
        self.tickets
    }

    /// Seconds after a full handshake for which sessions may be resumed.
    #[must_use]
    pub const fn max_ticket_age(&self) -> u32 {
        self.max_ticket_age
    }

    pub(crate) fn groups(&self) -> &CStr {
        &self.groups
    }

    pub(crate) const fn session_id_context(&self) -> &[u8; 32] {
        &self.session_id_context
    }

    pub(crate) fn context(&self) -> &SslContextRef {
        &self.context
    }
}

impl fmt::Debug for HostContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostContext")
            .field("key", &self.key)
            .field("mode", &self.mode)
            .field("material", &self.material)
            .field("trust_epoch", &crate::digest::upper_hex(&self.trust_epoch))
            .finish_non_exhaustive()
    }
}

fn trust_epoch(settings: &HostSettings, groups: &CStr) -> [u8; 32] {
    let mut digest = PartsDigest::new("countersign trust epoch 1");
    digest.part(&settings.trust.digest());
    digest.part(settings.mode.as_str().as_bytes());
    digest.part(settings.revocation.as_str().as_bytes());
    digest.part(settings.min_version.as_str().as_bytes());
    digest.part(settings.max_version.as_str().as_bytes());
    digest.part(groups.to_bytes());
    digest.part(TLS12_CIPHERS.as_bytes());
    digest.part(&SECURITY_LEVEL.to_be_bytes());
    digest.finish()
}
