//! Header fields that a gateway must take away or add.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Version};
use smallvec::SmallVec;

/// Names under which proxies tell backends who the client is. Whoever reads them must be able to
/// believe them, so they never pass from a client. Compared without case and with `_` as `-`,
/// because CGI-like backends cannot tell these apart.
const IDENTITY: [&str; 8] = [
    "client-cert",
    "client-cert-chain",
    "x-forwarded-client-cert",
    "x-client-cert",
    "x-client-certificate",
    "x-arr-clientcert",
    "x-arr-clientcertthumbprint",
    "ssl-client-cert",
];
const IDENTITY_PREFIXES: [&str; 3] = ["x-ssl-client-", "ssl-client-", "x-amzn-mtls-"];

/// Whether `name` (lower-case) claims to carry a client's identity.
pub(crate) fn is_identity(name: &str) -> bool {
    // Every name of both lists begins with one of these; most headers are done here.
    let bytes = name.as_bytes();
    if !matches!(bytes.first(), Some(b'c' | b's' | b'x')) {
        return false;
    }
    IDENTITY
        .iter()
        .any(|identity| same(bytes, identity.as_bytes()))
        || IDENTITY_PREFIXES.iter().any(|prefix| {
            bytes
                .get(..prefix.len())
                .is_some_and(|start| same(start, prefix.as_bytes()))
        })
}

fn same(name: &[u8], identity: &[u8]) -> bool {
    name.len() == identity.len()
        && name
            .iter()
            .zip(identity)
            .all(|(byte, expected)| byte == expected || (*byte == b'_' && *expected == b'-'))
}

/// Removes everything [`is_identity`] names.
pub(crate) fn remove_identity(headers: &mut HeaderMap) {
    let found: SmallVec<[HeaderName; 2]> = headers
        .keys()
        .filter(|name| is_identity(name.as_str()))
        .cloned()
        .collect();
    for name in found {
        headers.remove(name);
    }
}

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Removes what belongs to one connection (RFC 9110 section 7.6.1): the fixed names and those that
/// `Connection` lists. `true` if `TE` said `trailers`.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) -> bool {
    let trailers = headers.get_all(header::TE).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            value.split(',').any(|part| {
                part.split(';')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .eq_ignore_ascii_case("trailers")
            })
        })
    });
    if headers.contains_key(header::CONNECTION) {
        let listed: SmallVec<[HeaderName; 4]> = headers
            .get_all(header::CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| name.trim().parse().ok())
            .filter(|name| !end_to_end(name))
            .collect();
        for name in listed {
            headers.remove(name);
        }
    }
    for name in [
        header::CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        HTTP2_SETTINGS,
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
    ] {
        headers.remove(name);
    }
    trailers
}

/// `Connection: authorization` and the like must not make a gateway take away what its own policies
/// and the backend decide by.
fn end_to_end(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::HOST
            | header::AUTHORIZATION
            | header::CONTENT_LENGTH
            | header::CONTENT_TYPE
            | header::COOKIE
            | header::VIA
            | header::CACHE_CONTROL
    ) || name.as_str().starts_with("x-forwarded-")
}

/// Removes from trailers what must not arrive there (RFC 9110 section 6.5.1): whatever decides about
/// framing, routing, access or the meaning of the content, and identity headers. A backend that
/// merges trailers into headers would take them for checked.
pub(crate) fn clean_trailers(trailers: &mut HeaderMap) {
    remove_identity(trailers);
    remove_hop_by_hop(trailers);
    for name in [
        header::AUTHORIZATION,
        header::CACHE_CONTROL,
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::CONTENT_TYPE,
        header::COOKIE,
        header::EXPECT,
        header::HOST,
        header::MAX_FORWARDS,
        header::SET_COOKIE,
        header::TRAILER,
        header::VIA,
        header::WWW_AUTHENTICATE,
        FORWARDED_FOR,
        FORWARDED_PROTO,
        FORWARDED_HOST,
    ] {
        trailers.remove(name);
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Tells the backend about the client: its address is appended to `X-Forwarded-For`;
/// `X-Forwarded-Proto` and `-Host` are set whatever the client sent.
pub(crate) fn add_forwarded(headers: &mut HeaderMap, client: IpAddr, host: &str) {
    let mut chain = joined(headers, &FORWARDED_FOR);
    if !chain.is_empty() {
        chain.push_str(", ");
    }
    chain.push_str(&client.to_canonical().to_string());
    headers.remove(&FORWARDED_FOR);
    if let Ok(value) = HeaderValue::try_from(chain) {
        headers.insert(FORWARDED_FOR, value);
    }
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
    match HeaderValue::from_str(host) {
        Ok(value) if !host.is_empty() => headers.insert(FORWARDED_HOST, value),
        _ => headers.remove(FORWARDED_HOST),
    };
}

/// Appends this gateway to `Via` (RFC 9110 section 7.6.3).
pub(crate) fn add_via(headers: &mut HeaderMap, received: Version, pseudonym: &str) {
    let mut via = joined(headers, &header::VIA);
    if !via.is_empty() {
        via.push_str(", ");
    }
    via.push_str(match received {
        Version::HTTP_10 => "1.0 ",
        Version::HTTP_2 => "2 ",
        _ => "1.1 ",
    });
    via.push_str(pseudonym);
    headers.remove(header::VIA);
    if let Ok(value) = HeaderValue::try_from(via) {
        headers.insert(header::VIA, value);
    }
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let mut text = String::new();
    for value in headers.get_all(name) {
        let Ok(value) = value.to_str() else { continue };
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(value);
    }
    text
}

/// What `Expect` asks for (RFC 9110 section 10.1.1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    None,
    /// The front answers 100 itself when the body is first read.
    Continue,
    /// 417.
    Unknown,
}

/// Takes `Expect` away: this gateway answers it, not the backend.
pub(crate) fn take_expectation(headers: &mut HeaderMap) -> Expectation {
    let Some(first) = headers.remove(header::EXPECT) else {
        return Expectation::None;
    };
    if first.as_bytes().eq_ignore_ascii_case(b"100-continue") {
        Expectation::Continue
    } else {
        Expectation::Unknown
    }
}

/// Whether the client wants to leave HTTP, as WebSocket clients do. Other upgrades (`h2c`) may be
/// ignored (RFC 9110 section 7.8).
pub(crate) fn asks_for_websocket(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET
        && headers.get_all(header::UPGRADE).iter().any(|value| {
            value.to_str().is_ok_and(|value| {
                value
                    .split(',')
                    .any(|one| one.trim().eq_ignore_ascii_case("websocket"))
            })
        })
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
