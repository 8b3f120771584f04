//! TLS clients that say exactly what they do.

mod builder;
mod connection;
mod error;
mod raw;
mod response;
mod session;
mod wire;

pub use builder::{Alpn, ClientBuilder, Identity, TlsVersion};
pub use connection::{Connection, TlsFacts};
pub use error::ClientError;
pub use raw::RawTls;
pub use response::{Response, Streamed};
pub use session::Session;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use openssl::ssl::{Ssl, SslContext, SslVerifyMode};
use openssl::x509::verify::X509CheckFlags;
use tokio::net::{TcpSocket, TcpStream};
use tokio_openssl::SslStream;

use crate::body::{Body, empty};
use builder::Settings;
use session::Sessions;
use wire::Wire;

/// A client for one server. Cloning is cheap; every [`Client::connect`] is a new connection.
#[derive(Clone)]
pub struct Client {
    context: SslContext,
    settings: Arc<Settings>,
}

impl Client {
    /// A client that connects to `address`, whatever name it asks for.
    #[must_use]
    pub fn builder(address: SocketAddr) -> ClientBuilder {
        ClientBuilder::new(address)
    }

    /// Opens a connection, handshake included.
    ///
    /// # Errors
    ///
    /// [`ClientError::Connect`], [`ClientError::Handshake`] or [`ClientError::Deadline`]. In TLS 1.3
    /// a refused client certificate shows only with the first request ([`ClientError::alert`] tells).
    pub async fn connect(&self) -> Result<Connection, ClientError> {
        self.open(None).await
    }

    /// Opens a connection and offers a session to resume; [`TlsFacts::reused`] tells the outcome.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`].
    pub async fn resume(&self, session: &Session) -> Result<Connection, ClientError> {
        self.open(Some(session)).await
    }

    /// One request on a connection of its own.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`] and [`Connection::send`].
    pub async fn get(&self, path: &str) -> Result<Response, ClientError> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(path)
            .body(empty())?;
        self.send(request).await
    }

    /// One request on a connection of its own.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`] and [`Connection::send`].
    pub async fn send(&self, request: Request<Body>) -> Result<Response, ClientError> {
        let connection = self.connect().await?;
        let response = connection.send(request).await?;
        connection.close().await;
        Ok(response)
    }

    /// Opens a connection for raw bytes; pin [`Alpn::None`] or [`Alpn::Http1`] for HTTP/1.1.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`].
    pub async fn raw(&self) -> Result<RawTls, ClientError> {
        let (stream, sessions) = self.deadline("the handshake", self.handshake(None)).await?;
        Ok(RawTls::new(stream, &sessions, self.settings.deadline))
    }

    async fn open(&self, session: Option<&Session>) -> Result<Connection, ClientError> {
        let opening = async {
            let (stream, sessions) = self.handshake(session).await?;
            let authority = self.settings.authority.clone();
            Connection::new(stream, sessions, authority, self.settings.deadline).await
        };
        self.deadline("the handshake", opening).await
    }

    async fn handshake(
        &self,
        session: Option<&Session>,
    ) -> Result<(SslStream<Wire>, Sessions), ClientError> {
        let tcp = self.dial().await.map_err(ClientError::Connect)?;
        let sessions = Sessions::default();
        let ssl = self.prepare(&sessions, session)?;
        let mut stream = SslStream::new(ssl, Wire::new(tcp))?;
        Pin::new(&mut stream)
            .connect()
            .await
            .map_err(ClientError::Handshake)?;
        Ok((stream, sessions))
    }

    async fn dial(&self) -> std::io::Result<TcpStream> {
        let to = self.settings.address;
        let socket = if to.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        if let Some(from) = self.settings.from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        let tcp = socket.connect(to).await?;
        tcp.set_nodelay(true)?;
        Ok(tcp)
    }

    fn prepare(&self, sessions: &Sessions, session: Option<&Session>) -> Result<Ssl, ClientError> {
        let mut ssl = Ssl::new(&self.context)?;
        sessions.attach(&mut ssl)?;
        if let Some(name) = &self.settings.sni {
            ssl.set_hostname(name)?;
        }
        if ssl.ssl_context().verify_mode() == SslVerifyMode::PEER {
            let parameters = ssl.param_mut();
            match self.settings.verify_name.parse() {
                Ok(address) => parameters.set_ip(address)?,
                Err(_) => {
                    parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
                    parameters.set_host(&self.settings.verify_name)?;
                }
            }
        }
        if let Some(session) = session {
            session.offer(&mut ssl)?;
        }
        Ok(ssl)
    }

    async fn deadline<T>(
        &self,
        what: &'static str,
        work: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        within(self.settings.deadline, what, work).await
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Client")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

async fn within<T>(
    deadline: Duration,
    what: &'static str,
    work: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    match tokio::time::timeout(deadline, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ClientError::Deadline {
            what,
            after: deadline,
        }),
    }
}
