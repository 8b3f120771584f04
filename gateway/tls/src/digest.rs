//! Hashes and message authentication codes, computed by OpenSSL.

use openssl::hash::MessageDigest;
use openssl::memcmp;
use openssl::pkey::PKey;
use openssl::sha;
use openssl::sign::Signer;
use thiserror::Error;

/// The library refused to compute; with a FIPS provider this can mean that the algorithm is not approved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the cryptographic library refused to compute {what}: {reason}")]
pub struct DigestError {
    /// The algorithm asked for.
    pub what: &'static str,
    /// What OpenSSL said.
    pub reason: String,
}

/// The hash functions that [`hash`] and [`hmac`] know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// MD5: only for reading what others wrote with it.
    Md5,
    /// SHA-1: thumbprints.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// The name by which people know it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    fn digest(self) -> MessageDigest {
        match self {
            Self::Md5 => MessageDigest::md5(),
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

/// SHA-1 of `data` (certificate thumbprints).
#[must_use]
pub fn sha1(data: &[u8]) -> [u8; 20] {
    sha::sha1(data)
}

/// SHA-256 of `data`.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    sha::sha256(data)
}

/// Hash of `data` under any known algorithm.
///
/// # Errors
/// When the library does not offer the algorithm.
pub fn hash(algorithm: Algorithm, data: &[u8]) -> Result<Vec<u8>, DigestError> {
    openssl::hash::hash(algorithm.digest(), data)
        .map(|digest| digest.to_vec())
        .map_err(|error| DigestError {
            what: algorithm.name(),
            reason: error.to_string(),
        })
}

/// HMAC (RFC 2104) of `data` under `key`.
///
/// # Errors
/// When the library does not offer the algorithm, or refuses the key.
pub fn hmac(algorithm: Algorithm, key: &[u8], data: &[u8]) -> Result<Vec<u8>, DigestError> {
    // OpenSSL takes no empty key. RFC 2104, 2 fills keys with zeros, so that one zero is the same key.
    let key = if key.is_empty() { &[0] } else { key };
    let compute = || -> Result<Vec<u8>, openssl::error::ErrorStack> {
        let key = PKey::hmac(key)?;
        let mut signer = Signer::new(algorithm.digest(), &key)?;
        signer.sign_oneshot_to_vec(data)
    };
    compute().map_err(|error| DigestError {
        what: algorithm.name(),
        reason: error.to_string(),
    })
}

/// Whether two secrets are equal, in a time that depends on their lengths only.
#[must_use]
pub fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && memcmp::eq(left, right)
}

/// Upper-case hexadecimal, as thumbprints are written.
#[must_use]
pub fn upper_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
}

/// SHA-256 over parts, each preceded by its length, so that no two lists of parts collide.
#[derive(Default)]
pub(crate) struct PartsDigest(sha::Sha256);

impl PartsDigest {
    pub(crate) fn new(domain: &str) -> Self {
        let mut this = Self(sha::Sha256::new());
        this.part(domain.as_bytes());
        this
    }

    pub(crate) fn part(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finish()
    }
}
