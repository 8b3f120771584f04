//! The backend side of HTTP: hyper's client connections behind `http` types and [`Body`].

mod alert;
pub(crate) mod connect;
pub(crate) mod pool;

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateway_tls::accept::Alert;
use http::header::{self, HeaderMap};
use http::{Method, Request, Response};
use hyper::client::conn::http1::SendRequest;

use crate::body::{Body, sources};
use crate::settings::UpstreamSettings;
use crate::upstream::connect::{Opened, SecureBackend};
use crate::upstream::pool::{Lease, Pool, PoolKey};

/// Where to send a request.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    /// Host, port and what TLS depends on.
    pub(crate) key: PoolKey,
    /// How to secure a new connection; `None` for plain TCP.
    pub(crate) tls: Option<Arc<dyn SecureBackend>>,
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct UpstreamFailure {
    /// What failed.
    pub(crate) kind: FailureKind,
    /// Which backend and why. For operators, never for clients.
    pub(crate) detail: String,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// No name, no address, no connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Connecting took too long.
    ConnectTimeout,
    /// The head of the response did not come in time.
    Timeout,
    /// The connection broke, or the answer is not HTTP.
    Protocol,
}

/// One worker's way to backends.
#[derive(Debug)]
pub(crate) struct Upstreams {
    pool: Rc<Pool>,
    settings: UpstreamSettings,
}

impl Upstreams {
    pub(crate) fn new(settings: UpstreamSettings) -> Self {
        let pool = Pool::new(settings.idle_timeout, settings.idle_per_backend);
        Self { pool, settings }
    }

    /// Unused connections.
    #[cfg(test)]
    pub(crate) fn idle_connections(&self) -> usize {
        self.pool.len()
    }

    /// Closes connections that have been unused for too long.
    pub(crate) fn sweep(&self) {
        self.pool.sweep();
    }

    /// Sends a request and waits at most `timeout` for the head of the response. Dropping the future
    /// closes the connection, so that the backend learns that nobody waits any more.
    ///
    /// A connection from the pool may be closed by the backend at the moment it is used. The request
    /// is sent once more, on a new connection, if nothing of it was sent, or if it is idempotent
    /// (RFC 9110 section 9.2.2), its body is at hand, and no response came.
    ///
    /// # Errors
    /// [`UpstreamFailure`]; a response with any status is not an error.
    pub(crate) async fn send(
        &self,
        destination: &Destination,
        request: Request<Body>,
        timeout: Duration,
    ) -> Result<Response<Body>, UpstreamFailure> {
        match tokio::time::timeout(timeout, self.send_unbounded(destination, request)).await {
            Ok(result) => result,
            Err(_) => Err(failure(
                FailureKind::Timeout,
                destination,
                &format!("no response within {timeout:?}"),
            )),
        }
    }

    async fn send_unbounded(
        &self,
        destination: &Destination,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, UpstreamFailure> {
        if let Some(sender) = self.pool.take(&destination.key) {
            let again = replica(&request);
            match self.attempt(destination, sender, request).await {
                Ok(response) => return Ok(response),
                Err(Attempt {
                    unsent: Some(unsent),
                    ..
                }) => request = *unsent,
                Err(Attempt { stale: true, .. }) if again.is_some() => {
                    request = again.unwrap_or_default();
                }
                Err(attempt) => return Err(attempt.failure),
            }
        }
        let Opened { sender, last_word } = connect::open(destination, &self.settings).await?;
        let attempted = self.attempt(destination, sender, request).await;
        attempted.map_err(|attempt| match last_word.alert() {
            Some(alert) => failure(FailureKind::Protocol, destination, &sent(alert)),
            None => attempt.failure,
        })
    }

    async fn attempt(
        &self,
        destination: &Destination,
        mut sender: SendRequest<Body>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Attempt> {
        let result = sender.try_send_request(request).await;
        let response = match result {
            Ok(response) => response,
            Err(mut error) => {
                let unsent = error.take_message().map(Box::new);
                let error = error.into_error();
                return Err(Attempt {
                    unsent,
                    stale: is_stale(&error),
                    failure: failure(FailureKind::Protocol, destination, &explain(&error)),
                });
            }
        };
        let reusable = !ambiguous(response.headers());
        let lease = Lease {
            pool: Rc::clone(&self.pool),
            key: destination.key.clone(),
            sender,
        };
        let patience = self.settings.body_timeout;
        Ok(response.map(|incoming| {
            let body = Body::streaming(incoming, patience, None);
            if reusable {
                body.returning(lease)
            } else {
                body.holding(lease)
            }
        }))
    }
}

struct Attempt {
    /// The request, if nothing of it was sent.
    unsent: Option<Box<Request<Body>>>,
    /// The connection ended before any response.
    stale: bool,
    failure: UpstreamFailure,
}

/// The same request once more, if sending it twice does no harm.
fn replica(request: &Request<Body>) -> Option<Request<Body>> {
    let idempotent = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    );
    if !idempotent {
        return None;
    }
    let body = request.body().in_memory()?;
    let mut again = Request::new(Body::full(body));
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

fn is_stale(error: &hyper::Error) -> bool {
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return true;
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return matches!(
                io.kind(),
                std::io::ErrorKind::ConnectionReset
                    | std::io::ErrorKind::BrokenPipe
                    | std::io::ErrorKind::ConnectionAborted
                    | std::io::ErrorKind::UnexpectedEof
            );
        }
        source = cause.source();
    }
    false
}

fn explain(error: &hyper::Error) -> String {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let alert = cause
            .downcast_ref::<std::io::Error>()
            .and_then(gateway_tls::connect::backend_alert);
        if let Some(alert) = alert {
            return sent(alert);
        }
        source = cause.source();
    }
    sources(error)
}

/// In TLS 1.3 a backend that refuses the gateway's certificate says so only after the handshake.
fn sent(alert: Alert) -> String {
    format!("the backend sent the TLS alert {alert}")
}

/// RFC 9112 section 6.3: a response with both lengths may be an attempt at response splitting; its
/// connection serves nobody else.
fn ambiguous(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING) && headers.contains_key(header::CONTENT_LENGTH)
}

fn failure(kind: FailureKind, destination: &Destination, detail: &str) -> UpstreamFailure {
    let PoolKey { host, port, .. } = &destination.key;
    let detail = match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) => format!("backend [{host}]:{port}: {detail}"),
        _ => format!("backend {host}:{port}: {detail}"),
    };
    UpstreamFailure { kind, detail }
}

#[cfg(test)]
mod tests;
