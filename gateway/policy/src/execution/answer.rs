//! What the caller reports about an effect.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::context::Response;
use crate::openid::Provider;

use super::Failure;
use super::cached::Cached;

/// The outcome of an effect.
#[derive(Debug)]
pub enum Answer {
    /// The response. To a forwarded request its body may be streaming; to a sent one it is in memory.
    Response(Response),
    /// The whole body; empty if there is none.
    Body(Bytes),
    /// It has been done.
    Done,
    /// What the cache has under the key.
    Cached(Option<Cached>),
    /// Where the counter stands.
    Counted(Counted),
    /// Entrance, until it is dropped.
    Permit(Permit),
    /// What the provider publishes.
    Provider(Arc<Provider>),
    /// The token.
    Token(AccessToken),
    /// It could not be done.
    Failed(EffectFailure),
}

impl Answer {
    /// The failure; an answer of another kind than the effect asked for is one too.
    pub(crate) fn into_failure(self) -> Box<Failure> {
        Box::new(match self {
            Self::Failed(failure) => Failure::of_effect(failure),
            _ => Failure::internal(
                "InternalError",
                "An effect was answered with something else than it asked for.",
            ),
        })
    }
}

/// Why an effect could not be done.
#[derive(Debug)]
pub struct EffectFailure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// For operators, never for clients.
    pub message: Cow<'static, str>,
}

/// Kinds of failures of effects. [`Failure::of_effect`] says what `context.LastError` has for each.
#[derive(Debug)]
pub enum FailureKind {
    /// It took too long.
    Timeout,
    /// No name, no address, no connection; or it broke.
    Connection,
    /// The TLS handshake failed, or the server's certificate is not trusted.
    Tls,
    /// A response is larger than what may be held in memory.
    TooLarge,
    /// A limit does not allow it now.
    Limit,
    /// What the policy named does not exist or cannot be used: a certificate, a URL.
    Configuration,
    /// The cache or counter did not do what it should.
    Storage,
    /// The caller has judged it as a failure of the request itself: the client's or the backend's.
    Judged(Box<Failure>),
}

impl EffectFailure {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl From<Failure> for EffectFailure {
    fn from(failure: Failure) -> Self {
        Self {
            message: failure.message.clone(),
            kind: FailureKind::Judged(Box::new(failure)),
        }
    }
}

/// Where a counter stands after a [`Count`](super::Count).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Whether the limit allowed it.
    pub allowed: bool,
    /// How many more it allows now.
    pub remaining: u64,
    /// How long until it may allow more; `Duration::MAX` if never.
    pub retry_after: Duration,
}

/// Entrance to a limited place, for as long as it is not dropped.
///
/// The caller puts a guard into it that gives the entrance back when it is dropped. The execution
/// drops it at the end of the block, on any failure and any answer, and when it is itself dropped
/// because the client went away: there is no way past.
pub struct Permit(#[expect(dead_code, reason = "it is there to be dropped")] Box<dyn Any>);

impl Permit {
    /// An entrance that `guard` gives back when it is dropped.
    #[must_use]
    pub fn new(guard: impl Any) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// A bearer token. Whoever has it is the gateway, so that it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(pub Arc<str>);

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken")
    }
}
