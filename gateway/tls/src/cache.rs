//! The verified-certificate cache: verdicts by presented chain, trust bundle and profile.
//!
//! A hit saves the path building and signature checks of a chain, about a third of a handshake. It never
//! replaces the proof of the private key, and never crosses a date that the verdict rests on.

mod index;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::notification::RemovalCause;
use moka::sync::Cache;

use self::index::{Leaf, LeafIndex, Serial};
use crate::chain::{ChainKey, PresentedChain};
use crate::trust::{Profile, TrustBundle, Verdict};

/// How much is remembered, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Most accepted chains.
    pub accepted: u64,
    /// Most refused chains, and chains whose key is not proven yet. Kept apart, so that a flood of strangers
    /// evicts no partner.
    pub refused: u64,
    /// Longest life of those.
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
    /// Refused chains remembered now, and chains whose key is not proven yet.
    pub refused: u64,
}

/// What is remembered about one presented chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The chain as presented. Whoever presented it need not have had the leaf's key: in mode `required`
    /// a chain is judged before the key is proven.
    pub chain: ChainKey,
    /// Digest of the trust that it was judged under.
    pub trust: [u8; 32],
    /// The use it was judged for.
    pub profile: Profile,
    /// The verdict.
    pub verdict: Arc<Verdict>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    chain: ChainKey,
    trust: [u8; 32],
    profile: Profile,
}

#[derive(Debug)]
struct Entry {
    serial: Serial,
    leaf: Leaf,
    key: Key,
    verdict: Arc<Verdict>,
}

/// In which cache an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Accepted,
    /// The small one with a short life: refusals, and what was judged before the key was proven.
    Passing,
}

/// Whether whoever presented a chain has proven to have its leaf's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Given,
    Awaited,
}

fn verdict_place(verdict: &Verdict, proof: Proof) -> Place {
    match proof {
        Proof::Given if verdict.is_clean() => Place::Accepted,
        _ => Place::Passing,
    }
}

