//! What a peer presented: its certificates in order, and one key that stands for all of them.

use std::fmt;
use std::sync::Arc;

use moka::sync::Cache;
use openssl::sha::Sha256;

use crate::digest;

/// Most certificates of one presented chain that a ticket can bring back. Longer chains work, without
/// resumption.
pub const MAX_RESUMABLE_INTERMEDIATES: usize = 10;

/// SHA-256 over (length ‖ DER) of every presented certificate in order.
///
/// A leaf's thumbprint alone would not do: whoever sends somebody else's public leaf without its
/// intermediates would decide what is remembered about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainKey(pub [u8; 32]);

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&digest::upper_hex(&self.0))
    }
}

/// Certificates as a peer presented them, leaf first, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedChain {
    certificates: Arc<[Arc<[u8]>]>,
    key: ChainKey,
}

impl PresentedChain {
    /// `None` without a certificate.
    #[must_use]
    pub fn new(certificates: Vec<Arc<[u8]>>) -> Option<Self> {
        if certificates.is_empty() {
            return None;
        }
        let mut hash = Sha256::new();
        for der in &certificates {
            hash.update(&(der.len() as u64).to_be_bytes());
            hash.update(der);
        }
        Some(Self {
            key: ChainKey(hash.finish()),
            certificates: certificates.into(),
        })
    }

    /// The certificates as DER, leaf first.
    #[must_use]
    pub fn certificates(&self) -> &Arc<[Arc<[u8]>]> {
        &self.certificates
    }

    /// The leaf as DER.
    #[must_use]
    pub fn leaf(&self) -> &[u8] {
        self.certificates.first().map_or(&[], |leaf| leaf)
    }

    /// Everything after the leaf.
    #[must_use]
    pub fn intermediates(&self) -> &[Arc<[u8]>] {
        self.certificates.get(1..).unwrap_or_default()
    }

    /// The key that stands for all of them.
    #[must_use]
    pub const fn key(&self) -> ChainKey {
        self.key
    }

    /// SHA-1 of the leaf.
    #[must_use]
    pub fn leaf_sha1(&self) -> [u8; 20] {
        digest::sha1(self.leaf())
    }
}

/// Intermediates seen, by SHA-256, so that a ticket needs to carry their digests only. Bounded in bytes;
/// what falls out costs a full handshake.
#[derive(Debug, Clone)]
pub struct IntermediateStore {
    by_digest: Cache<[u8; 32], Arc<[u8]>>,
}

impl IntermediateStore {
    /// Keeps at most about `max_bytes` of certificates.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        const OVERHEAD: usize = 128;
        Self {
            by_digest: Cache::builder()
                .max_capacity(max_bytes)
                .weigher(|_, der: &Arc<[u8]>| {
                    u32::try_from(der.len() + OVERHEAD).unwrap_or(u32::MAX)
                })
                .build(),
        }
    }

    /// The shared copy of an intermediate, kept from now on.
    pub fn intern(&self, der: &[u8]) -> Arc<[u8]> {
        self.by_digest
            .get_with(digest::sha256(der), || Arc::from(der))
    }

    /// The intermediate with this SHA-256, if it has been seen lately.
    #[must_use]
    pub fn get(&self, sha256: &[u8; 32]) -> Option<Arc<[u8]>> {
        self.by_digest.get(sha256)
    }
}
