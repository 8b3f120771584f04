//! A certificate with its private key and chain.

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::serial::hex;
use super::{IssueError, Serial};

/// Rounds of PBKDF2 for both the encryption and the integrity check of a PKCS #12 file: five times
/// OpenSSL's default, and still a few milliseconds to open.
const PFX_ROUNDS: u32 = 10_000;

/// What an authority hands out: a leaf certificate, its private key, and the intermediates to send
/// with it.
#[derive(Clone)]
pub struct Issued {
    certificate: X509,
    key: PKey<Private>,
    chain: Vec<X509>,
    label: String,
    certificate_pem: String,
    certificate_der: Vec<u8>,
    key_pem: Zeroizing<String>,
    chain_pem: String,
}

impl Issued {
    pub(super) fn new(
        certificate: X509,
        key: PKey<Private>,
        chain: Vec<X509>,
        label: String,
    ) -> Result<Self, IssueError> {
        let certificate_pem = pem_text(certificate.to_pem()?);
        let mut chain_pem = certificate_pem.clone();
        for above in &chain {
            chain_pem.push_str(&pem_text(above.to_pem()?));
        }
        Ok(Self {
            certificate_der: certificate.to_der()?,
            key_pem: Zeroizing::new(pem_text(key.private_key_to_pem_pkcs8()?)),
            certificate_pem,
            chain_pem,
            certificate,
            key,
            chain,
            label,
        })
    }

    /// The leaf certificate.
    #[must_use]
    pub fn certificate(&self) -> &X509 {
        &self.certificate
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &PKey<Private> {
        &self.key
    }

    /// The intermediates, nearest first, without the root; empty when the root issued the leaf.
    #[must_use]
    pub fn chain(&self) -> &[X509] {
        &self.chain
    }

    /// The leaf alone, in PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The leaf alone, in DER.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The leaf and the intermediates in PEM: the `--cert` of a client, the certificate file of a server.
    #[must_use]
    pub fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// The private key in PEM (PKCS #8, unencrypted).
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The leaf's SHA-1 thumbprint in upper-case hexadecimal, as Azure and .NET print it.
    ///
    /// # Errors
    ///
    /// OpenSSL's, when its provider offers no SHA-1.
    pub fn thumbprint(&self) -> Result<String, IssueError> {
        Ok(hex(&self.certificate.digest(MessageDigest::sha1())?))
    }

    /// The leaf's SHA-256 thumbprint in upper-case hexadecimal.
    ///
    /// # Errors
    ///
    /// OpenSSL's.
    pub fn thumbprint_sha256(&self) -> Result<String, IssueError> {
        Ok(hex(&self.certificate.digest(MessageDigest::sha256())?))
    }

    /// The leaf's serial number.
    ///
    /// # Errors
    ///
    /// None for a certificate issued here; see [`Serial::of`].
    pub fn serial(&self) -> Result<Serial, IssueError> {
        Serial::of(&self.certificate)
    }

    /// A PKCS #12 file with the key, the leaf and the intermediates: AES-256-CBC with PBKDF2, and a
    /// SHA-256 integrity check. Every Windows since Server 2019, Java 8u301 and OpenSSL 1.1 open it.
    ///
    /// # Errors
    ///
    /// [`IssueError::Request`] when the password contains a NUL.
    pub fn to_pfx(&self, password: &str) -> Result<Vec<u8>, IssueError> {
        // The binding makes C strings of both and panics on a NUL.
        if password.contains('\0') {
            return Err(IssueError::Request(
                "a password cannot contain NUL".to_owned(),
            ));
        }
        let mut above = Stack::new()?;
        for certificate in &self.chain {
            above.push(certificate.clone())?;
        }
        let mut builder = Pkcs12::builder();
        builder
            .name(&self.label.replace('\0', ""))
            .pkey(&self.key)
            .cert(&self.certificate)
            .key_algorithm(Nid::AES_256_CBC)
            .cert_algorithm(Nid::AES_256_CBC)
            .key_iter(PFX_ROUNDS)
            .mac_iter(PFX_ROUNDS)
            .mac_md(MessageDigest::sha256());
        if !self.chain.is_empty() {
            builder.ca(above);
        }
        Ok(builder.build2(password)?.to_der()?)
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Issued")
            .field("subject", &self.certificate.subject_name())
            .finish_non_exhaustive()
    }
}

/// PEM is ASCII by definition; nothing is lost.
pub(super) fn pem_text(pem: Vec<u8>) -> String {
    match String::from_utf8(pem) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}
