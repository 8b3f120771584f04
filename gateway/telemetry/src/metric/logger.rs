//! Messages that policies give to loggers.

use metrics::Counter;

use super::counter::Registry;
use super::name;

/// The label that all loggers beyond [`LOGGERS_MAX`] share. No id holds a parenthesis.
pub const LOGGER_OTHER: &str = "(other)";

/// So many different loggers are counted apart during the life of a process.
pub const LOGGERS_MAX: usize = 200;

/// Handles that count the messages of one logger.
#[derive(Clone)]
pub struct LoggerMetrics {
    delivered: Counter,
    failed: Counter,
    dropped: Counter,
}

impl LoggerMetrics {
    pub(super) fn new(registry: &Registry, logger: &str) -> Self {
        let counter = |outcome| {
            let labels = [("logger", logger), ("outcome", outcome)];
            registry.counter(name::LOGGER_MESSAGES, &labels)
        };
        Self {
            delivered: counter("delivered"),
            failed: counter("failed"),
            dropped: counter("dropped"),
        }
    }

    /// So many messages are where they belong.
    pub fn delivered(&self, messages: u64) {
        self.delivered.increment(messages);
    }

    /// So many messages could not be written or sent, and are given up.
    pub fn failed(&self, messages: u64) {
        self.failed.increment(messages);
    }

    /// So many messages found no room in the queue.
    pub fn dropped(&self, messages: u64) {
        self.dropped.increment(messages);
    }
}

impl std::fmt::Debug for LoggerMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoggerMetrics").finish_non_exhaustive()
    }
}
