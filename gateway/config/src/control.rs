//! The control plane: what the admin API, the file watcher and tests talk to.
//!
//! Reads are answered from the published resources without waiting for anybody. Changes go to the
//! publisher, an actor with a thread of its own, one after the other.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor as _, ActorContext as _, Addr, AsyncContext as _, Context, Handler, Message};
use gateway_telemetry::label::ChangeRefusal;
use gateway_telemetry::metric::ChangeMetrics;

use crate::apply::{Difference, Writer};
use crate::change::{Actor, Applied, ApplyError, Change, RevisionSummary};
use crate::compile::FileHost;
use crate::resource::accept::Warning;
use crate::resource::{Kind, Resource, ResourcePath};
use crate::resources::Resources;
use crate::snapshot::{Published, Snapshot};
use crate::store::StoreError;
use crate::usage::{LastUse, Usage};

/// A handle on the running configuration; cheap to clone.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    publisher: Addr<Publisher>,
    published: Published,
    resources: Arc<arc_swap::ArcSwap<Resources>>,
    usage: Arc<Usage>,
}

/// How often retired snapshots are looked at, and revisions pruned.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

impl ControlPlane {
    /// Starts the publisher on a thread of its own.
    #[must_use]
    pub fn start(writer: Writer, metrics: Arc<ChangeMetrics>) -> Self {
        let published = writer.published().clone();
        let resources = Arc::clone(writer.shared_resources());
        let usage = Arc::clone(writer.usage());
        // A thread of its own: it waits for the disk, and a worker must not.
        let arbiter = actix::Arbiter::new();
        let publisher = Publisher::start_in_arbiter(&arbiter.handle(), move |_| {
            let publisher = Publisher {
                writer,
                pruned: 0,
                metrics,
            };
            publisher.count_published();
            publisher
        });
        Self {
            publisher,
            published,
            resources,
            usage,
        }
    }

    /// Where snapshots are published.
    #[must_use]
    pub const fn published(&self) -> &Published {
        &self.published
    }

    /// The revision that is served.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.published.with(|snapshot| snapshot.revision)
    }

    /// The resource at `path` with the warnings about it.
    #[must_use]
    pub fn get(&self, path: &ResourcePath) -> Option<(Resource, Vec<Warning>)> {
        let resources = self.resources.load();
        let resource = resources.get(path)?;
        let warnings = resources.warnings(path);
        Some((resource, warnings))
    }

    /// Resources of `kind` below `parent`, by name.
    #[must_use]
    pub fn list(&self, kind: Kind, parent: Option<&ResourcePath>) -> Vec<Resource> {
        self.resources.load().list(kind, parent)
    }

    /// All resources of the published revision.
    #[must_use]
    pub fn resources(&self) -> Arc<Resources> {
        self.resources.load_full()
    }

    /// Last uses of the identities of a list.
    #[must_use]
    pub fn usage(&self, list: &str) -> Vec<LastUse> {
        self.usage.of(list)
    }

    /// Makes a change; see [`Writer::apply`]. A caller that goes away does not stop it.
    ///
    /// # Errors
    /// Those of [`Writer::apply`], and [`ApplyError::ShuttingDown`].
    pub async fn apply(&self, change: Change) -> Result<Applied, ApplyError> {
        self.publisher
            .send(Apply(change))
            .await
            .unwrap_or(Err(ApplyError::ShuttingDown))
    }

    /// Makes an old revision's content a new revision.
    ///
    /// # Errors
    /// Those of [`Writer::restore`], and [`ApplyError::ShuttingDown`].
    pub async fn restore(&self, number: u64, actor: Actor) -> Result<Applied, ApplyError> {
        self.publisher
            .send(Restore(number, actor))
            .await
            .unwrap_or(Err(ApplyError::ShuttingDown))
    }

    /// Replaces the hosts whose certificates come from files.
    ///
    /// # Errors
    /// Those of [`Writer::set_file_hosts`], and [`ApplyError::ShuttingDown`].
    pub async fn set_file_hosts(&self, hosts: Vec<Arc<FileHost>>) -> Result<(), ApplyError> {
        self.publisher
            .send(SetFileHosts(hosts))
            .await
            .unwrap_or(Err(ApplyError::ShuttingDown))
    }

    /// Revisions before `before` (or all), newest first, at most `limit`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn revisions(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevisionSummary>, StoreError> {
        self.publisher
            .send(Revisions { before, limit })
            .await
            .unwrap_or_else(|_| Err(gone()))
    }

    /// One revision with what it changed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn revision_detail(
        &self,
        number: u64,
    ) -> Result<Option<RevisionSummary>, StoreError> {
        self.publisher
            .send(RevisionDetail(number))
            .await
            .unwrap_or_else(|_| Err(gone()))
    }

    /// What a revision made of each resource it changed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn difference(&self, number: u64) -> Result<Option<Vec<Difference>>, StoreError> {
        self.publisher
            .send(DifferenceOf(number))
            .await
            .unwrap_or_else(|_| Err(gone()))
    }

    /// Finishes the changes that were sent, then closes the store.
    pub async fn stop(&self) {
        // An error means that it has ended already.
        let _ = self.publisher.send(Stop).await;
    }
}

