//! TLS to a backend: which certificate is shown, which chain and name are demanded.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode,
    SslVerifyMode, SslVersion,
};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509, X509StoreContext, X509StoreContextRef};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_openssl::SslStream;

use crate::accept::Alert;
use crate::certificate::{self, CertificateError};
use crate::key_material::KeyMaterial;
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

/// Why a connector cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectorError {
    /// A root is not a certificate.
    #[error("root certificate {index}: {error}")]
    Root {
        /// Which one, counted from 0 as given.
        index: usize,
        /// What is wrong.
        error: CertificateError,
    },
    /// The system's roots are asked for and cannot be read.
    #[error("the system's trusted roots cannot be read: {0}")]
    SystemRoots(String),
    /// The client certificate cannot be used.
    #[error("the client certificate cannot be used: {0}")]
    ClientCertificate(String),
    /// OpenSSL failed for a reason of its own.
    #[error("OpenSSL: {0}")]
    OpenSsl(String),
}

impl From<ErrorStack> for ConnectorError {
    fn from(error: ErrorStack) -> Self {
        Self::OpenSsl(error.to_string())
    }
}

/// Why a connection to a backend failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The name is neither a host name nor an address.
    #[error("`{0}` is not a host name")]
    ServerName(String),
    /// The backend's chain is not accepted.
    #[error(
        "the backend's certificate is not trusted: {message} (certificate {depth} of the chain)"
    )]
    Chain {
        /// OpenSSL's `X509_V_ERR_…`.
        code: i32,
        /// Which certificate of the path, the leaf being 0.
        depth: u32,
        /// What it means.
        message: String,
    },
    /// The backend's certificate is for another name.
    #[error("the backend's certificate is not for `{0}`")]
    Name(String),
    /// The backend sent a fatal alert: often that it wants a certificate, or another one.
    #[error("the backend sent the alert {0}")]
    Alert(Alert),
    /// The connection ended.
    #[error("the backend closed the connection during the handshake")]
    Closed,
    /// Reading or writing failed.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
    /// The backend broke the protocol, or speaks something else.
    #[error("the TLS handshake with the backend failed: {0}")]
    Protocol(String),
}

impl ConnectError {
    /// A short name for metrics and records.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::ServerName(_) => "server_name",
            Self::Chain { .. } => "chain",
            Self::Name(_) => "name",
            Self::Alert(_) => "alert",
            Self::Closed => "closed",
            Self::Io(_) => "io",
            Self::Protocol(_) => "protocol",
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
        builder.set_mode(SslMode::RELEASE_BUFFERS);
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

/// The alert behind a read or write error on an established connection, if the backend sent one. In TLS 1.3
/// this is how it says that it refuses the client's certificate.
#[must_use]
pub fn backend_alert(error: &io::Error) -> Option<Alert> {
    let error = error.get_ref()?.downcast_ref::<openssl::ssl::Error>()?;
    alert_in(error.ssl_error()?)
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

/// The first thing that was wrong with a backend's certificate.
struct Objection {
    is_name: bool,
    code: i32,
    depth: u32,
    message: String,
}

type Noted = Arc<Mutex<Option<Objection>>>;

fn index() -> Option<Index<Ssl, Noted>> {
    static INDEX: OnceLock<Option<Index<Ssl, Noted>>> = OnceLock::new();
    *INDEX.get_or_init(|| Ssl::new_ex_index().ok())
}

/// Whether verification may go on after an error. The name is looked at even when the chain is not.
fn judge(context: &mut X509StoreContextRef, verify_chain: bool, verify_name: bool) -> bool {
    const HOSTNAME_MISMATCH: i32 = 62;
    const IP_ADDRESS_MISMATCH: i32 = 64;
    let error = context.error();
    let is_name = matches!(error.as_raw(), HOSTNAME_MISMATCH | IP_ADDRESS_MISMATCH);
    if !(if is_name { verify_name } else { verify_chain }) {
        return true;
    }
    let objection = Objection {
        is_name,
        code: error.as_raw(),
        depth: context.error_depth(),
        message: error.error_string().to_owned(),
    };
    let noted = X509StoreContext::ssl_idx()
        .ok()
        .and_then(|ssl| context.ex_data(ssl))
        .and_then(|ssl| ssl.ex_data(index()?));
    if let Some(noted) = noted {
        noted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(objection);
    }
    false
}

fn classify(error: &openssl::ssl::Error) -> ConnectError {
    const UNEXPECTED_EOF: i32 = 294;
    if let Some(stack) = error.ssl_error() {
        if let Some(alert) = alert_in(stack) {
            return ConnectError::Alert(alert);
        }
        let first = stack.errors().first();
        return match first {
            Some(first) if first.reason_code() == UNEXPECTED_EOF => ConnectError::Closed,
            Some(first) => ConnectError::Protocol(first.reason().unwrap_or("unknown").to_owned()),
            None => ConnectError::Protocol("unknown".to_owned()),
        };
    }
    match error.io_error() {
        Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => ConnectError::Closed,
        Some(error) => ConnectError::Io(error.kind()),
        None => ConnectError::Closed,
    }
}

fn alert_in(stack: &ErrorStack) -> Option<Alert> {
    const LIBRARY_SSL: i32 = 20;
    const ALERT_OFFSET: i32 = 1000;
    stack
        .errors()
        .iter()
        .filter(|error| error.library_code() == LIBRARY_SSL)
        .filter_map(|error| u8::try_from(error.reason_code() - ALERT_OFFSET).ok())
        .map(Alert)
        .next()
}
