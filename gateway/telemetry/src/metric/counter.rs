//! Registering counters and gauges, once each.

use std::sync::{Arc, OnceLock};

use metrics::{Counter, Gauge, Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::PrometheusRecorder;

/// Where counters and gauges are registered.
#[derive(Clone)]
pub(super) struct Registry(Arc<PrometheusRecorder>);

const METADATA: Metadata<'static> = Metadata::new("countersign", Level::INFO, Some(module_path!()));

impl Registry {
    pub(super) const fn new(exporter: Arc<PrometheusRecorder>) -> Self {
        Self(exporter)
    }

    pub(super) fn exporter(&self) -> Arc<PrometheusRecorder> {
        Arc::clone(&self.0)
    }

    pub(super) fn counter(&self, name: &'static str, labels: &[(&'static str, &str)]) -> Counter {
        self.0.register_counter(&key(name, labels), &METADATA)
    }

    pub(super) fn gauge(&self, name: &'static str, labels: &[(&'static str, &str)]) -> Gauge {
        self.0.register_gauge(&key(name, labels), &METADATA)
    }
}

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels: Vec<Label> = labels
        .iter()
        .map(|(label, value)| Label::new(*label, (*value).to_owned()))
        .collect();
    Key::from_parts(name, labels)
}

/// Counters for the combinations of closed sets, by index, each registered when it first counts:
/// most combinations never happen, and would only lengthen every scrape.
pub(super) struct Lazily<const N: usize>([OnceLock<Counter>; N]);

impl<const N: usize> Lazily<N> {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| OnceLock::new()))
    }

    /// Counts one at `index`; `register` runs the first time.
    pub(super) fn count(&self, index: usize, register: impl FnOnce() -> Counter) {
        if let Some(counter) = self.0.get(index) {
            counter.get_or_init(register).increment(1);
        }
    }
}
