//! What a policy needs of the world.

mod crypto;

use std::sync::Arc;

use crate::certificate::Certificate;
pub use crypto::{
    Cipher, CipherAlgorithm, CipherMode, CipherPadding, Crypto, CryptoError, Curve,
    EncryptionPadding, HashAlgorithm, JwsAlgorithm, JwsKey, PublicKey, RsaKey, RsaKeyMaterial,
    RsaKeySource, SignaturePadding,
};

/// A moment, in nanoseconds since 1970-01-01T00:00:00Z.
pub type UnixNanos = i128;

/// The world as one request's policies see it.
///
/// Implemented by `gateway-config`, which joins policies with trust; tests implement it with fixed
/// values. Every method answers from memory: a policy never waits inside an evaluation.
pub trait Host: Crypto {
    /// The current time (injected, so that tests decide it).
    fn now(&self) -> UnixNanos;

    /// Fills `buffer` with cryptographically strong random bytes.
    fn random(&self, buffer: &mut [u8]);

    /// Parses a DER or PEM certificate; `None` if it is none.
    fn parse_certificate(&self, bytes: &[u8]) -> Option<Arc<Certificate>>;

    /// What path validation and revocation say about the certificate the client presented, under
    /// the trust of the snapshot that this request pinned. Only asked when there is one.
    fn client_verdict(&self) -> ChainVerdict;

    /// The same for any other certificate (`new X509Certificate2(bytes).Verify()`), alone, with the
    /// snapshot's intermediates.
    fn verdict(&self, certificate: &Certificate) -> ChainVerdict;

    /// A named identity list, if it exists.
    fn identity_list(&self, id: &str) -> Option<&dyn IdentityList>;

    /// Certificates uploaded to the service by upper-case hexadecimal SHA-1 thumbprint
    /// (`context.Deployment.Certificates`).
    fn deployment_certificate(&self, thumbprint: &str) -> Option<Arc<Certificate>>;

    /// All uploaded certificates, in no particular order.
    fn deployment_certificates(&self) -> Vec<Arc<Certificate>>;

    /// An uploaded certificate by resource id (`issuer-certificate-id`).
    fn certificate_by_id(&self, id: &str) -> Option<Arc<Certificate>>;

    /// Takes one record of a `trace` policy or of `context.Trace`.
    fn trace(&self, record: TraceRecord);

    /// Takes one value of an `emit-metric` policy. Values of dimensions may come from requests: whoever
    /// keeps them must bound how many there are.
    fn emit_metric(&self, metric: Metric);

    /// Takes a message for the logger with this resource id, which delivers it in its own time or
    /// drops it; returns at once. A program that names a logger was compiled when it existed.
    fn log_to(&self, logger: &str, message: LoggerMessage);
}

/// What path validation found, apart from the leaf's own validity window, which a policy checks
/// itself at the moment of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainVerdict {
    /// Whether a path to a trusted root exists (dates of the leaf and revocation left aside).
    pub trust: Trust,
    /// Revocation of the certificates on that path.
    pub revocation: Revocation,
    /// SHA-1 thumbprints and subjects above the leaf on the path, issuer first; empty if none was
    /// built. `issuer-*` claims are matched against these.
    pub issuers: Arc<[Arc<Certificate>]>,
}

/// Outcome of path building.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// A path to a trusted root exists.
    Trusted,
    /// There is none; why, for operators.
    Untrusted(Arc<str>),
}

/// Outcome of the revocation check of a whole path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// Every certificate that must be covered is, and none is revoked.
    Good,
    /// One is revoked; which and by what, for operators.
    Revoked(Arc<str>),
    /// It cannot be told and the configuration refuses that; what is missing (the issuer whose CRL
    /// is absent, expired or unusable), for operators.
    Unknown(Arc<str>),
}

/// A set of identities a policy can ask.
pub trait IdentityList {
    /// Whether `certificate` is on the list now. `issuers` is the built path above the leaf, issuer
    /// first, empty when untrusted.
    fn contains(
        &self,
        certificate: &Certificate,
        issuers: &[Arc<Certificate>],
        now: UnixNanos,
    ) -> bool;
}

/// One value that a policy adds to a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Metrics of different namespaces are different ones.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What to add: a finite number.
    pub value: f64,
    /// Names and values, in the order of the policy.
    pub dimensions: Vec<(String, String)>,
}

/// One message that a policy gives to a logger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggerMessage {
    /// Up to 200 KiB.
    pub text: String,
    /// Index of the partition, if the policy chose one.
    pub partition_id: Option<Arc<str>>,
    /// What decides the partition otherwise.
    pub partition_key: Option<String>,
}

/// Severity of a [`TraceRecord`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceSeverity {
    /// `verbose`, the default of the `trace` policy.
    Verbose,
    /// `information`.
    Information,
    /// `error`.
    Error,
}

/// One message that a policy wants recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceRecord {
    /// The `source` attribute; `context.Trace` for the method.
    pub source: String,
    /// How important it is.
    pub severity: TraceSeverity,
    /// The evaluated message.
    pub message: String,
    /// `metadata` name and value pairs.
    pub metadata: Vec<(String, String)>,
}
