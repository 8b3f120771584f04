//! The request as the backend is sent it.

use gateway_config::upstream::Upstream;
use gateway_policy::context;
use gateway_policy::execution::{Failure, SendRequest};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::arrival::ClientSide;
use crate::body::Body;
use crate::headers::{add_via, remove_hop_by_hop};

/// Builds the request for `upstream` from what policies have made of the client's.
///
/// # Errors
/// If the URL that policies made cannot be sent.
pub(crate) fn build(
    request: &context::Request,
    upstream: &Upstream,
    client: &mut ClientSide,
    via: &str,
    body: Body,
) -> Result<Request<Body>, Box<Failure>> {
    let uri = target(request, upstream)?;
    let mut headers = request.headers.clone();
    // Policies cannot set these; a client's were taken away when it arrived.
    remove_hop_by_hop(&mut headers);
    // The length follows from the body that is really sent.
    headers.remove(header::CONTENT_LENGTH);
    set_host(&mut headers, upstream, client)?;
    add_via(&mut headers, client.version, via);
    if client.trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
    // A backend's own headers replace the client's; one name may have several values.
    for (name, _) in &upstream.headers {
        headers.remove(name);
    }
    for (name, value) in &upstream.headers {
        headers.append(name, value.clone());
    }
    let mut outgoing = Request::new(body);
    *outgoing.method_mut() = request.method.clone();
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = headers;
    // The spelling of header names; a policy that sends a request twice does without the second time.
    *outgoing.extensions_mut() = std::mem::take(&mut client.extensions);
    Ok(outgoing)
}

/// Builds a request of a policy's own.
///
/// # Errors
/// What cannot be sent of it, for operators.
pub(crate) fn build_own(
    request: SendRequest,
    upstream: &Upstream,
) -> Result<Request<Body>, String> {
    let mut text: String = utf8_percent_encode(&request.url.path, UNSAFE_IN_PATH).collect();
    if !text.starts_with('/') {
        text.insert(0, '/');
    }
    if !request.url.query.is_empty() {
        text.push('?');
        text.extend(utf8_percent_encode(&request.url.query, UNSAFE));
    }
    let uri: Uri = text
        .parse()
        .map_err(|error| format!("the URL cannot be sent: {error}"))?;
    let mut headers = request.headers;
    remove_hop_by_hop(&mut headers);
    headers.remove(header::CONTENT_LENGTH);
    if !headers.contains_key(header::HOST) {
        let host = HeaderValue::from_str(&authority(upstream))
            .map_err(|_| "the host is not a host name".to_owned())?;
        headers.insert(header::HOST, host);
    }
    let mut outgoing = Request::new(Body::full(request.body));
    *outgoing.method_mut() = request.method;
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = headers;
    Ok(outgoing)
}

/// A backend is asked for by its own name, unless a policy has set another one.
fn set_host(
    headers: &mut HeaderMap,
    upstream: &Upstream,
    client: &ClientSide,
) -> Result<(), Box<Failure>> {
    let set_by_policy = headers
        .get(header::HOST)
        .is_some_and(|host| client.host.as_ref() != Some(host));
    if set_by_policy {
        return Ok(());
    }
    let value = HeaderValue::from_str(&authority(upstream)).map_err(|_| {
        Box::new(Failure::backend_connection(
            "the backend's host is not a host name",
        ))
    })?;
    headers.insert(header::HOST, value);
    Ok(())
}

/// Host, and the port unless it is the scheme's.
fn authority(upstream: &Upstream) -> String {
    let bracketed = upstream.host.contains(':');
    let mut authority = if bracketed {
        format!("[{}]", upstream.host)
    } else {
        upstream.host.to_string()
    };
    let default_port = if upstream.tls.is_some() { 443 } else { 80 };
    if upstream.port != default_port {
        authority.push(':');
        authority.push_str(&upstream.port.to_string());
    }
    authority
}

/// What cannot stand in a request target as it is. `%` stays: what came encoded stays encoded.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The same in a path, which a `?` would end.
const UNSAFE_IN_PATH: &AsciiSet = &UNSAFE.add(b'?');

fn target(request: &context::Request, upstream: &Upstream) -> Result<Uri, Box<Failure>> {
    let mut text = String::with_capacity(
        upstream.base_path.len() + request.url.path.len() + request.url.query.len() + 1,
    );
    text.extend(utf8_percent_encode(&upstream.base_path, UNSAFE));
    if !request.url.path.starts_with('/') {
        text.push('/');
    }
    text.extend(utf8_percent_encode(&request.url.path, UNSAFE_IN_PATH));
    let mut separator = '?';
    for part in [&*upstream.base_query, request.url.query.as_str()] {
        if !part.is_empty() {
            text.push(separator);
            text.extend(utf8_percent_encode(part, UNSAFE));
            separator = '&';
        }
    }
    for (name, value) in &upstream.query {
        text.push(separator);
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        separator = '&';
    }
    text.parse().map_err(|error| {
        Box::new(Failure::internal(
            "BackendConnectionFailure",
            format!("the URL cannot be sent: {error}"),
        ))
    })
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;
