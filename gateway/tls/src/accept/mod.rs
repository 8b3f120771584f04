//! Accepting TLS connections: one immortal base context, hosts chosen by the `ClientHello`, identity taken
//! after the handshake.

mod alert;
mod error;
mod selector;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslSessionCacheMode,
};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_openssl::SslStream;

pub use self::alert::Alert;
pub use self::error::{Failure, Fault, HandshakeError};
pub use self::selector::{HostSelector, Selection};
use crate::cache::VerifiedChains;
use crate::chain::{IntermediateStore, PresentedChain};
use crate::ffi::{callbacks, connection};
use crate::handshake::{self, Handshake, Shared};
use crate::host::{HostContext, TlsVersion};
use crate::stream_mode::stream_mode;
use crate::ticket_keys::TicketKeys;

/// A ticket's session must fit into 65,280 bytes together with the peer's leaf (OpenSSL fails the whole
/// handshake otherwise), so no certificate message may be larger.
pub const MAX_CERT_LIST_LIMIT: u32 = 65_279;

/// Room left for the rest of the session beside the leaf.
const DEFAULT_MAX_CERT_LIST: u32 = 60_000;

/// Longest time a refused peer is given to read its alert before the connection is closed under it.
const LINGER: Duration = Duration::from_millis(250);

/// What an acceptor is made of.
#[derive(Clone)]
pub struct AcceptorSettings {
    /// Chooses the host configuration.
    pub selector: Arc<dyn HostSelector>,
    /// Verdicts, shared with whoever judges requests.
    pub chains: Arc<VerifiedChains>,
    /// Unix seconds.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Most bytes of a client's certificate message.
    pub max_cert_list: u32,
    /// Seconds for which one ticket may be used (OpenSSL's own clock).
    pub session_lifetime: u32,
    /// Seconds after which a new ticket key takes over; the one before stays usable as long again.
    pub ticket_key_interval: u32,
    /// Bytes of client intermediates remembered for resumption.
    pub max_intermediate_bytes: u64,
}

impl AcceptorSettings {
    /// Defaults for all that is not given: tickets live for two hours, keys rotate every two hours.
    #[must_use]
    pub fn new(
        selector: Arc<dyn HostSelector>,
        chains: Arc<VerifiedChains>,
        clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    ) -> Self {
        Self {
            selector,
            chains,
            clock,
            max_cert_list: DEFAULT_MAX_CERT_LIST,
            session_lifetime: 2 * 60 * 60,
            ticket_key_interval: 2 * 60 * 60,
            max_intermediate_bytes: 16 << 20,
        }
    }
}

impl fmt::Debug for AcceptorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptorSettings")
            .field("max_cert_list", &self.max_cert_list)
            .field("session_lifetime", &self.session_lifetime)
            .field("ticket_key_interval", &self.ticket_key_interval)
            .finish_non_exhaustive()
    }
}

/// Why an acceptor cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AcceptorError {
    /// The certificate message limit is too large.
    #[error("the largest certificate message may be {MAX_CERT_LIST_LIMIT} bytes, not {0}")]
    MaxCertList(u32),
    /// Sessions or keys that live for no time.
    #[error("{0} must be at least one second")]
    Zero(&'static str),
    /// The library failed.
    #[error("OpenSSL: {0}")]
    OpenSsl(String),
}

impl From<ErrorStack> for AcceptorError {
    fn from(error: ErrorStack) -> Self {
        Self::OpenSsl(error.to_string())
    }
}

/// Accepts TLS connections. One per process; share it between workers.
pub struct Acceptor {
    base: SslContext,
    shared: Arc<Shared>,
}

/// The protocol agreed upon by ALPN (RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alpn {
    /// `h2`.
    Http2,
    /// `http/1.1`.
    Http11,
    /// The client did not ask; HTTP/1.1 is spoken.
    None,
}

/// A connection whose handshake has finished.
#[derive(Debug)]
pub struct Accepted<S> {
    /// The connection.
    pub stream: SslStream<S>,
    /// The host configuration chosen by the `ClientHello`.
    pub host: Arc<HostContext>,
    /// The client's certificates, whose key is proven: in this handshake, or in the one it resumed.
    pub peer: Option<PresentedChain>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// The server name sent, lower-cased, without a trailing dot.
    pub server_name: Option<String>,
    /// The application protocol.
    pub alpn: Alpn,
    /// The protocol version.
    pub version: TlsVersion,
    /// Name of the cipher suite in the IANA registry.
    pub cipher: &'static str,
}

