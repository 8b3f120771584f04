//! One connection, kept open for as long as a test wants it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{Method, Request, Uri};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use openssl::x509::X509;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio_openssl::SslStream;

use super::response::{Response, Streamed};
use super::session::{Session, Sessions};
use super::wire::Wire;
use super::{ClientError, within};
use crate::body::{Body, empty};

/// What the handshake came to.
#[derive(Debug, Clone)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The protocol chosen by ALPN.
    pub alpn: Option<String>,
    /// Whether the session was resumed.
    pub reused: bool,
    /// The server's certificate; kept through resumption.
    pub server: Option<X509>,
    /// The client's own address.
    pub local: Option<std::net::SocketAddr>,
}

impl TlsFacts {
    pub(super) fn of(stream: &SslStream<Wire>) -> Self {
        let ssl = stream.ssl();
        Self {
            version: ssl.version_str(),
            alpn: ssl
                .selected_alpn_protocol()
                .map(|protocol| String::from_utf8_lossy(protocol).into_owned()),
            reused: ssl.session_reused(),
            server: ssl.peer_certificate(),
            local: stream.get_ref().local_addr().ok(),
        }
    }
}

enum Sender {
    Http1(Mutex<http1::SendRequest<Body>>),
    Http2(http2::SendRequest<Body>),
}

/// Why a request was not answered.
enum Failure {
    Unwritable(http::Error),
    Refused(hyper::Error),
}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Self {
        Self::Unwritable(error)
    }
}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        Self::Refused(error)
    }
}

/// The task that moves a connection's bytes, and how that ended.
struct Driver {
    task: JoinHandle<()>,
    ended: watch::Receiver<Option<Arc<hyper::Error>>>,
}

impl Driver {
    fn spawn(connection: impl Future<Output = Result<(), hyper::Error>> + Send + 'static) -> Self {
        let (end, ended) = watch::channel(None);
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                end.send_replace(Some(Arc::new(error)));
            }
        });
        Self { task, ended }
    }
}

fn never_sent(error: hyper::Error) -> ClientError {
    ClientError::Request { error, ended: None }
}

/// An open connection. HTTP/1.1 requests queue up behind each other; HTTP/2 requests share it.
pub struct Connection {
    sender: Sender,
    driver: Driver,
    facts: TlsFacts,
    sessions: Sessions,
    authority: String,
    deadline: Duration,
}

