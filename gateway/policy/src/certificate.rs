//! Certificates as policies see them: plain values, already parsed by somebody who can.

use std::sync::Arc;

use crate::dn::Dn;
use crate::host::UnixNanos;

/// An X.509 certificate.
///
/// Every field is computed once, when the certificate is first seen, so that a request compares
/// bytes and never parses. Built by `gateway-config` from what `gateway-tls` parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The DER encoding.
    pub der: Arc<[u8]>,
    /// SHA-1 of the DER encoding (what .NET and APIM call the thumbprint).
    pub sha1: [u8; 20],
    /// SHA-256 of the DER encoding.
    pub sha256: [u8; 32],
    /// SHA-256 of the DER `SubjectPublicKeyInfo` (RFC 7469 pins).
    pub spki_sha256: [u8; 32],
    /// Upper-case hexadecimal of `sha1`, 40 characters.
    pub thumbprint: Arc<str>,
    /// Serial number as .NET prints it: upper-case hexadecimal, big-endian, with a leading `00`
    /// where DER has one.
    pub serial_number: Arc<str>,
    /// Subject.
    pub subject: Dn,
    /// Issuer.
    pub issuer: Dn,
    /// Start of validity.
    pub not_before: UnixNanos,
    /// End of validity.
    pub not_after: UnixNanos,
    /// X.509 version as people count: 1 or 3.
    pub version: u32,
    /// `dNSName` entries of the subject alternative name.
    pub dns_names: Vec<Arc<str>>,
    /// `rfc822Name` entries.
    pub email_addresses: Vec<Arc<str>>,
    /// `uniformResourceIdentifier` entries.
    pub uris: Vec<Arc<str>>,
    /// User principal names (`otherName` 1.3.6.1.4.1.311.20.2.3).
    pub user_principal_names: Vec<Arc<str>>,
    /// Whether a private key is stored with it.
    pub has_private_key: bool,
}
