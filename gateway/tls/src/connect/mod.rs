//! TLS to a backend: which certificate is shown, which chain and name are demanded.

mod error;
mod judge;

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use openssl::error::ErrorStack;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslSessionCacheMode, SslVerifyMode,
    SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509CheckFlags;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_openssl::SslStream;

use self::error::classify;
pub use self::error::{ConnectError, ConnectorError, backend_alert};
use self::judge::{Noted, Objection, index, judge};
use crate::certificate;
use crate::key_material::KeyMaterial;
use crate::stream_mode::stream_mode;
use crate::system_roots;

/// What a connector is made of.
#[derive(Debug, Clone)]
pub struct ConnectorSettings {
    /// Certificate and key shown when the backend asks.
    pub client: Option<Arc<KeyMaterial>>,
    /// Roots, as DER or PEM each, in addition to the system's if those are used.
    pub roots: Vec<Arc<[u8]>>,
    /// Whether the operating system's roots count.
    pub system_roots: bool,
    /// Whether the backend's chain must lead to a root and be in date.
    pub verify_chain: bool,
    /// Whether the backend's certificate must carry the server name.
    pub verify_name: bool,
}

impl Default for ConnectorSettings {
    fn default() -> Self {
        Self {
            client: None,
            roots: Vec::new(),
            system_roots: true,
            verify_chain: true,
            verify_name: true,
        }
    }
}

/// Connects to backends under one set of rules. Immutable; build a new one when the rules change. Sessions
/// are not resumed.
pub struct ConnectorContext {
    context: SslContext,
    verify_name: bool,
    verifies: bool,
    client: Option<Arc<KeyMaterial>>,
}

impl ConnectorContext {
    /// Builds a connector. Reads files and takes a while: not for the request path.
    ///
    /// # Errors
    /// Says which setting cannot be used.
    pub fn build(settings: &ConnectorSettings) -> Result<Self, ConnectorError> {
        let mut builder = SslContextBuilder::new(SslMethod::tls_client())?;
        builder.set_security_level(2);
        builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        builder.set_options(SslOptions::NO_COMPRESSION | SslOptions::NO_RENEGOTIATION);
        builder.set_session_cache_mode(SslSessionCacheMode::OFF);
        builder.set_read_ahead(true);
        builder.set_mode(stream_mode());
        builder.set_alpn_protos(b"\x08http/1.1")?;
        if settings.verify_chain {
            builder.set_cert_store(store(settings)?);
        }
        let (verify_chain, verify_name) = (settings.verify_chain, settings.verify_name);
        let verifies = verify_chain || verify_name;
        if verifies {
            builder.set_verify_callback(SslVerifyMode::PEER, move |passed, context| {
                passed || judge(context, verify_chain, verify_name)
            });
        } else {
            builder.set_verify(SslVerifyMode::NONE);
        }
        if let Some(client) = &settings.client {
            install(&mut builder, client)
                .map_err(|error| ConnectorError::ClientCertificate(error.to_string()))?;
        }
        Ok(Self {
            context: builder.build(),
            verify_name,
            verifies,
            client: settings.client.clone(),
        })
    }

    /// The certificate shown to backends.
    #[must_use]
    pub const fn client(&self) -> Option<&Arc<KeyMaterial>> {
        self.client.as_ref()
    }

    /// Does the handshake. `server_name` is a host name or an IP address; host names are sent as SNI.
    ///
    /// # Errors
    /// Says what the backend got wrong. In TLS 1.3 a backend that refuses the *client's* certificate says so
    /// only after the handshake: see [`backend_alert`].
    pub async fn connect<S>(
        &self,
        stream: S,
        server_name: &str,
    ) -> Result<SslStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let objection = Arc::new(Mutex::new(None));
        let ssl = self.prepare(server_name, &objection)?;
        let mut stream = SslStream::new(ssl, stream)
            .map_err(|error| ConnectError::Protocol(error.to_string()))?;
        match Pin::new(&mut stream).connect().await {
            Ok(()) => Ok(stream),
            Err(error) => {
                let objection = objection
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                Err(match objection {
                    Some(Objection { is_name: true, .. }) => {
                        ConnectError::Name(server_name.to_owned())
                    }
                    Some(objection) => ConnectError::Chain {
                        code: objection.code,
                        depth: objection.depth,
                        message: objection.message,
                    },
                    None => classify(&error),
                })
            }
        }
    }

    fn prepare(&self, server_name: &str, objection: &Noted) -> Result<Ssl, ConnectError> {
        let bad_name = || ConnectError::ServerName(server_name.to_owned());
        let failed = |error: ErrorStack| ConnectError::Protocol(error.to_string());
        let mut ssl = Ssl::new(&self.context).map_err(failed)?;
        let address = server_name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .ok();
        let host = server_name.strip_suffix('.').unwrap_or(server_name);
        let lawful = !host.is_empty()
            && host.len() <= 253
            && host.bytes().all(|byte| byte.is_ascii_graphic());
        if address.is_none() {
            if !lawful {
                return Err(bad_name());
            }
            ssl.set_hostname(host).map_err(|_| bad_name())?;
        }
        if self.verify_name {
            let parameters = ssl.param_mut();
            parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
            match address {
                Some(address) => parameters.set_ip(address),
                None => parameters.set_host(host),
            }
            .map_err(|_| bad_name())?;
        }
        if self.verifies {
            let index =
                index().ok_or_else(|| ConnectError::Protocol("no ex_data index".to_owned()))?;
            ssl.set_ex_data(index, Arc::clone(objection));
        }
        Ok(ssl)
    }
}

impl fmt::Debug for ConnectorContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorContext")
            .field("verifies", &self.verifies)
            .field("verify_name", &self.verify_name)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

fn store(settings: &ConnectorSettings) -> Result<X509Store, ConnectorError> {
    let mut store = X509StoreBuilder::new()?;
    if settings.system_roots {
        let unreadable = |reason: String| ConnectorError::SystemRoots(reason);
        let path =
            system_roots::bundle().ok_or_else(|| unreadable("no bundle was found".to_owned()))?;
        let text = std::fs::read(&path)
            .map_err(|error| unreadable(format!("{}: {error}", path.display())))?;
        let roots = X509::stack_from_pem(&text)
            .map_err(|error| unreadable(format!("{}: {error}", path.display())))?;
        for root in roots {
            store.add_cert(root)?;
        }
    }
    for (index, root) in settings.roots.iter().enumerate() {
        let facts =
            certificate::parse(root).map_err(|error| ConnectorError::Root { index, error })?;
        store.add_cert(X509::from_der(&facts.der)?)?;
    }
    Ok(store.build())
}

fn install(builder: &mut SslContextBuilder, client: &KeyMaterial) -> Result<(), ErrorStack> {
    builder.set_certificate(client.leaf())?;
    for intermediate in client.chain() {
        builder.add_extra_chain_cert(intermediate.clone())?;
    }
    builder.set_private_key(client.key())?;
    builder.check_private_key()
}
