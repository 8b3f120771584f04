//! The internal cache: bounded by bytes, the least used goes first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_policy::execution::{CachePut, Cached};
use moka::Expiry;
use moka::sync::Cache;

use super::ValueCache;

/// Longest life of an entry: the clock underneath does not count further than this safely.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

pub(super) struct LocalCache(Cache<Arc<str>, Entry>);

#[derive(Clone)]
struct Entry {
    value: Cached,
    life: Duration,
}

struct Life;

impl Expiry<Arc<str>, Entry> for Life {
    fn expire_after_create(&self, _: &Arc<str>, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.life)
    }

    fn expire_after_update(
        &self,
        _: &Arc<str>,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.life)
    }
}

impl LocalCache {
    pub(super) fn new(bytes: u64) -> Self {
        let weigh = |key: &Arc<str>, entry: &Entry| {
            let weight = key.len().saturating_add(entry.value.weight());
            u32::try_from(weight).unwrap_or(u32::MAX)
        };
        Self(
            Cache::builder()
                .max_capacity(bytes)
                .weigher(weigh)
                .expire_after(Life)
                .build(),
        )
    }
}

impl ValueCache for LocalCache {
    fn get(&self, key: &Arc<str>) -> Option<Cached> {
        self.0.get(key).map(|entry| entry.value)
    }

    fn put(&self, put: CachePut) {
        if put.duration.is_zero() {
            // It may not be used at all, and neither may what was there before.
            self.0.invalidate(&put.key);
            return;
        }
        let life = put.duration.min(LONGEST);
        let value = put.value;
        self.0.insert(put.key, Entry { value, life });
    }

    fn remove(&self, key: &Arc<str>) {
        self.0.invalidate(key);
    }

    fn size(&self) -> (u64, u64) {
        // What was put in last may not be counted yet.
        self.0.run_pending_tasks();
        (self.0.entry_count(), self.0.weighted_size())
    }
}
