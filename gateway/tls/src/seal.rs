//! Secrets at rest: AES-256-GCM under a data key, which is stored wrapped by a master key from a file.

use std::fmt;

use openssl::symm::{self, Cipher};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::digest::{Algorithm, hmac};
use crate::random;

const KEY: usize = 32;
const NONCE: usize = 12;
const TAG: usize = 16;
const VERSION: u8 = 1;
const HEADER: usize = 1 + NONCE;

/// Largest secret that is sealed, in bytes.
pub const MAX_SECRET_BYTES: usize = 16 << 20;

/// Why sealing or opening failed. Carries no secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SealError {
    /// The master key file is not 32 bytes, written as 64 hexadecimal digits or raw.
    #[error(
        "the master key must be 32 bytes: 64 hexadecimal digits, or the bytes themselves ({0} bytes were given)"
    )]
    MasterKey(usize),
    /// The data key does not open: another master key, or a damaged store.
    #[error(
        "the data key does not open: the master key is not the one this store was made with, or the store is damaged"
    )]
    WrongMasterKey,
    /// The sealed bytes do not open: damaged, or moved from another place.
    #[error("a sealed secret does not open: it is damaged or does not belong here")]
    Tampered,
    /// Written by a later version.
    #[error("a sealed secret has the unknown format {0}")]
    Format(u8),
    /// Too large.
    #[error("{0} bytes are too many for one secret (at most {MAX_SECRET_BYTES})")]
    TooLarge(usize),
    /// The library failed.
    #[error("the cryptographic library failed: {0}")]
    Library(String),
}

/// The key from the master key file. Wiped when dropped; `Debug` prints nothing of it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; KEY]);

impl MasterKey {
    /// A random key.
    ///
    /// # Errors
    /// When no randomness is available.
    pub fn generate() -> Result<Self, SealError> {
        random::bytes()
            .map(Self)
            .map_err(|error| SealError::Library(error.to_string()))
    }

