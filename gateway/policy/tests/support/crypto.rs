//! Cryptography that computes nothing: results that a test can foresee, made of what was asked for.
//!
//! A signature is `"signed:"`, the name of the operation, and the digest; encrypting puts
//! `"sealed:"` before the data. What is right is tested where a real library is.

use gateway_policy::certificate::Certificate;
use gateway_policy::host::{
    Cipher, Crypto, CryptoError, EncryptionPadding, HashAlgorithm, JwsAlgorithm, JwsKey, PublicKey,
    RsaKey, RsaKeyMaterial, RsaKeySource, SignaturePadding,
};

use super::World;

/// What [`World`] takes for the signature of `input` by any key.
pub fn jws_signature(algorithm: JwsAlgorithm, input: &[u8]) -> Vec<u8> {
    let mut signature = format!("signed:{algorithm:?}:").into_bytes();
    signature.extend_from_slice(input);
    signature
}

fn rsa_signature(padding: SignaturePadding, algorithm: HashAlgorithm, digest: &[u8]) -> Vec<u8> {
    let mut signature = format!("signed:{padding:?}:{algorithm:?}:").into_bytes();
    signature.extend_from_slice(digest);
    signature
}

fn opened(prefix: &str, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    data.strip_prefix(prefix.as_bytes())
        .map(<[u8]>::to_vec)
        .ok_or(CryptoError::Padding)
}

fn has_private(key: &RsaKey<'_>) -> bool {
    match key {
        RsaKey::Deployed(certificate) => certificate.has_private_key,
        RsaKey::Public(_) => false,
        RsaKey::Private(_) => true,
    }
}

impl Crypto for World {
    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Option<Vec<u8>> {
        Some(vec![
            u8::try_from(data.len() % 256).unwrap();
            algorithm.length()
        ])
    }

    fn hmac(&self, algorithm: HashAlgorithm, _: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        self.hash(algorithm, data)
    }

    fn verify_jws(
        &self,
        algorithm: JwsAlgorithm,
        key: &JwsKey<'_>,
        input: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        let fits = matches!(
            (algorithm, key),
            (JwsAlgorithm::Hmac(_), JwsKey::Secret(_))
                | (
                    JwsAlgorithm::RsaPkcs1(_) | JwsAlgorithm::RsaPss(_),
                    JwsKey::Rsa { .. } | JwsKey::Certificate(_) | JwsKey::SubjectPublicKeyInfo(_)
                )
                | (JwsAlgorithm::Ecdsa(_), JwsKey::Ec { .. })
        );
        if !fits {
            return Err(CryptoError::KeyKind);
        }
        Ok(signature == jws_signature(algorithm, input))
    }

    fn read_rsa_key(&self, source: &RsaKeySource<'_>) -> Result<RsaKeyMaterial, CryptoError> {
        let (public, private) = match source {
            RsaKeySource::Certificate(certificate) => (certificate.der.to_vec(), None),
            RsaKeySource::SubjectPublicKeyInfo(der) | RsaKeySource::PublicKey(der) => {
                (der.to_vec(), None)
            }
            RsaKeySource::PrivateKey(der) => (b"public".to_vec(), Some(der.to_vec())),
            RsaKeySource::Components {
                modulus, private, ..
            } => (modulus.to_vec(), private.map(|_| b"private".to_vec())),
        };
        if public.is_empty() {
            return Err(CryptoError::Key("it is empty"));
        }
        Ok(RsaKeyMaterial {
            bits: 2048,
            modulus: vec![0xAB; 256],
            exponent: vec![1, 0, 1],
            public,
            private,
        })
    }

    fn sign_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: SignaturePadding,
        algorithm: HashAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        if has_private(key) {
            Ok(rsa_signature(padding, algorithm, digest))
        } else {
            Err(CryptoError::NoPrivateKey)
        }
    }

    fn verify_rsa(
        &self,
        _: &RsaKey<'_>,
        padding: SignaturePadding,
        algorithm: HashAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        Ok(signature == rsa_signature(padding, algorithm, digest))
    }

    fn encrypt_rsa(
        &self,
        _: &RsaKey<'_>,
        padding: EncryptionPadding,
        data: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        Ok([format!("sealed:{padding:?}:").as_bytes(), data].concat())
    }

    fn decrypt_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: EncryptionPadding,
        data: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        if !has_private(key) {
            return Err(CryptoError::NoPrivateKey);
        }
        opened(&format!("sealed:{padding:?}:"), data)
    }

    fn encrypt(&self, cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok([sealed(cipher).as_bytes(), data].concat())
    }

    fn decrypt(&self, cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        opened(&sealed(cipher), data)
    }

    fn public_key(&self, certificate: &Certificate) -> Option<PublicKey> {
        Some(PublicKey {
            algorithm: "1.2.840.113549.1.1.1".to_owned(),
            parameters: vec![5, 0],
            value: vec![0x30, 0x00],
            subject_public_key_info: certificate.der.to_vec(),
            signature_algorithm: "1.2.840.113549.1.1.11".to_owned(),
        })
    }
}

fn sealed(cipher: &Cipher<'_>) -> String {
    format!(
        "sealed:{:?}:{:?}:{:?}:{}:{}:",
        cipher.algorithm,
        cipher.mode,
        cipher.padding,
        cipher.key.len() * 8,
        cipher.iv.len() * 8
    )
}
