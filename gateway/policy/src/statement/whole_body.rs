//! The whole body of a message, for policies that make another one of it.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::context::Body;
use crate::execution::{Failure, Message, Outcome, Run};
use crate::expression::{Exception, Needs};
use crate::program::{Compiler, Section};

/// Lets the body of the section's message be read before the policy runs.
pub(super) fn need(compiler: &mut Compiler<'_>) {
    let request = matches!(compiler.section, Section::Inbound | Section::Backend);
    compiler.give_needs(Needs {
        request_body: request,
        response_body: !request,
    });
}

/// The body of the message; `None` if there is nothing in it.
pub(super) fn read(run: &mut Run<'_>) -> Outcome<Option<Bytes>> {
    let body = match run.message() {
        Message::Request(request) => &request.body,
        Message::Response(response) => &response.body,
    };
    match body {
        Body::Bytes(content) if !content.is_empty() => Ok(Some(content.clone())),
        Body::Bytes(_) | Body::None | Body::Consumed => Ok(None),
        Body::Streaming => Err(Box::new(Failure::internal(
            "BodyNotBuffered",
            "The body was not read into memory before the policy ran.",
        ))),
    }
}

/// Puts a body in the place of the one that was read.
pub(super) fn replace(run: &mut Run<'_>, content: Vec<u8>, media_type: Option<&'static str>) {
    let (headers, body) = match run.message() {
        Message::Request(request) => (&mut request.headers, &mut request.body),
        Message::Response(response) => (&mut response.headers, &mut response.body),
    };
    // It described the body that is gone.
    headers.remove(CONTENT_LENGTH);
    if let Some(media_type) = media_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    *body = if content.is_empty() {
        Body::None
    } else {
        Body::Bytes(content.into())
    };
}

/// The body as text: UTF-8, UTF-16 with its mark, or the Latin-1 that an XML declaration names.
pub(super) fn decode(content: &[u8]) -> Option<String> {
    let units = |from: fn([u8; 2]) -> u16, rest: &[u8]| {
        let (pairs, odd) = rest.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().copied().map(from).collect();
        if odd.is_empty() {
            String::from_utf16(&units).ok()
        } else {
            None
        }
    };
    match content {
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        [0xff, 0xfe, rest @ ..] => units(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => units(u16::from_be_bytes, rest),
        _ => match std::str::from_utf8(content) {
            Ok(text) => Some(text.to_owned()),
            Err(_) if declares_latin(content) => {
                Some(content.iter().map(|byte| char::from(*byte)).collect())
            }
            Err(_) => None,
        },
    }
}

fn declares_latin(content: &[u8]) -> bool {
    let head = content.get(..100).unwrap_or(content).to_ascii_lowercase();
    head.starts_with(b"<?xml")
        && head
            .windows(b"iso-8859-1".len())
            .any(|part| part == b"iso-8859-1")
}

/// Whether the message says that its body is of a kind (`xml`, `json`): `application/xml`,
/// `text/xml`, `application/atom+xml`.
pub(super) fn is_kind(run: &mut Run<'_>, kind: &str) -> bool {
    says(run.headers(), kind)
}

/// The same of headers.
pub(super) fn says(headers: &HeaderMap, kind: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| names(value, kind))
}

/// Whether the client asks for a kind in `Accept`, other than with weight 0 (RFC 9110 §12.5.1).
/// Ranges such as `*/*` name no kind.
pub(super) fn is_accepted(headers: &HeaderMap, kind: &str) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| names(range, kind) && weight(range) > 0.0)
}

fn weight(range: &str) -> f32 {
    range
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.trim().strip_prefix("q="))
        .find_map(|value| value.trim().parse().ok())
        .unwrap_or(1.0)
}

fn names(media_type: &str, kind: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or("").trim();
    let Some((_, subtype)) = essence.split_once('/') else {
        return false;
    };
    let subtype = subtype.to_ascii_lowercase();
    subtype == kind
        || subtype
            .rsplit_once('+')
            .is_some_and(|(_, suffix)| suffix == kind)
}

/// The failure of a body that cannot be transformed. A response's is the backend's fault, a request's
/// the client's.
pub(super) fn cannot(run: &Run<'_>, exception: &Exception) -> Box<Failure> {
    if exception.is_budget() {
        return crate::execution::threw(exception.clone());
    }
    let message = format!("The body cannot be transformed. {}", exception.message);
    Box::new(match run.section {
        Section::Inbound | Section::Backend => Failure::of_policy(
            "TransformationFailed",
            message,
            StatusCode::BAD_REQUEST,
            "The body of the request cannot be read.",
        ),
        Section::Outbound | Section::OnError => Failure::internal("TransformationFailed", message),
    })
}
