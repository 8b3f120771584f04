//! `backends/{id}`: where requests go, and with what credentials.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// A backend.
#[derive(Clone)]
pub struct Backend {
    /// Base URL, `http` or `https`.
    pub url: Arc<str>,
    /// Whether the server's chain must lead to a trusted root (`tls.validateCertificateChain`).
    pub validate_chain: bool,
    /// Whether the server's certificate must be for the URL's host (`tls.validateCertificateName`).
    pub validate_name: bool,
    /// Names of `certificates` resources (last segment of the ARM ids in `credentials.certificateIds`,
    /// and any `credentials.certificate` entry that is such a name).
    pub certificate_ids: Vec<Arc<str>>,
    /// Thumbprints in `credentials.certificate`, upper case.
    pub certificate_thumbprints: Vec<Arc<str>>,
    /// Headers added to each request.
    pub headers: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// Query parameters added to each request.
    pub query: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// `Authorization` scheme and parameter.
    pub authorization: Option<(Arc<str>, Arc<str>)>,
    /// The properties as the client sent them, to be read back.
    pub properties: Value,
}

impl fmt::Debug for Backend {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("url", &self.url).finish_non_exhaustive()
    }
}
