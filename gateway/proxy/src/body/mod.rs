//! The one body type of the proxy: requests and responses, streamed or in memory.
//!
//! A body moves only when whoever sends it on asks for the next piece: a slow receiver slows the
//! sender down, and nothing is collected in between.

mod streaming;

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use self::streaming::Streaming;
use crate::upstream::pool::Lease;
use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

/// Why a body ended before its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// No piece arrived in time.
    #[error("no piece of the body arrived in time")]
    Timeout,
    /// It is longer than the limit.
    #[error("the body is larger than the limit")]
    TooLarge,
    /// Too much is in memory already.
    #[error("too many bytes of bodies are in memory already")]
    NoRoom,
    /// The sender broke off, or what it sent is malformed; the reason is for operators.
    #[error("the body broke off: {0}")]
    Broken(String),
}

/// Learns what passes through bodies.
pub(crate) trait Tally {
    /// So many bytes of content passed.
    fn passed(&self, which: Which, bytes: usize);
    /// The end was reached (`true`), or the body was given up or failed before.
    fn ended(&self, which: Which, complete: bool, error: Option<&BodyError>);
}

/// Whose body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Request,
    Response,
}

/// A request's or a response's body. Trailers pass too.
#[derive(Default)]
pub struct Body {
    kind: Kind,
    tally: Option<(Rc<dyn Tally>, Which)>,
}

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Full(Bytes),
    Streaming(Box<Streaming>),
}

impl Body {
    /// No content.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Content in memory.
    #[must_use]
    pub fn full(content: impl Into<Bytes>) -> Self {
        let content = content.into();
        let kind = if content.is_empty() {
            Kind::Empty
        } else {
            Kind::Full(content)
        };
        Self { kind, tally: None }
    }

    /// Content that arrives at `incoming`, with at most `patience` between its pieces and at most
    /// `limit` bytes.
    pub(crate) fn streaming(incoming: Incoming, patience: Duration, limit: Option<u64>) -> Self {
        if HttpBody::is_end_stream(&incoming) {
            return Self::default();
        }
        Self {
            kind: Kind::Streaming(Box::new(Streaming::new(incoming, patience, limit))),
            tally: None,
        }
    }

    /// Gives `lease` back once this body has been read to its end. At once, if there is nothing.
    pub(crate) fn returning(mut self, lease: Lease) -> Self {
        match &mut self.kind {
            Kind::Streaming(streaming) => streaming.lease = Some(lease),
            Kind::Empty | Kind::Full(_) => lease.give_back(),
        }
        self
    }

    /// Keeps `lease` until this body is gone, then closes it.
    pub(crate) fn holding(mut self, lease: Lease) -> Self {
        if let Kind::Streaming(streaming) = &mut self.kind {
            streaming.held = Some(lease);
        }
        self
    }

    /// Reports to `tally` what passes from now on.
    pub(crate) fn counted(mut self, tally: Rc<dyn Tally>, which: Which) -> Self {
        self.tally = Some((tally, which));
        self
    }

    /// Whether there is certainly nothing (more) to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        HttpBody::is_end_stream(self)
    }

    /// Whether it is in memory, so that it can be sent a second time.
    pub(crate) fn in_memory(&self) -> Option<Bytes> {
        match &self.kind {
            Kind::Empty => Some(Bytes::new()),
            Kind::Full(bytes) => Some(bytes.clone()),
            Kind::Streaming(_) => None,
        }
    }

    /// Reads everything into memory. Trailers are dropped.
    ///
    /// # Errors
    /// As the body's own, and [`BodyError::TooLarge`] beyond `limit` bytes.
    pub async fn collect(self, limit: usize) -> Result<Bytes, BodyError> {
        self.collect_within(limit, |_| true).await
    }

    /// The same, asking `room` before so many more bytes are kept.
    pub(crate) async fn collect_within(
        mut self,
        limit: usize,
        room: impl Fn(usize) -> bool,
    ) -> Result<Bytes, BodyError> {
        if self.size_hint().lower() > limit as u64 {
            return Err(BodyError::TooLarge);
        }
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(frame) =
            std::future::poll_fn(|context| Pin::new(&mut self).poll_frame(context)).await
        {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            if first.len() + all.len() + data.len() > limit {
                return Err(BodyError::TooLarge);
            }
            if !room(data.len()) {
                return Err(BodyError::NoRoom);
            }
            if first.is_empty() && all.is_empty() {
                first = data;
            } else {
                if all.is_empty() {
                    all.extend_from_slice(&std::mem::take(&mut first));
                }
                all.extend_from_slice(&data);
            }
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = match &mut this.kind {
            Kind::Empty => None,
            Kind::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                this.kind = Kind::Empty;
                Some(Ok(Frame::data(bytes)))
            }
            Kind::Streaming(streaming) => ready!(streaming.poll_frame(context)),
        };
        if let (Some((tally, which)), Some(Ok(frame))) = (&this.tally, &frame)
            && let Some(data) = frame.data_ref()
        {
            tally.passed(*which, data.len());
        }
        // Reported now: whoever holds a failed body may keep it for a while.
        if let Some(Err(error)) = &frame
            && let Some((tally, which)) = this.tally.take()
        {
            tally.ended(which, false, Some(error));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Full(_) => false,
            Kind::Streaming(streaming) => streaming.finished,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Streaming(streaming) => HttpBody::size_hint(&streaming.incoming),
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some((tally, which)) = self.tally.take() {
            let error = match &self.kind {
                Kind::Streaming(streaming) => streaming.error.as_ref(),
                Kind::Empty | Kind::Full(_) => None,
            };
            tally.ended(
                which,
                HttpBody::is_end_stream(self) && error.is_none(),
                error,
            );
        }
    }
}

impl fmt::Debug for Body {
    /// Never the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.kind {
            Kind::Empty => "Body(empty)",
            Kind::Full(_) => "Body(in memory)",
            Kind::Streaming(_) => "Body(streaming)",
        })
    }
}

/// An error and what caused it, in one line. For operators, never for clients.
pub(crate) fn sources(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let part = source.to_string();
        // Some errors print their source themselves.
        if !text.ends_with(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        next = source.source();
    }
    text
}
