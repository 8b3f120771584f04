//! What a certificate says: facts parsed once, so that nothing is parsed per request.

use std::sync::Arc;

use openssl::x509::X509;
use thiserror::Error;

use crate::der::{self, Element, Header, Reader};
use crate::digest;
use crate::name::string_text;
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
    let mut facts = read(bytes)?;
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

/// Walks `Certificate` and `TBSCertificate` (RFC 5280, 4.1).
fn read(bytes: &[u8]) -> Result<CertificateFacts, CertificateError> {
    use CertificateError::Malformed;
    const VERSION: u8 = 0xa0;
    const ISSUER_UNIQUE_ID: u8 = 0x81;
    const SUBJECT_UNIQUE_ID: u8 = 0x82;
    const EXTENSIONS: u8 = 0xa3;

    let mut outer = Reader::new(bytes)
        .expect(der::SEQUENCE)
        .ok_or(Malformed("structure"))?
        .reader();
    let mut tbs = outer
        .expect(der::SEQUENCE)
        .ok_or(Malformed("structure"))?
        .reader();
    let signature_algorithm = algorithm(outer.next()).ok_or(Malformed("signature algorithm"))?;

    let version = match tbs.optional(VERSION) {
        None => 1,
        Some(version) => match version
            .reader()
            .expect(der::INTEGER)
            .map(|number| number.contents)
        {
            Some([number @ 0..=2]) => u32::from(*number) + 1,
            _ => return Err(Malformed("version")),
        },
    };
    let serial = tbs.expect(der::INTEGER).ok_or(Malformed("serial number"))?;
    tbs.expect(der::SEQUENCE)
        .ok_or(Malformed("signature algorithm"))?;
    let issuer = name(&mut tbs).ok_or(Malformed("issuer"))?;
    let mut validity = tbs
        .expect(der::SEQUENCE)
        .ok_or(Malformed("validity"))?
        .reader();
    let not_before = validity
        .next()
        .and_then(der::unix_time)
        .ok_or(Malformed("notBefore"))?;
    let not_after = validity
        .next()
        .and_then(der::unix_time)
        .ok_or(Malformed("notAfter"))?;
    let subject = name(&mut tbs).ok_or(Malformed("subject"))?;
    let spki = tbs.expect(der::SEQUENCE).ok_or(Malformed("public key"))?;
    let public_key_algorithm = algorithm(spki.reader().next()).ok_or(Malformed("public key"))?;
    tbs.optional(ISSUER_UNIQUE_ID);
    tbs.optional(SUBJECT_UNIQUE_ID);

    let mut facts = CertificateFacts {
        der: Arc::from(bytes),
        sha1: digest::sha1(bytes),
        sha256: digest::sha256(bytes),
        spki_sha256: digest::sha256(spki.encoding),
        serial: serial.contents.to_vec(),
        subject,
        issuer,
        not_before,
        not_after,
        version,
        signature_algorithm,
        public_key_algorithm,
        public_key_bits: None,
        dns_names: Vec::new(),
        email_addresses: Vec::new(),
        uris: Vec::new(),
        ip_addresses: Vec::new(),
        user_principal_names: Vec::new(),
        is_ca: false,
        key_usage: None,
        extended_key_usage: None,
        subject_key_id: None,
        authority_key_id: None,
    };
    if let Some(extensions) = tbs.optional(EXTENSIONS) {
        read_extensions(&mut facts, extensions)?;
    }
    Ok(facts)
}

fn algorithm(element: Option<Element<'_>>) -> Option<String> {
    der::oid_text(element?.reader().expect(der::OID)?.contents)
}

fn name(reader: &mut Reader<'_>) -> Option<Name> {
    Name::from_der(reader.expect(der::SEQUENCE)?)
}

fn read_extensions(
    facts: &mut CertificateFacts,
    element: Element<'_>,
) -> Result<(), CertificateError> {
    let malformed = || CertificateError::Malformed("extensions");
    let mut list = element
        .reader()
        .expect(der::SEQUENCE)
        .ok_or_else(malformed)?
        .reader();
    let mut seen = Vec::new();
    while !list.is_empty() {
        let mut extension = list.expect(der::SEQUENCE).ok_or_else(malformed)?.reader();
        let oid = extension.expect(der::OID).ok_or_else(malformed)?.contents;
        extension.optional(der::BOOLEAN);
        let value = extension
            .expect(der::OCTET_STRING)
            .ok_or_else(malformed)?
            .contents;
        // RFC 5280, 4.2: not more than one instance. Two would let two readers see two certificates.
        if seen.contains(&oid) {
            return Err(CertificateError::Malformed(
                "extensions (one is there twice)",
            ));
        }
        seen.push(oid);
        read_extension(facts, oid, value)?;
    }
    Ok(())
}

