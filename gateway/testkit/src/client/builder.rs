//! What a client may be told to do.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gateway_tls::issue::Issued;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode,
    SslVerifyMode,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

use super::{Client, ClientError, session};
use crate::patience::patience;

/// The protocol versions a client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsVersion {
    /// TLS 1.2 and 1.3.
    #[default]
    Any,
    /// TLS 1.2 only.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// What a client offers by application-layer protocol negotiation (RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alpn {
    /// `http/1.1`.
    #[default]
    Http1,
    /// `h2`.
    Http2,
    /// `h2`, then `http/1.1`.
    Both,
    /// Nothing; HTTP/1.1 is spoken.
    None,
}

impl Alpn {
    /// The extension's wire form.
    fn wire(self) -> Option<&'static [u8]> {
        match self {
            Self::Http1 => Some(b"\x08http/1.1"),
            Self::Http2 => Some(b"\x02h2"),
            Self::Both => Some(b"\x02h2\x08http/1.1"),
            Self::None => None,
        }
    }
}

/// A client certificate, its private key, and the intermediates sent with it.
#[derive(Clone)]
pub struct Identity {
    certificate: X509,
    key: PKey<Private>,
    chain: Vec<X509>,
}

impl Identity {
    /// From PEM: the leaf, then the intermediates; and the key (unencrypted).
    ///
    /// # Errors
    ///
    /// [`ClientError::Tls`] when the texts cannot be read, [`ClientError::Setting`] when there is no
    /// certificate or the key belongs to another one.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, ClientError> {
        let mut chain = X509::stack_from_pem(certificates)?;
        if chain.is_empty() {
            return Err(ClientError::Setting("the PEM holds no certificate"));
        }
        let certificate = chain.remove(0);
        // A callback, because OpenSSL would otherwise ask for a password on the terminal.
        let key = PKey::private_key_from_pem_callback(key, |_| Ok(0))?;
        if !certificate.public_key()?.public_eq(&key) {
            return Err(ClientError::Setting(
                "the key does not belong to the certificate",
            ));
        }
        Ok(Self {
            certificate,
            key,
            chain,
        })
    }

    /// SHA-1 and SHA-256 thumbprint of the leaf, in upper-case hexadecimal.
    ///
    /// # Errors
    ///
    /// [`ClientError::Tls`] when OpenSSL's provider offers no SHA-1.
    pub fn thumbprints(&self) -> Result<(String, String), ClientError> {
        use openssl::hash::MessageDigest;
        let of = |digest| Ok::<_, ClientError>(crate::hex(&self.certificate.digest(digest)?));
        Ok((of(MessageDigest::sha1())?, of(MessageDigest::sha256())?))
    }

    /// The same certificate without its intermediates, as misconfigured partners send it.
    #[must_use]
    pub fn without_chain(mut self) -> Self {
        self.chain.clear();
        self
    }
}

impl From<&Issued> for Identity {
    fn from(issued: &Issued) -> Self {
        Self {
            certificate: issued.certificate().clone(),
            key: issued.key().clone(),
            chain: issued.chain().to_vec(),
        }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("subject", &self.certificate.subject_name())
            .finish_non_exhaustive()
    }
}

/// What does not live in the OpenSSL context.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) address: SocketAddr,
    pub(super) from: Option<IpAddr>,
    pub(super) sni: Option<String>,
    pub(super) verify_name: String,
    pub(super) authority: String,
    pub(super) deadline: Duration,
}

/// Builds a [`Client`]. Without [`ClientBuilder::trust`] or [`ClientBuilder::insecure`] no server
/// is trusted.
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    settings: Settings,
    authority: Option<String>,
    trust: Vec<X509>,
    insecure: bool,
    identity: Option<Identity>,
    version: TlsVersion,
    alpn: Alpn,
    groups: Option<String>,
}