impl Acceptor {
    /// Makes an acceptor with fresh ticket keys.
    ///
    /// # Errors
    /// Says which setting is out of range, or what OpenSSL refuses.
    pub fn new(settings: AcceptorSettings) -> Result<Self, AcceptorError> {
        if settings.max_cert_list > MAX_CERT_LIST_LIMIT {
            return Err(AcceptorError::MaxCertList(settings.max_cert_list));
        }
        if settings.session_lifetime == 0 {
            return Err(AcceptorError::Zero("session_lifetime"));
        }
        if settings.ticket_key_interval == 0 {
            return Err(AcceptorError::Zero("ticket_key_interval"));
        }
        let base = base_context(&settings)?;
        let now = (settings.clock)();
        let ticket_keys = TicketKeys::new(i64::from(settings.ticket_key_interval), now)
            .map_err(|error| AcceptorError::OpenSsl(error.to_string()))?;
        Ok(Self {
            base,
            shared: Arc::new(Shared {
                selector: settings.selector,
                chains: settings.chains,
                clock: settings.clock,
                ticket_keys,
                intermediates: IntermediateStore::new(settings.max_intermediate_bytes),
            }),
        })
    }

    /// Makes a new ticket key take over now. Called twice, it ends every session made before.
    ///
    /// # Errors
    /// When no randomness is available; the keys stay as they are.
    pub fn rotate_ticket_keys(&self) -> Result<(), AcceptorError> {
        self.shared
            .ticket_keys
            .rotate((self.shared.clock)())
            .map_err(|error| AcceptorError::OpenSsl(error.to_string()))
    }

    /// Does the handshake. Has no deadline of its own: the caller sets one.
    ///
    /// # Errors
    /// Says why it failed, whose fault it was and which alert was sent. The stream is closed then.
    pub async fn accept<S>(&self, stream: S) -> Result<Accepted<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = Handshake::new(Arc::clone(&self.shared));
        let mut stream = self
            .start(&handshake, stream)
            .map_err(|stop| HandshakeError::stopped(&handshake, stop))?;
        if let Err(error) = Pin::new(&mut stream).accept().await {
            let error = HandshakeError::failed(&handshake, &error, stream.ssl());
            if error.fault != Fault::Network {
                let_alert_arrive(stream.get_mut()).await;
            }
            return Err(error);
        }
        match handshake::finish(&handshake, stream.ssl()) {
            Ok(finished) => accepted(stream, finished),
            Err(stop) => {
                let error = HandshakeError::stopped(&handshake, stop);
                Err(error.over(&handshake, stream.ssl()))
            }
        }
    }

    fn start<S>(
        &self,
        handshake: &Arc<Handshake>,
        stream: S,
    ) -> Result<SslStream<S>, handshake::Stop>
    where
        S: AsyncRead + AsyncWrite,
    {
        let internal = |error: ErrorStack| handshake::Stop::Internal(error.to_string());
        let mut ssl = Ssl::new(&self.base).map_err(internal)?;
        handshake.attach(&mut ssl)?;
        SslStream::new(ssl, stream).map_err(internal)
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor")
            .field("ticket_keys", &self.shared.ticket_keys)
            .finish_non_exhaustive()
    }
}

/// What an SSL takes from the base context, either when it is made or on every use.
fn base_context(settings: &AcceptorSettings) -> Result<SslContext, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_server())?;
    callbacks::set_tickets(&mut builder)?;
    callbacks::set_client_hello(&mut builder);
    connection::set_session_timeout(&mut builder, settings.session_lifetime);
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_options(SslOptions::NO_RENEGOTIATION | SslOptions::NO_COMPRESSION);
    builder.set_min_proto_version(Some(TlsVersion::Tls12.to_openssl()))?;
    builder.set_read_ahead(true);
    builder.set_mode(stream_mode());
    connection::set_max_cert_list(&mut builder, settings.max_cert_list);
    // No host's: a session can never be resumed before a host has been chosen.
    builder.set_session_id_context(b"countersign base")?;
    Ok(builder.build())
}

fn accepted<S>(
    stream: SslStream<S>,
    finished: handshake::Finished,
) -> Result<Accepted<S>, HandshakeError> {
    let ssl = stream.ssl();
    let alpn = match ssl.selected_alpn_protocol() {
        Some(b"h2") => Alpn::Http2,
        Some(b"http/1.1") => Alpn::Http11,
        _ => Alpn::None,
    };
    let version = if ssl.version2() == Some(TlsVersion::Tls13.to_openssl()) {
        TlsVersion::Tls13
    } else {
        TlsVersion::Tls12
    };
    let cipher = ssl
        .current_cipher()
        .and_then(openssl::ssl::SslCipherRef::standard_name)
        .unwrap_or("unknown");
    Ok(Accepted {
        alpn,
        version,
        cipher,
        host: finished.hello.host,
        server_name: finished.hello.server_name,
        peer: finished.peer,
        resumed: finished.resumed,
        stream,
    })
}

/// Closing while the client still sends (a TLS 1.3 client does, it thinks it is done) would reset the
/// connection and lose the alert that tells it what was wrong.
async fn let_alert_arrive<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    const MOST_BYTES: usize = 64 << 10;
    let drain = async {
        if stream.shutdown().await.is_err() {
            return;
        }
        let mut scratch = [0; 2048];
        let mut seen = 0;
        while seen < MOST_BYTES {
            match stream.read(&mut scratch).await {
                Ok(0) | Err(_) => return,
                Ok(count) => seen += count,
            }
        }
    };
    let _ = tokio::time::timeout(LINGER, drain).await;
}
