//! Revisions, and changes that were refused.

use metrics::{Counter, Gauge};

use super::counter::Registry;
use super::name;
use crate::label::ChangeRefusal;

/// Handles for the publisher.
pub struct ChangeMetrics {
    revision: Gauge,
    published_at: Gauge,
    publishes: Counter,
    refused: Vec<Counter>,
    quarantined: Gauge,
    warnings: Gauge,
}

impl ChangeMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            revision: registry.gauge(name::REVISION, &[]),
            published_at: registry.gauge(name::PUBLISHED_AT, &[]),
            publishes: registry.counter(name::PUBLISHES, &[]),
            refused: ChangeRefusal::WORDS
                .iter()
                .map(|reason| registry.counter(name::CHANGES_REFUSED, &[("reason", reason)]))
                .collect(),
            quarantined: registry.gauge(name::QUARANTINED, &[]),
            warnings: registry.gauge(name::WARNINGS, &[]),
        }
    }

    /// A snapshot of `revision` is served from now on. `unix_seconds` is now.
    pub fn published(&self, revision: u64, unix_seconds: f64) {
        self.revision.set(revision as f64);
        self.published_at.set(unix_seconds);
        self.publishes.increment(1);
    }

    /// A change was not made.
    pub fn refused(&self, reason: ChangeRefusal) {
        if let Some(counter) = self.refused.get(reason as usize) {
            counter.increment(1);
        }
    }

    /// How many stored artefacts are quarantined in what is served, and how many warnings it has.
    pub fn set_condition(&self, quarantined: usize, warnings: usize) {
        self.quarantined.set(quarantined as f64);
        self.warnings.set(warnings as f64);
    }
}

impl std::fmt::Debug for ChangeMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeMetrics").finish_non_exhaustive()
    }
}
