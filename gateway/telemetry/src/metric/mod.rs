//! Every metric's name, help and labels, and the handles that count.
//!
//! A [`Recorder`] is made once and handed down. What counts per request holds handles
//! ([`WorkerMetrics`] per worker, [`ApiMetrics`] per API), so that a request looks up no name.

mod api;
mod change;
mod counter;
mod effects;
mod expiry;
mod histogram;
mod log;
mod logger;
pub mod name;
mod policy;
mod restart;
mod worker;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use metrics::Gauge;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

pub use api::{API_NONE, API_OTHER, APIS_MAX, ApiMetrics};
pub use change::ChangeMetrics;
pub use effects::EffectMetrics;
pub use expiry::{
    CERTIFICATE_EXPIRY, CERTIFICATE_EXPIRY_MAX, CERTIFICATE_EXPIRY_OMITTED, CertificateExpiry,
};
pub use log::LogMetrics;
pub use logger::{LOGGER_OTHER, LOGGERS_MAX, LoggerMetrics};
pub use policy::{POLICY_METRIC, POLICY_OTHER, POLICY_SERIES_MAX};
pub use restart::RestartMetrics;
pub use worker::{OpenConnection, WorkerMetrics};

use counter::Registry;
use expiry::Expiries;
use histogram::Family;
use name::Type;

/// Where metrics are kept, and how they are read.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    registry: Registry,
    handle: PrometheusHandle,
    started: Instant,
    uptime: Gauge,
    apis: Mutex<HashMap<Box<str>, Arc<ApiMetrics>>>,
    loggers: Mutex<HashMap<Box<str>, Arc<LoggerMetrics>>>,
    changes: Arc<ChangeMetrics>,
    restarts: Arc<RestartMetrics>,
    effects: EffectMetrics,
    shared: Arc<worker::Shared>,
    durations: Family,
    days_left: Family,
    expiries: Mutex<Expiries>,
    policies: Mutex<policy::PolicyMetrics>,
    collectors: Mutex<Vec<Collector>>,
}

type Collector = Arc<dyn Fn(&Recorder) + Send + Sync>;

/// Another library has taken the process's metrics already.
#[derive(Debug, thiserror::Error)]
#[error("metrics are recorded by another library in this process already")]
pub struct InstallError;

impl Recorder {
    /// The process's recorder: also what other crates count with the macros of `metrics` is kept in
    /// it. Called again, it returns the same one.
    ///
    /// # Errors
    /// If somebody else has installed a recorder.
    pub fn install() -> Result<Self, InstallError> {
        static INSTALLED: OnceLock<Option<Recorder>> = OnceLock::new();
        let installed = INSTALLED.get_or_init(|| {
            let recorder = Self::new();
            metrics::set_global_recorder(recorder.0.registry.exporter())
                .ok()
                .map(|()| recorder)
        });
        installed.clone().ok_or(InstallError)
    }

    /// A recorder of its own, with every metric described.
    #[must_use]
    pub fn new() -> Self {
        let exporter = Arc::new(PrometheusBuilder::new().build_recorder());
        let handle = exporter.handle();
        let registry = Registry::new(exporter);
        for (name, kind, help) in name::DESCRIBED {
            registry.describe(name, *kind, help);
        }
        registry
            .gauge(name::BUILD_INFO, &[("version", env!("CARGO_PKG_VERSION"))])
            .set(1.0);
        let family = |name, help, label, bounds, scale| Family {
            name,
            help,
            label,
            bounds,
            scale,
            shards: Mutex::default(),
        };
        Self(Arc::new(Inner {
            handle,
            started: Instant::now(),
            uptime: registry.gauge(name::UPTIME, &[]),
            apis: Mutex::default(),
            changes: Arc::new(ChangeMetrics::new(&registry)),
            restarts: Arc::new(RestartMetrics::new(&registry)),
            effects: EffectMetrics::new(&registry),
            shared: Arc::new(worker::Shared::new(&registry)),
            durations: family(
                name::REQUEST_DURATION,
                name::REQUEST_DURATION_HELP,
                Some(("stage", crate::label::Stage::WORDS)),
                name::DURATION_BOUNDS_US,
                1e6,
            ),
            days_left: family(
                name::CLIENT_DAYS_LEFT,
                name::CLIENT_DAYS_LEFT_HELP,
                None,
                name::DAYS_LEFT_BOUNDS,
                1.0,
            ),
            expiries: Mutex::default(),
            policies: Mutex::default(),
            loggers: Mutex::default(),
            collectors: Mutex::default(),
            registry,
        }))
    }

    /// Handles for one worker; call once when it starts.
    #[must_use]
    pub fn worker(&self) -> WorkerMetrics {
        WorkerMetrics::new(
            &self.0.shared,
            self.0.durations.shard(),
            self.0.days_left.shard(),
        )
    }

