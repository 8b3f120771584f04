//! What a certificate says: facts parsed once, so that nothing is parsed per request.

mod read;

use std::sync::Arc;

use openssl::x509::X509;
use thiserror::Error;

use crate::der::{self, Header};
use crate::digest;
pub use crate::name::{Name, NameValue};
use crate::pem;
pub use crate::pem::PemError;

/// Largest certificate that is read, in bytes. A TLS peer cannot send a larger one either.
pub const MAX_CERTIFICATE_BYTES: usize = 65_280;

/// Largest bundle of PEM certificates that is read, in bytes.
pub const MAX_BUNDLE_BYTES: usize = 4 << 20;

/// An X.509 certificate, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The DER encoding.
    pub der: Arc<[u8]>,
    /// SHA-1 of the DER encoding (the thumbprint of Windows and APIM).
    pub sha1: [u8; 20],
    /// SHA-256 of the DER encoding.
    pub sha256: [u8; 32],
    /// SHA-256 of the DER `SubjectPublicKeyInfo` (RFC 7469 pins).
    pub spki_sha256: [u8; 32],
    /// Serial number: the contents of its DER `INTEGER` (big-endian, two's complement, leading zero kept).
    pub serial: Vec<u8>,
    /// Subject.
    pub subject: Name,
    /// Issuer.
    pub issuer: Name,
    /// Start of validity, Unix seconds.
    pub not_before: i64,
    /// End of validity, Unix seconds.
    pub not_after: i64,
    /// X.509 version as people count: 1, 2 or 3.
    pub version: u32,
    /// OID of the algorithm the issuer signed with.
    pub signature_algorithm: String,
    /// OID of the subject's public key algorithm.
    pub public_key_algorithm: String,
    /// Size of the public key in bits, as OpenSSL counts it; `None` for a key it does not know.
    pub public_key_bits: Option<u32>,
    /// `dNSName` entries of the subject alternative name.
    pub dns_names: Vec<String>,
    /// `rfc822Name` entries.
    pub email_addresses: Vec<String>,
    /// `uniformResourceIdentifier` entries.
    pub uris: Vec<String>,
    /// `iPAddress` entries, 4 or 16 bytes each.
    pub ip_addresses: Vec<Vec<u8>>,
    /// User principal names (`otherName` 1.3.6.1.4.1.311.20.2.3).
    pub user_principal_names: Vec<String>,
    /// Basic constraints say that this is a certification authority.
    pub is_ca: bool,
    /// Key usage, if the extension is there.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usage OIDs, if the extension is there.
    pub extended_key_usage: Option<Vec<String>>,
    /// Subject key identifier, if the extension is there.
    pub subject_key_id: Option<Vec<u8>>,
    /// Key identifier of the authority key identifier, if there.
    pub authority_key_id: Option<Vec<u8>>,
}

impl CertificateFacts {
    /// SHA-1 thumbprint as upper-case hexadecimal.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        digest::upper_hex(&self.sha1)
    }

    /// Subject and issuer are the same name, as for a root.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// PEM text of the certificate.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der).to_string()
    }
}

