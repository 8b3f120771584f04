//! `certificates/{id}`: a certificate that policies and backends use, with or without its key.

use std::sync::Arc;

use gateway_tls::certificate::CertificateFacts;
use gateway_tls::key_material::KeyMaterial;

/// An uploaded certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub facts: Arc<CertificateFacts>,
    /// Key and chain, if a PFX with a key was uploaded.
    pub material: Option<Arc<KeyMaterial>>,
}
