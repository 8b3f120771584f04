//! What an administrator should know about a certificate that is to be shown by a server (or to a backend)
//! before it is used. Facts only: whoever asks decides which of them refuse and which warn.

use std::fmt;
use std::net::IpAddr;

use crate::certificate::{CertificateFacts, KeyUsage};

/// One thing that is wrong, or soon will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Its validity has ended.
    Expired {
        /// When, Unix seconds.
        not_after: i64,
    },
    /// Its validity has not begun.
    NotYetValid {
        /// When it will, Unix seconds.
        not_before: i64,
    },
    /// Its validity ends soon.
    ExpiresSoon {
        /// When, Unix seconds.
        not_after: i64,
        /// Whole days left.
        days: i64,
    },
    /// Extended key usage is there and does not allow the use.
    UsageNotAllowed {
        /// `serverAuth` or `clientAuth`.
        usage: &'static str,
    },
    /// Key usage is there without `digitalSignature`, which TLS 1.3 and every ECDHE suite need.
    NoDigitalSignature,
    /// It is a certification authority's.
    IsAuthority,
    /// X.509 version 1 or 2: no extensions, refused by most clients as a server certificate.
    OldVersion {
        /// The version.
        version: u32,
    },
    /// No subject alternative name covers the host name.
    NameNotCovered {
        /// The host name.
        host: String,
    },
}

/// For what a certificate is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role<'a> {
    /// Shown by a server under this host name (or `*.` pattern).
    Server {
        /// The host name; `None` for a default host.
        host: Option<&'a str>,
    },
    /// Shown to a backend.
    Client,
}

/// Days before the end at which a certificate counts as expiring soon.
pub const SOON_DAYS: i64 = 30;

const DAY: i64 = 86_400;

/// Looks for everything that is wrong, worst first.
#[must_use]
pub fn examine(facts: &CertificateFacts, role: Role<'_>, now_unix: i64) -> Vec<Finding> {
    let mut findings = Vec::new();
    dates(facts, now_unix, &mut findings);
    let (usage, oid) = match role {
        Role::Server { .. } => ("serverAuth", "1.3.6.1.5.5.7.3.1"),
        Role::Client => ("clientAuth", "1.3.6.1.5.5.7.3.2"),
    };
    const ANY_USAGE: &str = "2.5.29.37.0";
    let allowed = facts.extended_key_usage.as_ref().is_none_or(|usages| {
        usages
            .iter()
            .any(|usage| usage == oid || usage == ANY_USAGE)
    });
    if !allowed {
        findings.push(Finding::UsageNotAllowed { usage });
    }
    if facts
        .key_usage
        .is_some_and(|usage| !usage.contains(KeyUsage::DIGITAL_SIGNATURE))
    {
        findings.push(Finding::NoDigitalSignature);
    }
    if facts.is_ca {
        findings.push(Finding::IsAuthority);
    }
    if facts.version < 3 {
        findings.push(Finding::OldVersion {
            version: facts.version,
        });
    }
    if let Role::Server { host: Some(host) } = role
        && !covers(facts, host)
    {
        findings.push(Finding::NameNotCovered {
            host: host.to_owned(),
        });
    }
    findings
}

fn dates(facts: &CertificateFacts, now_unix: i64, findings: &mut Vec<Finding>) {
    let left = facts.not_after.saturating_sub(now_unix);
    if left <= 0 {
        findings.push(Finding::Expired {
            not_after: facts.not_after,
        });
    } else if now_unix < facts.not_before {
        findings.push(Finding::NotYetValid {
            not_before: facts.not_before,
        });
    } else if left < SOON_DAYS * DAY {
        findings.push(Finding::ExpiresSoon {
            not_after: facts.not_after,
            days: left / DAY,
        });
    }
}

/// RFC 9525, 6: subject alternative names only; `*` stands for exactly the leftmost label. A host pattern
/// `*.example.com` is covered by the same pattern.
#[must_use]
pub fn covers(facts: &CertificateFacts, host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        return facts.ip_addresses.contains(&bytes);
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    facts.dns_names.iter().any(|name| {
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.eq_ignore_ascii_case(host) {
            return true;
        }
        match (name.strip_prefix("*."), host.split_once('.')) {
            (Some(parent), Some((label, rest))) => {
                !label.is_empty() && label != "*" && parent.eq_ignore_ascii_case(rest)
            }
            _ => false,
        }
    })
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { .. } => f.write_str("the certificate has expired"),
            Self::NotYetValid { .. } => f.write_str("the certificate is not valid yet"),
            Self::ExpiresSoon { days, .. } => write!(f, "the certificate expires in {days} days"),
            Self::UsageNotAllowed { usage } => {
                write!(
                    f,
                    "the certificate's extended key usage does not allow {usage}"
                )
            }
            Self::NoDigitalSignature => {
                f.write_str("the certificate's key usage does not allow digital signatures")
            }
            Self::IsAuthority => f.write_str("the certificate is a certification authority's"),
            Self::OldVersion { version } => {
                write!(
                    f,
                    "the certificate is X.509 version {version}; most clients refuse it"
                )
            }
            Self::NameNotCovered { host } => {
                write!(
                    f,
                    "no subject alternative name of the certificate covers `{host}`"
                )
            }
        }
    }
}
