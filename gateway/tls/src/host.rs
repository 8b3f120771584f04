//! Host configurations: for one host name, the certificate, the client certificate mode, the trust and the
//! TLS profile, as an OpenSSL context ready to be handed to connections.

use std::ffi::{CStr, CString};
use std::fmt;
use std::sync::{Arc, OnceLock};

use openssl::error::ErrorStack;
use openssl::ssl::{
    AlpnError, SslContext, SslContextBuilder, SslContextRef, SslMethod, SslOptions, SslVersion,
    select_next_proto,
};
use openssl::stack::Stack;
use openssl::x509::{X509, X509Name};
use thiserror::Error;

use crate::digest::PartsDigest;
use crate::ffi::callbacks;
use crate::key_material::KeyMaterial;
use crate::trust::{RevocationPolicy, TrustBundle};

/// Key exchange groups unless configured: post-quantum hybrid first, then the curves everybody has.
pub const DEFAULT_GROUPS: &[&str] = &["X25519MLKEM768", "X25519", "P-256", "P-384"];

/// Longest time, in seconds, that resumption may put off a full handshake, unless configured: eight hours.
pub const DEFAULT_MAX_TICKET_AGE: u32 = 8 * 60 * 60;

/// Forward-secret, authenticated ciphers of TLS 1.2. (HTTP/2 forbids the others, RFC 9113, appendix A.)
const TLS12_CIPHERS: &str = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK";

/// OpenSSL's security level: at least 112 bits.
const SECURITY_LEVEL: u32 = 2;

/// Most bytes of issuer names sent to clients as a hint. Above it none is sent, which means "any".
const MAX_ISSUER_HINT_BYTES: usize = 8192;

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

/// [`DEFAULT_GROUPS`] without those that the OpenSSL in use does not know: a system's may be older than
/// the post-quantum groups.
#[must_use]
pub fn default_groups() -> &'static [String] {
    static KNOWN: OnceLock<Vec<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let Ok(mut scratch) = SslContextBuilder::new(SslMethod::tls_server()) else {
            return DEFAULT_GROUPS
                .iter()
                .map(|group| (*group).to_owned())
                .collect();
        };
        DEFAULT_GROUPS
            .iter()
            .filter(|group| scratch.set_groups_list(group).is_ok())
            .map(|group| (*group).to_owned())
            .collect()
    })
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

/// What an SSL takes from its host's context: certificate block, ciphers, issuer names, ALPN, certificate
/// verification, and the `ClientHello` callback for the hello after a `HelloRetryRequest`. All else is set on
/// the connection itself (`handshake::apply`) or comes from the base context.
fn build_context(settings: &HostSettings, groups: &CStr) -> Result<SslContext, HostContextError> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_server())?;
    builder.set_security_level(SECURITY_LEVEL);
    builder.set_cipher_list(TLS12_CIPHERS)?;
    builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE | SslOptions::PRIORITIZE_CHACHA);
    let groups_text = groups.to_string_lossy();
    builder
        .set_groups_list(&groups_text)
        .map_err(|_| HostContextError::Groups(groups_text.clone().into_owned()))?;
    install_material(&mut builder, &settings.material)
        .map_err(|error| HostContextError::Certificate(reasons(&error)))?;
    if settings.mode == ClientCertificateMode::Required {
        builder.set_client_ca_list(issuer_hint(&settings.trust)?);
    }
    let protocols: &'static [u8] = if settings.http2 {
        b"\x02h2\x08http/1.1"
    } else {
        b"\x08http/1.1"
    };
    builder.set_alpn_select_callback(move |_, offered| {
        select_next_proto(protocols, offered).ok_or(AlpnError::ALERT_FATAL)
    });
    callbacks::set_certificate_verification(&mut builder);
    callbacks::set_client_hello(&mut builder);
    Ok(builder.build())
}

fn install_material(
    builder: &mut SslContextBuilder,
    material: &KeyMaterial,
) -> Result<(), ErrorStack> {
    builder.set_certificate(material.leaf())?;
    for intermediate in material.chain() {
        builder.add_extra_chain_cert(intermediate.clone())?;
    }
    builder.set_private_key(material.key())?;
    builder.check_private_key()
}

fn reasons(error: &ErrorStack) -> String {
    let reasons: Vec<&str> = error
        .errors()
        .iter()
        .filter_map(openssl::error::Error::reason)
        .collect();
    reasons.join(", ")
}

/// Names of the roots, so that a client with several certificates sends a fitting one. Only in mode
/// `required`: in `optional` every certificate may be right, and clients that follow the hint would send none.
fn issuer_hint(trust: &TrustBundle) -> Result<Stack<X509Name>, ErrorStack> {
    let mut names = Stack::new()?;
    let mut bytes = 0;
    for root in trust.roots() {
        let name = X509::from_der(&root.der)?.subject_name().to_owned()?;
        bytes += name.to_der()?.len() + 2;
        names.push(name)?;
    }
    if bytes > MAX_ISSUER_HINT_BYTES {
        Stack::new()
    } else {
        Ok(names)
    }
}

fn checked_groups(settings: &HostSettings) -> Result<CString, HostContextError> {
    if settings.groups.is_empty() {
        return Err(HostContextError::NoGroups);
    }
    for group in &settings.groups {
        // OpenSSL's list syntax gives meaning to `?`, `*`, `-` in front, `/` and keywords; only names are taken.
        let plain = group
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && group.starts_with(|first: char| first.is_ascii_alphanumeric());
        if !plain || group.eq_ignore_ascii_case("DEFAULT") {
            return Err(HostContextError::GroupName(group.clone()));
        }
    }
    if settings.min_version == TlsVersion::Tls12 {
        if !offers(&settings.groups, P256) {
            return Err(HostContextError::GroupsWithoutP256);
        }
        check_server_curve(settings)?;
    }
    CString::new(settings.groups.join(":")).map_err(|_| HostContextError::NoGroups)
}

const P256: &[&str] = &["P-256", "prime256v1", "secp256r1"];
const P384: &[&str] = &["P-384", "secp384r1"];
const P521: &[&str] = &["P-521", "secp521r1"];

fn offers(groups: &[String], names: &[&str]) -> bool {
    groups
        .iter()
        .any(|group| names.iter().any(|name| group.eq_ignore_ascii_case(name)))
}

/// In TLS 1.2 the groups also say which curves certificates may use (RFC 8422, 5.1).
fn check_server_curve(settings: &HostSettings) -> Result<(), HostContextError> {
    let Ok(key) = settings.material.key().ec_key() else {
        return Ok(());
    };
    let (curve, names) = match key.group().curve_name() {
        Some(openssl::nid::Nid::X9_62_PRIME256V1) => ("P-256", P256),
        Some(openssl::nid::Nid::SECP384R1) => ("P-384", P384),
        Some(openssl::nid::Nid::SECP521R1) => ("P-521", P521),
        _ => {
            return Err(HostContextError::Certificate(
                "its key is on a curve that TLS does not use".to_owned(),
            ));
        }
    };
    if offers(&settings.groups, names) {
        Ok(())
    } else {
        Err(HostContextError::GroupsWithoutServerCurve(curve))
    }
}
