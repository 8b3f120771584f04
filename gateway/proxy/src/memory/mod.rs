//! What policies remember between requests: cached values, counters, and who is inside a limited
//! place. Of the whole process: every worker sees the same.
//!
//! All of it answers from memory at once; nothing here waits for another worker longer than for a
//! short lock. All of it is bounded.

mod cache;
mod counters;
mod permits;

use std::sync::Arc;

use gateway_config::clock::Clock;
use gateway_policy::execution::{
    Acquire, CacheGet, CachePut, Cached, CachingType, Count, Counted, EffectFailure, FailureKind,
    Permit,
};

use gateway_telemetry::metric::EffectMetrics;

use crate::settings::MemorySettings;
use cache::LocalCache;
use counters::Counters;
use permits::Permits;

/// Keeps values for policies.
pub(crate) trait ValueCache: Send + Sync {
    /// The value under `key`, if it may still be used.
    fn get(&self, key: &Arc<str>) -> Option<Cached>;

    /// Keeps a value.
    fn put(&self, put: CachePut);

    /// Forgets a value.
    fn remove(&self, key: &Arc<str>);

    /// How many entries there are, and their bytes.
    fn size(&self) -> (u64, u64);
}

/// Counts for policies.
pub(crate) trait CallCounters: Send + Sync {
    /// Counts, at the moment `now` in nanoseconds since 1970; `None` if there is no room for another
    /// counter.
    fn count(&self, count: &Count, now: i128) -> Option<Counted>;

    /// How many counters there are.
    fn len(&self) -> usize;
}

/// What the workers of one process share.
pub(crate) struct Memory {
    clock: Arc<dyn Clock>,
    cache: Box<dyn ValueCache>,
    counters: Box<dyn CallCounters>,
    permits: Arc<Permits>,
}

impl Memory {
    pub(crate) fn new(settings: &MemorySettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            cache: Box::new(LocalCache::new(settings.cache_bytes)),
            counters: Box::new(Counters::new(settings.counters)),
            permits: Arc::default(),
        }
    }

    /// Tells how much is kept.
    pub(crate) fn report(&self, metrics: &EffectMetrics) {
        let (entries, bytes) = self.cache.size();
        metrics.keeps(entries, bytes, self.counters.len());
    }

    pub(crate) fn get(&self, get: &CacheGet) -> Result<Option<Cached>, EffectFailure> {
        internal(get.caching)?;
        Ok(self.cache.get(&get.key))
    }

    pub(crate) fn put(&self, put: CachePut) -> Result<(), EffectFailure> {
        internal(put.caching)?;
        self.cache.put(put);
        Ok(())
    }

    pub(crate) fn remove(&self, get: &CacheGet) -> Result<(), EffectFailure> {
        internal(get.caching)?;
        self.cache.remove(&get.key);
        Ok(())
    }

    pub(crate) fn count(&self, count: &Count) -> Result<Counted, EffectFailure> {
        let now = self.clock.now_nanos();
        self.counters.count(count, now).ok_or_else(|| {
            EffectFailure::new(
                FailureKind::Storage,
                "there are as many counters as there may be",
            )
        })
    }

    pub(crate) fn acquire(&self, acquire: &Acquire) -> Result<Permit, EffectFailure> {
        self.permits.acquire(acquire).ok_or_else(|| {
            EffectFailure::new(
                FailureKind::Limit,
                format!(
                    "{} requests are in the place that admits so many",
                    acquire.max
                ),
            )
        })
    }
}

/// There is no external cache yet: whoever insists on one gets a miss.
fn internal(caching: CachingType) -> Result<(), EffectFailure> {
    match caching {
        CachingType::Internal | CachingType::PreferExternal => Ok(()),
        CachingType::External => Err(EffectFailure::new(
            FailureKind::Storage,
            "no external cache is configured",
        )),
    }
}
