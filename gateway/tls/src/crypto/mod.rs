//! Cryptography for policies: signatures, RSA encryption and symmetric ciphers, computed by OpenSSL.
//!
//! Keys are read once into [`PublicKey`] and [`PrivateKey`], which only this crate can look into.
//! Everything fails closed: an answer is a result or an error, and a signature is good only if
//! OpenSSL said 1.

pub mod cipher;
mod jws;
mod key;
mod rsa;

use openssl::error::ErrorStack;
use thiserror::Error;

pub use jws::{JwsAlgorithm, JwsKey, verify_jws};
pub use key::{Curve, PrivateKey, PublicKey, RsaNumbers, SubjectKey, subject_key};
pub use rsa::{EncryptionPadding, SignaturePadding, decrypt, encrypt, sign, verify};

/// Why nothing was computed. No variant holds content of keys or data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CryptoError {
    /// The library does not offer it.
    #[error("the cryptographic library does not offer {0}")]
    Unavailable(&'static str),
    /// The key cannot be read or used.
    #[error("the key cannot be used: {0}")]
    Key(&'static str),
    /// The algorithm needs another kind of key.
    #[error("the key is not of the kind that the algorithm needs")]
    KeyKind,
    /// The key is too short for the algorithm.
    #[error("the key has {actual} bits; the algorithm needs at least {least}")]
    WeakKey {
        /// Size of the key in bits.
        actual: usize,
        /// The least that is taken.
        least: usize,
    },
    /// The data cannot be what the operation takes.
    #[error("{0}")]
    Data(&'static str),
    /// What was decrypted does not end in the right padding.
    #[error("the padding is invalid")]
    Padding,
    /// OpenSSL failed.
    #[error("the cryptographic library failed")]
    Failed,
}

/// OpenSSL's own words may quote what it read; they stay here.
impl From<ErrorStack> for CryptoError {
    fn from(_: ErrorStack) -> Self {
        Self::Failed
    }
}
