//! Where a request goes, and with what credentials.

use std::fmt;
use std::sync::Arc;

use gateway_tls::connect::ConnectorContext;
use gateway_tls::digest::sha256;
use gateway_tls::key_material::KeyMaterial;

/// Backends of a revision, by lower-case resource name.
pub type BackendTable = imbl::HashMap<Arc<str>, Arc<Upstream>>;

/// An address to forward to, with everything that is sent along.
#[derive(Clone)]
pub struct Upstream {
    /// Backend resource, if it is one.
    pub backend_id: Option<Arc<str>>,
    /// Host name or address, without port.
    pub host: Arc<str>,
    /// Port.
    pub port: u16,
    /// Path that the request's path is appended to, without a trailing slash.
    pub base_path: Arc<str>,
    /// Query parameters of the URL itself, without `?`; may be empty.
    pub base_query: Arc<str>,
    /// Headers set on each request.
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Query parameters added to each request, percent-encoded.
    pub query: Vec<(Arc<str>, Arc<str>)>,
    /// TLS, unless the scheme is `http`.
    pub tls: Option<Arc<UpstreamTls>>,
}

impl fmt::Debug for Upstream {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upstream({}:{})", self.host, self.port)
    }
}

/// How connections to an upstream are secured.
///
/// Two requests may share a connection exactly when their `key`s are equal: the same roots, the same
/// checks, the same client certificate. After a rotation the key differs, so the next request opens
/// a connection with the new certificate.
#[derive(Debug, Clone)]
pub struct UpstreamTls {
    key: [u8; 32],
    roots: Arc<[Arc<[u8]>]>,
    validate_chain: bool,
    validate_name: bool,
    client: Option<Arc<KeyMaterial>>,
}

impl UpstreamTls {
    /// Settings for one upstream.
    #[must_use]
    pub fn new(
        roots: Arc<[Arc<[u8]>]>,
        validate_chain: bool,
        validate_name: bool,
        client: Option<Arc<KeyMaterial>>,
    ) -> Self {
        let mut text = vec![u8::from(validate_chain), u8::from(validate_name)];
        for root in roots.iter() {
            text.extend_from_slice(&sha256(root));
        }
        text.push(u8::from(client.is_some()));
        if let Some(client) = &client {
            text.extend_from_slice(&client.facts().sha256);
        }
        Self {
            key: sha256(&text),
            roots,
            validate_chain,
            validate_name,
            client,
        }
    }

    /// The same upstream with another client certificate.
    #[must_use]
    pub fn with_client(&self, client: Option<Arc<KeyMaterial>>) -> Self {
        Self::new(
            Arc::clone(&self.roots),
            self.validate_chain,
            self.validate_name,
            client,
        )
    }

    /// What decides whether a connection may be shared.
    #[must_use]
    pub const fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// SHA-1 thumbprint of the client certificate, upper case, for records.
    #[must_use]
    pub fn client_thumbprint(&self) -> Option<String> {
        let client = self.client.as_ref()?;
        Some(gateway_tls::digest::upper_hex(&client.facts().sha1))
    }

    /// Builds the OpenSSL context; costs up to a millisecond, so callers keep it by `key`.
    ///
    /// # Errors
    /// If a root or the client's key is refused by OpenSSL.
    pub fn connector(&self) -> Result<ConnectorContext, gateway_tls::connect::ConnectorError> {
        ConnectorContext::build(&gateway_tls::connect::ConnectorSettings {
            client: self.client.clone(),
            system_roots: true,
            roots: self.roots.to_vec(),
            verify_chain: self.validate_chain,
            verify_name: self.validate_name,
        })
    }
}

/// Why a request has nowhere to go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// The API has no service URL and no policy chose a backend.
    #[error("the API has no service URL and no policy set a backend")]
    NoService,
    /// A policy named a backend that does not exist.
    #[error("backend `{0}` does not exist")]
    UnknownBackend(String),
    /// A policy named a certificate that does not exist.
    #[error("certificate `{0}` does not exist")]
    UnknownCertificate(String),
    /// The certificate a policy named was uploaded without its private key.
    #[error("certificate `{0}` has no private key")]
    NoPrivateKey(String),
    /// A URL that a policy computed cannot be used.
    #[error("`{0}` is not a backend URL")]
    BadUrl(String),
}

/// A parsed backend URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendUrl {
    /// Whether the scheme is `https`.
    pub is_tls: bool,
    /// Host without port; an IPv6 address without brackets.
    pub host: Arc<str>,
    /// Port, explicit or the scheme's.
    pub port: u16,
    /// Path without a trailing slash; empty for the root.
    pub path: Arc<str>,
    /// Query without `?`.
    pub query: Arc<str>,
}

impl BackendUrl {
    /// Parses an absolute `http` or `https` URL.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: http::Uri = text.trim().parse().map_err(|error| format!("{error}"))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(other) => return Err(format!("scheme `{other}` is not `http` or `https`")),
            None => return Err("it must begin with `http://` or `https://`".to_owned()),
        };
        let authority = uri.authority().ok_or("it has no host")?;
        if authority.as_str().contains('@') {
            return Err("credentials belong in `credentials`, not in the URL".to_owned());
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        if host.is_empty() {
            return Err("it has no host".to_owned());
        }
        Ok(Self {
            is_tls,
            host: Arc::from(host),
            port: authority
                .port_u16()
                .unwrap_or(if is_tls { 443 } else { 80 }),
            path: Arc::from(uri.path().trim_end_matches('/')),
            query: Arc::from(uri.query().unwrap_or("")),
        })
    }

    /// The URL as policies see it.
    #[must_use]
    pub fn to_policy_url(&self) -> gateway_policy::context::Url {
        gateway_policy::context::Url {
            scheme: Arc::from(if self.is_tls { "https" } else { "http" }),
            host: Arc::clone(&self.host),
            port: self.port,
            path: if self.path.is_empty() {
                "/".to_owned()
            } else {
                self.path.to_string()
            },
            query: self.query.to_string(),
        }
    }
}
