//! One worker's own things: nothing here is shared, so no request waits for another worker.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateway_config::clock::Clock;
use gateway_config::judge::Identity;
use gateway_config::loggers::Delivery;
use gateway_config::snapshot::{Published, SnapshotReader};
use gateway_config::upstream::UpstreamTls;
use gateway_policy::context::uuid_bytes::RequestId;
use gateway_telemetry::label::{Fault, StatusClass};
use gateway_telemetry::metric::{ApiMetrics, EffectMetrics, Recorder, WorkerMetrics};
use gateway_telemetry::record::AccessLog;
use gateway_tls::accept::Acceptor;
use gateway_tls::cache::VerifiedChains;
use gateway_tls::connect::ConnectorContext;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::captured::Captured;
use crate::identity::Identities;
use crate::limits::{Addresses, Admission, BackgroundPermit};
use crate::memory::Memory;
use crate::refusals::Refusals;
use crate::settings::{FrontSettings, LoadSettings, ProxySettings};
use crate::upstream::Upstreams;
use crate::upstream::connect::{SecureBackend, SecureFuture};

/// What the proxy works with. Everything is shared with the rest of the process.
#[derive(Clone)]
pub struct ProxyDependencies {
    /// Where snapshots are published.
    pub published: Published,
    /// Does the handshakes; chooses hosts from the same snapshots.
    pub acceptor: Arc<Acceptor>,
    /// Verdicts about chains, shared with the acceptor.
    pub chains: Arc<VerifiedChains>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Metrics.
    pub recorder: Recorder,
    /// Access and trace records.
    pub access: AccessLog,
}

impl std::fmt::Debug for ProxyDependencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxyDependencies").finish_non_exhaustive()
    }
}

/// How often a worker looks after its pool. Also the timer that keeps tokio from writing its eventfd
/// for every timer that a request makes: one that is due earlier is always registered.
const TICK: Duration = Duration::from_millis(250);

pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) settings: ProxySettings,
    pub(crate) front: Rc<FrontSettings>,
    pub(crate) snapshots: SnapshotReader,
    pub(crate) acceptor: Arc<Acceptor>,
    pub(crate) chains: Arc<VerifiedChains>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) admission: Rc<Admission>,
    pub(crate) upstreams: Upstreams,
    pub(crate) connectors: Connectors,
    pub(crate) metrics: WorkerMetrics,
    pub(crate) access: AccessLog,
    pub(crate) drain: watch::Receiver<bool>,
    /// The scheme of every request.
    pub(crate) https: Arc<str>,
    pub(crate) load: Load,
    pub(crate) memory: Arc<Memory>,
    pub(crate) identities: Arc<Identities>,
    /// Takes what policies give to loggers.
    pub(crate) delivery: Rc<dyn Delivery>,
    pub(crate) refusals: Refusals,
    pub(crate) captured: Captured,
    pub(crate) recorder: Recorder,
    pub(crate) effects: EffectMetrics,
    apis: RefCell<HashMap<Arc<str>, Arc<ApiMetrics>>>,
    no_api: Arc<ApiMetrics>,
    ids: RequestIds,
}

/// What policies reach beyond their request, shared by all workers.
pub(crate) struct Surroundings {
    /// Cached values, counters and permits.
    pub(crate) memory: Arc<Memory>,
    /// Keys of identity providers, and the gateway's own tokens.
    pub(crate) identities: Arc<Identities>,
    /// Where messages for loggers go.
    pub(crate) delivery: Rc<dyn Delivery>,
}

impl Worker {
    /// Must be called on the worker's own thread, inside its runtime.
    pub(crate) fn start(
        index: usize,
        settings: ProxySettings,
        dependencies: &ProxyDependencies,
        addresses: Arc<Addresses>,
        surroundings: Surroundings,
        drain: watch::Receiver<bool>,
    ) -> Rc<Self> {
        let worker = Rc::new(Self {
            index,
            front: Rc::new(settings.front.clone()),
            snapshots: dependencies.published.reader(),
            acceptor: Arc::clone(&dependencies.acceptor),
            chains: Arc::clone(&dependencies.chains),
            clock: Arc::clone(&dependencies.clock),
            admission: Admission::new(settings.admission.clone(), Arc::clone(&addresses)),
            upstreams: Upstreams::new(settings.upstream.clone()),
            connectors: Connectors::default(),
            metrics: dependencies.recorder.worker(),
            access: dependencies.access.clone(),
            drain,
            load: Load::new(settings.load.clone(), addresses),
            memory: surroundings.memory,
            identities: surroundings.identities,
            delivery: surroundings.delivery,
            refusals: Refusals::default(),
            captured: Captured::default(),
            https: Arc::from("https"),
            no_api: dependencies.recorder.no_api(),
            recorder: dependencies.recorder.clone(),
            effects: dependencies.recorder.effects(),
            apis: RefCell::default(),
            ids: RequestIds::default(),
            settings,
        });
        let weak = Rc::downgrade(&worker);
        tokio::task::spawn_local(async move {
            let mut ticks = tokio::time::interval(TICK);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(worker) = weak.upgrade() else { return };
                worker.upstreams.sweep();
                // A retired snapshot is let go also by a worker that has nothing to do.
                let _ = worker.snapshots.pin();
            }
        });
        worker
    }

    pub(crate) fn request_id(&self) -> RequestId {
        self.ids.next()
    }

    /// A connection, or a trusted peer for the first time, has brought this certificate.
    pub(crate) fn saw(&self, identity: &Identity) {
        let seconds_left = identity.certificate.not_after.div_euclid(1_000_000_000)
            - i128::from(self.clock.now_seconds());
        self.metrics
            .client_certificate(i64::try_from(seconds_left).unwrap_or(i64::MAX));
    }

    /// Counts one request that has ended.
    pub(crate) fn count(&self, api: Option<&Arc<str>>, class: StatusClass, fault: Fault) {
        /// APIs come and go over the life of a process; what is kept of them must not.
        const KEPT: usize = 1024;
        let Some(api) = api else {
            self.no_api.count(class, fault);
            return;
        };
        let mut apis = self.apis.borrow_mut();
        if let Some(metrics) = apis.get(api) {
            metrics.count(class, fault);
            return;
        }
        if apis.len() >= KEPT {
            apis.clear();
        }
        let metrics = self.recorder.api(api);
        metrics.count(class, fault);
        apis.insert(Arc::clone(api), metrics);
    }
}

