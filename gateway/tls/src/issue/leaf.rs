//! What a leaf certificate is asked to say.

use std::net::IpAddr;

use openssl::error::ErrorStack;
use openssl::x509::X509Extension;
use openssl::x509::X509v3Context;
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};

use super::{Attribute, IssueError, KeyKind, Serial, Subject, Validity};

/// What a leaf certificate may be used for (RFC 5280 §4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Usage {
    /// `clientAuth`.
    #[default]
    Client,
    /// `serverAuth`.
    Server,
    /// Both of them.
    Both,
    /// Neither key usage nor extended key usage is written: anything goes.
    None,
}

/// One subject alternative name (RFC 5280 §4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectAltName {
    /// A DNS name, wildcards included.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// A URI, a SPIFFE identity for instance.
    Uri(String),
    /// A mailbox.
    Email(String),
}

/// A leaf certificate as it is wanted.
#[derive(Debug, Clone)]
pub struct LeafRequest {
    /// The subject; may be empty when there are alternative names, which are critical then.
    pub subject: Subject,
    /// The alternative names, in the order they are written.
    pub sans: Vec<SubjectAltName>,
    /// What it may be used for.
    pub usage: Usage,
    /// From when until when; it may outlive its authority, as in real life.
    pub validity: Validity,
    /// The key pair to generate.
    pub key: KeyKind,
    /// The serial number; random when absent.
    pub serial: Option<Serial>,
    /// X.509 version 1, without any extension: old devices present those.
    pub v1: bool,
}

impl LeafRequest {
    /// A certificate of a year for a subject, P-256, random serial number.
    #[must_use]
    pub fn new(subject: impl Into<Subject>, usage: Usage) -> Self {
        Self {
            subject: subject.into(),
            sans: Vec::new(),
            usage,
            validity: Validity::days(365),
            key: KeyKind::default(),
            serial: None,
            v1: false,
        }
    }

    /// [`LeafRequest::new`] for a client.
    #[must_use]
    pub fn client(subject: impl Into<Subject>) -> Self {
        Self::new(subject, Usage::Client)
    }

    /// [`LeafRequest::new`] for a server; add its names with [`LeafRequest::dns`] and [`LeafRequest::ip`].
    #[must_use]
    pub fn server(subject: impl Into<Subject>) -> Self {
        Self::new(subject, Usage::Server)
    }

    /// Adds a DNS name.
    #[must_use]
    pub fn dns(self, name: impl Into<String>) -> Self {
        self.san(SubjectAltName::Dns(name.into()))
    }

    /// Adds an address.
    #[must_use]
    pub fn ip(self, address: impl Into<IpAddr>) -> Self {
        self.san(SubjectAltName::Ip(address.into()))
    }

    /// Adds a URI.
    #[must_use]
    pub fn uri(self, uri: impl Into<String>) -> Self {
        self.san(SubjectAltName::Uri(uri.into()))
    }

    /// Adds a mailbox.
    #[must_use]
    pub fn email(self, mailbox: impl Into<String>) -> Self {
        self.san(SubjectAltName::Email(mailbox.into()))
    }

    /// Adds an alternative name.
    #[must_use]
    pub fn san(mut self, name: SubjectAltName) -> Self {
        self.sans.push(name);
        self
    }

    /// Sets the period.
    #[must_use]
    pub fn valid(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self
    }

    /// Sets the kind of key.
    #[must_use]
    pub fn key(mut self, key: KeyKind) -> Self {
        self.key = key;
        self
    }

    /// Sets the serial number.
    #[must_use]
    pub fn serial(mut self, serial: Serial) -> Self {
        self.serial = Some(serial);
        self
    }

    /// Makes it a version 1 certificate without extensions, hence without usage.
    #[must_use]
    pub fn v1(mut self) -> Self {
        self.v1 = true;
        self.usage = Usage::None;
        self
    }

    pub(super) fn check(&self) -> Result<(), IssueError> {
        let refuse = |reason: &str| Err(IssueError::Request(reason.to_owned()));
        if self.v1 && !self.sans.is_empty() {
            return refuse("a version 1 certificate has no extensions, so no alternative names");
        }
        if self.v1 && self.usage != Usage::None {
            return refuse("a version 1 certificate has no extensions, so no usage");
        }
        if self.subject.is_empty() && self.sans.is_empty() {
            return refuse("a certificate needs a subject or an alternative name");
        }
        for san in &self.sans {
            // RFC 5280 4.2.1.6: all three are IA5String; international names are punycoded.
            if let SubjectAltName::Dns(text)
            | SubjectAltName::Uri(text)
            | SubjectAltName::Email(text) = san
                && (text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()))
            {
                return refuse("an alternative name is empty or not printable ASCII");
            }
        }
        Ok(())
    }

    /// The extensions that do not depend on the authority.
    pub(super) fn extensions(
        &self,
        context: &X509v3Context<'_>,
    ) -> Result<Vec<X509Extension>, ErrorStack> {
        let mut extensions = vec![BasicConstraints::new().critical().build()?];
        if self.usage != Usage::None {
            let mut usage = KeyUsage::new();
            usage.critical().digital_signature();
            if self.key == KeyKind::Rsa2048 && self.usage != Usage::Client {
                // TLS 1.2's RSA key exchange, which real server certificates still allow.
                usage.key_encipherment();
            }
            extensions.push(usage.build()?);
            extensions.push(self.extended_usage()?);
        }
        if !self.sans.is_empty() {
            extensions.push(self.alternative_names(context)?);
        }
        Ok(extensions)
    }

    fn extended_usage(&self) -> Result<X509Extension, ErrorStack> {
        let mut usage = ExtendedKeyUsage::new();
        if matches!(self.usage, Usage::Server | Usage::Both) {
            usage.server_auth();
        }
        if matches!(self.usage, Usage::Client | Usage::Both) {
            usage.client_auth();
        }
        usage.build()
    }

    fn alternative_names(&self, context: &X509v3Context<'_>) -> Result<X509Extension, ErrorStack> {
        let mut names = SubjectAlternativeName::new();
        if self.subject.is_empty() {
            names.critical();
        }
        for san in &self.sans {
            match san {
                SubjectAltName::Dns(name) => names.dns(name),
                SubjectAltName::Ip(address) => names.ip(&address.to_string()),
                SubjectAltName::Uri(uri) => names.uri(uri),
                SubjectAltName::Email(mailbox) => names.email(mailbox),
            };
        }
        names.build(context)
    }

    /// The friendly name in a PKCS #12 file.
    pub(super) fn label(&self) -> String {
        self.subject
            .value(Attribute::CommonName)
            .unwrap_or("certificate")
            .to_owned()
    }
}
