//! What a program asks its caller to do.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::context::Url;
use crate::host::UnixNanos;

use super::cached::Cached;

/// Tells the effects of one execution apart. Never used twice in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EffectId(pub(super) u32);

/// Something only the caller can do. Its outcome comes back with
/// [`Execution::provide`](super::Execution::provide): the answer that each variant names, or
/// [`Answer::Failed`](super::Answer::Failed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send the request; [`Answer::Response`](super::Answer::Response).
    Forward(Forward),
    /// Read the request's body into memory; [`Answer::Body`](super::Answer::Body).
    RequestBody,
    /// Read the response's body into memory; [`Answer::Body`](super::Answer::Body).
    ResponseBody,
    /// Send a request of the policy's own. Awaited: [`Answer::Response`](super::Answer::Response)
    /// with its whole body in memory. Not awaited: [`Answer::Done`](super::Answer::Done) as soon as it
    /// is taken on; it goes on when the execution has ended.
    Send(Box<SendRequest>),
    /// Let time pass; [`Answer::Done`](super::Answer::Done).
    Sleep(Duration),
    /// Look a value up; [`Answer::Cached`](super::Answer::Cached).
    CacheGet(CacheGet),
    /// Keep a value; [`Answer::Done`](super::Answer::Done).
    CachePut(CachePut),
    /// Forget a value; [`Answer::Done`](super::Answer::Done), whether it was there or not.
    CacheRemove(CacheGet),
    /// Count calls or bytes against a limit; [`Answer::Counted`](super::Answer::Counted).
    Count(Count),
    /// Enter a place that admits so many requests at a time;
    /// [`Answer::Permit`](super::Answer::Permit), or a failure of kind
    /// [`FailureKind::Limit`](super::FailureKind::Limit) at once if it is full.
    Acquire(Acquire),
    /// Say what an OpenID provider publishes; [`Answer::Provider`](super::Answer::Provider).
    Provider(Box<ProviderRequest>),
    /// Get a token that says who this gateway is; [`Answer::Token`](super::Answer::Token).
    Token(TokenRequest),
}

/// Names an OpenID provider. What it publishes is kept for all requests; the caller decides for how
/// long, and which places it may be fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRequest {
    /// Where its discovery document is.
    pub document: ProviderDocument,
    /// Whether what is known lacks a key that a token names: it is fetched anew, unless that was done
    /// a short time ago.
    pub anew: bool,
}

/// Where a discovery document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderDocument {
    /// At this URL.
    At(Url),
    /// At this path below the configured address of Microsoft Entra ID.
    Entra(Arc<str>),
}

/// What an access token of the gateway's own identity is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenRequest {
    /// The application that it will be shown to.
    pub resource: Arc<str>,
    /// Which of several identities; `None` for the machine's own.
    pub client_id: Option<Arc<str>>,
}

/// How to send the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Where to.
    pub target: Target,
    /// The gateway's own certificate for this backend, if a policy chose one.
    pub client_certificate: Option<CertificateChoice>,
    /// How long the head of the response may take.
    pub timeout: Duration,
    /// Whether redirects are followed. Always `false` today: `true` is refused when it is saved.
    pub follow_redirects: bool,
    /// Whether the response may be held back in pieces of up to 8 KiB.
    pub buffer_response: bool,
    /// Whether a status of 400 or above counts as a failure. The execution decides this itself when
    /// it is given the response.
    pub fail_on_error_status_code: bool,
}

impl Forward {
    /// How long a backend may take by default.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Target {
    /// The `serviceUrl` of the API.
    #[default]
    ServiceUrl,
    /// A base URL; the request's path and query are appended.
    BaseUrl(Url),
    /// A backend resource by id.
    Backend(Arc<str>),
}

/// A certificate with private key among the uploaded ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateChoice {
    /// By resource id.
    Id(Arc<str>),
    /// By upper-case hexadecimal SHA-1 thumbprint.
    Thumbprint(Arc<str>),
}

/// A request that is not the client's: of `send-request`, or of a policy that fetches something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRequest {
    /// Method.
    pub method: Method,
    /// Whole URL; path and query are percent-encoded.
    pub url: Url,
    /// Headers; `Host` only if it differs from the URL's. Framing is the caller's business.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Bytes,
    /// How long the whole exchange may take, the response's body included.
    pub timeout: Duration,
    /// The gateway's own certificate for this server, if there is one.
    pub client_certificate: Option<CertificateChoice>,
    /// The HTTP proxy on the way, if there is one.
    pub proxy: Option<Proxy>,
    /// Whether the response is waited for.
    pub awaited: bool,
}

impl SendRequest {
    /// How long a request of a policy's own may take by default.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// A `GET` without headers that is waited for.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: Self::DEFAULT_TIMEOUT,
            client_certificate: None,
            proxy: None,
            awaited: true,
        }
    }
}

/// An HTTP proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its URL.
    pub url: Url,
    /// User name and password.
    pub credentials: Option<(Arc<str>, Arc<str>)>,
}

impl std::fmt::Debug for Proxy {
    /// Without the credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Which cache a policy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CachingType {
    /// The external one if one is configured, else the internal one.
    #[default]
    PreferExternal,
    /// The external one.
    External,
    /// The one of this gateway.
    Internal,
}

/// Names a cached value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheGet {
    /// Key. What the gateway stores for itself begins with a control character, which keeps it apart
    /// from keys that documents compute.
    pub key: Arc<str>,
    /// Which cache.
    pub caching: CachingType,
}

/// A value to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePut {
    /// Key, as in [`CacheGet`].
    pub key: Arc<str>,
    /// Value.
    pub value: Cached,
    /// How long it may be used.
    pub duration: Duration,
    /// Which cache.
    pub caching: CachingType,
}

/// A number to be added to a counter, if its limit allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Key of the counter; counters of different windows are different counters.
    pub key: Arc<str>,
    /// What tells the policy that counts from the others: no client chooses it. A counter that does
    /// not exist yet takes room from the share of this place; places with the same key still share
    /// the counter.
    pub place: u64,
    /// The time over which it is counted.
    pub window: Window,
    /// How many there may be.
    pub limit: u64,
    /// How many to add. 0 only asks whether there is room for one.
    pub add: u64,
    /// Whether nothing is added when the limit does not allow all of it. Otherwise it is added in
    /// any case, and the limit shows at the next request.
    pub only_if_allowed: bool,
    /// Whether the caller adds the bytes of this exchange's bodies, request and response, when it has
    /// ended.
    pub meters: bool,
}

/// The time over which calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// The last so many seconds.
    Sliding(u32),
    /// Periods of so many seconds, one after the other.
    Fixed {
        /// When one of the periods began or begins.
        start: UnixNanos,
        /// Length; `None` for a period without end.
        seconds: Option<u64>,
    },
}

/// A place with room for so many requests at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acquire {
    /// Its name.
    pub key: Arc<str>,
    /// How many it admits.
    pub max: u32,
}
