//! Parts of the slow side that failed and were started again.

use metrics::Counter;

use super::counter::Registry;
use super::name;
use crate::label::Supervised;

/// Handles for whoever starts a failed actor again.
pub struct RestartMetrics(Vec<Counter>);

impl RestartMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let counter = |actor: &&str| registry.counter(name::ACTOR_RESTARTS, &[("actor", actor)]);
        Self(Supervised::WORDS.iter().map(counter).collect())
    }

    /// `actor` was started again after a failure.
    pub fn restarted(&self, actor: Supervised) {
        if let Some(counter) = self.0.get(actor as usize) {
            counter.increment(1);
        }
    }
}

impl std::fmt::Debug for RestartMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RestartMetrics").finish_non_exhaustive()
    }
}
