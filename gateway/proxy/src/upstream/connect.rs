//! New connections to backends: name, TCP, TLS.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::body::{Body, sources};
use crate::settings::UpstreamSettings;
use crate::upstream::alert::{Attentive, LastWord};
use crate::upstream::{Destination, FailureKind, UpstreamFailure, failure};

/// Turns a TCP connection into a verified TLS connection.
pub(crate) trait SecureBackend: Debug + Send + Sync {
    /// Performs the handshake as a client of `host`. The error says in OpenSSL's words what is wrong
    /// with the backend, e.g. `certificate verify failed: unable to get local issuer certificate`.
    fn secure<'a>(&'a self, host: &'a str, stream: TcpStream) -> SecureFuture<'a>;
}

/// The handshake of a [`SecureBackend`].
pub(crate) type SecureFuture<'a> =
    Pin<Box<dyn Future<Output = Result<SslStream<TcpStream>, String>> + 'a>>;

/// A new connection.
pub(crate) struct Opened {
    pub(crate) sender: SendRequest<Body>,
    pub(crate) last_word: LastWord,
}

/// Opens a connection and lets it run on this worker.
pub(crate) async fn open(
    destination: &Destination,
    settings: &UpstreamSettings,
) -> Result<Opened, UpstreamFailure> {
    let fail = |kind, detail: &str| failure(kind, destination, detail);
    let host = &*destination.key.host;
    let tcp = tokio::time::timeout(settings.connect_timeout, dial(host, destination.key.port))
        .await
        .map_err(|_| {
            fail(
                FailureKind::ConnectTimeout,
                &format!("no connection within {:?}", settings.connect_timeout),
            )
        })?
        .map_err(|error| fail(FailureKind::Connect, &error.to_string()))?;
    match &destination.tls {
        None => run(tcp, LastWord::default()).await,
        Some(tls) => {
            let handshake = tls.secure(host, tcp);
            let stream = tokio::time::timeout(settings.handshake_timeout, handshake)
                .await
                .map_err(|_| {
                    fail(
                        FailureKind::ConnectTimeout,
                        &format!("no TLS handshake within {:?}", settings.handshake_timeout),
                    )
                })?
                .map_err(|error| {
                    fail(FailureKind::Tls, &format!("TLS handshake failed: {error}"))
                })?;
            let (stream, last_word) = Attentive::new(stream);
            run(stream, last_word).await
        }
    }
    .map_err(|error| fail(FailureKind::Protocol, &sources(&error)))
}

async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return connect(SocketAddr::new(address, port)).await;
    }
    let mut last = None;
    for address in tokio::net::lookup_host((host, port)).await? {
        match connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn run<S>(stream: S, last_word: LastWord) -> hyper::Result<Opened>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(stream))
        .await?;
    tokio::task::spawn_local(async move {
        // Whoever waits for the response learns of the error.
        let _ = connection.await;
    });
    Ok(Opened { sender, last_word })
}
