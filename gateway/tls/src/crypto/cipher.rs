//! Symmetric ciphers and their paddings.

use openssl::symm::{Cipher as Raw, Crypter, Mode as Direction};

use super::CryptoError;
use crate::random;

/// What encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// AES.
    Aes,
    /// Triple DES.
    TripleDes,
}

/// How blocks are chained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Cipher block chaining.
    Cbc,
    /// Electronic codebook.
    Ecb,
    /// Cipher feedback, 8 bits.
    Cfb8,
    /// Cipher feedback, a block.
    Cfb,
}

/// How the data is filled up to whole blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Not at all.
    None,
    /// The count of filled bytes in each (RFC 5652, 6.3).
    Pkcs7,
    /// Zeros, none if the data is whole.
    Zeros,
    /// Zeros, and the count in the last.
    AnsiX923,
    /// Random bytes, and the count in the last.
    Iso10126,
}

/// A cipher, its key and its initialisation vector.
#[derive(Clone, Copy)]
pub struct Cipher<'a> {
    /// What encrypts.
    pub algorithm: Algorithm,
    /// How blocks are chained.
    pub mode: Mode,
    /// How the data is filled up.
    pub padding: Padding,
    /// 16, 24 or 32 bytes for AES; 16 or 24 for Triple DES.
    pub key: &'a [u8],
    /// One block; ignored by ECB.
    pub iv: &'a [u8],
}

/// Neither key nor vector.
impl std::fmt::Debug for Cipher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cipher")
            .field("algorithm", &self.algorithm)
            .field("mode", &self.mode)
            .field("padding", &self.padding)
            .finish_non_exhaustive()
    }
}

/// The message of .NET's resources.
const PARTIAL_BLOCK: CryptoError = CryptoError::Data("The input data is not a complete block.");

impl Cipher<'_> {
    /// Bytes that the data is filled up to a multiple of.
    fn unit(&self) -> usize {
        match (self.mode, self.algorithm) {
            (Mode::Cfb8, _) => 1,
            (_, Algorithm::Aes) => 16,
            (_, Algorithm::TripleDes) => 8,
        }
    }

    fn raw(&self) -> Result<Raw, CryptoError> {
        Ok(match (self.algorithm, self.mode, self.key.len()) {
            (Algorithm::Aes, Mode::Cbc, 16) => Raw::aes_128_cbc(),
            (Algorithm::Aes, Mode::Cbc, 24) => Raw::aes_192_cbc(),
            (Algorithm::Aes, Mode::Cbc, 32) => Raw::aes_256_cbc(),
            (Algorithm::Aes, Mode::Ecb, 16) => Raw::aes_128_ecb(),
            (Algorithm::Aes, Mode::Ecb, 24) => Raw::aes_192_ecb(),
            (Algorithm::Aes, Mode::Ecb, 32) => Raw::aes_256_ecb(),
            (Algorithm::Aes, Mode::Cfb8, 16) => Raw::aes_128_cfb8(),
            (Algorithm::Aes, Mode::Cfb8, 24) => Raw::aes_192_cfb8(),
            (Algorithm::Aes, Mode::Cfb8, 32) => Raw::aes_256_cfb8(),
            (Algorithm::Aes, Mode::Cfb, 16) => Raw::aes_128_cfb128(),
            (Algorithm::Aes, Mode::Cfb, 24) => Raw::aes_192_cfb128(),
            (Algorithm::Aes, Mode::Cfb, 32) => Raw::aes_256_cfb128(),
            (Algorithm::TripleDes, Mode::Cbc, 16 | 24) => Raw::des_ede3_cbc(),
            (Algorithm::TripleDes, Mode::Ecb, 16 | 24) => Raw::des_ede3_ecb(),
            (Algorithm::TripleDes, Mode::Cfb8, 16 | 24) => Raw::des_ede3_cfb8(),
            (Algorithm::TripleDes, Mode::Cfb, 16 | 24) => Raw::des_ede3_cfb64(),
            _ => {
                return Err(CryptoError::Data(
                    "Specified key is not a valid size for this algorithm.",
                ));
            }
        })
    }

    fn run(&self, direction: Direction, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let raw = self.raw()?;
        // Two keys of 8 bytes: the third is the first again (NIST SP 800-67, 3.2).
        let mut key = zeroize::Zeroizing::new(self.key.to_vec());
        if self.algorithm == Algorithm::TripleDes {
            if let (16, Some(first)) = (self.key.len(), self.key.get(..8)) {
                key.extend_from_slice(first);
            }
            refuse_weak(&key)?;
        }
        let iv = match raw.iv_len() {
            Some(length) if self.iv.len() != length => {
                return Err(CryptoError::Data(
                    "Specified initialization vector (IV) does not match the block size for this \
                     algorithm.",
                ));
            }
            Some(_) => Some(self.iv),
            None => None,
        };
        let mut crypter = Crypter::new(raw, direction, &key, iv)
            .map_err(|_| CryptoError::Unavailable("the cipher"))?;
        crypter.pad(false);
        let mut output = vec![0; data.len() + raw.block_size()];
        let mut length = crypter.update(data, &mut output)?;
        length += crypter.finalize(output.get_mut(length..).unwrap_or_default())?;
        output.truncate(length);
        Ok(output)
    }
}

