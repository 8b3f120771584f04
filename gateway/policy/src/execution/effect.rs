//! What a program asks its caller to do.

use std::sync::Arc;
use std::time::Duration;

use crate::context::Url;

/// Something only the caller can do. The execution goes on when it is told the outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send the request; then `provide_response` or `fail`.
    Forward(Forward),
    /// Read the request's body into memory; then `provide_body` or `fail`.
    RequestBody,
    /// Read the response's body into memory; then `provide_body` or `fail`.
    ResponseBody,
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