/// Remembered verdicts. Share one per process: entries of different trust bundles do not meet.
pub struct VerifiedChains {
    accepted: Cache<Key, Arc<Entry>>,
    passing: Cache<Key, Arc<Entry>>,
    index: Arc<LeafIndex>,
    /// How often [`VerifiedChains::evict`] was called.
    evictions: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl VerifiedChains {
    /// An empty cache.
    #[must_use]
    pub fn new(settings: CacheSettings) -> Self {
        let index = Arc::new(LeafIndex::default());
        let reported = || {
            let index = Arc::clone(&index);
            move |_: Arc<Key>, entry: Arc<Entry>, _: RemovalCause| index.remove(&entry)
        };
        Self {
            accepted: Cache::builder()
                .max_capacity(settings.accepted)
                .time_to_idle(settings.idle)
                .eviction_listener(reported())
                .build(),
            passing: Cache::builder()
                .max_capacity(settings.refused)
                .time_to_live(settings.refused_for)
                .eviction_listener(reported())
                .build(),
            index,
            evictions: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// The verdict about a chain whose key was proven, at a time: remembered or computed now.
    #[must_use]
    pub fn verdict(
        &self,
        trust: &TrustBundle,
        chain: &PresentedChain,
        profile: Profile,
        at_unix: i64,
    ) -> Arc<Verdict> {
        self.judge(trust, chain, profile, at_unix, Proof::Given)
    }

    /// The same inside a handshake, before the key is proven. What is not known yet is remembered for a
    /// short time only, beside the refusals: whoever sends somebody else's public leaf with ever new
    /// companions evicts no partner. [`VerifiedChains::verdict`] keeps it when the proof was given.
    #[must_use]
    pub fn verdict_before_proof(
        &self,
        trust: &TrustBundle,
        chain: &PresentedChain,
        profile: Profile,
        at_unix: i64,
    ) -> Arc<Verdict> {
        self.judge(trust, chain, profile, at_unix, Proof::Awaited)
    }

    fn judge(
        &self,
        trust: &TrustBundle,
        chain: &PresentedChain,
        profile: Profile,
        at_unix: i64,
        proof: Proof,
    ) -> Arc<Verdict> {
        let key = Key {
            chain: chain.key(),
            trust: trust.digest(),
            profile,
        };
        let evictions = self.evictions.load(Ordering::Acquire);
        let verdict = match self.remembered(&key, at_unix) {
            Some((place, verdict)) => {
                self.hits.fetch_add(1, Ordering::Relaxed);
                if place == verdict_place(&verdict, proof) || proof == Proof::Awaited {
                    return verdict;
                }
                verdict
            }
            None => {
                self.misses.fetch_add(1, Ordering::Relaxed);
                Arc::new(trust.verify(chain, profile, at_unix))
            }
        };
        self.remember(key, chain.leaf_sha1(), &verdict, proof);
        // Whoever evicted meanwhile may have looked before the entry was there. Adding nothing, instead of
        // loading, puts what was done above before an eviction that is not counted yet.
        if self.evictions.fetch_add(0, Ordering::AcqRel) != evictions {
            self.forget(&key);
        }
        verdict
    }

    fn remembered(&self, key: &Key, at_unix: i64) -> Option<(Place, Arc<Verdict>)> {
        [Place::Accepted, Place::Passing]
            .into_iter()
            .filter_map(|place| Some((place, self.at(place).get(key)?)))
            .map(|(place, entry)| (place, Arc::clone(&entry.verdict)))
            .find(|(_, verdict)| verdict.holds_at(at_unix))
    }

    fn remember(&self, key: Key, leaf: Leaf, verdict: &Arc<Verdict>, proof: Proof) {
        let place = verdict_place(verdict, proof);
        // The other cache may hold what this replaces: an older verdict, or this one without proof.
        match place {
            Place::Accepted => self.passing.invalidate(&key),
            Place::Passing => self.accepted.invalidate(&key),
        }
        let cache = self.at(place);
        // A cache without room keeps nothing and reports nothing either.
        if cache.policy().max_capacity() == Some(0) {
            return;
        }
        let entry = Arc::new(Entry {
            serial: self.index.serial(),
            leaf,
            key,
            verdict: Arc::clone(verdict),
        });
        self.index.add(place, &entry);
        cache.insert(key, entry);
    }

    fn forget(&self, key: &Key) {
        self.accepted.invalidate(key);
        self.passing.invalidate(key);
    }

    const fn at(&self, place: Place) -> &Cache<Key, Arc<Entry>> {
        match place {
            Place::Accepted => &self.accepted,
            Place::Passing => &self.passing,
        }
    }

    /// Forgets every chain with this leaf. Takes effect for every later question. Costs what there is about
    /// this leaf, however much there is about others.
    pub fn evict(&self, leaf_sha1: [u8; 20]) {
        self.evictions.fetch_add(1, Ordering::AcqRel);
        for (_, entry) in self.index.of(&leaf_sha1) {
            self.forget(&entry.key);
        }
    }

    /// What is remembered about chains with this leaf, oldest first, for explaining a decision. Costs what
    /// there is about this leaf, however much there is about others, and prolongs nothing's life.
    #[must_use]
    pub fn explain(&self, leaf_sha1: [u8; 20]) -> Vec<Remembered> {
        let mut found = self.index.of(&leaf_sha1);
        // An entry that is being replaced is there twice; the newer one counts.
        let mut seen = HashSet::new();
        found.reverse();
        found.retain(|(place, entry)| seen.insert((*place, entry.key)));
        found.reverse();
        found
            .into_iter()
            .filter(|(place, entry)| self.at(*place).contains_key(&entry.key))
            .map(|(_, entry)| Remembered {
                chain: entry.key.chain,
                trust: entry.key.trust,
                profile: entry.key.profile,
                verdict: Arc::clone(&entry.verdict),
            })
            .collect()
    }

    /// Hits, misses and sizes. Does the cache's housekeeping: for a scrape, not for a request.
    #[must_use]
    pub fn counters(&self) -> CacheCounters {
        for cache in [&self.accepted, &self.passing] {
            // Until then what was put in lately is not counted, for as long as the cache is idle.
            cache.run_pending_tasks();
        }
        CacheCounters {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            accepted: self.accepted.entry_count(),
            refused: self.passing.entry_count(),
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

#[cfg(test)]
mod tests;
