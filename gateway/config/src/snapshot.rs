//! A revision, compiled and immutable: everything a request consults.

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use gateway_policy::context::Deployment;
use gateway_policy::program::Program;
use gateway_tls::trust::RevocationPolicy;
use gateway_tls::trust::TrustBundle;

use crate::compile::{FileHost, PolicyTable};
use crate::hosts::HostTable;
use crate::identity::BoundList;
use crate::loggers::LoggerTable;
use crate::material::CertificateTable;
use crate::route::RouteTable;
use crate::subscriptions::SubscriptionTable;
use crate::upstream::BackendTable;

/// Everything one revision says, ready to serve.
///
/// INVARIANT: never changed after it was published; parts that did not change are shared with the
/// revision before by `Arc` or inside persistent maps.
#[derive(Debug)]
pub struct Snapshot {
    /// The revision this is.
    pub revision: u64,
    /// Host configurations.
    pub hosts: Arc<HostTable>,
    /// APIs and operations.
    pub routes: RouteTable,
    /// The program of requests that match no API.
    pub global_program: Arc<Program>,
    /// Subscription keys.
    pub subscriptions: SubscriptionTable,
    /// Identity lists by lower-case id.
    pub identity_lists: imbl::HashMap<Arc<str>, Arc<BoundList>>,
    /// Uploaded certificates.
    pub certificates: CertificateTable,
    /// Backends.
    pub backends: BackendTable,
    /// Loggers that deliver.
    pub loggers: LoggerTable,
    /// The uploaded CAs and CRLs, as clients' certificates are judged by.
    pub trust: Arc<TrustBundle>,
    /// What an unknown revocation status means.
    pub revocation: RevocationPolicy,
    /// `context.Deployment`.
    pub deployment: Arc<Deployment>,
    /// What could not be compiled at start-up and is closed; empty in a healthy gateway.
    pub quarantine: Vec<Quarantined>,
    /// Hosts whose certificates come from files.
    pub file_hosts: Vec<Arc<FileHost>>,
    /// Compiled documents, for the next revision to share.
    pub(crate) policies: PolicyTable,
    /// Uploaded roots, DER, that backends may chain to.
    pub(crate) backend_roots: Arc<[Arc<[u8]>]>,
}

/// A stored resource that this release cannot use; it is closed, the rest serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Which resource.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Where the newest snapshot is published.
#[derive(Debug, Clone)]
pub struct Published(Arc<ArcSwap<Snapshot>>);

impl Published {
    /// Starts with `snapshot`.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self(Arc::new(ArcSwap::new(snapshot)))
    }

    /// The newest snapshot. Writes a shared reference count: not for the request path, which pins.
    #[must_use]
    pub fn load(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Runs `f` over the newest snapshot without touching its reference count.
    pub fn with<R>(&self, f: impl FnOnce(&Snapshot) -> R) -> R {
        f(&self.0.load())
    }

    /// Makes `snapshot` the newest: one store.
    pub(crate) fn publish(&self, snapshot: Arc<Snapshot>) {
        self.0.store(snapshot);
    }

    /// A reader for one worker.
    #[must_use]
    pub fn reader(&self) -> SnapshotReader {
        SnapshotReader {
            newest: RefCell::new(PinnedSnapshot(Rc::new(self.load()))),
            published: self.clone(),
        }
    }
}

/// One worker's view of the newest published [`Snapshot`].
///
/// A request calls [`pin`](Self::pin) once, when its head has been read, and keeps the result until
/// its access record is written. Everything it consults in between belongs to one revision.
#[derive(Debug)]
pub struct SnapshotReader {
    published: Published,
    // INVARIANT: the newest value of `published` that this worker has seen. Holding it keeps its
    // address from being reused, so `pin` can compare pointers.
    newest: RefCell<PinnedSnapshot>,
}

impl SnapshotReader {
    /// The newest snapshot, for one request to use from start to end. Never older than an earlier
    /// one on this worker.
    #[must_use]
    pub fn pin(&self) -> PinnedSnapshot {
        let published = self.published.0.load();
        let mut newest = self.newest.borrow_mut();
        if !Arc::ptr_eq(&published, &newest.0) {
            *newest = PinnedSnapshot(Rc::new(Arc::clone(&published)));
        }
        // The worker's `Rc` is cloned, not the shared `Arc`: with an `Arc`, every request on every
        // worker would write to the same reference count.
        newest.clone()
    }
}

/// A snapshot held by one request.
#[derive(Debug, Clone)]
#[expect(
    clippy::redundant_allocation,
    reason = "the outer count is the worker's own; see `SnapshotReader::pin`"
)]
pub struct PinnedSnapshot(Rc<Arc<Snapshot>>);

impl Deref for PinnedSnapshot {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.0
    }
}
