//! Cryptography for policies: their words, `gateway-tls`'s computing, and the uploaded private keys.

use gateway_policy::certificate::Certificate;
use gateway_policy::host::{
    Cipher, CipherAlgorithm, CipherMode, CipherPadding, Crypto, CryptoError, Curve,
    EncryptionPadding, HashAlgorithm, JwsAlgorithm, JwsKey, PublicKey, RsaKey, RsaKeyMaterial,
    RsaKeySource, SignaturePadding,
};
use gateway_tls::crypto as tls;
use gateway_tls::digest::{self, Algorithm};

use super::World;

impl World {
    /// The private key that was uploaded with exactly this certificate.
    fn private_key(&self, key: &RsaKey<'_>) -> Result<tls::PrivateKey, CryptoError> {
        match key {
            RsaKey::Deployed(certificate) => {
                let uploaded = self
                    .snapshot
                    .certificates
                    .by_thumbprint(&certificate.thumbprint)
                    .ok_or(CryptoError::NoPrivateKey)?;
                // The thumbprint is SHA-1, under which two certificates can be made to collide.
                if uploaded.certificate.der != certificate.der {
                    return Err(CryptoError::NoPrivateKey);
                }
                let material = uploaded.material.as_ref();
                Ok(material.ok_or(CryptoError::NoPrivateKey)?.private_key())
            }
            RsaKey::Public(_) => Err(CryptoError::NoPrivateKey),
            RsaKey::Private(der) => {
                tls::PrivateKey::from_der(der).map_err(|failure| error(&failure))
            }
        }
    }
}

/// The public half of any key; of an uploaded certificate, no private key is needed.
fn public_half(key: &RsaKey<'_>) -> Result<tls::PublicKey, CryptoError> {
    match key {
        RsaKey::Deployed(certificate) => tls::PublicKey::from_certificate(&certificate.der),
        RsaKey::Public(spki) => tls::PublicKey::from_spki(spki),
        RsaKey::Private(der) => tls::PrivateKey::from_der(der).and_then(|key| key.public()),
    }
    .map_err(|failure| error(&failure))
}

impl Crypto for World {
    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Option<Vec<u8>> {
        digest::hash(digest_algorithm(algorithm), data)
            .map_err(|error| tracing::error!(%error, "a policy's hash could not be computed"))
            .ok()
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        digest::hmac(digest_algorithm(algorithm), key, data)
            .map_err(|error| tracing::error!(%error, "a policy's HMAC could not be computed"))
            .ok()
    }

    fn verify_jws(
        &self,
        algorithm: JwsAlgorithm,
        key: &JwsKey<'_>,
        signing_input: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        let public = match key {
            JwsKey::Secret(secret) => {
                let secret = tls::JwsKey::Secret(secret);
                let algorithm = jws_algorithm(algorithm);
                return tls::verify_jws(algorithm, secret, signing_input, signature)
                    .map_err(|failure| error(&failure));
            }
            JwsKey::Certificate(der) => tls::PublicKey::from_certificate(der),
            JwsKey::SubjectPublicKeyInfo(der) => tls::PublicKey::from_spki(der),
            JwsKey::Rsa { modulus, exponent } => {
                tls::PublicKey::from_rsa_numbers(modulus, exponent)
            }
            JwsKey::Ec { curve, x, y } => {
                let curve = match curve {
                    Curve::P256 => tls::Curve::P256,
                    Curve::P384 => tls::Curve::P384,
                    Curve::P521 => tls::Curve::P521,
                };
                tls::PublicKey::from_ec_point(curve, x, y)
            }
        };
        let public = public.map_err(|failure| error(&failure))?;
        let key = tls::JwsKey::Public(&public);
        tls::verify_jws(jws_algorithm(algorithm), key, signing_input, signature)
            .map_err(|failure| error(&failure))
    }

    fn read_rsa_key(&self, source: &RsaKeySource<'_>) -> Result<RsaKeyMaterial, CryptoError> {
        read_rsa_key(source).map_err(|failure| error(&failure))
    }

    fn sign_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: SignaturePadding,
        algorithm: HashAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let key = self.private_key(key)?;
        let (padding, algorithm) = (signature_padding(padding), digest_algorithm(algorithm));
        tls::sign(&key, padding, algorithm, digest).map_err(|failure| error(&failure))
    }

    fn verify_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: SignaturePadding,
        algorithm: HashAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        let key = public_half(key)?;
        let (padding, algorithm) = (signature_padding(padding), digest_algorithm(algorithm));
        tls::verify(&key, padding, algorithm, digest, signature).map_err(|failure| error(&failure))
    }

    fn encrypt_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: EncryptionPadding,
        data: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        tls::encrypt(&public_half(key)?, encryption_padding(padding), data)
            .map_err(|failure| error(&failure))
    }

    fn decrypt_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: EncryptionPadding,
        data: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let key = self.private_key(key)?;
        tls::decrypt(&key, encryption_padding(padding), data).map_err(|failure| error(&failure))
    }

    fn encrypt(&self, cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        tls::cipher::encrypt(&symmetric(cipher), data).map_err(|failure| error(&failure))
    }

    fn decrypt(&self, cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        tls::cipher::decrypt(&symmetric(cipher), data).map_err(|failure| error(&failure))
    }

    fn public_key(&self, certificate: &Certificate) -> Option<PublicKey> {
        let key = tls::subject_key(&certificate.der)?;
        Some(PublicKey {
            algorithm: key.algorithm,
            parameters: key.parameters,
            value: key.value,
            subject_public_key_info: key.spki,
            signature_algorithm: key.signature_algorithm,
        })
    }
}

