//! Issuing: authorities, leaf certificates, PKCS #12 files and revocation lists.
//!
//! `countersign dev` and the tests make their public-key infrastructure here. What comes out is
//! shaped like what a real authority issues (RFC 5280: version 3, key identifiers, key usage,
//! extended key usage) and passes OpenSSL's `X509_STRICT` checks; the deliberate exceptions that
//! tests need (version 1, no usage, dates in the past) have to be asked for by name.
//!
//! ```
//! use gateway_tls::issue::{Authority, AuthorityOptions, LeafRequest, Subject};
//!
//! let root = Authority::new(&Subject::common_name("My Trusted CA"), &AuthorityOptions::default())?;
//! let partner = root.issue(&LeafRequest::client("partner-company.com"))?;
//! assert!(partner.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! # Ok::<(), gateway_tls::issue::IssueError>(())
//! ```
//!
//! Times are whole seconds since the Unix epoch, so that a caller with an injected clock can issue
//! against it.

mod authority;
mod crl;
mod issued;
mod key;
mod leaf;
mod serial;
mod subject;
mod validity;

pub use authority::{Authority, AuthorityOptions};
pub use crl::{Crl, CrlRequest, Revocation};
pub use issued::Issued;
pub use key::KeyKind;
pub use leaf::{LeafRequest, SubjectAltName, Usage};
pub use serial::Serial;
pub use subject::{Attribute, Subject};
pub use validity::Validity;

use openssl::error::ErrorStack;

/// Why a certificate, a PKCS #12 file or a revocation list could not be issued.
///
/// No variant carries key material.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The request contradicts itself or the standard it names.
    #[error("{0}")]
    Request(String),
    /// The PEM text given for an authority is not a certificate with its private key.
    #[error("{what}: {source}")]
    Pem {
        /// Which of the two texts is wrong.
        what: &'static str,
        /// OpenSSL's reason.
        source: ErrorStack,
    },
    /// OpenSSL refused an operation that should not fail.
    #[error("OpenSSL: {0}")]
    OpenSsl(#[from] ErrorStack),
}

#[cfg(test)]
mod tests;
