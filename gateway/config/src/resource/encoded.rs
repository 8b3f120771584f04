//! Certificates and revocation lists as JSON carries them: base64 of DER, PEM or PKCS#12.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_tls::certificate::{self, CertificateFacts};
use gateway_tls::key_material::{self, KeyMaterial, KeyMaterialError};
use zeroize::Zeroizing;

use super::fields::Fields;

/// Longest base64 text of a certificate or PFX: 1 MiB decoded, as the PFX reader takes.
pub(crate) const MOST_TEXT: usize = 1_500_000;

/// What an upload turned out to be.
#[derive(Debug)]
pub(crate) enum Upload {
    /// A certificate alone.
    Public(Arc<CertificateFacts>),
    /// A certificate with its key.
    WithKey(Arc<KeyMaterial>),
}

impl Upload {
    pub(crate) fn facts(&self) -> &Arc<CertificateFacts> {
        match self {
            Self::Public(facts) => facts,
            Self::WithKey(material) => material.facts(),
        }
    }
}

/// The bytes of a base64 member; text with PEM markers is taken as it is. `None` if the member is
/// absent or a problem was reported.
pub(crate) fn bytes(fields: &Fields<'_>, name: &str, most: usize) -> Option<Zeroizing<Vec<u8>>> {
    let text = match fields.value(name)?.as_str() {
        Some(text) => text.trim(),
        None => {
            fields.problem(name, format!("`{name}` must be a base64 string."));
            return None;
        }
    };
    if text.is_empty() {
        fields.problem(name, format!("`{name}` must not be empty."));
        return None;
    }
    if text.len() > most {
        fields.problem(
            name,
            format!(
                "`{name}` has {} characters; at most {most} are taken.",
                text.len()
            ),
        );
        return None;
    }
    if text.contains("-----BEGIN ") {
        return Some(Zeroizing::new(text.as_bytes().to_vec()));
    }
    let compact: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    match STANDARD.decode(compact.as_bytes()) {
        Ok(bytes) => Some(Zeroizing::new(bytes)),
        Err(error) => {
            fields.problem(
                name,
                format!("`{name}` is not base64: {}.", base64_reason(&error)),
            );
            None
        }
    }
}

/// A certificate, with or without its key, from the member `data` and the password in `password`.
pub(crate) fn upload(fields: &Fields<'_>, data: &str, password: &str) -> Option<Upload> {
    let bytes = bytes(fields, data, MOST_TEXT)?;
    let password_text = match fields.value(password) {
        None => None,
        Some(value) => match value.as_str() {
            Some(text) => Some(text),
            None => {
                fields.problem(password, format!("`{password}` must be a string."));
                return None;
            }
        },
    };
    let is_pem = bytes.windows(11).any(|window| window == b"-----BEGIN ");
    let has_key = is_pem
        && bytes
            .windows(16)
            .any(|window| window == b"PRIVATE KEY-----");
    if has_key {
        return match key_material::from_pem(&bytes, &bytes) {
            Ok(material) => Some(Upload::WithKey(Arc::new(material))),
            Err(error) => {
                fields.problem(data, sentence(&error.to_string()));
                None
            }
        };
    }
    if is_pem || looks_like_certificate(&bytes) {
        return match certificate::parse(&bytes) {
            Ok(facts) => Some(Upload::Public(Arc::new(facts))),
            Err(error) => {
                fields.problem(data, sentence(&error.to_string()));
                None
            }
        };
    }
    match key_material::from_pfx(&bytes, password_text) {
        Ok(material) => Some(Upload::WithKey(Arc::new(material))),
        Err(error @ (KeyMaterialError::WrongPassword | KeyMaterialError::PasswordWithNul)) => {
            fields.problem(password, sentence(&error.to_string()));
            None
        }
        Err(error) => {
            fields.problem(data, sentence(&error.to_string()));
            None
        }
    }
}

/// A DER certificate begins with a SEQUENCE in a SEQUENCE; a PFX has its version (an INTEGER) there
/// (RFC 5280 section 4.1, RFC 7292 section 4).
fn looks_like_certificate(bytes: &[u8]) -> bool {
    let Some((&[0x30, length], rest)) = bytes.split_first_chunk::<2>() else {
        return false;
    };
    let skip = if length & 0x80 == 0 {
        0
    } else {
        usize::from(length & 0x7f)
    };
    rest.get(skip) == Some(&0x30)
}

fn base64_reason(error: &base64::DecodeError) -> String {
    match error {
        base64::DecodeError::InvalidByte(at, byte) => {
            format!(
                "character {} ({:?}) has no place there",
                at + 1,
                char::from(*byte)
            )
        }
        base64::DecodeError::InvalidLastSymbol(..)
        | base64::DecodeError::InvalidLength(_)
        | base64::DecodeError::InvalidPadding => "it ends in the middle".to_owned(),
    }
}

/// A message of the certificate reader as a sentence.
pub(crate) fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    let rest = characters.as_str();
    let stop = if message.ends_with('.') { "" } else { "." };
    format!("{first}{rest}{stop}")
}

/// Base64 for storage and reading back.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The reverse of [`to_base64`].
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
