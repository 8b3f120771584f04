//! Bodies: whole, generated, or fed while they are being sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// Any error, as bodies carry it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request that a [`crate::Client`] sends and of an answer of the [`crate::Origin`].
pub type Body = BoxBody<Bytes, BoxError>;

/// The frame size of generated bodies.
const PIECE: usize = 64 * 1024;

/// No body.
#[must_use]
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// A body of known bytes.
#[must_use]
pub fn bytes(content: impl Into<Bytes>) -> Body {
    Full::new(content.into())
        .map_err(|never| match never {})
        .boxed()
}

/// A body of `length` zero bytes that takes no memory; with a `Content-Length` when `declared`.
#[must_use]
pub fn zeros(length: u64, declared: bool) -> Body {
    Zeros {
        remaining: length,
        declared,
    }
    .boxed()
}

/// A body that is fed piece by piece; with a `Content-Length` when `length` is given.
#[must_use]
pub fn channel(length: Option<u64>) -> (BodySender, Body) {
    let (sender, receiver) = mpsc::channel(1);
    (
        BodySender { sender },
        Fed {
            receiver,
            remaining: length,
        }
        .boxed(),
    )
}

/// Feeds a body; dropping it ends the body.
#[derive(Debug, Clone)]
pub struct BodySender {
    sender: mpsc::Sender<Result<Frame<Bytes>, BoxError>>,
}

impl BodySender {
    /// Sends a piece once there is room for it; false when nobody reads any more.
    pub async fn send(&self, piece: impl Into<Bytes>) -> bool {
        self.sender
            .send(Ok(Frame::data(piece.into())))
            .await
            .is_ok()
    }

    /// Sends the trailers, which are the last thing of a body.
    pub async fn trailers(&self, trailers: HeaderMap) -> bool {
        self.sender
            .send(Ok(Frame::trailers(trailers)))
            .await
            .is_ok()
    }

    /// Breaks the body off: the connection that carries it ends without completing the message.
    pub async fn fail(&self, reason: &str) -> bool {
        self.sender
            .send(Err(reason.to_owned().into()))
            .await
            .is_ok()
    }
}

struct Fed {
    receiver: mpsc::Receiver<Result<Frame<Bytes>, BoxError>>,
    remaining: Option<u64>,
}

impl hyper::body::Body for Fed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = std::task::ready!(self.receiver.poll_recv(context));
        if let (Some(remaining), Some(Ok(frame))) = (&mut self.remaining, &frame)
            && let Some(data) = frame.data_ref()
        {
            *remaining = remaining.saturating_sub(data.len() as u64);
        }
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

struct Zeros {
    remaining: u64,
    declared: bool,
}

impl hyper::body::Body for Zeros {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        static PAGE: [u8; PIECE] = [0; PIECE];
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.remaining).map_or(PIECE, |rest| rest.min(PIECE));
        self.remaining -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(
            Bytes::from_static(&PAGE).slice(..length),
        ))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.declared {
            SizeHint::with_exact(self.remaining)
        } else {
            SizeHint::default()
        }
    }
}
