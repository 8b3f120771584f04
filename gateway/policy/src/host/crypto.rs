//! The cryptography that a policy needs of the world.

use crate::certificate::Certificate;

/// Hashes, signatures and ciphers, from whoever carries the cryptographic library.
///
/// Every method fails closed: what cannot be computed or checked is an error, never an empty result
/// and never `true`. Private keys of uploaded certificates are named by their certificate and stay on
/// the other side; no method gives one back.
pub trait Crypto {
    /// Digest of `data`; `None` if the library refuses the algorithm.
    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Option<Vec<u8>>;

    /// HMAC of `data` under `key` (RFC 2104); `None` if the library refuses the algorithm or key.
    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], data: &[u8]) -> Option<Vec<u8>>;

    /// Whether `signature` (decoded) is the signature of `signing_input` (the ASCII bytes
    /// `BASE64URL(header) . BASE64URL(payload)`) under `key` (RFC 7515 section 5.2, RFC 7518
    /// section 3).
    ///
    /// # Errors
    /// If the key cannot be used with the algorithm, so that a public key is never taken for a shared
    /// secret, or is too weak: RSA under 2048 bits (RFC 7518 section 3.3), secrets under 128 bits.
    fn verify_jws(
        &self,
        algorithm: JwsAlgorithm,
        key: &JwsKey<'_>,
        signing_input: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError>;

    /// Reads an RSA key and makes it canonical.
    ///
    /// # Errors
    /// If it is none, has an unusable size (512 to 16384 bits are taken) or an unsafe exponent.
    fn read_rsa_key(&self, source: &RsaKeySource<'_>) -> Result<RsaKeyMaterial, CryptoError>;

    /// Signs a digest.
    ///
    /// # Errors
    /// If there is no private key, or the digest has not the algorithm's length.
    fn sign_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: SignaturePadding,
        algorithm: HashAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// Whether `signature` is one of `digest`.
    ///
    /// # Errors
    /// If the key cannot be used or the digest has not the algorithm's length; a signature that does
    /// not fit is `false`.
    fn verify_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: SignaturePadding,
        algorithm: HashAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError>;

    /// Encrypts to the holder of the private key.
    ///
    /// # Errors
    /// If the data is too long for the key.
    fn encrypt_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: EncryptionPadding,
        data: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// Decrypts what was encrypted to the key.
    ///
    /// # Errors
    /// If there is no private key or the data was not encrypted to it so.
    fn decrypt_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: EncryptionPadding,
        data: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// Encrypts under a symmetric key.
    ///
    /// # Errors
    /// If key, initialisation vector or data have lengths that the cipher does not take.
    fn encrypt(&self, cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError>;

    /// Decrypts under a symmetric key.
    ///
    /// # Errors
    /// As [`Crypto::encrypt`], and if the padding is not what the cipher adds.
    fn decrypt(&self, cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError>;

    /// The public key of a certificate, and how the certificate is signed; `None` if it cannot be
    /// read.
    fn public_key(&self, certificate: &Certificate) -> Option<PublicKey>;
}

/// Hash functions that policies can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// MD5 (RFC 1321); for fingerprints of others only.
    Md5,
    /// SHA-1 (FIPS 180-4); thumbprints.
    Sha1,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
}

impl HashAlgorithm {
    /// Length of a digest in bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Length in bytes of the blocks it works on, which is what longer HMAC keys are hashed to fit
    /// (RFC 2104 section 2).
    #[must_use]
    pub const fn block_length(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }
}

/// Why something could not be computed. The messages name no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The library does not offer it, for example because a FIPS provider does not approve.
    #[error("the cryptographic library does not offer {0}")]
    Unavailable(&'static str),
    /// The key cannot be read or used.
    #[error("the key cannot be used: {0}")]
    Key(&'static str),
    /// The algorithm needs another kind of key.
    #[error("the key is not of the kind that the algorithm needs")]
    KeyKind,
    /// The key is too short for the algorithm to be safe.
    #[error("the key has {actual} bits; the algorithm needs at least {least}")]
    WeakKey {
        /// Size of the key in bits.
        actual: usize,
        /// The least that is taken.
        least: usize,
    },
    /// No private key belongs to it.
    #[error("there is no private key")]
    NoPrivateKey,
    /// The data cannot be what the operation takes.
    #[error("{0}")]
    Data(&'static str),
    /// Decrypted data does not end in the padding that the cipher adds.
    #[error("Padding is invalid and cannot be removed.")]
    Padding,
    /// The library failed.
    #[error("the cryptographic library failed")]
    Failed,
}

/// Signature algorithms of JSON Web Signatures (RFC 7518 section 3.1). `none` is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JwsAlgorithm {
    /// HMAC: `HS256`, `HS384`, `HS512`.
    Hmac(HashAlgorithm),
    /// RSASSA-PKCS1-v1_5: `RS256`, `RS384`, `RS512`.
    RsaPkcs1(HashAlgorithm),
    /// RSASSA-PSS with a salt as long as the digest: `PS256`, `PS384`, `PS512`.
    RsaPss(HashAlgorithm),
    /// ECDSA over the curve of the same strength: `ES256`, `ES384`, `ES512` (P-521).
    Ecdsa(HashAlgorithm),
}

impl JwsAlgorithm {
    /// By the value of `alg`, which is case-sensitive (RFC 7515 section 4.1.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let hash = match name.get(2..)? {
            "256" => HashAlgorithm::Sha256,
            "384" => HashAlgorithm::Sha384,
            "512" => HashAlgorithm::Sha512,
            _ => return None,
        };
        Some(match name.get(..2)? {
            "HS" => Self::Hmac(hash),
            "RS" => Self::RsaPkcs1(hash),
            "PS" => Self::RsaPss(hash),
            "ES" => Self::Ecdsa(hash),
            _ => return None,
        })
    }
}

/// What a token's signature is verified with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum JwsKey<'a> {
    /// The public key of a certificate, DER (uploaded, or of `x5c`). The certificate is not judged.
    Certificate(&'a [u8]),
    /// A DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1).
    SubjectPublicKeyInfo(&'a [u8]),
    /// `n` and `e` of a JSON Web Key, big-endian (RFC 7518 section 6.3.1).
    Rsa {
        /// Modulus.
        modulus: &'a [u8],
        /// Exponent.
        exponent: &'a [u8],
    },
    /// `crv`, `x` and `y` of a JSON Web Key, big-endian (RFC 7518 section 6.2.1).
    Ec {
        /// The curve.
        curve: Curve,
        /// First coordinate.
        x: &'a [u8],
        /// Second coordinate.
        y: &'a [u8],
    },
    /// A shared secret.
    Secret(&'a [u8]),
}

/// The kind only: secrets stay out of logs.
impl std::fmt::Debug for JwsKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Certificate(_) => "Certificate",
            Self::SubjectPublicKeyInfo(_) => "SubjectPublicKeyInfo",
            Self::Rsa { .. } => "Rsa",
            Self::Ec { .. } => "Ec",
            Self::Secret(_) => "Secret",
        })
    }
}

