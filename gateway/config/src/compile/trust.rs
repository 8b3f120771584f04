//! The CA list and the CRLs: who is trusted.

use std::sync::Arc;

use gateway_tls::trust::{TrustBundle, TrustSpec};

use super::{Compilation, Problems};
use crate::resource::service::CaStore;
use crate::resource::{Body, Kind, ResourcePath};

impl Compilation<'_> {
    /// The trust bundle. One that cannot be built trusts nobody; the error is that not even that can
    /// be built.
    pub(super) fn trust(&mut self) -> Result<Arc<TrustBundle>, Problems> {
        if let Some(previous) = self.previous
            && !self.touches(Kind::Service)
            && !self.touches(Kind::Crl)
        {
            return Ok(Arc::clone(&previous.trust));
        }
        let mut spec = TrustSpec::default();
        if let Some(Body::Service(service)) = self
            .resources
            .body(&ResourcePath::service())
            .map(|body| &**body)
        {
            for ca in &service.certificates {
                let store = match ca.store {
                    CaStore::Root => &mut spec.roots,
                    CaStore::CertificateAuthority => &mut spec.intermediates,
                };
                store.push(Arc::clone(&ca.facts.der));
            }
        }
        for path in self.resources.iter_kind(Kind::Crl) {
            if let Some(Body::Crl(crl)) = self.resources.body(path).map(|body| &**body) {
                spec.crls.push(Arc::clone(&crl.der));
            }
        }
        match TrustBundle::build(&spec) {
            Ok(bundle) => Ok(Arc::new(bundle)),
            Err(error) => {
                let path = ResourcePath::service();
                self.problem(&path, "certificates", error.to_string());
                TrustBundle::empty()
                    .map(Arc::new)
                    .map_err(|_| std::mem::take(&mut self.problems))
            }
        }
    }

    /// Roots that backends' certificates may lead to, besides the system's.
    pub(super) fn backend_roots(&self) -> Arc<[Arc<[u8]>]> {
        if let Some(previous) = self.previous
            && !self.touches(Kind::Service)
        {
            return Arc::clone(&previous.backend_roots);
        }
        match self
            .resources
            .body(&ResourcePath::service())
            .map(|body| &**body)
        {
            Some(Body::Service(service)) => service
                .certificates
                .iter()
                .filter(|ca| ca.store == CaStore::Root)
                .map(|ca| Arc::clone(&ca.facts.der))
                .collect(),
            _ => Arc::from([]),
        }
    }
}
