//! Origins: a scheme, a host and a port (RFC 6454 section 4), as browsers send them in `Origin`.

/// An origin to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Allowed {
    /// `*`.
    Any,
    /// What a browser sends for a document without an origin (RFC 6454 section 6.2).
    Null,
    /// One origin.
    One(Origin),
}

/// A scheme, a host and a port, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    host: String,
    /// The scheme's where none is written; `None` for a scheme without one.
    port: Option<u16>,
}

impl Allowed {
    /// Reads what a policy names: `*`, `null`, or a URI of a scheme, a host and perhaps a port.
    /// `None` for anything else, which no browser sends.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::Any),
            "null" => Some(Self::Null),
            _ => Origin::read(text).map(Self::One),
        }
    }

    /// Whether a request with this `Origin` header is allowed.
    pub(super) fn allows(&self, sent: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Null => sent == "null",
            Self::One(origin) => Origin::read(sent).is_some_and(|sent| sent == *origin),
        }
    }
}

impl Origin {
    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let mut letters = scheme.bytes();
        let is_scheme = letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !is_scheme {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        // Written with a path of nothing in many documents.
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand in brackets.
            Some((host, port)) if !port.ends_with(']') => {
                let digits = port.bytes().all(|b| b.is_ascii_digit());
                (host, Some(port.parse().ok().filter(|_| digits)?))
            }
            _ => (authority, None),
        };
        let is_host = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
            }
        };
        let default = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        is_host.then(|| Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port: port.or(default),
        })
    }
}
