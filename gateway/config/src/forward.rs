//! From what a program asked for to where its request goes.

use std::sync::Arc;

use gateway_policy::execution::{CertificateChoice, Forward, Target};
use gateway_tls::key_material::KeyMaterial;

use crate::material::UploadedCertificate;
use crate::route::RoutedApi;
use crate::snapshot::Snapshot;
use crate::upstream::{BackendUrl, Upstream, UpstreamError, UpstreamTls};

impl Snapshot {
    /// Where a request for `api` goes, and with which certificate.
    ///
    /// A certificate that a policy chose replaces the backend entity's own.
    ///
    /// # Errors
    /// [`UpstreamError`] if what the policy named does not exist or cannot be used. Nothing is sent
    /// then: a request without the certificate it was meant to carry must not leave.
    pub fn upstream(
        &self,
        api: &RoutedApi,
        forward: &Forward,
    ) -> Result<Arc<Upstream>, UpstreamError> {
        let upstream = match &forward.target {
            Target::ServiceUrl => api
                .service
                .as_ref()
                .map(Arc::clone)
                .ok_or(UpstreamError::NoService)?,
            Target::Backend(id) => self
                .backends
                .get(id.to_ascii_lowercase().as_str())
                .map(Arc::clone)
                .ok_or_else(|| UpstreamError::UnknownBackend(id.to_string()))?,
            Target::BaseUrl(url) => Arc::new(self.computed_upstream(url)?),
        };
        match &forward.client_certificate {
            None => Ok(upstream),
            Some(choice) => self.with_certificate(&upstream, choice),
        }
    }

    /// How to reach the server of a request that a policy sends itself: over TLS it is verified
    /// against the system's roots and this snapshot's.
    ///
    /// # Errors
    /// As [`Snapshot::upstream`].
    pub fn upstream_of(
        &self,
        url: &gateway_policy::context::Url,
        certificate: Option<&CertificateChoice>,
    ) -> Result<Arc<Upstream>, UpstreamError> {
        let upstream = self.computed_upstream(url)?;
        match certificate {
            None => Ok(Arc::new(upstream)),
            Some(choice) => self.with_certificate(&upstream, choice),
        }
    }

    fn with_certificate(
        &self,
        upstream: &Upstream,
        choice: &CertificateChoice,
    ) -> Result<Arc<Upstream>, UpstreamError> {
        let material = self.key_material(choice)?;
        // Over plain HTTP there is nobody to show it to, as in APIM.
        let tls = upstream
            .tls
            .as_ref()
            .map(|tls| Arc::new(tls.with_client(Some(Arc::clone(&material)))));
        Ok(Arc::new(Upstream {
            tls,
            ..upstream.clone()
        }))
    }

    fn key_material(&self, choice: &CertificateChoice) -> Result<Arc<KeyMaterial>, UpstreamError> {
        let (name, found): (&Arc<str>, Option<&Arc<UploadedCertificate>>) = match choice {
            CertificateChoice::Id(id) => (id, self.certificates.by_id(id)),
            CertificateChoice::Thumbprint(hash) => (hash, self.certificates.by_thumbprint(hash)),
        };
        let found = found.ok_or_else(|| UpstreamError::UnknownCertificate(name.to_string()))?;
        found
            .material
            .clone()
            .ok_or_else(|| UpstreamError::NoPrivateKey(name.to_string()))
    }

    fn computed_upstream(
        &self,
        url: &gateway_policy::context::Url,
    ) -> Result<Upstream, UpstreamError> {
        let host = if url.host.contains(':') {
            format!("[{}]", url.host)
        } else {
            url.host.to_string()
        };
        let query = if url.query.is_empty() {
            String::new()
        } else {
            format!("?{}", url.query)
        };
        let text = format!("{}://{host}:{}{}{query}", url.scheme, url.port, url.path);
        let parsed = BackendUrl::parse(&text).map_err(|_| UpstreamError::BadUrl(text))?;
        let tls = parsed.is_tls.then(|| {
            Arc::new(UpstreamTls::new(
                Arc::clone(&self.backend_roots),
                true,
                true,
                None,
            ))
        });
        Ok(Upstream {
            backend_id: None,
            host: parsed.host,
            port: parsed.port,
            base_path: parsed.path,
            base_query: parsed.query,
            headers: Vec::new(),
            query: Vec::new(),
            tls,
        })
    }
}