fn read_rsa_key(source: &RsaKeySource<'_>) -> Result<RsaKeyMaterial, tls::CryptoError> {
    let private = match source {
        RsaKeySource::PrivateKey(der) => Some(tls::PrivateKey::from_der(der)?),
        RsaKeySource::Components {
            modulus,
            exponent,
            private: Some(private),
        } => Some(tls::PrivateKey::from_rsa_numbers(
            modulus, exponent, *private,
        )?),
        _ => None,
    };
    let public = match (&private, source) {
        (Some(private), _) => private.public()?,
        (None, RsaKeySource::Certificate(certificate)) => {
            tls::PublicKey::from_certificate(&certificate.der)?
        }
        (None, RsaKeySource::SubjectPublicKeyInfo(der)) => tls::PublicKey::from_spki(der)?,
        (None, RsaKeySource::PublicKey(der) | RsaKeySource::PrivateKey(der)) => {
            tls::PublicKey::from_rsa_der(der)?
        }
        (
            None,
            RsaKeySource::Components {
                modulus, exponent, ..
            },
        ) => tls::PublicKey::from_rsa_numbers(modulus, exponent)?,
    };
    let numbers = public.rsa_numbers()?;
    let private = match private {
        Some(private) => Some(private.to_pkcs8()?.to_vec()),
        None => None,
    };
    Ok(RsaKeyMaterial {
        bits: numbers.bits,
        modulus: numbers.modulus,
        exponent: numbers.exponent,
        public: public.to_spki()?,
        private,
    })
}

fn error(failure: &tls::CryptoError) -> CryptoError {
    match *failure {
        tls::CryptoError::Unavailable(what) => CryptoError::Unavailable(what),
        tls::CryptoError::Key(why) => CryptoError::Key(why),
        tls::CryptoError::KeyKind => CryptoError::KeyKind,
        tls::CryptoError::WeakKey { actual, least } => CryptoError::WeakKey { actual, least },
        tls::CryptoError::Data(why) => CryptoError::Data(why),
        tls::CryptoError::Padding => CryptoError::Padding,
        tls::CryptoError::Failed => CryptoError::Failed,
    }
}

const fn digest_algorithm(algorithm: HashAlgorithm) -> Algorithm {
    match algorithm {
        HashAlgorithm::Md5 => Algorithm::Md5,
        HashAlgorithm::Sha1 => Algorithm::Sha1,
        HashAlgorithm::Sha256 => Algorithm::Sha256,
        HashAlgorithm::Sha384 => Algorithm::Sha384,
        HashAlgorithm::Sha512 => Algorithm::Sha512,
    }
}

const fn jws_algorithm(algorithm: JwsAlgorithm) -> tls::JwsAlgorithm {
    match algorithm {
        JwsAlgorithm::Hmac(hash) => tls::JwsAlgorithm::Hmac(digest_algorithm(hash)),
        JwsAlgorithm::RsaPkcs1(hash) => tls::JwsAlgorithm::RsaPkcs1(digest_algorithm(hash)),
        JwsAlgorithm::RsaPss(hash) => tls::JwsAlgorithm::RsaPss(digest_algorithm(hash)),
        JwsAlgorithm::Ecdsa(hash) => tls::JwsAlgorithm::Ecdsa(digest_algorithm(hash)),
    }
}

const fn signature_padding(padding: SignaturePadding) -> tls::SignaturePadding {
    match padding {
        SignaturePadding::Pkcs1 => tls::SignaturePadding::Pkcs1,
        SignaturePadding::Pss => tls::SignaturePadding::Pss,
    }
}

const fn encryption_padding(padding: EncryptionPadding) -> tls::EncryptionPadding {
    match padding {
        EncryptionPadding::Pkcs1 => tls::EncryptionPadding::Pkcs1,
        EncryptionPadding::Oaep(hash) => tls::EncryptionPadding::Oaep(digest_algorithm(hash)),
    }
}

fn symmetric<'a>(cipher: &Cipher<'a>) -> tls::cipher::Cipher<'a> {
    use tls::cipher::{Algorithm, Mode, Padding};
    tls::cipher::Cipher {
        algorithm: match cipher.algorithm {
            CipherAlgorithm::Aes => Algorithm::Aes,
            CipherAlgorithm::TripleDes => Algorithm::TripleDes,
        },
        mode: match cipher.mode {
            CipherMode::Cbc => Mode::Cbc,
            CipherMode::Ecb => Mode::Ecb,
            CipherMode::Cfb8 => Mode::Cfb8,
            CipherMode::Cfb => Mode::Cfb,
        },
        padding: match cipher.padding {
            CipherPadding::None => Padding::None,
            CipherPadding::Pkcs7 => Padding::Pkcs7,
            CipherPadding::Zeros => Padding::Zeros,
            CipherPadding::AnsiX923 => Padding::AnsiX923,
            CipherPadding::Iso10126 => Padding::Iso10126,
        },
        key: cipher.key,
        iv: cipher.iv,
    }
}