    /// Reads the contents of a master key file: 64 hexadecimal digits with white space around, or 32 bytes.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(contents: &[u8]) -> Result<Self, SealError> {
        let digits = contents.trim_ascii();
        if let (64, Some(key)) = (digits.len(), from_hex(digits)) {
            return Ok(Self(key));
        }
        <[u8; KEY]>::try_from(contents)
            .map(Self)
            .map_err(|_| SealError::MasterKey(contents.len()))
    }

    /// The contents for a new master key file (to be created with mode 0600).
    #[must_use]
    pub fn to_file(&self) -> Zeroizing<String> {
        use fmt::Write as _;
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY + 1));
        for byte in self.0 {
            let _ = write!(*text, "{byte:02x}");
        }
        text.push('\n');
        text
    }

    /// The key that wraps data keys; derived, so that the master key itself encrypts nothing.
    fn wrapping_key(&self) -> Result<Zeroizing<[u8; KEY]>, SealError> {
        let derived = hmac(
            Algorithm::Sha256,
            &self.0,
            b"countersign data key wrapping 1",
        )
        .map(Zeroizing::new)
        .map_err(|error| SealError::Library(error.to_string()))?;
        <[u8; KEY]>::try_from(derived.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| SealError::Library("HMAC-SHA-256 has a wrong length".to_owned()))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// A data key wrapped by the master key: safe to store beside what it seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedDataKey(pub Vec<u8>);

/// Seals and opens secrets with the data key. `Debug` prints nothing of it.
pub struct Sealer {
    data_key: Zeroizing<[u8; KEY]>,
}

const WRAPPING: &[u8] = b"countersign data key 1";

impl Sealer {
    /// A new data key, and its wrapped form to be stored.
    ///
    /// # Errors
    /// When no randomness is available.
    pub fn create(master: &MasterKey) -> Result<(Self, WrappedDataKey), SealError> {
        let data_key = random::bytes()
            .map(Zeroizing::new)
            .map_err(|error| SealError::Library(error.to_string()))?;
        let wrapped = encrypt(&*master.wrapping_key()?, &*data_key, WRAPPING)?;
        Ok((Self { data_key }, WrappedDataKey(wrapped)))
    }

    /// Unwraps a stored data key.
    ///
    /// # Errors
    /// [`SealError::WrongMasterKey`] when the master key is another one.
    pub fn open_wrapped(master: &MasterKey, wrapped: &WrappedDataKey) -> Result<Self, SealError> {
        let data_key = decrypt(&*master.wrapping_key()?, &wrapped.0, WRAPPING).map_err(
            |error| match error {
                SealError::Tampered => SealError::WrongMasterKey,
                other => other,
            },
        )?;
        let data_key =
            <[u8; KEY]>::try_from(data_key.as_slice()).map_err(|_| SealError::WrongMasterKey)?;
        Ok(Self {
            data_key: Zeroizing::new(data_key),
        })
    }

    /// Unwraps the stored data key, or makes one when nothing is stored yet. What is returned beside the
    /// sealer must be stored before anything sealed is.
    ///
    /// # Errors
    /// As [`Self::create`] and [`Self::open_wrapped`]. A wrong master key never makes a new data key.
    pub fn open_or_create(
        master: &MasterKey,
        stored: Option<&WrappedDataKey>,
    ) -> Result<(Self, WrappedDataKey), SealError> {
        match stored {
            Some(wrapped) => Ok((Self::open_wrapped(master, wrapped)?, wrapped.clone())),
            None => Self::create(master),
        }
    }

    /// The same data key wrapped by another master key.
    ///
    /// # Errors
    /// When the library fails.
    pub fn rewrap(&self, master: &MasterKey) -> Result<WrappedDataKey, SealError> {
        encrypt(&*master.wrapping_key()?, &*self.data_key, WRAPPING).map(WrappedDataKey)
    }

    /// Seals a secret. `associated_data` says where it belongs (a resource id): it opens nowhere else.
    ///
    /// # Errors
    /// When it is too large or the library fails.
    pub fn seal(&self, secret: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, SealError> {
        if secret.len() > MAX_SECRET_BYTES {
            return Err(SealError::TooLarge(secret.len()));
        }
        encrypt(&self.data_key, secret, associated_data)
    }

    /// Opens what [`Self::seal`] made with the same associated data. Wiped when dropped.
    ///
    /// # Errors
    /// [`SealError::Tampered`] when anything does not fit.
    pub fn open(
        &self,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        decrypt(&self.data_key, sealed, associated_data)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// Version (1) ‖ nonce (12) ‖ ciphertext ‖ tag (16). The nonce is random: one key must seal fewer than 2³²
/// secrets (NIST SP 800-38D, 8.3), far beyond any revision history.
fn encrypt(key: &[u8; KEY], secret: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, SealError> {
    let library = |error: openssl::error::ErrorStack| SealError::Library(error.to_string());
    let nonce: [u8; NONCE] =
        random::bytes().map_err(|error| SealError::Library(error.to_string()))?;
    let mut tag = [0; TAG];
    let ciphertext = symm::encrypt_aead(
        Cipher::aes_256_gcm(),
        key,
        Some(&nonce),
        associated_data,
        secret,
        &mut tag,
    )
    .map_err(library)?;
    let mut sealed = Vec::with_capacity(HEADER + ciphertext.len() + TAG);
    sealed.push(VERSION);
    sealed.extend(nonce);
    sealed.extend(ciphertext);
    sealed.extend(tag);
    Ok(sealed)
}

fn decrypt(
    key: &[u8; KEY],
    sealed: &[u8],
    associated_data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (&version, rest) = sealed.split_first().ok_or(SealError::Tampered)?;
    if version != VERSION {
        return Err(SealError::Format(version));
    }
    let (nonce, rest) = rest
        .split_first_chunk::<NONCE>()
        .ok_or(SealError::Tampered)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(SealError::Tampered)?;
    symm::decrypt_aead(
        Cipher::aes_256_gcm(),
        key,
        Some(nonce),
        associated_data,
        ciphertext,
        tag,
    )
    .map(Zeroizing::new)
    .map_err(|_| SealError::Tampered)
}

fn from_hex(digits: &[u8]) -> Option<[u8; KEY]> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let mut key = [0; KEY];
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        let high = char::from(*high).to_digit(16)?;
        let low = char::from(*low).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(key)
}
