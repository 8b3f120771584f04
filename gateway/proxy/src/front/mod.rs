//! The client side of HTTP: hyper behind a boundary of `http` types and [`Body`].
//!
//! Nothing outside this module knows which HTTP implementation reads requests. [`serve_connection`]
//! owns a connection from the end of its handshake to its close: deadlines, limits, drain.

pub(crate) mod activity;
mod driver;
pub(crate) mod framing;
pub(crate) mod guarded_io;
mod staged;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::body::{Body, BodyError};
use crate::front::activity::{Activity, OpenRequest};
use crate::front::driver::drive;
use crate::front::framing::{HeadLimits, Refusal, Scanner};
use crate::front::guarded_io::GuardedIo;
use crate::front::staged::Staged;
use crate::settings::FrontSettings;

/// The protocol that ALPN chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1, also without ALPN.
    Http1,
    /// HTTP/2.
    Http2,
}

/// What answers requests.
pub(crate) trait Handler {
    /// Answers one request. With a `refusal` the request itself means nothing and must be answered
    /// with it.
    fn handle(
        self: Rc<Self>,
        request: Request<Body>,
        refusal: Option<Refusal>,
    ) -> impl Future<Output = Answer>;
}

/// A response, and what becomes of the connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response<Body>,
    pub(crate) after: After,
}

/// What becomes of a connection after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// More requests may come.
    Open,
    /// What follows in the same stream of bytes cannot be trusted: HTTP/1.1 closes. Of HTTP/2 only
    /// the request's own stream is concerned.
    StreamEnds,
    /// The connection ends in either protocol.
    ConnectionEnds,
}

/// Why a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By the rules.
    Orderly,
    /// The client took nothing of what it was sent.
    WriteTimeout,
    /// The stream or the protocol failed; for operators.
    Failed(String),
}

/// Serves `stream` until it ends. `drain` turning true lets open requests finish and then closes.
pub(crate) async fn serve_connection<S, H>(
    stream: S,
    protocol: Protocol,
    handler: Rc<H>,
    settings: Rc<FrontSettings>,
    drain: watch::Receiver<bool>,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Handler + 'static,
{
    let activity = Activity::new();
    let service = {
        let activity = Rc::clone(&activity);
        let settings = Rc::clone(&settings);
        service_fn(move |request: Request<Incoming>| {
            let open = activity.request_begins();
            let refusal = match protocol {
                Protocol::Http1 => activity.next_head(),
                Protocol::Http2 => None,
            };
            let handler = Rc::clone(&handler);
            let activity = Rc::clone(&activity);
            let settings = Rc::clone(&settings);
            async move {
                let request = request.map(|incoming| {
                    Body::streaming(incoming, settings.body_timeout, settings.max_body_bytes)
                });
                let answer = handler.handle(request, refusal).await;
                Ok::<_, Infallible>(deliver(answer, protocol, &activity, open))
            }
        })
    };
    match protocol {
        Protocol::Http1 => {
            let limits = HeadLimits {
                head_bytes: settings.max_head_bytes,
                target_bytes: settings.max_target_bytes,
            };
            let io = GuardedIo::http1(stream, Rc::clone(&activity), Scanner::new(limits));
            let connection = http1::Builder::new()
                .preserve_header_case(true)
                // Deadlines are the driver's: a timer per request costs a system call each.
                .header_read_timeout(None)
                // Heads are limited before they come here.
                .max_buf_size(settings.max_head_bytes.max(MIN_BUFFER) * 2)
                .serve_connection(TokioIo::new(io), service);
            let sent = |_: &mut Context<'_>| Poll::Ready(Ok(()));
            drive(connection, activity, settings, drain, FIRST_REQUEST, sent).await
        }
        Protocol::Http2 => {
            let io = Staged::new(GuardedIo::http2(stream, Rc::clone(&activity)));
            let staged = io.share();
            let connection = http2::Builder::new(LocalExecutor)
                .timer(TokioTimer::new())
                .max_concurrent_streams(settings.http2_streams)
                .max_header_list_size(u32::try_from(settings.max_head_bytes).unwrap_or(u32::MAX))
                .keep_alive_interval(settings.http2_ping_interval)
                .keep_alive_timeout(settings.http2_ping_timeout)
                .max_pending_accept_reset_streams(20)
                .max_send_buf_size(HTTP2_SEND_BUFFER)
                .initial_stream_window_size(HTTP2_WINDOW)
                .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
                .serve_connection(TokioIo::new(io), service);
            let send = move |context: &mut Context<'_>| staged.poll_send(context);
            drive(connection, activity, settings, drain, Duration::ZERO, send).await
        }
    }
}

/// How long a drain waits for the first request of an HTTP/1.1 connection: it is on its way when the
/// handshake has just ended, and HTTP/1.1 has no word for "not any more". (HTTP/2 has GOAWAY.)
const FIRST_REQUEST: Duration = Duration::from_millis(500);

/// hyper takes no smaller buffer.
const MIN_BUFFER: usize = 8192;
/// What is buffered per stream for a client that reads slowly.
const HTTP2_SEND_BUFFER: usize = 64 * 1024;
/// What one stream, and all streams together, may send without being read.
const HTTP2_WINDOW: u32 = 256 * 1024;
const HTTP2_CONNECTION_WINDOW: u32 = 1024 * 1024;

fn deliver(
    answer: Answer,
    protocol: Protocol,
    activity: &Activity,
    open: OpenRequest,
) -> Response<Delivered> {
    let Answer {
        mut response,
        after,
    } = answer;
    *response.version_mut() = match protocol {
        Protocol::Http1 => Version::HTTP_11,
        Protocol::Http2 => Version::HTTP_2,
    };
    let after = match after {
        After::Open if activity.is_draining() => After::StreamEnds,
        after => after,
    };
    match (protocol, after) {
        (_, After::Open) | (Protocol::Http2, After::StreamEnds) => {}
        (Protocol::Http1, After::StreamEnds | After::ConnectionEnds) => {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        (Protocol::Http2, After::ConnectionEnds) => activity.close_after_responses(),
    }
    response.map(|body| Delivered {
        body,
        open,
        given: false,
    })
}

/// A response's body on its way; the request is open until it is gone.
struct Delivered {
    body: Body,
    open: OpenRequest,
    /// A piece has been handed out and the next one not been asked for: it is the client that is
    /// waited for, not the backend. With HTTP/2 this is the only sign of a client that stopped
    /// reading (RFC 9113 section 10.5), because its socket stays writable.
    given: bool,
}

impl Delivered {
    fn piece_was_taken(&mut self) {
        if std::mem::take(&mut self.given) {
            self.open.activity().piece_taken();
        }
    }
}

impl Drop for Delivered {
    fn drop(&mut self) {
        self.piece_was_taken();
    }
}

impl HttpBody for Delivered {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.piece_was_taken();
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(Some(Ok(_)))) {
            self.given = true;
            self.open.activity().piece_given();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Runs the streams of HTTP/2 connections on their worker's thread.
#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}

#[cfg(test)]
mod differential_tests;
#[cfg(test)]
mod tests;