/// Triple DES with two equal neighbours is single DES.
fn refuse_weak(key: &[u8]) -> Result<(), CryptoError> {
    // The lowest bit of each byte is parity.
    let equal = |x: &[u8], y: &[u8]| x.iter().zip(y).all(|(x, y)| x | 1 == y | 1);
    let mut parts = key.chunks(8);
    if let (Some(one), Some(two), Some(three)) = (parts.next(), parts.next(), parts.next())
        && (equal(one, two) || equal(two, three))
    {
        return Err(CryptoError::Data(
            "Specified key is a known weak key for 'TripleDES' and cannot be used.",
        ));
    }
    Ok(())
}

/// Encrypts `data`.
///
/// # Errors
/// If key or vector have a length that the cipher does not take, or, without padding, the data is
/// not whole blocks.
pub fn encrypt(cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let unit = cipher.unit();
    let over = data.len() % unit;
    let missing = unit - over;
    let count = u8::try_from(missing).map_err(|_| CryptoError::Failed)?;
    let mut padded = data.to_vec();
    match cipher.padding {
        Padding::None | Padding::Zeros if over == 0 => {}
        Padding::None => return Err(PARTIAL_BLOCK),
        Padding::Zeros => padded.resize(data.len() + missing, 0),
        Padding::Pkcs7 => padded.resize(data.len() + missing, count),
        Padding::AnsiX923 => {
            padded.resize(data.len() + missing - 1, 0);
            padded.push(count);
        }
        Padding::Iso10126 => {
            padded.resize(data.len() + missing - 1, 0);
            random::fill(padded.get_mut(data.len()..).unwrap_or_default())
                .map_err(|_| CryptoError::Failed)?;
            padded.push(count);
        }
    }
    cipher.run(Direction::Encrypt, &padded)
}

/// Decrypts `data`.
///
/// # Errors
/// As [`encrypt`], and if the data does not end in the padding.
pub fn decrypt(cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let unit = cipher.unit();
    if !data.len().is_multiple_of(unit) {
        return Err(PARTIAL_BLOCK);
    }
    let mut plain = cipher.run(Direction::Decrypt, data)?;
    // .NET gives nothing for nothing.
    let Some(&last) = plain.last() else {
        return Ok(plain);
    };
    let count = usize::from(last);
    let filled = match cipher.padding {
        Padding::None | Padding::Zeros => return Ok(plain),
        Padding::Pkcs7 | Padding::AnsiX923 | Padding::Iso10126 => {
            if count == 0 || count > unit {
                return Err(CryptoError::Padding);
            }
            plain.len() - count
        }
    };
    let filling = plain.get(filled..).unwrap_or_default();
    // Every byte is looked at, whatever the first wrong one is.
    let wrong = filling.iter().rev().skip(1).fold(0, |wrong, byte| {
        wrong
            | match cipher.padding {
                Padding::Pkcs7 => byte ^ last,
                Padding::AnsiX923 => *byte,
                _ => 0,
            }
    });
    if wrong != 0 {
        return Err(CryptoError::Padding);
    }
    plain.truncate(filled);
    Ok(plain)
}
