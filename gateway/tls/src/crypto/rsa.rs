//! RSA (RFC 8017) over digests that were computed before.

use openssl::md::{Md, MdRef};
use openssl::pkey::{HasPublic, Id, PKeyRef};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;

use super::{CryptoError, PrivateKey, PublicKey};
use crate::digest::Algorithm;

/// How a digest becomes a number to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignaturePadding {
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
    /// RSASSA-PSS with MGF1 over the same hash and a salt as long as the digest, no other.
    Pss,
}

/// How data becomes a number to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionPadding {
    /// RSAES-PKCS1-v1_5. OpenSSL answers what does not decrypt with other bytes instead of an error.
    Pkcs1,
    /// RSAES-OAEP with this hash, also in MGF1, and no label.
    Oaep(Algorithm),
}

pub(super) fn md(algorithm: Algorithm) -> &'static MdRef {
    match algorithm {
        Algorithm::Md5 => Md::md5(),
        Algorithm::Sha1 => Md::sha1(),
        Algorithm::Sha256 => Md::sha256(),
        Algorithm::Sha384 => Md::sha384(),
        Algorithm::Sha512 => Md::sha512(),
    }
}

/// Signs a digest.
///
/// # Errors
/// If the digest has not the algorithm's length, or the key is no RSA key or too short.
pub fn sign(
    key: &PrivateKey,
    padding: SignaturePadding,
    algorithm: Algorithm,
    digest: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let key = key.key();
    check(key.id(), algorithm, digest)?;
    let mut context = PkeyCtx::new(key)?;
    context.sign_init()?;
    pad(&mut context, padding, algorithm)?;
    let mut signature = Vec::new();
    context.sign_to_vec(digest, &mut signature)?;
    Ok(signature)
}

/// Whether `signature` is one of `digest`.
///
/// # Errors
/// If the digest has not the algorithm's length or the key is no RSA key. A signature of the wrong
/// length or form is `false`.
pub fn verify(
    key: &PublicKey,
    padding: SignaturePadding,
    algorithm: Algorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, CryptoError> {
    verify_with(key.key(), padding, algorithm, digest, signature)
}

pub(super) fn verify_with<T: HasPublic>(
    key: &PKeyRef<T>,
    padding: SignaturePadding,
    algorithm: Algorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, CryptoError> {
    check(key.id(), algorithm, digest)?;
    // RFC 8017, 8.1.2 and 8.2.2, step 1.
    if signature.len() != key.size() {
        return Ok(false);
    }
    let mut context = PkeyCtx::new(key)?;
    context.verify_init()?;
    pad(&mut context, padding, algorithm)?;
    // OpenSSL reports most bad signatures as errors.
    Ok(context.verify(digest, signature).unwrap_or(false))
}

fn check(id: Id, algorithm: Algorithm, digest: &[u8]) -> Result<(), CryptoError> {
    if id != Id::RSA {
        return Err(CryptoError::KeyKind);
    }
    if digest.len() != md(algorithm).size() {
        return Err(CryptoError::Data(
            "the hash has not the length of the algorithm's",
        ));
    }
    Ok(())
}

fn pad<T>(
    context: &mut PkeyCtx<T>,
    padding: SignaturePadding,
    algorithm: Algorithm,
) -> Result<(), CryptoError> {
    match padding {
        SignaturePadding::Pkcs1 => context.set_rsa_padding(Padding::PKCS1)?,
        SignaturePadding::Pss => {
            context.set_rsa_padding(Padding::PKCS1_PSS)?;
            context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
            context.set_rsa_mgf1_md(md(algorithm))?;
        }
    }
    context
        .set_signature_md(md(algorithm))
        .map_err(|_| CryptoError::Unavailable(algorithm.name()))
}

/// Encrypts to the holder of the private key.
///
/// # Errors
/// If the data is too long for the key (RFC 8017, 7.1.1 and 7.2.1), or the key is no RSA key.
pub fn encrypt(
    key: &PublicKey,
    padding: EncryptionPadding,
    data: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let key = key.key();
    if key.id() != Id::RSA {
        return Err(CryptoError::KeyKind);
    }
    let overhead = match padding {
        EncryptionPadding::Pkcs1 => 11,
        EncryptionPadding::Oaep(algorithm) => 2 * md(algorithm).size() + 2,
    };
    if data.len().saturating_add(overhead) > key.size() {
        return Err(CryptoError::Data("the data is too long for the key"));
    }
    let mut context = PkeyCtx::new(key)?;
    context.encrypt_init()?;
    fill(&mut context, padding)?;
    let mut encrypted = Vec::new();
    context.encrypt_to_vec(data, &mut encrypted)?;
    Ok(encrypted)
}

/// Decrypts what was encrypted to the key.
///
/// # Errors
/// If the data has not the key's length, or (OAEP) was not encrypted to this key.
pub fn decrypt(
    key: &PrivateKey,
    padding: EncryptionPadding,
    data: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let key = key.key();
    if key.id() != Id::RSA {
        return Err(CryptoError::KeyKind);
    }
    if data.len() != key.size() {
        return Err(CryptoError::Data("the data has not the length of the key"));
    }
    let mut context = PkeyCtx::new(key)?;
    context.decrypt_init()?;
    fill(&mut context, padding)?;
    let mut decrypted = Vec::new();
    context
        .decrypt_to_vec(data, &mut decrypted)
        .map_err(|_| CryptoError::Data("the data was not encrypted to this key"))?;
    Ok(decrypted)
}

fn fill<T>(context: &mut PkeyCtx<T>, padding: EncryptionPadding) -> Result<(), CryptoError> {
    match padding {
        EncryptionPadding::Pkcs1 => context.set_rsa_padding(Padding::PKCS1)?,
        EncryptionPadding::Oaep(algorithm) => {
            context.set_rsa_padding(Padding::PKCS1_OAEP)?;
            context.set_rsa_oaep_md(md(algorithm))?;
            context.set_rsa_mgf1_md(md(algorithm))?;
        }
    }
    Ok(())
}
