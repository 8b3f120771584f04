//! Which host and path a request is for.

use std::sync::Arc;

use http::request::Parts;
use http::{Version, header, uri::Authority};

use crate::front::framing::Refusal;

/// The request's target, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Host in lower case, without port and trailing dot, an IPv6 address in its brackets; empty if
    /// an HTTP/1.0 client gave none.
    pub(crate) host: Arc<str>,
    /// Port, 443 if none is given.
    pub(crate) port: u16,
}

/// The host a request names and a path that is safe to route by.
///
/// # Errors
/// 400 if the host is missing, malformed or said twice differently, or if the path is relative, or
/// climbs: `/a/../b` means `/b` to some backends, so that an API's prefix would not confine a
/// request to it.
pub(crate) fn of(parts: &Parts) -> Result<Target, Refusal> {
    check_path(parts.uri.path())?;
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Refusal::bad_request("The request has more than one Host."));
    }
    let host = match host {
        Some(value) => Some(
            value
                .to_str()
                .ok()
                .and_then(|text| text.parse::<Authority>().ok())
                .ok_or(Refusal::bad_request("The Host is malformed."))?,
        ),
        None => None,
    };
    match (parts.uri.authority(), &host) {
        (Some(authority), Some(host)) if authority != host => Err(Refusal::bad_request(
            "Host differs from the authority of the request target.",
        )),
        (Some(authority), _) => named(authority),
        (None, Some(host)) => named(host),
        (None, None) if parts.version < Version::HTTP_11 => Ok(Target {
            host: Arc::from(""),
            port: 443,
        }),
        (None, None) => Err(Refusal::bad_request("The request has no Host.")),
    }
}

fn named(authority: &Authority) -> Result<Target, Refusal> {
    if authority.as_str().contains('@') {
        return Err(Refusal::bad_request(
            "The Host must not hold user information.",
        ));
    }
    let host = authority.host();
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.is_empty() {
        return Err(Refusal::bad_request("The Host is empty."));
    }
    let port = match authority.port() {
        Some(port) => port.as_u16(),
        None if authority.as_str().ends_with(':')
            || authority.host().len() == authority.as_str().len() =>
        {
            443
        }
        None => {
            return Err(Refusal::bad_request(
                "The port of the Host is not a number.",
            ));
        }
    };
    Ok(Target {
        host: lower_case(host),
        port,
    })
}

fn lower_case(host: &str) -> Arc<str> {
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Arc::from(host.to_ascii_lowercase())
    } else {
        Arc::from(host)
    }
}

/// Refuses what is not an absolute path, and `.` and `..` segments however they are encoded.
fn check_path(path: &str) -> Result<(), Refusal> {
    if !path.starts_with('/') {
        return Err(Refusal::bad_request(
            "The request target is not an absolute path.",
        ));
    }
    if !path.contains(['.', '%', '\\']) {
        return Ok(());
    }
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(path).collect();
    if decoded.contains(&0) {
        return Err(Refusal::bad_request("The path holds a NUL."));
    }
    let climbs = decoded
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .any(|segment| {
            // Some servers cut path parameters off before they look at the segment.
            let name = segment
                .split(|byte| *byte == b';')
                .next()
                .unwrap_or_default();
            matches!(name, b"." | b"..")
        });
    if climbs {
        return Err(Refusal::bad_request(
            "The path holds a '.' or '..' segment.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn parts(target: &str, hosts: &[&str], version: Version) -> Parts {
        let mut request = http::Request::builder().uri(target).version(version);
        for host in hosts {
            request = request.header("host", *host);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn target(target: &str, hosts: &[&str]) -> Result<(String, u16), &'static str> {
        of(&parts(target, hosts, Version::HTTP_11))
            .map(|target| (target.host.to_string(), target.port))
            .map_err(|refusal| refusal.reason)
    }

    #[test]
    fn hosts_are_compared_in_one_spelling() {
        for host in [
            "api.example.com",
            "API.example.com",
            "api.example.com.",
            "api.example.com:443",
        ] {
            assert_eq!(target("/", &[host]).unwrap().0, "api.example.com", "{host}");
        }
        assert_eq!(target("/", &["a:8443"]).unwrap(), ("a".to_owned(), 8443));
        assert_eq!(
            target("/", &["[::1]:8443"]).unwrap(),
            ("[::1]".to_owned(), 8443)
        );
        assert_eq!(target("https://a/x", &["a"]).unwrap().0, "a");
        assert_eq!(target("https://a/x", &[]).unwrap().0, "a");
    }

    #[test]
    fn contradicting_and_malformed_hosts_are_refused() {
        assert!(target("/", &[]).is_err());
        assert!(target("/", &["a", "a"]).is_err());
        assert!(target("https://a/", &["b"]).is_err());
        assert!(target("/", &["a b"]).is_err());
        assert!(target("/", &["user@a"]).is_err());
        assert!(target("/", &[""]).is_err());
        assert!(target("/", &["."]).is_err());
        assert!(target("/", &["a/b"]).is_err());
    }

    #[test]
    fn paths_that_climb_are_refused_however_they_are_written() {
        for path in [
            "/a/../b",
            "/..",
            "/a/.",
            "/a/%2e%2e/b",
            "/a/.%2E",
            "/a%2f..%2fb",
            "/a/..%5cb",
            "/a\\..\\b",
            "/a/..;x/b",
            "/%00",
        ] {
            let uri = path.parse::<http::Uri>();
            if uri.is_ok() {
                assert!(target(path, &["a"]).is_err(), "{path}");
            }
        }
        for path in ["/", "/a/b", "/a..b", "/...", "/a/%20b", "/a.b", "/x;v=1"] {
            assert!(target(path, &["a"]).is_ok(), "{path}");
        }
        assert!(target("*", &["a"]).is_err());
    }
}
