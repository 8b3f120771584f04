//! Keys that tokens are verified with, and sets of them as providers publish them (RFC 7517).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

use super::{DocumentError, object};
use crate::host::{Curve, JwsAlgorithm, JwsKey};

/// Most keys of one set. Providers publish two to ten.
const MAX_KEYS: usize = 256;

/// The public keys of a provider.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
}

/// A key that tokens are verified with.
#[derive(Debug, Clone)]
pub struct VerificationKey {
    /// What tokens call it in `kid`, if they may.
    pub id: Option<Arc<str>>,
    /// The one algorithm that it is for, if it says so.
    pub algorithm: Option<JwsAlgorithm>,
    /// Whose tokens it signs, if it says so: Microsoft Entra's keys do, with `{tenantid}` for any
    /// tenant.
    pub issuer: Option<Arc<str>>,
    /// The key itself.
    pub material: Material,
}

/// The numbers of a key.
#[derive(Clone)]
pub enum Material {
    /// A shared secret. Never one of a provider's.
    Secret(Arc<[u8]>),
    /// RSA.
    Rsa {
        /// Modulus, big-endian.
        modulus: Arc<[u8]>,
        /// Exponent, big-endian.
        exponent: Arc<[u8]>,
    },
    /// An elliptic curve.
    Ec {
        /// Which one.
        curve: Curve,
        /// First coordinate, big-endian.
        x: Arc<[u8]>,
        /// Second coordinate, big-endian.
        y: Arc<[u8]>,
    },
    /// The public key of a certificate, DER.
    Certificate(Arc<[u8]>),
}

/// The kind only: a secret is one.
impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_key().fmt(f)
    }
}

impl Material {
    /// As the host takes it.
    #[must_use]
    pub fn as_key(&self) -> JwsKey<'_> {
        match self {
            Self::Secret(secret) => JwsKey::Secret(secret),
            Self::Rsa { modulus, exponent } => JwsKey::Rsa { modulus, exponent },
            Self::Ec { curve, x, y } => JwsKey::Ec {
                curve: *curve,
                x,
                y,
            },
            Self::Certificate(der) => JwsKey::Certificate(der),
        }
    }

    /// Whether such a key can have made a signature of this algorithm. A public key is never taken for
    /// a secret, nor a secret for a public key.
    fn suits(&self, algorithm: JwsAlgorithm) -> bool {
        match (self, algorithm) {
            (Self::Secret(_), JwsAlgorithm::Hmac(_))
            | (Self::Rsa { .. }, JwsAlgorithm::RsaPkcs1(_) | JwsAlgorithm::RsaPss(_)) => true,
            (Self::Ec { curve, .. }, JwsAlgorithm::Ecdsa(hash)) => matches!(
                (curve, hash.length()),
                (Curve::P256, 32) | (Curve::P384, 48) | (Curve::P521, 64)
            ),
            // Which kind of key it has is the host's to see.
            (Self::Certificate(_), algorithm) => !matches!(algorithm, JwsAlgorithm::Hmac(_)),
            _ => false,
        }
    }
}

impl VerificationKey {
    /// Whether the key may have made a signature of this algorithm.
    #[must_use]
    pub fn suits(&self, algorithm: JwsAlgorithm) -> bool {
        self.algorithm.is_none_or(|own| own == algorithm) && self.material.suits(algorithm)
    }
}

