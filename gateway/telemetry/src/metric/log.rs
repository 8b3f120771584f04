//! Records that could not be written.

use metrics::Counter;

use super::counter::Registry;
use super::name;

/// Handles for the writer of one log.
#[derive(Clone)]
pub struct LogMetrics {
    written: Counter,
    dropped: Counter,
    errors: Counter,
}

impl LogMetrics {
    pub(super) fn new(registry: &Registry, log: &'static str) -> Self {
        let labels = [("log", log)];
        Self {
            written: registry.counter(name::LOG_RECORDS, &labels),
            dropped: registry.counter(name::LOG_DROPPED, &labels),
            errors: registry.counter(name::LOG_ERRORS, &labels),
        }
    }

    /// `records` were written.
    pub fn written(&self, records: u64) {
        self.written.increment(records);
    }

    /// `records` were not written and never will be.
    pub fn dropped(&self, records: u64) {
        self.dropped.increment(records);
    }

    /// Writing, opening or syncing failed once.
    pub fn failed(&self) {
        self.errors.increment(1);
    }
}

impl std::fmt::Debug for LogMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogMetrics").finish_non_exhaustive()
    }
}
