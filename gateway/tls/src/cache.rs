//! The verified-certificate cache: verdicts by presented chain, trust bundle and profile.
//!
//! A hit saves the path building and signature checks of a chain, about a third of a handshake. It never
//! replaces the proof of the private key, and never crosses a date that the verdict rests on.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use crate::chain::{ChainKey, PresentedChain};
use crate::trust::{Profile, TrustBundle, Verdict};

/// How much is remembered, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Most accepted chains.
    pub accepted: u64,
    /// Most refused chains. Kept apart, so that a flood of strangers evicts no partner.
    pub refused: u64,
    /// Longest life of a refusal.
    pub refused_for: Duration,
    /// Longest time an accepted chain stays without being asked for.
    pub idle: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            accepted: 65_536,
            refused: 4_096,
            refused_for: Duration::from_secs(10),
            idle: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Hits and misses since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheCounters {
    /// Verdicts taken from the cache.
    pub hits: u64,
    /// Verdicts computed.
    pub misses: u64,
    /// Accepted chains remembered now.
    pub accepted: u64,
    /// Refused chains remembered now.
    pub refused: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    chain: ChainKey,
    trust: [u8; 32],
    profile: Profile,
}

#[derive(Clone)]
struct Entry {
    verdict: Arc<Verdict>,
    leaf_sha1: [u8; 20],
}

/// Remembered verdicts. Share one per process: entries of different trust bundles do not meet.
pub struct VerifiedChains {
    accepted: Cache<Key, Entry>,
    refused: Cache<Key, Entry>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl VerifiedChains {
    /// An empty cache.
    #[must_use]
    pub fn new(settings: CacheSettings) -> Self {
        Self {
            accepted: Cache::builder()
                .max_capacity(settings.accepted)
                .time_to_idle(settings.idle)
                .support_invalidation_closures()
                .build(),
            refused: Cache::builder()
                .max_capacity(settings.refused)
                .time_to_live(settings.refused_for)
                .support_invalidation_closures()
                .build(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// The verdict about a chain at a time, remembered or computed now.
    #[must_use]
    pub fn verdict(
        &self,
        trust: &TrustBundle,
        chain: &PresentedChain,
        profile: Profile,
        at_unix: i64,
    ) -> Arc<Verdict> {
        let key = Key {
            chain: chain.key(),
            trust: trust.digest(),
            profile,
        };
        if let Some(verdict) = self.remembered(&key, at_unix) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return verdict;
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let verdict = Arc::new(trust.verify(chain, profile, at_unix));
        let entry = Entry {
            verdict: Arc::clone(&verdict),
            leaf_sha1: chain.leaf_sha1(),
        };
        if verdict.is_clean() {
            self.accepted.insert(key, entry);
        } else {
            self.accepted.invalidate(&key);
            self.refused.insert(key, entry);
        }
        verdict
    }

    fn remembered(&self, key: &Key, at_unix: i64) -> Option<Arc<Verdict>> {
        [&self.accepted, &self.refused]
            .into_iter()
            .filter_map(|cache| cache.get(key))
            .map(|entry| entry.verdict)
            .find(|verdict| verdict.holds_at(at_unix))
    }

    /// Forgets every chain with this leaf. Takes effect for every later question.
    pub fn evict(&self, leaf_sha1: [u8; 20]) {
        for cache in [&self.accepted, &self.refused] {
            // The closure is only refused when invalidation closures were not asked for; then everything goes.
            if cache
                .invalidate_entries_if(move |_, entry| entry.leaf_sha1 == leaf_sha1)
                .is_err()
            {
                cache.invalidate_all();
            }
        }
    }

    /// What is remembered about chains with this leaf, for explaining a decision.
    #[must_use]
    pub fn explain(&self, leaf_sha1: [u8; 20]) -> Vec<Arc<Verdict>> {
        [&self.accepted, &self.refused]
            .into_iter()
            .flat_map(Cache::iter)
            .filter(|(_, entry)| entry.leaf_sha1 == leaf_sha1)
            .map(|(_, entry)| entry.verdict)
            .collect()
    }

    /// Hits, misses and sizes. Does the cache's housekeeping: for a scrape, not for a request.
    #[must_use]
    pub fn counters(&self) -> CacheCounters {
        for cache in [&self.accepted, &self.refused] {
            // Until then what was put in lately is not counted, for as long as the cache is idle.
            cache.run_pending_tasks();
        }
        CacheCounters {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            accepted: self.accepted.entry_count(),
            refused: self.refused.entry_count(),
        }
    }
}

impl Default for VerifiedChains {
    fn default() -> Self {
        Self::new(CacheSettings::default())
    }
}

impl fmt::Debug for VerifiedChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedChains")
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}