/// The extensions of the arc 2.5.29 that somebody matches on; all others are OpenSSL's business.
fn read_extension(
    facts: &mut CertificateFacts,
    oid: &[u8],
    value: &[u8],
) -> Result<(), CertificateError> {
    let Some((&kind, [0x55, 0x1d])) = oid.split_last() else {
        return Ok(());
    };
    let mut reader = Reader::new(value);
    match kind {
        14 => {
            let id = reader.expect(der::OCTET_STRING);
            facts.subject_key_id = id.map(|id| id.contents.to_vec());
        }
        15 => {
            let usage = reader
                .expect(der::BIT_STRING)
                .and_then(|bits| key_usage(bits.contents));
            facts.key_usage = Some(usage.ok_or(CertificateError::Malformed("key usage"))?);
        }
        17 => read_alternative_names(facts, reader)
            .ok_or(CertificateError::Malformed("subject alternative name"))?,
        19 => {
            let constraints = reader
                .expect(der::SEQUENCE)
                .ok_or(CertificateError::Malformed("basic constraints"))?;
            facts.is_ca = constraints
                .reader()
                .optional(der::BOOLEAN)
                .is_some_and(|flag| flag.contents != [0]);
        }
        35 => {
            const KEY_IDENTIFIER: u8 = 0x80;
            let mut fields = reader
                .expect(der::SEQUENCE)
                .ok_or(CertificateError::Malformed("authority key identifier"))?
                .reader();
            facts.authority_key_id = fields
                .optional(KEY_IDENTIFIER)
                .map(|id| id.contents.to_vec());
        }
        37 => {
            let purposes = extended_key_usage(reader);
            facts.extended_key_usage =
                Some(purposes.ok_or(CertificateError::Malformed("extended key usage"))?);
        }
        _ => {}
    }
    Ok(())
}

fn key_usage(bits: &[u8]) -> Option<KeyUsage> {
    let (_unused, octets) = bits.split_first()?;
    let usage = octets
        .iter()
        .take(2)
        .enumerate()
        .fold(0_u16, |usage, (index, octet)| {
            usage | (u16::from(octet.reverse_bits()) << (index * 8))
        });
    Some(KeyUsage(usage))
}

fn extended_key_usage(mut reader: Reader<'_>) -> Option<Vec<String>> {
    let mut list = reader.expect(der::SEQUENCE)?.reader();
    let mut purposes = Vec::new();
    while !list.is_empty() {
        purposes.push(der::oid_text(list.expect(der::OID)?.contents)?);
    }
    Some(purposes)
}

fn read_alternative_names(facts: &mut CertificateFacts, mut reader: Reader<'_>) -> Option<()> {
    const OTHER_NAME: u8 = 0xa0;
    const EMAIL: u8 = 0x81;
    const DNS: u8 = 0x82;
    const URI: u8 = 0x86;
    const IP: u8 = 0x87;
    let mut names = reader.expect(der::SEQUENCE)?.reader();
    while !names.is_empty() {
        let entry = names.next()?;
        match entry.tag {
            OTHER_NAME => facts
                .user_principal_names
                .extend(user_principal_name(entry)),
            EMAIL => facts.email_addresses.extend(ascii(entry.contents)),
            DNS => facts.dns_names.extend(ascii(entry.contents)),
            URI => facts.uris.extend(ascii(entry.contents)),
            IP => facts.ip_addresses.push(entry.contents.to_vec()),
            _ => {}
        }
    }
    Some(())
}

fn user_principal_name(entry: Element<'_>) -> Option<String> {
    const UPN: &str = "1.3.6.1.4.1.311.20.2.3";
    const VALUE: u8 = 0xa0;
    let mut fields = entry.reader();
    let kind = der::oid_text(fields.expect(der::OID)?.contents)?;
    let value = fields.expect(VALUE)?.reader().next()?;
    (kind == UPN).then(|| string_text(value.tag, value.contents))?
}

/// An `IA5String`. One that is not ASCII is left out: nothing may match it.
fn ascii(contents: &[u8]) -> Option<String> {
    contents
        .is_ascii()
        .then(|| contents.iter().map(|byte| char::from(*byte)).collect())
}
