//! Keys that policies name or bring along.

use std::fmt;

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public};
use openssl::rsa::{Rsa, RsaPrivateKeyBuilder};
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::CryptoError;
use crate::der::{self, Reader};

/// Sizes of RSA keys in bits that are computed with at all. Smaller ones are broken, larger ones are
/// what OpenSSL refuses (`OPENSSL_RSA_MAX_MODULUS_BITS`), because they cost seconds.
const RSA_BITS: std::ops::RangeInclusive<u32> = 512..=16_384;

/// Largest key that is read, in bytes of DER. An RSA key of 16384 bits takes under 10 KiB.
const MAX_KEY_BYTES: usize = 64 << 10;

/// A public key. It was read, so it has a usable size and, if RSA, an exponent that proves something.
#[derive(Clone)]
pub struct PublicKey(PKey<Public>);

/// A private key. Nothing prints it.
#[derive(Clone)]
pub struct PrivateKey(PKey<Private>);

/// The public numbers of an RSA key, big-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaNumbers {
    /// Modulus.
    pub modulus: Vec<u8>,
    /// Exponent.
    pub exponent: Vec<u8>,
    /// Size of the modulus in bits.
    pub bits: u32,
}

/// Elliptic curves of JSON Web Keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

impl Curve {
    pub(super) const fn nid(self) -> Nid {
        match self {
            Self::P256 => Nid::X9_62_PRIME256V1,
            Self::P384 => Nid::SECP384R1,
            Self::P521 => Nid::SECP521R1,
        }
    }

    /// Length of a coordinate, and of each half of a signature, in bytes.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl PublicKey {
    /// From a DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// If it is none, or the key is neither RSA nor of an elliptic curve, or is unsafe.
    pub fn from_spki(spki: &[u8]) -> Result<Self, CryptoError> {
        let unread = CryptoError::Key("it is no SubjectPublicKeyInfo");
        let mut reader = Reader::new(bounded(spki)?);
        // OpenSSL would take what follows the key for nothing.
        if reader.expect(der::SEQUENCE).is_none() || !reader.is_empty() {
            return Err(unread);
        }
        let key = PKey::public_key_from_der(spki).map_err(|_| unread)?;
        Self::checked(key)
    }

    /// The key of a DER certificate, which is not judged.
    ///
    /// # Errors
    /// As [`Self::from_spki`].
    pub fn from_certificate(certificate: &[u8]) -> Result<Self, CryptoError> {
        let unread = |_| CryptoError::Key("the certificate cannot be read");
        let key = X509::from_der(bounded(certificate)?)
            .map_err(unread)?
            .public_key()
            .map_err(unread)?;
        Self::checked(key)
    }

    /// From a DER `RSAPublicKey` (RFC 8017, A.1.1).
    ///
    /// # Errors
    /// As [`Self::from_spki`].
    pub fn from_rsa_der(der: &[u8]) -> Result<Self, CryptoError> {
        let key = Rsa::public_key_from_der_pkcs1(bounded(der)?)
            .map_err(|_| CryptoError::Key("it is no RSAPublicKey"))?;
        Self::checked(PKey::from_rsa(key)?)
    }

    /// From big-endian numbers.
    ///
    /// # Errors
    /// If the size or the exponent is unsafe.
    pub fn from_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<Self, CryptoError> {
        let key = Rsa::from_public_components(number(modulus)?, number(exponent)?)?;
        Self::checked(PKey::from_rsa(key)?)
    }

    /// From the coordinates of a point, big-endian.
    ///
    /// # Errors
    /// If they have not the curve's length or the point is not on the curve.
    pub fn from_ec_point(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, CryptoError> {
        if x.len() != curve.length() || y.len() != curve.length() {
            return Err(CryptoError::Key("a coordinate has not the curve's length"));
        }
        let group = EcGroup::from_curve_name(curve.nid())?;
        let (x, y) = (BigNum::from_slice(x)?, BigNum::from_slice(y)?);
        let off = |_| CryptoError::Key("the point is not on the curve");
        let key = EcKey::from_public_key_affine_coordinates(&group, &x, &y).map_err(off)?;
        key.check_key().map_err(off)?;
        Ok(Self(PKey::from_ec_key(key)?))
    }

    fn checked(key: PKey<Public>) -> Result<Self, CryptoError> {
        match key.id() {
            Id::RSA => check_rsa(&key)?,
            Id::EC => key
                .ec_key()?
                .check_key()
                .map_err(|_| CryptoError::Key("the point is not on the curve"))?,
            _ => return Err(CryptoError::KeyKind),
        }
        Ok(Self(key))
    }

    /// The DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// When OpenSSL cannot encode it.
    pub fn to_spki(&self) -> Result<Vec<u8>, CryptoError> {
        Ok(self.0.public_key_to_der()?)
    }

    /// Its numbers, if it is an RSA key.
    ///
    /// # Errors
    /// If it is another key.
    pub fn rsa_numbers(&self) -> Result<RsaNumbers, CryptoError> {
        let rsa = self.0.rsa().map_err(|_| CryptoError::KeyKind)?;
        Ok(RsaNumbers {
            modulus: rsa.n().to_vec(),
            exponent: rsa.e().to_vec(),
            bits: self.0.bits(),
        })
    }

    pub(super) fn key(&self) -> &PKeyRef<Public> {
        &self.0
    }
}

impl PrivateKey {
    /// From a DER `PrivateKeyInfo` (RFC 5208) or `RSAPrivateKey` (RFC 8017, A.1.2) with an RSA key.
    ///
    /// # Errors
    /// If it is none, or has an unusable size.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let key = PKey::private_key_from_der(bounded(der)?)
            .map_err(|_| CryptoError::Key("it is no private key"))?;
        if key.id() != Id::RSA {
            return Err(CryptoError::KeyKind);
        }
        check_rsa(&key)?;
        Ok(Self(key))
    }

