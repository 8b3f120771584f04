//! Signatures of JSON Web Tokens (RFC 7515, RFC 7518 section 3).

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::pkey::Id;

use super::rsa::verify_with;
use super::{CryptoError, Curve, PublicKey, SignaturePadding};
use crate::digest::{self, Algorithm};

/// RFC 7518, 3.3 and 3.5: a key of size 2048 bits or larger must be used.
const LEAST_RSA_BITS: usize = 2048;

/// RFC 7518, 3.2 wants secrets as long as the digest; documents in use have shorter ones, and APIM
/// takes them from 128 bits on, which nobody can guess.
const LEAST_SECRET_BITS: usize = 128;

/// What signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwsAlgorithm {
    /// HMAC under a secret.
    Hmac(Algorithm),
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Algorithm),
    /// RSASSA-PSS.
    RsaPss(Algorithm),
    /// ECDSA: SHA-256 over P-256, SHA-384 over P-384, SHA-512 over P-521.
    Ecdsa(Algorithm),
}

/// A key or a secret.
#[derive(Clone, Copy)]
pub enum JwsKey<'a> {
    /// For every algorithm but HMAC.
    Public(&'a PublicKey),
    /// For HMAC.
    Secret(&'a [u8]),
}

/// The kind only.
impl std::fmt::Debug for JwsKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public(_) => "Public",
            Self::Secret(_) => "Secret",
        })
    }
}

/// Whether `signature` is the one of `input` under `key`.
///
/// # Errors
/// If the key is of another kind than the algorithm needs (so that nobody makes a public key a shared
/// secret), or too weak.
pub fn verify_jws(
    algorithm: JwsAlgorithm,
    key: JwsKey<'_>,
    input: &[u8],
    signature: &[u8],
) -> Result<bool, CryptoError> {
    match (algorithm, key) {
        (JwsAlgorithm::Hmac(hash), JwsKey::Secret(secret)) => {
            at_least(secret.len().saturating_mul(8), LEAST_SECRET_BITS)?;
            let expected = digest::hmac(hash, secret, input)
                .map_err(|error| CryptoError::Unavailable(error.what))?;
            Ok(digest::equal_in_constant_time(&expected, signature))
        }
        (JwsAlgorithm::RsaPkcs1(hash), JwsKey::Public(key)) => {
            verify_rsa(key, SignaturePadding::Pkcs1, hash, input, signature)
        }
        (JwsAlgorithm::RsaPss(hash), JwsKey::Public(key)) => {
            verify_rsa(key, SignaturePadding::Pss, hash, input, signature)
        }
        (JwsAlgorithm::Ecdsa(hash), JwsKey::Public(key)) => {
            verify_ecdsa(key, hash, input, signature)
        }
        _ => Err(CryptoError::KeyKind),
    }
}

fn at_least(actual: usize, least: usize) -> Result<(), CryptoError> {
    if actual < least {
        return Err(CryptoError::WeakKey { actual, least });
    }
    Ok(())
}

fn hashed(algorithm: Algorithm, input: &[u8]) -> Result<Vec<u8>, CryptoError> {
    digest::hash(algorithm, input).map_err(|error| CryptoError::Unavailable(error.what))
}

fn verify_rsa(
    key: &PublicKey,
    padding: SignaturePadding,
    algorithm: Algorithm,
    input: &[u8],
    signature: &[u8],
) -> Result<bool, CryptoError> {
    let key = key.key();
    if key.id() != Id::RSA {
        return Err(CryptoError::KeyKind);
    }
    at_least(
        usize::try_from(key.bits()).unwrap_or_default(),
        LEAST_RSA_BITS,
    )?;
    let digest = hashed(algorithm, input)?;
    verify_with(key, padding, algorithm, &digest, signature)
}

/// The signature is R and S, each as long as a coordinate (RFC 7518, 3.4), not DER.
fn verify_ecdsa(
    key: &PublicKey,
    algorithm: Algorithm,
    input: &[u8],
    signature: &[u8],
) -> Result<bool, CryptoError> {
    let curve = match algorithm {
        Algorithm::Sha256 => Curve::P256,
        Algorithm::Sha384 => Curve::P384,
        Algorithm::Sha512 => Curve::P521,
        Algorithm::Md5 | Algorithm::Sha1 => return Err(CryptoError::KeyKind),
    };
    let key = key.key().ec_key().map_err(|_| CryptoError::KeyKind)?;
    if key.group().curve_name() != Some(curve.nid()) {
        return Err(CryptoError::KeyKind);
    }
    if signature.len() != 2 * curve.length() {
        return Ok(false);
    }
    let (r, s) = signature.split_at(curve.length());
    let (r, s) = (BigNum::from_slice(r)?, BigNum::from_slice(s)?);
    let digest = hashed(algorithm, input)?;
    // OpenSSL refuses 0 and what is not below the order.
    let signature = EcdsaSig::from_private_components(r, s)?;
    Ok(signature.verify(&digest, &key).unwrap_or(false))
}
