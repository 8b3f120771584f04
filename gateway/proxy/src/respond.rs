//! The answer to the client.

use std::rc::Rc;

use gateway_telemetry::label::Fault;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::body::{Body, Which};
use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::failure::Problem;
use crate::front::{After, Answer};

/// A response, whose fault it is, and what becomes of the connection.
pub(crate) struct Reply {
    pub(crate) response: Response<Body>,
    pub(crate) fault: Fault,
    pub(crate) after: After,
}

/// The answer to a request that no policy has seen: `{ "statusCode": N, "message": "…" }`, the form
/// of APIM's own errors.
pub(crate) fn to_problem(exchange: &Exchange, problem: &Problem) -> Reply {
    let status = problem.status();
    // Messages are our own words without quotes: valid JSON as they are.
    let text = format!(
        "{{ \"statusCode\": {}, \"message\": \"{}\" }}",
        status.as_u16(),
        problem.message()
    );
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(seconds) = problem.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    exchange.note(|facts| facts.error = Some(problem.detail().into()));
    Reply {
        response,
        fault: problem.fault(),
        after: problem.after(),
    }
}

/// A response without its body still says how long it would have been (RFC 9110 section 9.3.2); one
/// with status 204 has none to speak of (section 8.6).
fn describe_missing(response: &mut Response<Body>, body: &Body) {
    if response.status() == StatusCode::NO_CONTENT {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    } else if let Some(bytes) = body.in_memory().filter(|bytes| !bytes.is_empty()) {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    }
}

const REVISION: HeaderName = HeaderName::from_static("x-countersign-revision");

/// Hands the reply to the front; its last byte ends the exchange.
pub(crate) fn send(connection: &Connection, exchange: &Rc<Exchange>, reply: Reply) -> Answer {
    let Reply {
        mut response,
        fault,
        after,
    } = reply;
    let status = response.status();
    exchange.note(|facts| {
        facts.status = Some(status);
        facts.fault = fault;
    });
    if connection.worker.settings.revision_header
        && let Some(revision) = exchange.revision()
    {
        response
            .headers_mut()
            .insert(REVISION, HeaderValue::from(revision));
    }
    let bodiless =
        exchange.is_head() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let body = std::mem::take(response.body_mut());
    let body = if bodiless {
        describe_missing(&mut response, &body);
        Body::empty()
    } else {
        body
    };
    *response.body_mut() = body.counted(Rc::clone(exchange) as _, Which::Response);
    Answer { response, after }
}