    /// From big-endian numbers; `private` is P, Q, DP, DQ, `InverseQ` and D.
    ///
    /// # Errors
    /// If a number is unsafe, or the numbers are no key.
    pub fn from_rsa_numbers(
        modulus: &[u8],
        exponent: &[u8],
        private: [&[u8]; 6],
    ) -> Result<Self, CryptoError> {
        let [p, q, dp, dq, inverse, d] = private;
        let key = RsaPrivateKeyBuilder::new(number(modulus)?, number(exponent)?, number(d)?)?
            .set_factors(number(p)?, number(q)?)?
            .set_crt_params(number(dp)?, number(dq)?, number(inverse)?)?
            .build();
        let product_is_modulus = || -> Result<bool, CryptoError> {
            let mut product = BigNum::new()?;
            let mut context = BigNumContext::new()?;
            match (key.p(), key.q()) {
                (Some(p), Some(q)) => product.checked_mul(p, q, &mut context)?,
                _ => return Ok(false),
            }
            Ok(&*product == key.n())
        };
        if !product_is_modulus()? {
            return Err(CryptoError::Key("its numbers do not belong together"));
        }
        let key = PKey::from_rsa(key)?;
        check_rsa(&key)?;
        Ok(Self(key))
    }

    pub(crate) fn from_key(key: PKey<Private>) -> Self {
        Self(key)
    }

    /// The public half.
    ///
    /// # Errors
    /// If it is no RSA key.
    pub fn public(&self) -> Result<PublicKey, CryptoError> {
        let rsa = self.0.rsa().map_err(|_| CryptoError::KeyKind)?;
        let public = Rsa::from_public_components(rsa.n().to_owned()?, rsa.e().to_owned()?)?;
        PublicKey::checked(PKey::from_rsa(public)?)
    }

    /// The key as `PrivateKeyInfo`; the copy is wiped when dropped.
    ///
    /// # Errors
    /// When OpenSSL cannot encode it.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        Ok(Zeroizing::new(self.0.private_key_to_pkcs8()?))
    }

    pub(super) fn key(&self) -> &PKeyRef<Private> {
        &self.0
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bits)", self.0.bits())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} bits)", self.0.bits())
    }
}

fn bounded(der: &[u8]) -> Result<&[u8], CryptoError> {
    if der.len() > MAX_KEY_BYTES {
        return Err(CryptoError::Key("it is too long"));
    }
    Ok(der)
}

fn number(bytes: &[u8]) -> Result<BigNum, CryptoError> {
    Ok(BigNum::from_slice(bounded(bytes)?)?)
}

/// An exponent of 1 makes every message its own signature, an even one is no RSA (RFC 8017, 3.1),
/// and one above 64 bits only costs time.
fn check_rsa<T: HasPublic>(key: &PKeyRef<T>) -> Result<(), CryptoError> {
    let rsa = key.rsa().map_err(|_| CryptoError::KeyKind)?;
    let odd = |number: &BigNumRef| number.is_bit_set(0);
    if !RSA_BITS.contains(&key.bits()) {
        return Err(CryptoError::Key("its size is not from 512 to 16384 bits"));
    }
    if !odd(rsa.n()) {
        return Err(CryptoError::Key("its modulus is even"));
    }
    let exponent = rsa.e();
    if !odd(exponent) || exponent.num_bits() < 2 || exponent.num_bits() > 64 {
        return Err(CryptoError::Key("its exponent is unsafe"));
    }
    Ok(())
}

/// A certificate's `SubjectPublicKeyInfo`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectKey {
    /// OID of the algorithm.
    pub algorithm: String,
    /// DER of the algorithm's parameters; empty if there are none.
    pub parameters: Vec<u8>,
    /// The bits of `subjectPublicKey`.
    pub value: Vec<u8>,
    /// The whole DER.
    pub spki: Vec<u8>,
    /// OID of the algorithm that the certificate is signed with.
    pub signature_algorithm: String,
}

/// The public key of a DER certificate, of whatever algorithm; `None` if it cannot be read.
#[must_use]
pub fn subject_key(certificate: &[u8]) -> Option<SubjectKey> {
    const VERSION: u8 = 0xa0;
    let signature_algorithm = crate::certificate::parse(certificate)
        .ok()?
        .signature_algorithm;
    let mut tbs = Reader::new(certificate)
        .expect(der::SEQUENCE)?
        .reader()
        .expect(der::SEQUENCE)?
        .reader();
    tbs.optional(VERSION);
    tbs.expect(der::INTEGER)?;
    // Signature, issuer, validity, subject (RFC 5280, 4.1).
    for _ in 0..4 {
        tbs.expect(der::SEQUENCE)?;
    }
    let info = tbs.expect(der::SEQUENCE)?;
    let mut parts = info.reader();
    let mut algorithm = parts.expect(der::SEQUENCE)?.reader();
    let oid = der::oid_text(algorithm.expect(der::OID)?.contents)?;
    let parameters = algorithm
        .next()
        .map(|parameters| parameters.encoding.to_vec())
        .unwrap_or_default();
    // The first byte counts unused bits, of which a key has none.
    let (&0, value) = parts.expect(der::BIT_STRING)?.contents.split_first()? else {
        return None;
    };
    Some(SubjectKey {
        algorithm: oid,
        parameters,
        value: value.to_vec(),
        spki: info.encoding.to_vec(),
        signature_algorithm,
    })
}
