//! Responses, whole or while they arrive.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

use super::ClientError;

/// A response that has arrived completely.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The protocol it came over.
    pub version: Version,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The trailers, when there were any.
    pub trailers: Option<HeaderMap>,
}

impl Response {
    /// A header's first value, when it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// [`ClientError::Json`].
    pub fn json(&self) -> Result<Value, ClientError> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// A response whose head has arrived; the body is read when asked for.
#[derive(Debug)]
pub struct Streamed {
    /// The status.
    pub status: StatusCode,
    /// The protocol it comes over.
    pub version: Version,
    /// The header fields.
    pub headers: HeaderMap,
    body: Incoming,
    trailers: Option<HeaderMap>,
}

impl Streamed {
    pub(super) fn new(response: http::Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body,
            trailers: None,
        }
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`ClientError::ResponseBody`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        while let Some(frame) = self.body.frame().await {
            match frame.map_err(ClientError::ResponseBody)?.into_data() {
                Ok(data) => return Ok(Some(data)),
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
        Ok(None)
    }

    /// Reads the rest without keeping it and returns its length.
    ///
    /// # Errors
    ///
    /// [`ClientError::ResponseBody`].
    pub async fn drain(&mut self) -> Result<u64, ClientError> {
        let mut length = 0;
        while let Some(piece) = self.next().await? {
            length += piece.len() as u64;
        }
        Ok(length)
    }

    /// Reads the rest.
    ///
    /// # Errors
    ///
    /// [`ClientError::ResponseBody`].
    pub async fn whole(mut self) -> Result<Response, ClientError> {
        let mut body = bytes::BytesMut::new();
        while let Some(piece) = self.next().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Response {
            status: self.status,
            version: self.version,
            headers: self.headers,
            body: body.freeze(),
            trailers: self.trailers,
        })
    }
}