/// What is being worked on.
pub(crate) struct Load {
    limits: LoadSettings,
    requests: Cell<usize>,
    buffered: Cell<usize>,
    background: Cell<usize>,
    everywhere: Arc<Addresses>,
}

/// Room for a request that nobody waits for.
#[derive(Debug)]
pub(crate) struct Background {
    #[expect(dead_code, reason = "held to be dropped")]
    permit: BackgroundPermit,
}

impl Load {
    fn new(limits: LoadSettings, everywhere: Arc<Addresses>) -> Self {
        Self {
            limits,
            requests: Cell::new(0),
            buffered: Cell::new(0),
            background: Cell::new(0),
            everywhere,
        }
    }

    /// Takes room for a request that nobody waits for; `None` if there is none.
    pub(crate) fn enter_background(&self) -> Option<Background> {
        let running = self.background.get();
        if running >= self.limits.one_way_requests_per_worker {
            return None;
        }
        self.background.set(running + 1);
        Some(Background {
            permit: self.everywhere.enter_background(),
        })
    }

    /// Such a request has ended.
    pub(crate) fn leave_background(&self, _: Background) {
        self.background.set(self.background.get().saturating_sub(1));
    }

    pub(crate) fn request_begins(&self) {
        self.requests.set(self.requests.get() + 1);
    }

    /// A request has ended, with so many bytes of bodies in memory.
    pub(crate) fn request_ends(&self, buffered: usize) {
        self.requests.set(self.requests.get().saturating_sub(1));
        self.buffered
            .set(self.buffered.get().saturating_sub(buffered));
    }

    /// Whether there are more requests than there may be.
    pub(crate) fn is_over(&self) -> bool {
        self.requests.get() > self.limits.requests_per_worker
    }

    /// Takes room for so many more bytes in memory; `false` if there is none.
    pub(crate) fn take_room(&self, bytes: usize) -> bool {
        let buffered = self.buffered.get().saturating_add(bytes);
        let fits = buffered <= self.limits.buffered_bytes_per_worker;
        if fits {
            self.buffered.set(buffered);
        }
        fits
    }
}

/// Random version 4 UUIDs (RFC 9562), drawn in batches: a request's id is unique, not secret.
#[derive(Default)]
struct RequestIds {
    batch: RefCell<Vec<[u8; 16]>>,
    fallback: Cell<u128>,
}

impl RequestIds {
    fn next(&self) -> RequestId {
        let mut batch = self.batch.borrow_mut();
        let mut bytes = batch.pop().unwrap_or_else(|| {
            let mut random = [0; 64 * 16];
            if gateway_tls::random::fill(&mut random).is_ok() {
                batch.extend(
                    random
                        .chunks_exact(16)
                        .filter_map(|id| <[u8; 16]>::try_from(id).ok()),
                );
            }
            batch.pop().unwrap_or_else(|| {
                let next = self.fallback.get().wrapping_add(1);
                self.fallback.set(next);
                next.to_be_bytes()
            })
        });
        let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
        *version = *version & 0x0f | 0x40;
        *variant = *variant & 0x3f | 0x80;
        RequestId(bytes)
    }
}

/// OpenSSL contexts for backends, by what they are made of. Building one takes a millisecond.
#[derive(Default)]
pub(crate) struct Connectors(RefCell<HashMap<[u8; 32], Arc<Connector>>>);

impl Connectors {
    /// The context for `tls`; the error says why there is none.
    pub(crate) async fn get(
        &self,
        tls: &Arc<UpstreamTls>,
    ) -> Result<Arc<dyn SecureBackend>, String> {
        /// Rotations leave contexts behind.
        const KEPT: usize = 256;
        if let Some(connector) = self.0.borrow().get(tls.key()) {
            return Ok(Arc::clone(connector) as Arc<dyn SecureBackend>);
        }
        // It reads the system's roots from the disk: not on this thread.
        let build = {
            let tls = Arc::clone(tls);
            move || tls.connector().map_err(|error| error.to_string())
        };
        let built = tokio::task::spawn_blocking(build)
            .await
            .map_err(|error| error.to_string())??;
        let connector = Arc::new(Connector(built));
        let mut known = self.0.borrow_mut();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(*tls.key(), Arc::clone(&connector));
        Ok(connector)
    }
}

#[derive(Debug)]
struct Connector(ConnectorContext);

impl SecureBackend for Connector {
    fn secure<'a>(&'a self, host: &'a str, stream: TcpStream) -> SecureFuture<'a> {
        Box::pin(async move {
            self.0
                .connect(stream, host)
                .await
                .map_err(|error| error.to_string())
        })
    }
}
