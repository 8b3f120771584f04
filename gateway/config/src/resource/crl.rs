//! `crls/{id}`: certificate revocation lists.

use std::sync::Arc;

/// An uploaded CRL.
#[derive(Debug, Clone)]
pub struct Crl {
    /// DER encoding.
    pub der: Arc<[u8]>,
    /// What it says about itself.
    pub facts: Arc<gateway_tls::crl::Crl>,
}
