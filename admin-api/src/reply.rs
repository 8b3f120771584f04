//! Replies, and the headers that every one of them carries.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use serde_json::Value;

use crate::error::ApiError;
use crate::etag;

/// A reply before it is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    /// Revision that last changed the resource: the `ETag`.
    pub(crate) tag: Option<u64>,
    /// The revision that a change made; else the one that is served.
    pub(crate) revision: Option<u64>,
    /// Whether only the headers are sent.
    pub(crate) is_head: bool,
}

impl Reply {
    pub(crate) const fn empty(status: u16) -> Self {
        Self {
            status,
            body: None,
            tag: None,
            revision: None,
            is_head: false,
        }
    }

    pub(crate) const fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            tag: None,
            revision: None,
            is_head: false,
        }
    }

    pub(crate) const fn tagged(mut self, changed_in: u64) -> Self {
        self.tag = Some(changed_in);
        self
    }

    pub(crate) const fn at(mut self, revision: u64) -> Self {
        self.revision = Some(revision);
        self
    }

    /// Only the headers, for `HEAD`.
    pub(crate) fn head(mut self) -> Self {
        self.body = None;
        self.is_head = true;
        self
    }
}

/// The revision that answered or was made.
const REVISION: HeaderName = HeaderName::from_static("x-countersign-revision");
/// The id of the request, as Azure calls it.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

/// Writes a reply.
pub(crate) fn write(
    outcome: Result<Reply, ApiError>,
    revision: u64,
    request_id: &str,
) -> HttpResponse {
    let mut response = match outcome {
        Ok(reply) => write_reply(reply, revision),
        Err(error) => write_error(&error, revision),
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    // What is read here may be secret and is never the same twice.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

fn write_reply(reply: Reply, revision: u64) -> HttpResponse {
    let mut builder = HttpResponse::build(status(reply.status));
    builder.insert_header((REVISION, reply.revision.unwrap_or(revision).to_string()));
    if let Some(tag) = reply.tag {
        builder.insert_header((header::ETAG, etag::quoted(tag)));
    }
    match reply.body {
        Some(body) => builder
            .content_type("application/json; charset=utf-8")
            .body(body.to_string()),
        None => builder.finish(),
    }
}

fn write_error(error: &ApiError, revision: u64) -> HttpResponse {
    let mut builder = HttpResponse::build(status(error.status));
    builder.insert_header((REVISION, revision.to_string()));
    if error.status == 401 {
        builder.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"countersign\""));
    }
    if let Some(allow) = error.allow {
        builder.insert_header((header::ALLOW, allow));
    }
    if let Some(seconds) = error.retry_after {
        builder.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if error.ends_connection {
        builder.force_close();
    }
    builder
        .content_type("application/json; charset=utf-8")
        .body(error.to_json().to_string())
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