/// Elliptic curves of JSON Web Keys (RFC 7518 section 6.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// `P-256`.
    P256,
    /// `P-384`.
    P384,
    /// `P-521`.
    P521,
}

impl Curve {
    /// By the value of `crv`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "P-256" => Self::P256,
            "P-384" => Self::P384,
            "P-521" => Self::P521,
            _ => return None,
        })
    }
}

/// A key to compute with.
#[derive(Clone, Copy)]
pub enum RsaKey<'a> {
    /// The private key that was uploaded with this certificate, found by its thumbprint.
    Deployed(&'a Certificate),
    /// A public key, [`RsaKeyMaterial::public`].
    Public(&'a [u8]),
    /// A private key that the policy brought itself, [`RsaKeyMaterial::private`].
    Private(&'a [u8]),
}

/// The kind only.
impl std::fmt::Debug for RsaKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Deployed(_) => "Deployed",
            Self::Public(_) => "Public",
            Self::Private(_) => "Private",
        })
    }
}

/// Where an RSA key is read from. Numbers are big-endian.
#[derive(Clone, Copy)]
pub enum RsaKeySource<'a> {
    /// A certificate; its public key.
    Certificate(&'a Certificate),
    /// A DER `SubjectPublicKeyInfo`.
    SubjectPublicKeyInfo(&'a [u8]),
    /// A DER `RSAPublicKey` (RFC 8017 appendix A.1.1).
    PublicKey(&'a [u8]),
    /// A DER `PrivateKeyInfo` (RFC 5208) or `RSAPrivateKey` (RFC 8017 appendix A.1.2).
    PrivateKey(&'a [u8]),
    /// Numbers, as `RSAKeyValue` (XML Signature section 4.5.2.2) has them.
    Components {
        /// Modulus.
        modulus: &'a [u8],
        /// Public exponent.
        exponent: &'a [u8],
        /// P, Q, DP, DQ, `InverseQ` and D of a private key.
        private: Option<[&'a [u8]; 6]>,
    },
}

/// The kind only.
impl std::fmt::Debug for RsaKeySource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RsaKeySource")
    }
}

/// An RSA key that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaKeyMaterial {
    /// Size of the modulus in bits.
    pub bits: u32,
    /// Modulus, big-endian.
    pub modulus: Vec<u8>,
    /// Public exponent, big-endian.
    pub exponent: Vec<u8>,
    /// DER `SubjectPublicKeyInfo`.
    pub public: Vec<u8>,
    /// DER `PrivateKeyInfo`, if the source was a private key. Only ever handed back to [`Crypto`].
    pub private: Option<Vec<u8>>,
}

/// The size only.
impl std::fmt::Debug for RsaKeyMaterial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RsaKeyMaterial({} bits)", self.bits)
    }
}