    /// Handles for one API, by its id. Takes a lock: call it when an API is compiled or first met,
    /// and keep what it returns. Beyond [`APIS_MAX`] different ids all share [`API_OTHER`].
    #[must_use]
    pub fn api(&self, id: &str) -> Arc<ApiMetrics> {
        let mut apis = lock(&self.0.apis);
        if let Some(known) = apis.get(id) {
            return Arc::clone(known);
        }
        let id = if apis.len() < APIS_MAX { id } else { API_OTHER };
        let metrics = apis
            .entry(id.into())
            .or_insert_with(|| Arc::new(ApiMetrics::new(self.0.registry.clone(), id)));
        Arc::clone(metrics)
    }

    /// Handles for requests that matched no API ([`API_NONE`]).
    #[must_use]
    pub fn no_api(&self) -> Arc<ApiMetrics> {
        self.api(API_NONE)
    }

    /// Handles for the publisher.
    #[must_use]
    pub fn changes(&self) -> Arc<ChangeMetrics> {
        Arc::clone(&self.0.changes)
    }

    /// Handles for whoever starts a failed actor again.
    #[must_use]
    pub fn restarts(&self) -> Arc<RestartMetrics> {
        Arc::clone(&self.0.restarts)
    }

    /// Handles for what policies ask for and use up.
    #[must_use]
    pub fn effects(&self) -> EffectMetrics {
        self.0.effects.clone()
    }

    /// Handles for the writer of the log called `log` (`access`, `audit`).
    #[must_use]
    pub fn log(&self, log: &'static str) -> LogMetrics {
        LogMetrics::new(&self.0.registry, log)
    }

    /// Handles for one logger, by its id. Takes a lock. Beyond [`LOGGERS_MAX`] different ids all
    /// share [`LOGGER_OTHER`].
    #[must_use]
    pub fn logger(&self, id: &str) -> Arc<LoggerMetrics> {
        let mut loggers = lock(&self.0.loggers);
        if let Some(known) = loggers.get(id) {
            return Arc::clone(known);
        }
        let id = if loggers.len() < LOGGERS_MAX {
            id
        } else {
            LOGGER_OTHER
        };
        let metrics = loggers
            .entry(id.into())
            .or_insert_with(|| Arc::new(LoggerMetrics::new(&self.0.registry, id)));
        Arc::clone(metrics)
    }

    /// Replaces what is known about expiry; called by the expiry watch when what expires has changed.
    pub fn set_certificate_expiries(&self, expiries: Vec<CertificateExpiry>) {
        let expiries = Expiries::new(expiries);
        *lock(&self.0.expiries) = expiries;
    }

    /// Adds `value` to a metric that a policy makes up. Takes a lock for as long as it takes to add.
    /// Beyond [`POLICY_SERIES_MAX`] different series all share [`POLICY_OTHER`].
    pub fn add_to_policy_metric(
        &self,
        namespace: &str,
        name: &str,
        value: f64,
        dimensions: &[(String, String)],
    ) {
        lock(&self.0.policies).add(namespace, name, value, dimensions);
    }

    /// Says which TLS library runs, as it names itself.
    pub fn set_tls_library(&self, version: &str) {
        self.0
            .registry
            .gauge(name::TLS_LIBRARY_INFO, &[("version", version)])
            .set(1.0);
    }

    /// Sets what the verified-certificate cache counts: lookups answered and not answered since
    /// start, and how many verdicts it holds. For a [`Recorder::collect_with`].
    pub fn set_verified_certificates(&self, hits: u64, misses: u64, entries: u64) {
        self.0
            .shared
            .set_verified_certificates(hits, misses, entries);
    }

    /// Calls `collect` before each rendering, to set what others count.
    pub fn collect_with(&self, collect: impl Fn(&Self) + Send + Sync + 'static) {
        lock(&self.0.collectors).push(Arc::new(collect));
    }

    /// Everything in the text format of Prometheus, version 0.0.4
    /// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
    #[must_use]
    pub fn render(&self) -> String {
        let collectors = lock(&self.0.collectors).clone();
        for collect in collectors {
            collect(self);
        }
        self.0.uptime.set(self.0.started.elapsed().as_secs_f64());
        self.0.handle.run_upkeep();
        let mut text = self.0.handle.render();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.0.durations.render(&mut text);
        self.0.days_left.render(&mut text);
        lock(&self.0.expiries).render(&mut text);
        lock(&self.0.policies).render(&mut text);
        text
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}

/// Nothing that holds one of these locks can panic half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    fn describe(&self, name: &'static str, kind: Type, help: &'static str) {
        use metrics::Recorder as _;
        let exporter = self.exporter();
        match kind {
            Type::Counter => exporter.describe_counter(name.into(), None, help.into()),
            Type::Gauge => exporter.describe_gauge(name.into(), None, help.into()),
        }
    }
}

#[cfg(test)]
mod tests;
