//! What the origin is told to answer.
#![expect(
    clippy::expect_used,
    reason = "a script that cannot be written ends the test"
)]

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// An answer, and everything that may go wrong on the way.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
    pub(super) delay: Duration,
    pub(super) fault: Fault,
    pub(super) read_body: bool,
    pub(super) trailers: Option<HeaderMap>,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Bytes(Bytes),
    Zeros { length: u64, declared: bool },
    Pieces(Vec<(Duration, Bytes)>),
    Echo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Nothing is ever answered.
    Silence,
    /// The connection ends (FIN) instead of an answer.
    Close,
    /// The connection is reset (RST) instead of an answer.
    Reset,
    /// The body breaks off with a FIN before its declared end.
    CloseInBody,
    /// The body breaks off with a RST before its declared end.
    ResetInBody,
}

impl Answer {
    /// A status without a body.
    ///
    /// # Panics
    ///
    /// When it is not a status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).expect("a status between 100 and 999"),
            headers: HeaderMap::new(),
            content: Content::Bytes(Bytes::new()),
            delay: Duration::ZERO,
            fault: Fault::None,
            read_body: true,
            trailers: None,
        }
    }

    /// 200 without a body.
    #[must_use]
    pub fn ok() -> Self {
        Self::status(200)
    }

    /// 200 with the request's body, streamed back while it arrives.
    #[must_use]
    pub fn echo() -> Self {
        let mut answer = Self::ok();
        answer.content = Content::Echo;
        answer
    }

    /// Never answers; the request's body is read.
    #[must_use]
    pub fn never() -> Self {
        Self::ok().failing(Fault::Silence)
    }

    /// Closes the connection instead of answering.
    #[must_use]
    pub fn close() -> Self {
        Self::ok().failing(Fault::Close)
    }

    /// Resets the connection instead of answering.
    #[must_use]
    pub fn reset() -> Self {
        Self::ok().failing(Fault::Reset)
    }

    /// With a body of known bytes.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.content = Content::Bytes(body.into());
        self
    }

    /// With a body of `length` zero bytes and its `Content-Length`.
    #[must_use]
    pub fn zeros(mut self, length: u64) -> Self {
        self.content = Content::Zeros {
            length,
            declared: true,
        };
        self
    }

    /// Without a `Content-Length`: chunked in HTTP/1.1.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.content = match self.content {
            Content::Bytes(bytes) => Content::Pieces(vec![(Duration::ZERO, bytes)]),
            Content::Zeros { length, .. } => Content::Zeros {
                length,
                declared: false,
            },
            other => other,
        };
        self
    }

    /// With a chunked body whose pieces each wait first.
    #[must_use]
    pub fn pieces(mut self, pieces: Vec<(Duration, Bytes)>) -> Self {
        self.content = Content::Pieces(pieces);
        self
    }

    /// With a header field.
    ///
    /// # Panics
    ///
    /// When the name or the value cannot be in a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers
            .append(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// With trailers after the body, which becomes chunked.
    #[must_use]
    pub fn trailers(mut self, trailers: HeaderMap) -> Self {
        self.trailers = Some(trailers);
        self.chunked()
    }

    /// After a delay.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Answers without reading the request's body.
    #[must_use]
    pub fn without_reading(mut self) -> Self {
        self.read_body = false;
        self
    }

    /// Declares one byte more than the body has, and then closes the connection.
    #[must_use]
    pub fn close_in_body(self) -> Self {
        self.failing(Fault::CloseInBody)
    }

    /// Declares one byte more than the body has, and then resets the connection.
    #[must_use]
    pub fn reset_in_body(self) -> Self {
        self.failing(Fault::ResetInBody)
    }

    fn failing(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }
}
