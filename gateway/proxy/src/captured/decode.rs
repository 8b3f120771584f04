//! The forms in which proxies write a certificate, each read strictly.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_tls::certificate::{self, CertificateFacts};

use crate::captured::Malformed;
use crate::peers::CertificateHeader;

/// Bytes of a header's value. Less than twice the default limit of a request's head, which ends most
/// others before.
const MAX_VALUE: usize = 48 * 1024;

/// Certificates of one client, its own included.
const MAX_CERTIFICATES: usize = 11;

const NO_BASE64: Malformed = Malformed("the header is not base64");
const NO_CERTIFICATE: Malformed = Malformed("the header does not hold a certificate");
const TOO_MANY: Malformed = Malformed("the header holds too many certificates");
const NO_ELEMENT: Malformed =
    Malformed("the header does not have the form of X-Forwarded-Client-Cert");

/// The certificates as DER, leaf first. `chain` is the value of `Client-Cert-Chain`.
pub(super) fn chain(
    header: CertificateHeader,
    leaf: &[u8],
    chain: Option<&[u8]>,
) -> Result<Vec<Arc<[u8]>>, Malformed> {
    if leaf.len().max(chain.map_or(0, <[u8]>::len)) > MAX_VALUE {
        return Err(Malformed("the header is too long"));
    }
    let leaf = std::str::from_utf8(leaf).map_err(|_| Malformed("the header is not text"))?;
    match header {
        CertificateHeader::ClientCert => structured(leaf, chain),
        CertificateHeader::XForwardedClientCert => forwarded(leaf),
        CertificateHeader::XArrClientCert | CertificateHeader::XClientCert => {
            Ok(vec![from_base64(leaf)?])
        }
        CertificateHeader::XSslClientCert | CertificateHeader::XSslClientEscapedCert => {
            Ok(vec![only(from_escaped_pem(leaf)?)?])
        }
    }
}

/// RFC 9440 section 2: an item and a list of byte sequences. No parameters are defined for either, so
/// there are none.
fn structured(leaf: &str, chain: Option<&[u8]>) -> Result<Vec<Arc<[u8]>>, Malformed> {
    let mut certificates = vec![from_byte_sequence(leaf)?];
    if let Some(chain) = chain {
        let chain = std::str::from_utf8(chain).map_err(|_| Malformed("the chain is not text"))?;
        for member in chain.split(',') {
            if certificates.len() == MAX_CERTIFICATES {
                return Err(TOO_MANY);
            }
            certificates.push(from_byte_sequence(member.trim_matches([' ', '\t']))?);
        }
    }
    Ok(certificates)
}

/// `:base64:` (RFC 8941 section 3.3.5).
fn from_byte_sequence(text: &str) -> Result<Arc<[u8]>, Malformed> {
    let base64 = text
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'))
        .ok_or(Malformed("the header is not a byte sequence (RFC 9440)"))?;
    from_base64(base64)
}

fn from_base64(text: &str) -> Result<Arc<[u8]>, Malformed> {
    let bytes = STANDARD.decode(text).map_err(|_| NO_BASE64)?;
    let facts = certificate::parse(&bytes).map_err(|_| NO_CERTIFICATE)?;
    // Only DER is the same again; `parse` also takes PEM.
    if facts.der[..] != bytes[..] {
        return Err(NO_CERTIFICATE);
    }
    Ok(facts.der)
}

/// Envoy's header has one element for each proxy on the way. The last one was written by the peer
/// itself and names who spoke TLS with *it*; those before it are what that client sent, and may be
/// invented. <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert>
fn forwarded(text: &str) -> Result<Vec<Arc<[u8]>>, Malformed> {
    let elements = split_unquoted(text, ',')?;
    let last = elements.last().copied().unwrap_or_default();
    let (mut cert, mut chain) = (None, None);
    for pair in split_unquoted(last, ';')? {
        let (key, value) = pair.trim().split_once('=').ok_or(NO_ELEMENT)?;
        let slot = if key.eq_ignore_ascii_case("cert") {
            &mut cert
        } else if key.eq_ignore_ascii_case("chain") {
            &mut chain
        } else {
            continue;
        };
        if slot.replace(from_escaped_pem(unquoted(value)?)?).is_some() {
            return Err(NO_ELEMENT);
        }
    }
    let leaf = cert.map(only).transpose()?;
    match (leaf, chain) {
        (None, None) => Err(Malformed(
            "the last element of the header has neither Cert nor Chain",
        )),
        (Some(leaf), None) => Ok(vec![leaf]),
        (None, Some(chain)) => Ok(chain),
        // `Chain` includes the client's own certificate.
        (Some(leaf), Some(chain)) if chain.first() == Some(&leaf) => Ok(chain),
        (Some(_), Some(_)) => Err(Malformed(
            "Cert and Chain begin with different certificates",
        )),
    }
}

/// Splits where `separator` is not between double quotes.
fn split_unquoted(text: &str, separator: char) -> Result<Vec<&str>, Malformed> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text
        .split(|character| {
            let separates = character == separator && !quoted;
            if escaped {
                escaped = false;
            } else if character == '"' {
                quoted = !quoted;
            } else if character == '\\' && quoted {
                escaped = true;
            }
            separates
        })
        .collect();
    if quoted { Err(NO_ELEMENT) } else { Ok(parts) }
}

/// Percent-encoded PEM has no character that would need an escape between quotes.
fn unquoted(value: &str) -> Result<&str, Malformed> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or(NO_ELEMENT)?,
        None => value,
    };
    if inner.contains(['"', '\\']) {
        return Err(NO_ELEMENT);
    }
    Ok(inner)
}

/// PEM, percent-encoded as in a URI: `+` stands for itself.
fn from_escaped_pem(text: &str) -> Result<Vec<Arc<[u8]>>, Malformed> {
    let pem = percent_decoded(text).ok_or(Malformed("the header is not percent-encoded"))?;
    if !pem.starts_with(b"-----BEGIN ") {
        return Err(Malformed("the header is not percent-encoded PEM"));
    }
    let certificates = certificate::parse_many_pem(&pem).map_err(|_| NO_CERTIFICATE)?;
    if certificates.len() > MAX_CERTIFICATES {
        return Err(TOO_MANY);
    }
    Ok(certificates
        .into_iter()
        .map(|facts: CertificateFacts| facts.der)
        .collect())
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
                u8::try_from(high << 4 | low).ok()?
            }
            b' '..=b'~' => byte,
            _ => return None,
        });
    }
    Some(decoded)
}

fn only(mut certificates: Vec<Arc<[u8]>>) -> Result<Arc<[u8]>, Malformed> {
    match (certificates.pop(), certificates.len()) {
        (Some(one), 0) => Ok(one),
        (Some(_), _) => Err(TOO_MANY),
        (None, _) => Err(NO_CERTIFICATE),
    }
}
