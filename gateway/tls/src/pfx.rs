//! PKCS#12 (RFC 7292) files, with messages that tell an administrator what is wrong with one.

use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::pkcs12::{ParsedPkcs12_2, Pkcs12, Pkcs12Ref};
use openssl::provider::Provider;
use openssl::x509::X509;

use crate::der::{self, Element, Header, Reader};
use crate::key_material::{KeyMaterial, KeyMaterialError, check_size};

/// Most rounds of password derivation done for one file, all its parts together. OpenSSL and Windows
/// write between 2,000 and 600,000 for each part; without a bound a small file could stop the publisher.
const MAX_ITERATIONS: u64 = 10_000_000;

/// Deepest nesting looked at for round counts. The format needs 14.
const MAX_DEPTH: usize = 32;

/// Reads a PFX file. No password and the empty password are tried as the same.
///
/// # Errors
/// Says whether the file, the password or its contents are at fault.
pub fn from_pfx(der: &[u8], password: Option<&str>) -> Result<KeyMaterial, KeyMaterialError> {
    check_size(der)?;
    check_extent(der)?;
    let password = password.unwrap_or_default();
    if password.contains('\0') {
        return Err(KeyMaterialError::PasswordWithNul);
    }
    let file = Pkcs12::from_der(der).map_err(|_| {
        KeyMaterialError::NotPkcs12("the DER structure is a different one, or damaged".to_owned())
    })?;
    check_iterations(der)?;
    let parsed = open(&file, password)?;
    let Some(key) = parsed.pkey else {
        return Err(KeyMaterialError::NoPrivateKey);
    };
    let others = parsed.ca.into_iter().flatten();
    let Some(leaf) = parsed.cert else {
        // OpenSSL leaves `cert` empty when no certificate fits the key.
        let mut certificates = others;
        return Err(certificates
            .next()
            .map_or(KeyMaterialError::NoCertificate, |other| {
                KeyMaterialError::KeyMismatch {
                    subject: subject_text(&other),
                }
            }));
    };
    let certificates: Vec<X509> = std::iter::once(leaf).chain(others).collect();
    KeyMaterial::assemble(certificates, key)
}

fn subject_text(certificate: &X509) -> String {
    certificate
        .subject_name()
        .to_der()
        .ok()
        .and_then(|der| crate::name::Name::parse(&der))
        .map_or_else(String::new, |name| name.to_string())
}

fn check_extent(bytes: &[u8]) -> Result<(), KeyMaterialError> {
    if crate::pem::looks_like_pem(bytes) {
        return Err(KeyMaterialError::NotPkcs12("it is PEM text".to_owned()));
    }
    let expected = Header::parse(bytes)
        .filter(|header| header.tag == der::SEQUENCE)
        .and_then(|header| header.total())
        .ok_or_else(|| KeyMaterialError::NotPkcs12("it is not DER".to_owned()))?;
    if expected > bytes.len() {
        return Err(KeyMaterialError::Truncated {
            expected,
            actual: bytes.len(),
        });
    }
    if expected < bytes.len() {
        return Err(KeyMaterialError::NotPkcs12(format!(
            "{} bytes follow its end",
            bytes.len() - expected
        )));
    }
    Ok(())
}

fn open(file: &Pkcs12Ref, password: &str) -> Result<ParsedPkcs12_2, KeyMaterialError> {
    match file.parse2(password) {
        Ok(parsed) => Ok(parsed),
        Err(error) if is_unsupported(&error) && legacy_provider_is_loaded() => {
            file.parse2(password).map_err(|error| explain(&error))
        }
        Err(error) => Err(explain(&error)),
    }
}

fn explain(error: &ErrorStack) -> KeyMaterialError {
    let reasons: Vec<&str> = error
        .errors()
        .iter()
        .filter_map(openssl::error::Error::reason)
        .collect();
    let mentions = |part: &str| reasons.iter().any(|reason| reason.contains(part));
    if mentions("mac verify") {
        KeyMaterialError::WrongPassword
    } else if is_unsupported(error) {
        let detail = error
            .errors()
            .iter()
            .find_map(|error| error.data().filter(|data| data.contains("Algorithm")))
            .unwrap_or("most likely RC2, as older Windows and OpenSSL versions write it");
        KeyMaterialError::UnsupportedEncryption(detail.to_owned())
    } else if mentions("bad decrypt") || mentions("cipherfinal") {
        // Without a MAC a wrong password shows only when the decrypted padding is wrong.
        KeyMaterialError::WrongPassword
    } else {
        KeyMaterialError::Damaged(reasons.join(", "))
    }
}

fn is_unsupported(error: &ErrorStack) -> bool {
    error.errors().iter().any(|error| {
        error.reason().is_some_and(|reason| {
            reason.contains("unsupported") || reason.contains("unknown cipher")
        })
    })
}

/// RC2 lives in OpenSSL's legacy provider, which the vendored build has and a system's may not. Loaded on
/// first need and kept for the life of the process.
fn legacy_provider_is_loaded() -> bool {
    static LEGACY: OnceLock<Option<Provider>> = OnceLock::new();
    LEGACY
        .get_or_init(|| Provider::try_load(None, "legacy", true).ok())
        .is_some()
}

/// Looks at every round count that is readable before decryption, before OpenSSL starts to work them off.
fn check_iterations(der: &[u8]) -> Result<(), KeyMaterialError> {
    let iterations = iteration_count(der);
    if iterations > MAX_ITERATIONS {
        return Err(KeyMaterialError::TooManyIterations {
            iterations,
            limit: MAX_ITERATIONS,
        });
    }
    Ok(())
}

/// All rounds of a `PFX ::= SEQUENCE { version, authSafe ContentInfo, macData OPTIONAL }` together. An
/// integer that follows an octet string (the salt) in one sequence is the round count of a
/// `PBEParameter`, `PBKDF2-params` or `MacData`; nothing else in the format has that shape.
fn iteration_count(der: &[u8]) -> u64 {
    Reader::new(der)
        .next()
        .map_or(0, |file| iterations_in(file, MAX_DEPTH))
}

fn iterations_in(element: Element<'_>, depth: usize) -> u64 {
    const CONSTRUCTED: u8 = 0x20;
    let opens = element.tag & CONSTRUCTED != 0
        || (element.tag == der::OCTET_STRING && element.contents.first() == Some(&der::SEQUENCE));
    let Some(depth) = depth.checked_sub(1).filter(|_| opens) else {
        return 0;
    };
    let mut reader = element.reader();
    let mut after_salt = false;
    let mut total = 0_u64;
    while let Some(child) = reader.next() {
        if child.tag == der::INTEGER && after_salt {
            total = total.saturating_add(unsigned(child.contents));
        }
        after_salt = child.tag == der::OCTET_STRING;
        total = total.saturating_add(iterations_in(child, depth));
    }
    total
}

fn unsigned(contents: &[u8]) -> u64 {
    contents
        .iter()
        .try_fold(0_u64, |value, byte| {
            value.checked_mul(256)?.checked_add(u64::from(*byte))
        })
        .unwrap_or(u64::MAX)
}
