//! Certificate revocation lists (RFC 5280, 5) as an administrator uploads them.

use std::sync::Arc;

use openssl::x509::X509Crl;
use thiserror::Error;

use crate::certificate::{Name, PemError};
use crate::der::{self, Header, Reader};
use crate::digest;
use crate::pem;

/// Largest revocation list that is read, in bytes (about a million entries).
pub const MAX_CRL_BYTES: usize = 64 << 20;

/// A revocation list, parsed. Its signature is checked when it is used, against the issuer on the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crl {
    /// The DER encoding.
    pub der: Arc<[u8]>,
    /// SHA-256 of the DER encoding.
    pub sha256: [u8; 32],
    /// Who issued it.
    pub issuer: Name,
    /// CRL number (contents of the DER `INTEGER`, big-endian), if there.
    pub number: Option<Vec<u8>>,
    /// When it was made, Unix seconds.
    pub this_update: i64,
    /// When the next one is due, Unix seconds. RFC 5280 demands it; without it a list never expires.
    pub next_update: Option<i64>,
    /// Entries.
    pub revoked_count: usize,
    /// It only lists changes against a base list (delta CRL); such a list alone proves nothing.
    pub is_delta: bool,
    /// It covers a part of the issuer's certificates only (issuing distribution point, RFC 5280, 5.2.5).
    pub is_partial: bool,
    /// Key identifier of the authority key identifier, if there: tells issuers of one name apart.
    pub authority_key_id: Option<Vec<u8>>,
}

/// Why bytes are not one usable revocation list.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CrlError {
    /// No bytes at all.
    #[error("the revocation list is empty")]
    Empty,
    /// More bytes than are taken.
    #[error("{actual} bytes are too many for a revocation list (at most {limit})")]
    TooLarge {
        /// Bytes given.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The DER ends early.
    #[error("the revocation list is truncated: {expected} bytes are announced, {actual} are there")]
    Truncated {
        /// Bytes that the DER header announces.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// Bytes follow the list.
    #[error("{0} bytes follow the end of the revocation list")]
    TrailingBytes(usize),
    /// The PEM text is broken.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The PEM block holds something else.
    #[error("line {line}: an X509 CRL is expected here, not `{label}`")]
    UnexpectedPemBlock {
        /// Label of the block.
        label: String,
        /// Line of its begin marker.
        line: usize,
    },
    /// More than one list.
    #[error("{0} revocation lists were given where one is expected")]
    MoreThanOne(usize),
    /// Something else.
    #[error("this is not an X.509 certificate revocation list")]
    NotACrl,
    /// A part does not follow RFC 5280.
    #[error("the revocation list's {0} cannot be read")]
    Malformed(&'static str),
}

/// Reads one revocation list from DER, or from PEM that holds exactly one.
///
/// # Errors
/// Says what is wrong with the bytes. A list that has expired is no error here.
pub fn parse(bytes: &[u8]) -> Result<Crl, CrlError> {
    if bytes.is_empty() {
        return Err(CrlError::Empty);
    }
    if bytes.len() > MAX_CRL_BYTES {
        return Err(CrlError::TooLarge {
            actual: bytes.len(),
            limit: MAX_CRL_BYTES,
        });
    }
    if !pem::looks_like_pem(bytes.get(..bytes.len().min(4096)).unwrap_or_default()) {
        return parse_der(bytes);
    }
    let mut blocks = pem::blocks(bytes)?;
    let (Some(block), others) = (blocks.pop(), blocks.len()) else {
        return Err(CrlError::NotACrl);
    };
    if others > 0 {
        return Err(CrlError::MoreThanOne(others + 1));
    }
    if block.label != "X509 CRL" || block.has_headers {
        return Err(CrlError::UnexpectedPemBlock {
            label: block.label,
            line: block.line,
        });
    }
    parse_der(&block.der)
}

fn parse_der(bytes: &[u8]) -> Result<Crl, CrlError> {
    let expected = Header::parse(bytes)
        .filter(|header| header.tag == der::SEQUENCE)
        .and_then(|header| header.total())
        .ok_or(CrlError::NotACrl)?;
    if expected > bytes.len() {
        return Err(CrlError::Truncated {
            expected,
            actual: bytes.len(),
        });
    }
    if expected < bytes.len() {
        return Err(CrlError::TrailingBytes(bytes.len() - expected));
    }
    let parsed = X509Crl::from_der(bytes).map_err(|_| CrlError::NotACrl)?;
    let mut crl = read(bytes)?;
    crl.revoked_count = parsed
        .get_revoked()
        .map_or(0, openssl::stack::StackRef::len);
    Ok(crl)
}

/// Walks `CertificateList` and `TBSCertList` (RFC 5280, 5.1).
fn read(bytes: &[u8]) -> Result<Crl, CrlError> {
    use CrlError::Malformed;
    const EXTENSIONS: u8 = 0xa0;

    let mut outer = Reader::new(bytes)
        .expect(der::SEQUENCE)
        .ok_or(Malformed("structure"))?
        .reader();
    let mut tbs = outer
        .expect(der::SEQUENCE)
        .ok_or(Malformed("structure"))?
        .reader();
    tbs.optional(der::INTEGER);
    tbs.expect(der::SEQUENCE)
        .ok_or(Malformed("signature algorithm"))?;
    let issuer = tbs
        .expect(der::SEQUENCE)
        .and_then(Name::from_der)
        .ok_or(Malformed("issuer"))?;
    let this_update = tbs
        .next()
        .and_then(der::unix_time)
        .ok_or(Malformed("thisUpdate"))?;
    let next_update = match tbs.peek() {
        Some(der::UTC_TIME | der::GENERALIZED_TIME) => {
            let time = tbs.next().and_then(der::unix_time);
            Some(time.ok_or(Malformed("nextUpdate"))?)
        }
        _ => None,
    };
    tbs.optional(der::SEQUENCE);

    let mut crl = Crl {
        der: Arc::from(bytes),
        sha256: digest::sha256(bytes),
        issuer,
        number: None,
        this_update,
        next_update,
        revoked_count: 0,
        is_delta: false,
        is_partial: false,
        authority_key_id: None,
    };
    if let Some(extensions) = tbs.optional(EXTENSIONS) {
        read_extensions(&mut crl, extensions.reader()).ok_or(Malformed("extensions"))?;
    }
    Ok(crl)
}

fn read_extensions(crl: &mut Crl, mut reader: Reader<'_>) -> Option<()> {
    const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
    const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 27];
    const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
    const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
    const KEY_IDENTIFIER: u8 = 0x80;
    let mut list = reader.expect(der::SEQUENCE)?.reader();
    while !list.is_empty() {
        let mut extension = list.expect(der::SEQUENCE)?.reader();
        let oid = extension.expect(der::OID)?.contents;
        extension.optional(der::BOOLEAN);
        let mut value = extension.expect(der::OCTET_STRING)?.reader();
        if oid == CRL_NUMBER {
            crl.number = Some(value.expect(der::INTEGER)?.contents.to_vec());
        } else if oid == DELTA_CRL_INDICATOR {
            crl.is_delta = true;
        } else if oid == ISSUING_DISTRIBUTION_POINT {
            crl.is_partial = true;
        } else if oid == AUTHORITY_KEY_IDENTIFIER {
            let mut fields = value.expect(der::SEQUENCE)?.reader();
            crl.authority_key_id = fields
                .optional(KEY_IDENTIFIER)
                .map(|id| id.contents.to_vec());
        }
    }
    Some(())
}
