//! Certificate authorities.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509NameRef, X509Ref};
use zeroize::Zeroizing;

use super::issued::pem_text;
use super::{IssueError, Issued, KeyKind, LeafRequest, Serial, Subject, Validity};

/// How an authority is made.
#[derive(Debug, Clone)]
pub struct AuthorityOptions {
    /// The key pair to generate.
    pub key: KeyKind,
    /// From when until when.
    pub validity: Validity,
    /// How many authorities may stand between it and a leaf (RFC 5280 §4.2.1.9); `None` is no limit.
    pub path_len: Option<u32>,
}

impl Default for AuthorityOptions {
    /// P-256, ten years, no limit.
    fn default() -> Self {
        Self {
            key: KeyKind::default(),
            validity: Validity::days(3650),
            path_len: None,
        }
    }
}

/// A certificate authority: its certificate, its private key, and the certificates above it up to,
/// and without, the root.
#[derive(Clone)]
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
    /// Own certificate first when it is an intermediate; empty for a root.
    chain: Vec<X509>,
}

impl Authority {
    /// A self-signed root.
    ///
    /// # Errors
    ///
    /// [`IssueError::Request`] when the subject is empty or the period is reversed.
    pub fn new(subject: &Subject, options: &AuthorityOptions) -> Result<Self, IssueError> {
        let key = options.key.generate()?;
        let certificate = authority_certificate(subject, options, &key, None)?;
        Ok(Self {
            certificate,
            key,
            chain: Vec::new(),
        })
    }

    /// An authority below this one.
    ///
    /// # Errors
    ///
    /// As [`Authority::new`].
    pub fn intermediate(
        &self,
        subject: &Subject,
        options: &AuthorityOptions,
    ) -> Result<Self, IssueError> {
        let key = options.key.generate()?;
        let certificate = authority_certificate(subject, options, &key, Some(self))?;
        let mut chain = vec![certificate.clone()];
        chain.extend(self.chain.iter().cloned());
        Ok(Self {
            certificate,
            key,
            chain,
        })
    }

    /// An authority kept in PEM: its certificate, followed by the intermediates above it if it is
    /// itself one, and its private key (unencrypted).
    ///
    /// # Errors
    ///
    /// [`IssueError::Pem`] when a text cannot be read; [`IssueError::Request`] when the key belongs
    /// to another certificate or the certificate may not sign certificates.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, IssueError> {
        let mut stack = X509::stack_from_pem(certificates).map_err(|source| IssueError::Pem {
            what: "the authority's certificate",
            source,
        })?;
        if stack.is_empty() {
            return Err(IssueError::Request(
                "the authority's PEM holds no certificate".to_owned(),
            ));
        }
        let certificate = stack.remove(0);
        // A callback that refuses, because OpenSSL would otherwise ask for a password on the terminal.
        let key = PKey::private_key_from_pem_callback(key, |_| Ok(0)).map_err(|source| {
            IssueError::Pem {
                what: "the authority's private key",
                source,
            }
        })?;
        if !certificate.public_key()?.public_eq(&key) {
            return Err(IssueError::Request(
                "the private key does not belong to the authority's certificate".to_owned(),
            ));
        }
        if !may_sign_certificates(&certificate) {
            return Err(IssueError::Request(
                "the authority's certificate does not allow signing certificates (key usage keyCertSign)"
                    .to_owned(),
            ));
        }
        let chain = if self_signed(&certificate) {
            Vec::new()
        } else {
            std::iter::once(certificate.clone())
                .chain(stack.into_iter().filter(|above| !self_signed(above)))
                .collect()
        };
        Ok(Self {
            certificate,
            key,
            chain,
        })
    }

    /// Issues a leaf certificate with a new key pair.
    ///
    /// # Errors
    ///
    /// [`IssueError::Request`] when the request contradicts itself (see [`LeafRequest`]).
    pub fn issue(&self, request: &LeafRequest) -> Result<Issued, IssueError> {
        request.check()?;
        let key = request.key.generate()?;
        let serial = request.serial.clone().map_or_else(Serial::random, Ok)?;
        let name = request.subject.to_x509_name()?;
        let mut builder = certificate_base(
            &name,
            self.certificate.subject_name(),
            &serial,
            request.validity,
            &key,
        )?;
        if request.v1 {
            builder.set_version(0)?;
        } else {
            let extensions = {
                let context = builder.x509v3_context(Some(&self.certificate), None);
                request.extensions(&context)?
            };
            for extension in extensions {
                builder.append_extension(extension)?;
            }
            append_key_identifiers(&mut builder, Some(&self.certificate))?;
        }
        builder.sign(&self.key, MessageDigest::sha256())?;
        Issued::new(builder.build(), key, self.chain.clone(), request.label())
    }

    /// The authority's certificate.
    #[must_use]
    pub fn certificate(&self) -> &X509 {
        &self.certificate
    }

    /// The authority's private key.
    #[must_use]
    pub fn key(&self) -> &PKey<Private> {
        &self.key
    }

    /// The intermediates that a leaf issued here must be sent with: this authority first, without
    /// the root; empty when this is the root.
    #[must_use]
    pub fn chain(&self) -> &[X509] {
        &self.chain
    }

    /// The certificate in PEM.
    ///
    /// # Errors
    ///
    /// OpenSSL's, when memory runs out.
    pub fn certificate_pem(&self) -> Result<String, IssueError> {
        Ok(pem_text(self.certificate.to_pem()?))
    }

    /// The private key in PEM (PKCS #8, unencrypted): keep it in a file only its owner can read.
    ///
    /// # Errors
    ///
    /// OpenSSL's, when memory runs out.
    pub fn key_pem(&self) -> Result<Zeroizing<String>, IssueError> {
        Ok(Zeroizing::new(pem_text(
            self.key.private_key_to_pem_pkcs8()?,
        )))
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Authority")
            .field("subject", &self.certificate.subject_name())
            .finish_non_exhaustive()
    }
}

