//! A certificate with its private key and the certificates between it and the root: what an
//! administrator uploads for a host name or a backend.

use std::fmt;
use std::sync::Arc;

use openssl::pkey::{PKey, PKeyRef, Private};
use openssl::x509::{X509, X509Ref, X509VerifyResult};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::certificate::{self, CertificateError, CertificateFacts, PemError};
use crate::crypto::PrivateKey;
use crate::pem;
pub use crate::pfx::from_pfx;

/// Largest PFX file, certificate chain or key file that is read, in bytes.
pub const MAX_KEY_MATERIAL_BYTES: usize = 1 << 20;

/// Certificate, private key and intermediates. `Debug` prints no key.
#[derive(Clone)]
pub struct KeyMaterial {
    facts: Arc<CertificateFacts>,
    leaf: X509,
    chain: Vec<X509>,
    chain_der: Vec<Arc<[u8]>>,
    key: PKey<Private>,
}

/// Why an upload is not usable key material.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyMaterialError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// More bytes than are taken.
    #[error("{actual} bytes are too many (at most {limit})")]
    TooLarge {
        /// Bytes given.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The DER ends early.
    #[error("the PFX file is truncated: {expected} bytes are announced, {actual} are there")]
    Truncated {
        /// Bytes that the DER header announces.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// Something else than a PFX.
    #[error("this is not a PKCS#12 (PFX) file: {0}")]
    NotPkcs12(String),
    /// The password does not open the file.
    #[error("the password does not open the PFX file")]
    WrongPassword,
    /// The password holds a NUL character.
    #[error("the password holds a NUL character")]
    PasswordWithNul,
    /// The file asks for more key derivation work than is done for an upload.
    #[error("the PFX file asks for {iterations} rounds of key derivation (at most {limit})")]
    TooManyIterations {
        /// Rounds asked for.
        iterations: u64,
        /// Rounds allowed.
        limit: u64,
    },
    /// The file is encrypted with something this build cannot decrypt.
    #[error(
        "the PFX file is encrypted with an algorithm that this build does not have ({0}); export it again with AES-256, \
         for example `openssl pkcs12 -legacy -in old.pfx -nodes | openssl pkcs12 -export -out new.pfx`"
    )]
    UnsupportedEncryption(String),
    /// A part of the file is damaged.
    #[error("the PFX file is damaged: {0}")]
    Damaged(String),
    /// No private key.
    #[error("there is no private key in it")]
    NoPrivateKey,
    /// No certificate.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// The key belongs to another certificate.
    #[error("the private key does not belong to the certificate `{subject}`")]
    KeyMismatch {
        /// Subject of the first certificate.
        subject: String,
    },
    /// The PEM key is encrypted.
    #[error(
        "line {line}: the private key is encrypted; store it decrypted with mode 0600, or upload a PFX with its password"
    )]
    EncryptedKey {
        /// Line of the key's begin marker.
        line: usize,
    },
    /// More than one key.
    #[error("line {line}: there is a second private key")]
    SecondPrivateKey {
        /// Line of the second key's begin marker.
        line: usize,
    },
    /// A PEM block that has no place here.
    #[error("line {line}: a PEM block `{label}` has no place here")]
    UnexpectedPemBlock {
        /// Label of the block.
        label: String,
        /// Line of its begin marker.
        line: usize,
    },
    /// The key does not decode.
    #[error("the private key cannot be read")]
    BadPrivateKey,
    /// The PEM text of the key is broken.
    #[error("the private key file: {0}")]
    KeyPem(PemError),
    /// A certificate is not usable.
    #[error("certificate {index}: {error}")]
    Certificate {
        /// Which one, counted from 1.
        index: usize,
        /// What is wrong.
        error: CertificateError,
    },
    /// The PEM text of the chain is broken.
    #[error("the certificate file: {0}")]
    ChainPem(PemError),
}

impl KeyMaterial {
    /// The certificate's facts.
    #[must_use]
    pub fn facts(&self) -> &Arc<CertificateFacts> {
        &self.facts
    }

    /// The intermediates in issuing order, as DER, without the certificate itself and without a root.
    #[must_use]
    pub fn chain_der(&self) -> &[Arc<[u8]>] {
        &self.chain_der
    }