impl Connection {
    pub(super) async fn new(
        stream: SslStream<Wire>,
        sessions: Sessions,
        authority: String,
        deadline: Duration,
    ) -> Result<Self, ClientError> {
        let facts = TlsFacts::of(&stream);
        let io = TokioIo::new(stream);
        let (sender, driver) = if facts.alpn.as_deref() == Some("h2") {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io)
                .await
                .map_err(never_sent)?;
            (Sender::Http2(sender), Driver::spawn(connection))
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(never_sent)?;
            (Sender::Http1(Mutex::new(sender)), Driver::spawn(connection))
        };
        Ok(Self {
            sender,
            driver,
            facts,
            sessions,
            authority,
            deadline,
        })
    }

    /// What the handshake came to.
    #[must_use]
    pub fn tls(&self) -> &TlsFacts {
        &self.facts
    }

    /// Whether the session was resumed.
    #[must_use]
    pub fn reused(&self) -> bool {
        self.facts.reused
    }

    /// The newest session received; TLS 1.3 tickets arrive with or after the first response.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        self.sessions.all().pop()
    }

    /// Every session received, oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.sessions.all()
    }

    /// Whether the connection can carry no further request.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.driver.task.is_finished()
            || match &self.sender {
                Sender::Http1(sender) => sender.try_lock().is_ok_and(|sender| sender.is_closed()),
                Sender::Http2(sender) => sender.is_closed(),
            }
    }

    /// A `GET`, whole.
    ///
    /// # Errors
    ///
    /// As [`Connection::send`].
    pub async fn get(&self, path: &str) -> Result<Response, ClientError> {
        self.send(
            Request::builder()
                .method(Method::GET)
                .uri(path)
                .body(empty())?,
        )
        .await
    }

    /// Sends a request and reads the response. A URI without an authority gets the client's.
    ///
    /// # Errors
    ///
    /// [`ClientError::Request`] or [`ClientError::ResponseBody`] when the connection ends early,
    /// [`ClientError::Deadline`] when it stalls.
    pub async fn send(&self, request: Request<Body>) -> Result<Response, ClientError> {
        let exchange = async { self.exchange(request).await?.whole().await };
        within(self.deadline, "the response", exchange).await
    }

    /// Sends a request and returns when the response's head is there, leaving its body to be read:
    /// an HTTP/2 stream that stays open, for instance. The deadline covers the head only.
    ///
    /// # Errors
    ///
    /// As [`Connection::send`].
    pub async fn stream(&self, request: Request<Body>) -> Result<Streamed, ClientError> {
        within(self.deadline, "the response's head", self.exchange(request)).await
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Streamed, ClientError> {
        let error = match self.request(request).await {
            Ok(response) => return Ok(Streamed::new(response)),
            Err(Failure::Unwritable(error)) => return Err(ClientError::NotARequest(error)),
            Err(Failure::Refused(error)) => error,
        };
        // The connection's own end says more than "closed"; it follows at once, if it comes.
        let mut ended = self.driver.ended.clone();
        let end = ended.wait_for(Option::is_some);
        let ended = match tokio::time::timeout(Duration::from_millis(100), end).await {
            Ok(Ok(ended)) => ended.clone(),
            _ => None,
        };
        Err(ClientError::Request { error, ended })
    }

    async fn request(
        &self,
        mut request: Request<Body>,
    ) -> Result<http::Response<Incoming>, Failure> {
        match &self.sender {
            Sender::Http1(sender) => {
                self.address_http1(&mut request)?;
                let mut sender = sender.lock().await;
                sender.ready().await?;
                Ok(sender.send_request(request).await?)
            }
            Sender::Http2(sender) => {
                self.address_http2(&mut request)?;
                let mut sender = sender.clone();
                sender.ready().await?;
                Ok(sender.send_request(request).await?)
            }
        }
    }

    fn address_http1(&self, request: &mut Request<Body>) -> Result<(), http::Error> {
        if request.headers().contains_key(HOST) {
            return Ok(());
        }
        let host = request
            .uri()
            .authority()
            .map_or(self.authority.as_str(), Authority::as_str);
        let host = http::HeaderValue::from_str(host).map_err(http::Error::from)?;
        request.headers_mut().insert(HOST, host);
        Ok(())
    }

    /// HTTP/2 carries the authority in the pseudo-header; an explicit `Host` becomes that.
    fn address_http2(&self, request: &mut Request<Body>) -> Result<(), http::Error> {
        if request.uri().authority().is_some() {
            return Ok(());
        }
        let host = request.headers_mut().remove(HOST);
        let host = host
            .as_ref()
            .and_then(|host| host.to_str().ok())
            .unwrap_or(&self.authority);
        let mut parts = request.uri().clone().into_parts();
        parts.authority = Some(host.parse().map_err(http::Error::from)?);
        parts.scheme = Some(Scheme::HTTPS);
        *request.uri_mut() = Uri::from_parts(parts).map_err(http::Error::from)?;
        Ok(())
    }

    /// Ends the connection properly (`close_notify`, for HTTP/2 GOAWAY before it).
    pub async fn close(self) {
        let Self { sender, driver, .. } = self;
        drop(sender);
        let abort = driver.task.abort_handle();
        // A server that does not take part must not hold the test up.
        if tokio::time::timeout(Duration::from_secs(2), driver.task)
            .await
            .is_err()
        {
            abort.abort();
        }
    }

    /// Cuts the connection off without any goodbye.
    pub fn abort(self) {
        self.driver.task.abort();
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}
