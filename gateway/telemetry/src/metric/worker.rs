//! What a worker counts: connections, handshakes, verdicts, stages.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge};

use super::counter::{Lazily, Registry};
use super::histogram::Shard;
use super::name;
use crate::label::{ConnectionRefusal, HandshakeEnd, Stage, TlsVersion, VerdictReason};

const HANDSHAKES: usize = HandshakeEnd::ALL.len() * TlsVersion::ALL.len() * 2;

/// Handles of one worker. Cheap to clone; clones count as the same worker.
#[derive(Clone)]
pub struct WorkerMetrics {
    shared: Arc<Shared>,
    durations: Arc<Shard>,
    days_left: Arc<Shard>,
}

/// What all workers share.
pub(super) struct Shared {
    registry: Registry,
    open: Gauge,
    accepted: Counter,
    refused: Vec<Counter>,
    handshakes: Lazily<HANDSHAKES>,
    verdicts: Vec<Counter>,
    cache_hits: Counter,
    cache_misses: Counter,
    cache_entries: Gauge,
}

impl Shared {
    pub(super) fn new(registry: &Registry) -> Self {
        let by_reason = |name, words: &[&str]| {
            words
                .iter()
                .map(|reason| registry.counter(name, &[("reason", reason)]))
                .collect()
        };
        Self {
            registry: registry.clone(),
            open: registry.gauge(name::CONNECTIONS_OPEN, &[]),
            accepted: registry.counter(name::CONNECTIONS_ACCEPTED, &[]),
            refused: by_reason(name::CONNECTIONS_REFUSED, ConnectionRefusal::WORDS),
            handshakes: Lazily::new(),
            verdicts: by_reason(name::VERDICTS, VerdictReason::WORDS),
            cache_hits: registry.counter(name::CACHE_HITS, &[]),
            cache_misses: registry.counter(name::CACHE_MISSES, &[]),
            cache_entries: registry.gauge(name::CACHE_ENTRIES, &[]),
        }
    }

    pub(super) fn set_verified_certificates(&self, hits: u64, misses: u64, entries: u64) {
        self.cache_hits.absolute(hits);
        self.cache_misses.absolute(misses);
        self.cache_entries.set(entries as f64);
    }
}

impl WorkerMetrics {
    pub(super) fn new(shared: &Arc<Shared>, durations: Arc<Shard>, days_left: Arc<Shard>) -> Self {
        Self {
            shared: Arc::clone(shared),
            durations,
            days_left,
        }
    }

    /// A connection was taken; it is open until what this returns is dropped.
    #[must_use = "the connection counts as open until this is dropped"]
    pub fn connection(&self) -> OpenConnection {
        self.shared.accepted.increment(1);
        self.shared.open.increment(1.0);
        OpenConnection(self.shared.open.clone())
    }

    /// A connection was closed at once.
    pub fn refuse(&self, reason: ConnectionRefusal) {
        if let Some(counter) = self.shared.refused.get(reason as usize) {
            counter.increment(1);
        }
    }

    /// A handshake ended.
    pub fn handshake(&self, end: HandshakeEnd, version: TlsVersion, resumed: bool, took: Duration) {
        let index =
            (end as usize * TlsVersion::ALL.len() + version as usize) * 2 + usize::from(resumed);
        self.shared.handshakes.count(index, || {
            let result = if end == HandshakeEnd::Accepted {
                "accepted"
            } else {
                "refused"
            };
            let labels = [
                ("result", result),
                ("reason", end.word()),
                ("version", version.word()),
                ("resumed", if resumed { "true" } else { "false" }),
            ];
            self.shared.registry.counter(name::HANDSHAKES, &labels)
        });
        self.stage(Stage::Handshake, took);
    }

    /// A client's certificate was judged.
    pub fn verdict(&self, reason: VerdictReason) {
        if let Some(counter) = self.shared.verdicts.get(reason as usize) {
            counter.increment(1);
        }
    }

    /// A stage took so long.
    pub fn stage(&self, stage: Stage, took: Duration) {
        self.durations.observe(
            stage as usize,
            u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        );
    }

    /// A connection's client certificate is valid for so many more seconds (negative: has expired).
    pub fn client_certificate(&self, seconds_left: i64) {
        self.days_left
            .observe(0, u64::try_from(seconds_left / 86_400).unwrap_or(0));
    }
}

impl std::fmt::Debug for WorkerMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerMetrics").finish_non_exhaustive()
    }
}

/// A connection that counts as open.
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl std::fmt::Debug for OpenConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenConnection")
    }
}
