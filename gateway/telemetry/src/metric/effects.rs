//! What policies ask for and use up.

use std::sync::Arc;

use metrics::{Counter, Gauge};

use super::counter::Registry;
use super::name;
use crate::label::{PolicyBudget, PolicyRefusal, SendEnd};

/// Handles of the whole process. Cheap to clone.
#[derive(Clone)]
pub struct EffectMetrics(Arc<Inner>);

struct Inner {
    budgets: Vec<Counter>,
    sends: Vec<Counter>,
    refusals: Vec<Counter>,
    panics: Counter,
    hits: Counter,
    misses: Counter,
    cache_entries: Gauge,
    cache_bytes: Gauge,
    counters: Gauge,
}

impl EffectMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let each = |name, label, words: &[&str]| {
            words
                .iter()
                .map(|word| registry.counter(name, &[(label, word)]))
                .collect()
        };
        Self(Arc::new(Inner {
            budgets: each(name::POLICY_BUDGETS, "budget", PolicyBudget::WORDS),
            sends: each(name::POLICY_SENDS, "outcome", SendEnd::WORDS),
            refusals: each(name::POLICY_REFUSALS, "limit", PolicyRefusal::WORDS),
            panics: registry.counter(name::POLICY_PANICS, &[]),
            hits: registry.counter(name::POLICY_CACHE_LOOKUPS, &[("result", "hit")]),
            misses: registry.counter(name::POLICY_CACHE_LOOKUPS, &[("result", "miss")]),
            cache_entries: registry.gauge(name::POLICY_CACHE_ENTRIES, &[]),
            cache_bytes: registry.gauge(name::POLICY_CACHE_BYTES, &[]),
            counters: registry.gauge(name::POLICY_COUNTERS, &[]),
        }))
    }

    /// A request's policies overran this budget. Once per request and budget.
    pub fn exceeded(&self, budget: PolicyBudget) {
        add_one(&self.0.budgets, budget as usize);
    }

    /// A request of a policy's own ended so.
    pub fn sent(&self, end: SendEnd) {
        add_one(&self.0.sends, end as usize);
    }

    /// A limit of a policy said no.
    pub fn refused(&self, limit: PolicyRefusal) {
        add_one(&self.0.refusals, limit as usize);
    }

    /// The policies of a request panicked.
    pub fn panicked(&self) {
        self.0.panics.increment(1);
    }

    /// A policy looked a value or a response up.
    pub fn looked_up(&self, hit: bool) {
        let counter = if hit { &self.0.hits } else { &self.0.misses };
        counter.increment(1);
    }

    /// Sets how much is kept: entries and bytes of the cache, counters of limits. For a
    /// [`Recorder::collect_with`](super::Recorder::collect_with).
    pub fn keeps(&self, entries: u64, bytes: u64, counters: usize) {
        self.0.cache_entries.set(entries as f64);
        self.0.cache_bytes.set(bytes as f64);
        self.0.counters.set(counters as f64);
    }
}

fn add_one(counters: &[Counter], index: usize) {
    if let Some(counter) = counters.get(index) {
        counter.increment(1);
    }
}

impl std::fmt::Debug for EffectMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EffectMetrics").finish_non_exhaustive()
    }
}
