//! The outcome of verification: evidence about trust, revocation and dates, kept apart.

use std::sync::Arc;

use thiserror::Error;

/// What a certificate is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A TLS client (extended key usage `clientAuth`, if the extension is there).
    Client,
    /// A TLS server (`serverAuth`).
    Server,
    /// Anything: extended key usage is not looked at.
    Any,
}

/// How a chain is judged, besides the trust bundle and the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The use it must allow.
    pub purpose: Purpose,
}

impl Profile {
    /// A TLS client's chain.
    pub const CLIENT: Self = Self {
        purpose: Purpose::Client,
    };
    /// A TLS server's chain.
    pub const SERVER: Self = Self {
        purpose: Purpose::Server,
    };
    /// A chain of any use.
    pub const ANY: Self = Self {
        purpose: Purpose::Any,
    };
}

/// Why a chain is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} (certificate {depth} of the chain)")]
pub struct Untrusted {
    /// OpenSSL's `X509_V_ERR_…`.
    pub code: i32,
    /// Which certificate of the path, the leaf being 0.
    pub depth: usize,
    /// What it means.
    pub message: String,
}

/// Why a revocation list does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CrlProblem {
    /// There is none from this issuer.
    Missing,
    /// Its `nextUpdate` has passed.
    Expired,
    /// Its `thisUpdate` is in the future.
    NotYetValid,
    /// The issuer on the path has not signed it.
    BadSignature,
    /// It does not cover this certificate, its issuer may not sign lists, or it has an extension that is
    /// not understood.
    Unusable,
    /// No path to a root was found, so that no list could be looked up.
    NotExamined,
}

impl CrlProblem {
    /// Words that fit after "the revocation list of … ".
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Missing => "is missing",
            Self::Expired => "has expired",
            Self::NotYetValid => "is not valid yet",
            Self::BadSignature => "is not signed by that issuer",
            Self::Unusable => "cannot be used",
            Self::NotExamined => "was not looked up, because no path to a trusted root was found",
        }
    }
}

/// What the revocation lists say about a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevocationStatus {
    /// Every certificate below the root was looked up in a current list of its issuer and is not on it.
    Good,
    /// A certificate of the path is on its issuer's list.
    Revoked {
        /// Serial number of the revoked certificate (contents of its DER `INTEGER`).
        serial: Vec<u8>,
        /// Its issuer's distinguished name.
        by_issuer: String,
        /// Which certificate of the path, the leaf being 0.
        depth: usize,
    },
    /// It cannot be said.
    Unknown {
        /// Distinguished name of the issuer whose list does not answer.
        missing: String,
        /// Why it does not.
        problem: CrlProblem,
    },
}

/// Where the time lies against the leaf's own validity. Not part of trust: policies judge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeafTime {
    /// Inside.
    Valid,
    /// Before `notBefore`.
    NotYetValid,
    /// At or after `notAfter`.
    Expired,
}

/// What an unknown revocation status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RevocationPolicy {
    /// Refused.
    #[default]
    Hard,
    /// Let through; a revoked certificate is refused.
    Soft,
    /// Revocation is not looked at.
    Off,
}

impl RevocationPolicy {
    /// The word used in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Off => "off",
        }
    }
}

/// The evidence about one chain, under one trust bundle and profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The path that was built, leaf first, root last; empty if none reached a root.
    pub path: Vec<Arc<[u8]>>,
    /// Whether the path leads to a trusted root by the rules of RFC 5280, the leaf's own dates aside.
    pub trust: Result<(), Untrusted>,
    /// What the revocation lists say.
    pub revocation: RevocationStatus,
    /// Where the time of the verdict lies in the leaf's validity.
    pub leaf_time: LeafTime,
    /// The verdict is the same from this time on, Unix seconds.
    pub holds_from: i64,
    /// The verdict must not be used at or after this time, Unix seconds: a date that it rests on passes.
    pub holds_until: i64,
}

/// Why mode `required` does not accept a chain, in the order in which reasons are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The leaf is not valid yet.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// The leaf has expired.
    #[error("the certificate has expired")]
    Expired,
    /// No trusted path.
    #[error("the certificate is not trusted: {0}")]
    NotTrusted(Untrusted),
    /// Revoked.
    #[error("the certificate, or one above it, was revoked by {by_issuer}")]
    Revoked {
        /// Distinguished name of the issuer that revoked it.
        by_issuer: String,
    },
    /// Revocation status unknown under [`RevocationPolicy::Hard`].
    #[error("the revocation status is unknown: the revocation list of {missing} {}", problem.describe())]
    RevocationUnknown {
        /// Distinguished name of the issuer whose list does not answer.
        missing: String,
        /// Why it does not.
        problem: CrlProblem,
    },
}

impl Verdict {
    /// Whether the verdict may be used at this time.
    #[must_use]
    pub const fn holds_at(&self, at_unix: i64) -> bool {
        self.holds_from <= at_unix && at_unix < self.holds_until
    }

    /// What mode `required` makes of it: dates, trust, revocation, in this order.
    ///
    /// # Errors
    /// The first reason to refuse.
    pub fn accept(&self, policy: RevocationPolicy) -> Result<(), Refusal> {
        match self.leaf_time {
            LeafTime::Valid => {}
            LeafTime::NotYetValid => return Err(Refusal::NotYetValid),
            LeafTime::Expired => return Err(Refusal::Expired),
        }
        self.trust.clone().map_err(Refusal::NotTrusted)?;
        match (&self.revocation, policy) {
            (_, RevocationPolicy::Off)
            | (RevocationStatus::Good, _)
            | (RevocationStatus::Unknown { .. }, RevocationPolicy::Soft) => Ok(()),
            (RevocationStatus::Revoked { by_issuer, .. }, _) => Err(Refusal::Revoked {
                by_issuer: by_issuer.clone(),
            }),
            (RevocationStatus::Unknown { missing, problem }, RevocationPolicy::Hard) => {
                Err(Refusal::RevocationUnknown {
                    missing: missing.clone(),
                    problem: *problem,
                })
            }
        }
    }

    /// Nothing is refused: what keeps a verdict out of the small cache of refusals.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.trust.is_ok()
            && matches!(
                self.revocation,
                RevocationStatus::Good | RevocationStatus::Unknown { .. }
            )
    }
}

impl Refusal {
    /// A short name for metrics and records.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::NotYetValid => "certificate_not_yet_valid",
            Self::Expired => "certificate_expired",
            Self::NotTrusted(_) => "certificate_not_trusted",
            Self::Revoked { .. } => "certificate_revoked",
            Self::RevocationUnknown { .. } => "revocation_unknown",
        }
    }
}
