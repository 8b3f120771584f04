//! Host configurations: which TLS context, and which rules, a name stands for.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_tls::accept::{HostSelector, Selection};
use gateway_tls::host::{ClientCertificateMode, HostContext};

use crate::snapshot::Published;

/// One host name, exact or `*.example.com`, with its TLS context.
#[derive(Debug)]
pub struct HostConfiguration {
    /// The configured name, lower case. Two configurations are the same host exactly when their
    /// keys are equal (DESIGN decision 6: configurations are compared, not names that clients send).
    pub key: Arc<str>,
    /// The TLS context; `None` if the stored one could not be built: handshakes are refused.
    pub context: Option<Arc<HostContext>>,
    /// Whether clients are asked for a certificate.
    pub mode: ClientCertificateMode,
    /// Whether it serves clients without SNI.
    pub is_default: bool,
}

/// What to do with a name that no configuration matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownName {
    /// The default host serves it.
    Default,
    /// The handshake is refused with `unrecognized_name` (RFC 6066 section 3).
    Refuse,
}

/// All host configurations of a revision.
#[derive(Debug)]
pub struct HostTable {
    exact: HashMap<Arc<str>, Arc<HostConfiguration>>,
    /// By the part after `*`, e.g. `.example.com`; a wildcard stands for exactly one label
    /// (RFC 9525 section 6.3).
    wildcard: HashMap<Arc<str>, Arc<HostConfiguration>>,
    default: Option<Arc<HostConfiguration>>,
    unknown: UnknownName,
}

impl HostTable {
    /// A table of `hosts`. The first one marked default serves clients without SNI; if there is one
    /// host only, it does.
    #[must_use]
    pub fn new(hosts: Vec<Arc<HostConfiguration>>, unknown: UnknownName) -> Self {
        let only = (hosts.len() == 1).then(|| hosts.first().cloned()).flatten();
        let default = hosts.iter().find(|host| host.is_default).cloned().or(only);
        let mut exact = HashMap::new();
        let mut wildcard = HashMap::new();
        for host in hosts {
            match host.key.strip_prefix('*') {
                Some(suffix) => wildcard.insert(Arc::from(suffix), host),
                None => exact.insert(Arc::clone(&host.key), host),
            };
        }
        Self {
            exact,
            wildcard,
            default,
            unknown,
        }
    }

    /// Whether nothing can be served: an empty store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcard.is_empty()
    }

    /// All configurations, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<HostConfiguration>> {
        self.exact.values().chain(self.wildcard.values())
    }

    /// The configuration for the host part of a request's authority: exact, wildcard, else the
    /// default one (`None` if names that are not configured are refused). Case and one trailing dot
    /// do not matter; a port must have been taken off.
    #[must_use]
    pub fn resolve(&self, host: &str) -> Option<&Arc<HostConfiguration>> {
        let trimmed = host.strip_suffix('.').unwrap_or(host);
        let lowered;
        let name = if trimmed.bytes().any(|b| b.is_ascii_uppercase()) {
            lowered = trimmed.to_ascii_lowercase();
            lowered.as_str()
        } else {
            trimmed
        };
        if let Some(found) = self.find(name) {
            return Some(found);
        }
        let default = self.default.as_ref()?;
        // An address is never a server name (RFC 6066 section 3): such clients send none and are on
        // the default host, whatever is done with unknown names.
        let is_address = name.parse::<std::net::Ipv4Addr>().is_ok() || name.starts_with('[');
        (self.unknown == UnknownName::Default || is_address).then_some(default)
    }

    fn find(&self, name: &str) -> Option<&Arc<HostConfiguration>> {
        self.exact.get(name).or_else(|| {
            let (label, rest) = name.split_at_checked(name.find('.')?)?;
            if label.is_empty() {
                None
            } else {
                self.wildcard.get(rest)
            }
        })
    }

    /// The configuration for a ClientHello with this (already strictly parsed) server name.
    #[must_use]
    pub fn select(&self, server_name: Option<&str>) -> Selection {
        let found = match server_name {
            None => self.default.as_ref(),
            Some(name) => match (self.find(name), self.unknown) {
                (Some(host), _) => Some(host),
                (None, UnknownName::Default) => self.default.as_ref(),
                (None, UnknownName::Refuse) => return Selection::Unrecognized,
            },
        };
        match found.map(|host| host.context.as_ref()) {
            Some(Some(context)) => Selection::Host(Arc::clone(context)),
            Some(None) => Selection::Unavailable,
            None if self.is_empty() => Selection::Unavailable,
            None => Selection::Unrecognized,
        }
    }
}

impl HostSelector for Published {
    fn select(&self, server_name: Option<&str>) -> Selection {
        self.with(|snapshot| snapshot.hosts.select(server_name))
    }
}