/// `RSASignaturePadding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignaturePadding {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    Pkcs1,
    /// RSASSA-PSS (RFC 8017 section 8.1); MGF1 over the same hash, a salt as long as the digest.
    Pss,
}

/// `RSAEncryptionPadding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionPadding {
    /// RSAES-PKCS1-v1_5 (RFC 8017 section 7.2). Decrypting garbage gives other garbage and no error,
    /// so that nobody can use the gateway as an oracle.
    Pkcs1,
    /// RSAES-OAEP (RFC 8017 section 7.1) with this hash, also in MGF1.
    Oaep(HashAlgorithm),
}

/// A symmetric cipher with its key.
#[derive(Clone, Copy)]
pub struct Cipher<'a> {
    /// Which.
    pub algorithm: CipherAlgorithm,
    /// How blocks are chained.
    pub mode: CipherMode,
    /// How the last block is filled.
    pub padding: CipherPadding,
    /// The key.
    pub key: &'a [u8],
    /// Initialisation vector, one block; not used by [`CipherMode::Ecb`].
    pub iv: &'a [u8],
}

/// Everything but key and vector.
impl std::fmt::Debug for Cipher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cipher")
            .field("algorithm", &self.algorithm)
            .field("mode", &self.mode)
            .field("padding", &self.padding)
            .finish_non_exhaustive()
    }
}

/// Symmetric ciphers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CipherAlgorithm {
    /// AES (FIPS 197) with 128, 192 or 256 bits.
    Aes,
    /// Triple DES (NIST SP 800-67) with 128 or 192 bits; for reading what others wrote with it.
    TripleDes,
}

impl CipherAlgorithm {
    /// Length of a block in bytes.
    #[must_use]
    pub const fn block_length(self) -> usize {
        match self {
            Self::Aes => 16,
            Self::TripleDes => 8,
        }
    }
}

/// Modes of operation (NIST SP 800-38A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CipherMode {
    /// Cipher block chaining.
    Cbc,
    /// Electronic codebook.
    Ecb,
    /// Cipher feedback of 8 bits.
    Cfb8,
    /// Cipher feedback of a whole block.
    Cfb,
}

/// How the last block is filled. In CFB of 8 bits nothing needs filling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CipherPadding {
    /// Data must come in whole blocks.
    None,
    /// RFC 5652 section 6.3.
    Pkcs7,
    /// Zeros up to a whole block; they stay when decrypting, as in .NET.
    Zeros,
    /// Zeros and the count of filled bytes.
    AnsiX923,
    /// Random bytes and the count of filled bytes.
    Iso10126,
}

/// A certificate's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// OID of the key's algorithm.
    pub algorithm: String,
    /// DER of the algorithm's parameters; empty if there are none.
    pub parameters: Vec<u8>,
    /// Contents of the `subjectPublicKey` bit string.
    pub value: Vec<u8>,
    /// The whole DER `SubjectPublicKeyInfo`.
    pub subject_public_key_info: Vec<u8>,
    /// OID of the algorithm with which the issuer signed the certificate.
    pub signature_algorithm: String,
}

#[cfg(test)]
mod tests {
    use super::{HashAlgorithm, JwsAlgorithm};

    #[test]
    fn names_of_signature_algorithms_are_exact_and_none_is_not_one() {
        assert_eq!(
            JwsAlgorithm::from_name("PS384"),
            Some(JwsAlgorithm::RsaPss(HashAlgorithm::Sha384))
        );
        for name in ["none", "", "rs256", "RS256 ", "RS1", "HS", "ES256K", "é256"] {
            assert_eq!(JwsAlgorithm::from_name(name), None, "{name}");
        }
    }
}