    /// Certificate and intermediates as PEM.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        std::iter::once(&self.facts.der)
            .chain(&self.chain_der)
            .map(|der| pem::encode("CERTIFICATE", der).to_string())
            .collect()
    }

    /// The private key as PKCS#8 DER (RFC 5958), for sealed storage. The copy is wiped when dropped.
    ///
    /// # Errors
    /// When the key cannot be encoded, as for a key that lives in hardware.
    pub fn private_key_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyMaterialError> {
        self.key
            .private_key_to_pkcs8()
            .map(Zeroizing::new)
            .map_err(|_| KeyMaterialError::BadPrivateKey)
    }

    /// The private key as PKCS#8 PEM. The copy is wiped when dropped.
    ///
    /// # Errors
    /// As [`Self::private_key_pkcs8`].
    pub fn private_key_pem(&self) -> Result<Zeroizing<String>, KeyMaterialError> {
        Ok(pem::encode("PRIVATE KEY", &self.private_key_pkcs8()?))
    }

    /// From what [`Self::facts`], [`Self::chain_der`] and [`Self::private_key_pkcs8`] gave: leaf first.
    ///
    /// # Errors
    /// As [`from_pem`].
    pub fn from_der(
        certificates: &[impl AsRef<[u8]>],
        private_key: &[u8],
    ) -> Result<Self, KeyMaterialError> {
        let key =
            PKey::private_key_from_der(private_key).map_err(|_| KeyMaterialError::BadPrivateKey)?;
        let certificates = certificates
            .iter()
            .enumerate()
            .map(|(index, der)| read_certificate(index, der.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        Self::assemble(certificates, key)
    }

    /// The first certificate is the leaf. The others may come in any order; those that do not lead from
    /// the leaf towards a root are left out, and so is the root, which a peer must have by itself.
    pub(crate) fn assemble(
        certificates: Vec<X509>,
        key: PKey<Private>,
    ) -> Result<Self, KeyMaterialError> {
        let mut others = certificates.into_iter();
        let leaf = others.next().ok_or(KeyMaterialError::NoCertificate)?;
        let facts = facts_of(0, &leaf)?;
        let matches = leaf.public_key().is_ok_and(|public| public.public_eq(&key));
        if !matches {
            return Err(KeyMaterialError::KeyMismatch {
                subject: facts.subject.to_string(),
            });
        }
        let chain = issuing_order(&leaf, others.collect());
        let chain_der = chain
            .iter()
            .enumerate()
            .map(|(index, certificate)| Ok(Arc::clone(&facts_of(index + 1, certificate)?.der)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            facts: Arc::new(facts),
            leaf,
            chain,
            chain_der,
            key,
        })
    }

    /// The private key, to compute with.
    #[must_use]
    pub fn private_key(&self) -> PrivateKey {
        PrivateKey::from_key(self.key.clone())
    }

    pub(crate) fn leaf(&self) -> &X509Ref {
        &self.leaf
    }

    pub(crate) fn chain(&self) -> &[X509] {
        &self.chain
    }

    pub(crate) fn key(&self) -> &PKeyRef<Private> {
        &self.key
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyMaterial")
            .field("subject", &self.facts.subject.to_string())
            .field("thumbprint", &self.facts.thumbprint())
            .field("intermediates", &self.chain.len())
            .finish_non_exhaustive()
    }
}

/// Reads certificate, chain and key from PEM, as certbot and cert-manager write them. Both texts may be
/// the same file.
///
/// # Errors
/// Says which file, block or line is wrong, and whether the key fits the first certificate.
pub fn from_pem(chain_pem: &[u8], key_pem: &[u8]) -> Result<KeyMaterial, KeyMaterialError> {
    let certificates = read_chain(chain_pem)?;
    let key = read_key(key_pem)?;
    KeyMaterial::assemble(certificates, key)
}

fn read_chain(text: &[u8]) -> Result<Vec<X509>, KeyMaterialError> {
    check_size(text)?;
    let mut certificates = Vec::new();
    for block in pem::blocks(text).map_err(KeyMaterialError::ChainPem)? {
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => {
                certificates.push(read_certificate(certificates.len(), &block.der)?);
            }
            label if is_key_label(label) => {}
            _ => {
                return Err(KeyMaterialError::UnexpectedPemBlock {
                    label: block.label,
                    line: block.line,
                });
            }
        }
    }
    Ok(certificates)
}

fn read_key(text: &[u8]) -> Result<PKey<Private>, KeyMaterialError> {
    check_size(text)?;
    let mut key = None;
    for block in pem::blocks(text).map_err(KeyMaterialError::KeyPem)? {
        if !is_key_label(&block.label) {
            continue;
        }
        if block.has_headers || block.label == "ENCRYPTED PRIVATE KEY" {
            return Err(KeyMaterialError::EncryptedKey { line: block.line });
        }
        let parsed =
            PKey::private_key_from_der(&block.der).map_err(|_| KeyMaterialError::BadPrivateKey)?;
        if key.replace(parsed).is_some() {
            return Err(KeyMaterialError::SecondPrivateKey { line: block.line });
        }
    }
    key.ok_or(KeyMaterialError::NoPrivateKey)
}

fn is_key_label(label: &str) -> bool {
    label == "PRIVATE KEY" || label.ends_with(" PRIVATE KEY")
}

fn read_certificate(index: usize, der: &[u8]) -> Result<X509, KeyMaterialError> {
    certificate::parse_der(der)
        .and_then(|_| X509::from_der(der).map_err(|_| CertificateError::Malformed("structure")))
        .map_err(|error| KeyMaterialError::Certificate {
            index: index + 1,
            error,
        })
}

pub(crate) fn check_size(bytes: &[u8]) -> Result<(), KeyMaterialError> {
    if bytes.is_empty() {
        return Err(KeyMaterialError::Empty);
    }
    if bytes.len() > MAX_KEY_MATERIAL_BYTES {
        return Err(KeyMaterialError::TooLarge {
            actual: bytes.len(),
            limit: MAX_KEY_MATERIAL_BYTES,
        });
    }
    Ok(())
}

fn facts_of(index: usize, certificate: &X509Ref) -> Result<CertificateFacts, KeyMaterialError> {
    certificate
        .to_der()
        .map_err(|_| CertificateError::Malformed("encoding"))
        .and_then(|der| certificate::parse_der(&der))
        .map_err(|error| KeyMaterialError::Certificate {
            index: index + 1,
            error,
        })
}

fn issuing_order(leaf: &X509, mut others: Vec<X509>) -> Vec<X509> {
    let issued_by =
        |issuer: &X509Ref, subject: &X509Ref| issuer.issued(subject) == X509VerifyResult::OK;
    let mut chain: Vec<X509> = Vec::new();
    loop {
        let last = chain.last().unwrap_or(leaf);
        if issued_by(last, last) {
            break;
        }
        let Some(position) = others
            .iter()
            .position(|candidate| issued_by(candidate, last))
        else {
            break;
        };
        chain.push(others.swap_remove(position));
    }
    if chain.last().is_some_and(|root| issued_by(root, root)) {
        chain.pop();
    }
    chain
}