/// Key usage bits (RFC 5280, 4.2.1.3), bit 0 (`digitalSignature`) being the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// `digitalSignature`.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// `keyEncipherment`.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// `keyAgreement`.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// `keyCertSign`.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// `cRLSign`.
    pub const CRL_SIGN: Self = Self(1 << 6);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Why bytes are not one usable certificate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// No bytes at all.
    #[error("the certificate is empty")]
    Empty,
    /// More bytes than any lawful certificate has.
    #[error("{actual} bytes are too many for a certificate (at most {limit})")]
    TooLarge {
        /// Bytes given.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The DER ends early.
    #[error("the certificate is truncated: {expected} bytes are announced, {actual} are there")]
    Truncated {
        /// Bytes that the DER header announces.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// Bytes follow the certificate.
    #[error("{0} bytes follow the end of the certificate")]
    TrailingBytes(usize),
    /// The PEM text is broken.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The PEM block holds something else.
    #[error("line {line}: a CERTIFICATE is expected here, not `{label}`")]
    UnexpectedPemBlock {
        /// Label of the block.
        label: String,
        /// Line of its begin marker.
        line: usize,
    },
    /// More than one certificate where one is expected.
    #[error("{0} certificates were given where one is expected")]
    MoreThanOne(usize),
    /// Neither PEM nor a DER certificate.
    #[error("this is not an X.509 certificate: {0}")]
    NotACertificate(String),
    /// OpenSSL reads it, but a part does not follow RFC 5280 and cannot be relied on.
    #[error("the certificate's {0} cannot be read")]
    Malformed(&'static str),
}

/// Reads one certificate from DER, or from PEM that holds exactly one.
///
/// # Errors
/// Says what the bytes are instead, or where they stop being a certificate.
pub fn parse(bytes: &[u8]) -> Result<CertificateFacts, CertificateError> {
    if bytes.is_empty() {
        return Err(CertificateError::Empty);
    }
    if !pem::looks_like_pem(bytes) {
        return parse_der(bytes);
    }
    let mut certificates = parse_many_pem(bytes)?;
    match (certificates.pop(), certificates.len()) {
        (Some(certificate), 0) => Ok(certificate),
        (_, others) => Err(CertificateError::MoreThanOne(others + 1)),
    }
}

/// Reads every certificate of a PEM text, in order. Other kinds of blocks are an error.
///
/// # Errors
/// Says which block or line is wrong. A text without a certificate is an error too.
pub fn parse_many_pem(text: &[u8]) -> Result<Vec<CertificateFacts>, CertificateError> {
    if text.is_empty() {
        return Err(CertificateError::Empty);
    }
    check_size(text.len(), MAX_BUNDLE_BYTES)?;
    pem::blocks(text)?
        .into_iter()
        .map(|block| {
            if matches!(block.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE")
                && !block.has_headers
            {
                parse_der(&block.der)
            } else {
                Err(CertificateError::UnexpectedPemBlock {
                    label: block.label,
                    line: block.line,
                })
            }
        })
        .collect()
}

pub(crate) fn parse_der(bytes: &[u8]) -> Result<CertificateFacts, CertificateError> {
    check_size(bytes.len(), MAX_CERTIFICATE_BYTES)?;
    check_extent(bytes)?;
    let parsed = X509::from_der(bytes)
        .map_err(|_| CertificateError::NotACertificate(describe_other(bytes).to_owned()))?;
    let mut facts = read::read(bytes)?;
    facts.public_key_bits = parsed.public_key().ok().map(|key| key.bits());
    Ok(facts)
}

fn check_size(actual: usize, limit: usize) -> Result<(), CertificateError> {
    if actual > limit {
        return Err(CertificateError::TooLarge { actual, limit });
    }
    Ok(())
}

/// OpenSSL's own messages for a short or long file say nothing to an administrator.
fn check_extent(bytes: &[u8]) -> Result<(), CertificateError> {
    let not_der = || CertificateError::NotACertificate("neither DER nor PEM".to_owned());
    let header = Header::parse(bytes)
        .filter(|header| header.tag == der::SEQUENCE)
        .ok_or_else(not_der)?;
    let expected = header.total().ok_or_else(not_der)?;
    if expected > bytes.len() {
        return Err(CertificateError::Truncated {
            expected,
            actual: bytes.len(),
        });
    }
    if expected < bytes.len() {
        return Err(CertificateError::TrailingBytes(bytes.len() - expected));
    }
    Ok(())
}

fn describe_other(bytes: &[u8]) -> &'static str {
    if openssl::pkcs12::Pkcs12::from_der(bytes).is_ok() {
        "it is a PKCS#12 (PFX) file"
    } else if openssl::pkey::PKey::private_key_from_der(bytes).is_ok() {
        "it is a private key"
    } else if openssl::pkcs7::Pkcs7::from_der(bytes).is_ok() {
        "it is a PKCS#7 (P7B) bundle"
    } else if openssl::x509::X509Crl::from_der(bytes).is_ok() {
        "it is a certificate revocation list"
    } else if openssl::x509::X509Req::from_der(bytes).is_ok() {
        "it is a certificate signing request"
    } else {
        "the DER structure is a different one, or damaged"
    }
}