fn refusal(error: &ApplyError) -> ChangeRefusal {
    match error {
        ApplyError::NotFound(_) => ChangeRefusal::NotFound,
        ApplyError::PreconditionFailed(_) => ChangeRefusal::PreconditionFailed,
        ApplyError::InUse { .. } => ChangeRefusal::InUse,
        ApplyError::Invalid { .. } => ChangeRefusal::Invalid,
        ApplyError::Store(_) => ChangeRefusal::Store,
        ApplyError::Unsettled => ChangeRefusal::Unsettled,
        ApplyError::ShuttingDown => ChangeRefusal::ShuttingDown,
    }
}

fn gone() -> StoreError {
    StoreError::Unusable("the gateway is shutting down".to_owned())
}

/// The actor that owns the writer.
struct Publisher {
    writer: Writer,
    /// Revision after which the store was last pruned.
    pruned: u64,
    metrics: Arc<ChangeMetrics>,
}

impl actix::Actor for Publisher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1_024);
        ctx.run_interval(HOUSEKEEPING, |publisher, _| publisher.keep_house());
    }
}

impl Publisher {
    fn keep_house(&mut self) {
        self.writer.free_retired();
        let revision = self.writer.published().with(|snapshot| snapshot.revision);
        // Not after each change: pruning reads more than a commit writes.
        if revision >= self.pruned.saturating_add(100) {
            self.pruned = revision;
            if let Err(error) = self.writer.prune() {
                tracing::warn!(%error, "old revisions could not be pruned");
            }
        }
    }

    /// Runs one change. A panic in it is a defect of ours: the change is refused, and what is served
    /// is read from the store again, because nobody knows how far it got.
    ///
    /// A store that cannot be read after an unknown outcome ends the process: it may hold a change
    /// that is not served, and an answer either way could be a lie.
    fn guarded<T>(
        &mut self,
        change: impl FnOnce(&mut Writer) -> Result<T, ApplyError>,
    ) -> Result<T, ApplyError> {
        let before = self.served();
        let writer = &mut self.writer;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| change(writer)));
        let outcome = outcome.unwrap_or_else(|_| {
            tracing::error!("a change failed by a defect of the gateway");
            Err(self.writer.distrust())
        });
        if self.writer.is_unsettled() {
            tracing::error!("ending: the store's head cannot be read");
            std::process::abort();
        }
        if let Err(error) = &outcome {
            self.metrics.refused(refusal(error));
        }
        if !Arc::ptr_eq(&before, &self.served()) {
            self.count_published();
        }
        outcome
    }

    fn served(&self) -> Arc<Snapshot> {
        self.writer.published().load()
    }

    fn count_published(&self) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seconds = now.map_or(0.0, |since| since.as_secs_f64());
        self.metrics.published(self.served().revision, seconds);
    }
}

#[derive(Message)]
#[rtype(result = "Result<Applied, ApplyError>")]
struct Apply(Change);

impl Handler<Apply> for Publisher {
    type Result = Result<Applied, ApplyError>;

    fn handle(&mut self, message: Apply, _: &mut Self::Context) -> Self::Result {
        self.guarded(|writer| writer.apply(message.0))
    }
}

#[derive(Message)]
#[rtype(result = "Result<Applied, ApplyError>")]
struct Restore(u64, Actor);

impl Handler<Restore> for Publisher {
    type Result = Result<Applied, ApplyError>;

    fn handle(&mut self, message: Restore, _: &mut Self::Context) -> Self::Result {
        self.guarded(|writer| writer.restore(message.0, &message.1))
    }
}

#[derive(Message)]
#[rtype(result = "Result<(), ApplyError>")]
struct SetFileHosts(Vec<Arc<FileHost>>);

impl Handler<SetFileHosts> for Publisher {
    type Result = Result<(), ApplyError>;

    fn handle(&mut self, message: SetFileHosts, _: &mut Self::Context) -> Self::Result {
        self.guarded(|writer| writer.set_file_hosts(message.0))
    }
}

#[derive(Message)]
#[rtype(result = "Result<Vec<RevisionSummary>, StoreError>")]
struct Revisions {
    before: Option<u64>,
    limit: usize,
}

impl Handler<Revisions> for Publisher {
    type Result = Result<Vec<RevisionSummary>, StoreError>;

    fn handle(&mut self, message: Revisions, _: &mut Self::Context) -> Self::Result {
        self.writer.revisions(message.before, message.limit)
    }
}

#[derive(Message)]
#[rtype(result = "Result<Option<RevisionSummary>, StoreError>")]
struct RevisionDetail(u64);

impl Handler<RevisionDetail> for Publisher {
    type Result = Result<Option<RevisionSummary>, StoreError>;

    fn handle(&mut self, message: RevisionDetail, _: &mut Self::Context) -> Self::Result {
        self.writer.revision(message.0)
    }
}

#[derive(Message)]
#[rtype(result = "Result<Option<Vec<Difference>>, StoreError>")]
struct DifferenceOf(u64);

impl Handler<DifferenceOf> for Publisher {
    type Result = Result<Option<Vec<Difference>>, StoreError>;

    fn handle(&mut self, message: DifferenceOf, _: &mut Self::Context) -> Self::Result {
        self.writer.difference(message.0)
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Stop;

impl Handler<Stop> for Publisher {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