impl ClientBuilder {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            settings: Settings {
                address,
                from: None,
                sni: Some("localhost".to_owned()),
                verify_name: "localhost".to_owned(),
                authority: String::new(),
                deadline: patience(Duration::from_secs(10)),
            },
            authority: None,
            trust: Vec::new(),
            insecure: false,
            identity: None,
            version: TlsVersion::default(),
            alpn: Alpn::default(),
            groups: None,
        }
    }

    /// Trusts an authority.
    #[must_use]
    pub fn trust(mut self, authority: &X509) -> Self {
        self.trust.push(authority.clone());
        self
    }

    /// Takes any server certificate.
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Presents a client certificate when asked.
    #[must_use]
    pub fn identity(mut self, identity: impl Into<Identity>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Pins the protocol version.
    #[must_use]
    pub fn tls(mut self, version: TlsVersion) -> Self {
        self.version = version;
        self
    }

    /// Sets what is offered by ALPN.
    #[must_use]
    pub fn alpn(mut self, alpn: Alpn) -> Self {
        self.alpn = alpn;
        self
    }

    /// The server's name (default `localhost`): sent as SNI, expected in its certificate, and sent
    /// as the request's host.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.settings.sni = Some(name.to_owned());
        name.clone_into(&mut self.settings.verify_name);
        self.authority = None;
        self
    }

    /// Sends another SNI than the server's name, as it is.
    #[must_use]
    pub fn sni(mut self, name: &str) -> Self {
        self.settings.sni = Some(name.to_owned());
        self
    }

    /// Sends no SNI.
    #[must_use]
    pub fn without_sni(mut self) -> Self {
        self.settings.sni = None;
        self
    }

    /// The name or address expected in the server's certificate, when it is not the server's name.
    #[must_use]
    pub fn expect_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.settings.verify_name);
        self
    }

    /// The host and port of requests that do not say their own (default: the name and the port of
    /// the address).
    #[must_use]
    pub fn authority(mut self, authority: &str) -> Self {
        self.authority = Some(authority.to_owned());
        self
    }

    /// Connects from this address: loopback has a whole `127.0.0.0/8`.
    #[must_use]
    pub fn from_address(mut self, address: IpAddr) -> Self {
        self.settings.from = Some(address);
        self
    }

    /// The key-exchange groups in OpenSSL's syntax; the first one gets the key share.
    #[must_use]
    pub fn groups(mut self, groups: &str) -> Self {
        self.groups = Some(groups.to_owned());
        self
    }

    /// How long a connection, and then each request, may take (default 10 s; see [`patience`]).
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = patience(deadline);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`ClientError::Tls`] when OpenSSL refuses a setting.
    pub fn build(self) -> Result<Client, ClientError> {
        let context = self.context()?;
        let mut settings = self.settings;
        settings.authority = self
            .authority
            .unwrap_or_else(|| format!("{}:{}", settings.verify_name, settings.address.port()));
        Ok(Client {
            context,
            settings: settings.into(),
        })
    }

    fn context(&self) -> Result<SslContext, ClientError> {
        use openssl::ssl::SslVersion;

        let mut context = SslContextBuilder::new(SslMethod::tls_client())?;
        // A write that is tried again may come from another buffer: bodies grow while they wait.
        context.set_mode(SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER);
        let (lowest, highest) = match self.version {
            TlsVersion::Any => (SslVersion::TLS1_2, SslVersion::TLS1_3),
            TlsVersion::Tls12 => (SslVersion::TLS1_2, SslVersion::TLS1_2),
            TlsVersion::Tls13 => (SslVersion::TLS1_3, SslVersion::TLS1_3),
        };
        context.set_min_proto_version(Some(lowest))?;
        context.set_max_proto_version(Some(highest))?;
        if let Some(protocols) = self.alpn.wire() {
            context.set_alpn_protos(protocols)?;
        }
        if let Some(groups) = &self.groups {
            context.set_groups_list(groups)?;
        }
        self.present(&mut context)?;
        self.verify(&mut context)?;
        // Sessions are kept by the connection that got them, not by the context.
        context
            .set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        context.set_new_session_callback(|ssl, session| session::keep(ssl, &session));
        // A server that closes without close_notify must look like an error, not like an end.
        context.clear_options(SslOptions::IGNORE_UNEXPECTED_EOF);
        Ok(context.build())
    }

    fn present(&self, context: &mut SslContextBuilder) -> Result<(), ClientError> {
        let Some(identity) = &self.identity else {
            return Ok(());
        };
        context.set_certificate(&identity.certificate)?;
        context.set_private_key(&identity.key)?;
        for above in &identity.chain {
            context.add_extra_chain_cert(above.clone())?;
        }
        Ok(())
    }

    fn verify(&self, context: &mut SslContextBuilder) -> Result<(), ClientError> {
        if self.insecure {
            context.set_verify(SslVerifyMode::NONE);
            return Ok(());
        }
        let mut store = X509StoreBuilder::new()?;
        for authority in &self.trust {
            store.add_cert(authority.clone())?;
        }
        context.set_cert_store(store.build());
        context.set_verify(SslVerifyMode::PEER);
        Ok(())
    }
}