fn authority_certificate(
    subject: &Subject,
    options: &AuthorityOptions,
    key: &PKey<Private>,
    issuer: Option<&Authority>,
) -> Result<X509, IssueError> {
    if subject.is_empty() {
        // RFC 5280 4.1.2.4: the issuer field of what it signs must not be empty.
        return Err(IssueError::Request(
            "an authority needs a subject".to_owned(),
        ));
    }
    let name = subject.to_x509_name()?;
    let issuer_name = issuer.map_or(&*name, |authority| authority.certificate.subject_name());
    let mut builder = certificate_base(
        &name,
        issuer_name,
        &Serial::random()?,
        options.validity,
        key,
    )?;
    let mut constraints = BasicConstraints::new();
    constraints.critical().ca();
    if let Some(path_len) = options.path_len {
        constraints.pathlen(path_len);
    }
    builder.append_extension(constraints.build()?)?;
    builder.append_extension(
        KeyUsage::new()
            .critical()
            .key_cert_sign()
            .crl_sign()
            .build()?,
    )?;
    append_key_identifiers(
        &mut builder,
        issuer.map(|authority| &*authority.certificate),
    )?;
    builder.sign(
        issuer.map_or(key, |authority| &authority.key),
        MessageDigest::sha256(),
    )?;
    Ok(builder.build())
}

fn certificate_base(
    subject: &X509NameRef,
    issuer: &X509NameRef,
    serial: &Serial,
    validity: Validity,
    key: &PKey<Private>,
) -> Result<X509Builder, IssueError> {
    let (not_before, not_after) = validity.to_asn1()?;
    let serial = serial.to_asn1()?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&serial)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_not_before(&not_before)?;
    builder.set_not_after(&not_after)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

/// Subject and authority key identifier (RFC 5280 §4.2.1.1 and §4.2.1.2), which path building needs
/// when two authorities share a name. The subject's must be there before a self-signed authority's
/// can point to it.
fn append_key_identifiers(
    builder: &mut X509Builder,
    issuer: Option<&X509Ref>,
) -> Result<(), IssueError> {
    let own = SubjectKeyIdentifier::new().build(&builder.x509v3_context(issuer, None))?;
    builder.append_extension(own)?;
    let above = AuthorityKeyIdentifier::new()
        .keyid(true)
        .build(&builder.x509v3_context(issuer, None))?;
    builder.append_extension(above)?;
    Ok(())
}

fn self_signed(certificate: &X509Ref) -> bool {
    certificate
        .public_key()
        .is_ok_and(|key| certificate.verify(&key).unwrap_or(false))
}

fn may_sign_certificates(certificate: &X509Ref) -> bool {
    // Version 1 and `openssl req -x509` without a configuration say nothing about usage; those are
    // refused too, because what they sign would not pass a strict verification.
    certificate
        .key_usage()
        .is_some_and(|usage| usage.contains(openssl::x509::X509KeyUsage::KEY_CERT_SIGN))
}
