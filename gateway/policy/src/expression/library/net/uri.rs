//! An absolute URI and its parts, normalised as `System.Uri` does it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::escaping::canonical;

/// Why a text is no absolute URI; the messages are .NET's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UriProblem {
    Empty,
    Format,
    Host,
    Port,
}

impl UriProblem {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Empty => "Invalid URI: The URI is empty.",
            Self::Format => "Invalid URI: The format of the URI could not be determined.",
            Self::Host => "Invalid URI: The hostname could not be parsed.",
            Self::Port => "Invalid URI: Invalid port specified.",
        }
    }
}

/// What a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostKind {
    None,
    Dns,
    V4,
    V6,
}

/// The parts of an absolute URI, escaped and in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Absolute {
    pub(super) scheme: String,
    /// Whether `//` follows the scheme.
    pub(super) authority: bool,
    pub(super) user_info: String,
    pub(super) host: String,
    pub(super) host_kind: HostKind,
    /// The explicit port or the scheme's; -1 if there is none.
    pub(super) port: i32,
    pub(super) path: String,
    /// With its `?`, or empty.
    pub(super) query: String,
    /// With its `#`, or empty.
    pub(super) fragment: String,
}

/// The port of a scheme; -1 if it has none.
pub(super) fn default_port(scheme: &str) -> i32 {
    match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "ftp" => 21,
        "gopher" => 70,
        "ldap" => 389,
        "nntp" => 119,
        "telnet" => 23,
        "mailto" => 25,
        "net.tcp" => 808,
        _ => -1,
    }
}

/// The scheme before the first colon, if it is one (RFC 3986 section 3.1).
pub(super) fn scheme_of(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    is_scheme(scheme).then_some((scheme, rest))
}

/// `Uri.CheckSchemeName`.
pub(super) fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

impl Absolute {
    /// Parses an absolute URI.
    pub(super) fn parse(source: &str) -> Result<Self, UriProblem> {
        let source = source.trim();
        if source.is_empty() {
            return Err(UriProblem::Empty);
        }
        let (scheme, rest) = scheme_of(source).ok_or(UriProblem::Format)?;
        let scheme = scheme.to_ascii_lowercase();
        // A drive of a file system, which this gateway has not.
        if scheme.len() == 1 && rest.starts_with(['/', '\\']) {
            return Err(UriProblem::Format);
        }
        let web = matches!(scheme.as_str(), "http" | "https" | "ws" | "wss" | "ftp");
        let (rest, fragment) = cut(rest, '#');
        let (rest, query) = cut(rest, '?');
        let slashed;
        let rest = if web || scheme == "file" {
            slashed = rest.replace('\\', "/");
            slashed.as_str()
        } else {
            rest
        };
        let mut uri = Self {
            port: default_port(&scheme),
            scheme,
            authority: false,
            user_info: String::new(),
            host: String::new(),
            host_kind: HostKind::None,
            path: String::new(),
            query: canonical(query, "#"),
            fragment: fragment
                .strip_prefix('#')
                .map(|rest| format!("#{}", canonical(rest, "#")))
                .unwrap_or_default(),
        };
        match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end).ok_or(UriProblem::Format)?;
                uri.authority = true;
                uri.read_authority(authority)?;
                let path = if path.is_empty() { "/" } else { path };
                uri.path = remove_dots(&canonical(path, "?#"));
            }
            None if web => return Err(UriProblem::Host),
            None => uri.path = canonical(rest, "?#"),
        }
        Ok(uri)
    }

    fn read_authority(&mut self, authority: &str) -> Result<(), UriProblem> {
        let host = match authority.split_once('@') {
            Some((user, host)) => {
                self.user_info = canonical(user, "?#/@");
                host
            }
            None => authority,
        };
        let (host, port) = match host.strip_prefix('[') {
            Some(rest) => {
                let (inside, after) = rest.split_once(']').ok_or(UriProblem::Host)?;
                let address: Ipv6Addr = inside.parse().map_err(|_| UriProblem::Host)?;
                self.host = format!("[{address}]");
                self.host_kind = HostKind::V6;
                let port = match after.strip_prefix(':') {
                    Some(port) => port,
                    None if after.is_empty() => "",
                    None => return Err(UriProblem::Host),
                };
                (None, port)
            }
            None => {
                let (host, port) = host.split_once(':').unwrap_or((host, ""));
                (Some(host), port)
            }
        };
        if let Some(host) = host {
            self.host_kind = host_kind(host, self.scheme == "file").ok_or(UriProblem::Host)?;
            self.host = host.to_lowercase();
        }
        if !port.is_empty() {
            if !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(UriProblem::Port);
            }
            let port: u16 = port.parse().map_err(|_| UriProblem::Port)?;
            self.port = i32::from(port);
        }
        Ok(())
    }

    pub(super) fn is_default_port(&self) -> bool {
        self.port == default_port(&self.scheme)
    }

    /// Host, and the port if it is not the scheme's.
    pub(super) fn host_and_port(&self) -> String {
        if self.is_default_port() {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Scheme and authority.
    pub(super) fn origin(&self) -> String {
        let user = if self.user_info.is_empty() {
            String::new()
        } else {
            format!("{}@", self.user_info)
        };
        let slashes = if self.authority { "//" } else { "" };
        let host = if self.authority {
            self.host_and_port()
        } else {
            String::new()
        };
        format!("{}:{slashes}{user}{host}", self.scheme)
    }

    /// `AbsoluteUri`.
    pub(super) fn printed(&self) -> String {
        format!(
            "{}{}{}{}",
            self.origin(),
            self.path,
            self.query,
            self.fragment
        )
    }
}

/// What is before `mark`, and the rest with it.
pub(super) fn cut(text: &str, mark: char) -> (&str, &str) {
    text.find(mark)
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""))
}

/// Letters, digits, `-` and `_` in labels, or an address in four decimal parts. Other ways to write
/// an address in numbers are refused, so that nobody takes one for a name.
fn host_kind(host: &str, may_be_empty: bool) -> Option<HostKind> {
    if host.is_empty() {
        return may_be_empty.then_some(HostKind::None);
    }
    if host.parse::<Ipv4Addr>().is_ok() {
        return Some(HostKind::V4);
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let labels_fit = name.split('.').all(|label| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    });
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (labels_fit && !numeric).then_some(HostKind::Dns)
}

/// `Uri.CheckHostName` for names and addresses without brackets.
pub(super) fn check_host(host: &str) -> HostKind {
    if host.parse::<Ipv6Addr>().is_ok() {
        return HostKind::V6;
    }
    host_kind(host, false).unwrap_or(HostKind::None)
}

/// Takes `.` and `..` out of a path (RFC 3986 section 5.2.4).
pub(super) fn remove_dots(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut segments = path.split('/').peekable();
    let rooted = path.starts_with('/');
    if rooted {
        segments.next();
    }
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    out.pop();
                }
                if last {
                    out.push("");
                }
            }
            segment => out.push(segment),
        }
    }
    let joined = out.join("/");
    if rooted { format!("/{joined}") } else { joined }
}
