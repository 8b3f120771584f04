//! Values that outlive the request that made them.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::context::{Body, Response};
use crate::expression::{Budget, Exception, Value};

/// A value in a cache. Cloning shares it; no request can change what another one reads, because
/// objects are copied on their way in and on their way out.
#[derive(Clone)]
pub struct Cached(Arc<Content>);

enum Content {
    Value { value: Value, weight: usize },
    Response(StoredResponse),
}

struct StoredResponse {
    status: StatusCode,
    reason: Option<Arc<str>>,
    headers: HeaderMap,
    body: Bytes,
}

/// What an entry costs besides its content: keys, clocks, pointers.
const OVERHEAD: usize = 128;

impl Cached {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(Arc::new(Content::Value {
            value: Value::from(text),
            weight: OVERHEAD + text.len(),
        }))
    }

    /// A copy of `value`.
    ///
    /// # Errors
    /// If it is no data: a part of `context`, a certificate, a function; or larger than `budget` has
    /// left.
    pub(crate) fn of_value(value: &Value, budget: &mut Budget) -> Result<Self, Exception> {
        let (value, size) = value.stored(budget)?;
        Ok(Self(Arc::new(Content::Value {
            value,
            weight: OVERHEAD.saturating_add(size),
        })))
    }

    /// A response with its body; `None` while its body is not in memory.
    #[must_use]
    pub fn response(response: &Response) -> Option<Self> {
        let body = match &response.body {
            Body::None => Bytes::new(),
            Body::Bytes(bytes) => bytes.clone(),
            Body::Streaming | Body::Consumed => return None,
        };
        Some(Self(Arc::new(Content::Response(StoredResponse {
            status: response.status,
            reason: response.reason.clone(),
            headers: response.headers.clone(),
            body,
        }))))
    }

    /// A copy of the value; `None` if it is a response.
    pub(crate) fn to_value(&self, budget: &mut Budget) -> Result<Option<Value>, Exception> {
        match &*self.0 {
            Content::Value { value, .. } => Ok(Some(value.stored(budget)?.0)),
            Content::Response(_) => Ok(None),
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &*self.0 {
            Content::Value { value, .. } => value.as_str(),
            Content::Response(_) => None,
        }
    }

    /// A copy of the response, if it is one.
    #[must_use]
    pub fn to_response(&self) -> Option<Response> {
        match &*self.0 {
            Content::Response(stored) => Some(Response {
                status: stored.status,
                reason: stored.reason.clone(),
                headers: stored.headers.clone(),
                body: if stored.body.is_empty() {
                    Body::None
                } else {
                    Body::Bytes(stored.body.clone())
                },
            }),
            Content::Value { .. } => None,
        }
    }

    /// Bytes of memory it takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        match &*self.0 {
            Content::Value { weight, .. } => *weight,
            Content::Response(stored) => {
                let headers: usize = stored
                    .headers
                    .iter()
                    .map(|(name, value)| name.as_str().len() + value.len() + 64)
                    .sum();
                OVERHEAD + headers + stored.body.len()
            }
        }
    }
}

/// Equal if they are one.
impl PartialEq for Cached {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Cached {}

impl fmt::Debug for Cached {
    /// Without the content: it may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cached({} bytes)", self.weight())
    }
}