impl KeySet {
    /// Reads a JSON Web Key Set (RFC 7517 section 5). Keys that cannot verify signatures are left
    /// out: for encryption, of unknown type, incomplete, and shared secrets, which nobody publishes.
    ///
    /// # Errors
    /// If it is no such set.
    pub fn parse(document: &[u8]) -> Result<Self, DocumentError> {
        let object = object(document)?;
        let Some(Json::Array(keys)) = object.get("keys") else {
            return Err(DocumentError::Missing("keys"));
        };
        if keys.len() > MAX_KEYS {
            return Err(DocumentError::TooManyKeys(MAX_KEYS));
        }
        Ok(Self {
            keys: keys
                .iter()
                .filter_map(Json::as_object)
                .filter_map(read_key)
                .collect(),
        })
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[VerificationKey] {
        &self.keys
    }
}

fn read_key(key: &Map<String, Json>) -> Option<VerificationKey> {
    let text = |name: &str| key.get(name).and_then(Json::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    if let Some(operations) = key.get("key_ops") {
        let verifies = operations
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one.as_str() == Some("verify")));
        if !verifies {
            return None;
        }
    }
    let number = |name: &str| -> Option<Arc<[u8]>> {
        let bytes = URL_SAFE_NO_PAD.decode(text(name)?).ok()?;
        (!bytes.is_empty()).then(|| bytes.into())
    };
    let material = match text("kty")? {
        "RSA" => Material::Rsa {
            modulus: number("n")?,
            exponent: number("e")?,
        },
        "EC" => Material::Ec {
            curve: Curve::from_name(text("crv")?)?,
            x: number("x")?,
            y: number("y")?,
        },
        _ => return None,
    };
    let algorithm = match key.get("alg") {
        None | Some(Json::Null) => None,
        // A key for something else is not for this.
        Some(name) => Some(JwsAlgorithm::from_name(name.as_str()?)?),
    };
    Some(VerificationKey {
        id: text("kid").map(Arc::from),
        algorithm,
        issuer: text("issuer").map(Arc::from),
        material,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HashAlgorithm;

    fn parse(keys: &str) -> Vec<VerificationKey> {
        let document = format!("{{\"keys\":[{keys}]}}");
        KeySet::parse(document.as_bytes()).unwrap().keys
    }

    #[test]
    fn keys_that_verify_signatures_are_kept_and_others_are_not() {
        let rsa = r#""kty":"RSA","n":"AQAB","e":"AQAB""#;
        let ec = r#""kty":"EC","crv":"P-256","x":"AQ","y":"AQ""#;
        let kept = parse(&format!(
            r#"{{{rsa},"kid":"a","use":"sig","alg":"RS256"}},{{{ec},"key_ops":["verify"]}}"#
        ));
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[0].id.as_deref(), Some("a"));
        for refused in [
            format!(r#"{{{rsa},"use":"enc"}}"#),
            format!(r#"{{{rsa},"key_ops":["encrypt"]}}"#),
            format!(r#"{{{rsa},"alg":"RSA-OAEP"}}"#),
            format!(r#"{{{rsa},"alg":"none"}}"#),
            r#"{"kty":"RSA","n":"AQAB"}"#.to_owned(),
            r#"{"kty":"RSA","n":"","e":"AQAB"}"#.to_owned(),
            r#"{"kty":"EC","crv":"secp256k1","x":"AQ","y":"AQ"}"#.to_owned(),
            r#"{"kty":"oct","k":"AQAB"}"#.to_owned(),
            "7".to_owned(),
        ] {
            assert!(parse(&refused).is_empty(), "{refused}");
        }
    }

    #[test]
    fn a_key_serves_only_the_algorithms_of_its_kind() {
        let sha256 = HashAlgorithm::Sha256;
        let rsa = &parse(r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#)[0];
        assert!(rsa.suits(JwsAlgorithm::RsaPkcs1(sha256)));
        assert!(rsa.suits(JwsAlgorithm::RsaPss(sha256)));
        assert!(!rsa.suits(JwsAlgorithm::Hmac(sha256)));
        assert!(!rsa.suits(JwsAlgorithm::Ecdsa(sha256)));
        let one = &parse(r#"{"kty":"RSA","n":"AQAB","e":"AQAB","alg":"PS256"}"#)[0];
        assert!(one.suits(JwsAlgorithm::RsaPss(sha256)));
        assert!(!one.suits(JwsAlgorithm::RsaPkcs1(sha256)));
        let ec = &parse(r#"{"kty":"EC","crv":"P-384","x":"AQ","y":"AQ"}"#)[0];
        assert!(ec.suits(JwsAlgorithm::Ecdsa(HashAlgorithm::Sha384)));
        assert!(!ec.suits(JwsAlgorithm::Ecdsa(sha256)));
        let secret = Material::Secret([1_u8; 32].as_slice().into());
        assert!(secret.suits(JwsAlgorithm::Hmac(sha256)));
        assert!(!secret.suits(JwsAlgorithm::RsaPkcs1(sha256)));
    }

    #[test]
    fn a_set_is_an_object_with_keys() {
        assert!(KeySet::parse(b"{\"keys\":{}}").is_err());
        assert!(KeySet::parse(b"{}").is_err());
        let many = format!("{{\"keys\":[{}1]}}", "1,".repeat(MAX_KEYS));
        assert_eq!(
            KeySet::parse(many.as_bytes()).unwrap_err(),
            DocumentError::TooManyKeys(MAX_KEYS)
        );
    }
}
