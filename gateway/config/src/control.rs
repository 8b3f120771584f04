//! The control plane: what the admin API, the file watcher and tests talk to.
//!
//! Reads are answered from the published resources without waiting for anybody. Changes go to the
//! publisher, an actor with a thread of its own, one after the other.

mod publisher;

use std::sync::Arc;

use actix::{Addr, ArbiterHandle, Recipient, Supervisor};
use gateway_telemetry::metric::{ChangeMetrics, RestartMetrics};

use crate::apply::{Difference, Writer};
use crate::change::{Actor, Applied, ApplyError, Change, RevisionSummary};
use crate::compile::FileHost;
use crate::resource::accept::Warning;
use crate::resource::{Kind, Resource, ResourcePath};
use crate::resources::Resources;
use crate::snapshot::Published;
use crate::store::StoreError;
use crate::usage::{LastUse, Usage};

pub use publisher::Republished;
use publisher::{
    Apply, DifferenceOf, Publisher, Restore, RevisionDetail, Revisions, SetFileHosts, Stop,
    Subscribe,
};

/// A handle on the running configuration; cheap to clone.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    publisher: Addr<Publisher>,
    published: Published,
    resources: Arc<arc_swap::ArcSwap<Resources>>,
    usage: Arc<Usage>,
}

/// What ends the process, told why; see [`PublisherSettings::last_resort`]. It is not expected to return.
pub type LastResort = Arc<dyn Fn(&str) + Send + Sync>;

/// What the publisher is started with besides its writer.
#[derive(Clone)]
pub struct PublisherSettings {
    /// What it counts.
    pub metrics: Arc<ChangeMetrics>,
    /// Where its restarts are counted.
    pub restarts: Arc<RestartMetrics>,
    /// Called when the publisher cannot know any more whether what is served is what is stored, or
    /// has ended by itself. Serving on would be serving a configuration that nobody can change.
    pub last_resort: LastResort,
}

impl std::fmt::Debug for PublisherSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublisherSettings").finish_non_exhaustive()
    }
}

impl ControlPlane {
    /// Starts the publisher in `arbiter`, supervised. It waits for the disk, so the arbiter is to be its
    /// own; [`ControlPlane::stop`] ends the arbiter too.
    #[must_use]
    pub fn start(writer: Writer, settings: PublisherSettings, arbiter: &ArbiterHandle) -> Self {
        let published = writer.published().clone();
        let resources = Arc::clone(writer.shared_resources());
        let usage = Arc::clone(writer.usage());
        let publisher =
            Supervisor::start_in_arbiter(arbiter, move |_| Publisher::new(writer, settings));
        Self {
            publisher,
            published,
            resources,
            usage,
        }
    }

    /// From now on `listener` is told of each publication, and once at once. Several may be told as one;
    /// a listener that has one waiting is not told again.
    pub fn on_publish(&self, listener: Recipient<Republished>) {
        self.publisher.do_send(Subscribe(listener));
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

    /// Where the resources of the published revision are.
    pub(crate) const fn shared_resources(&self) -> &Arc<arc_swap::ArcSwap<Resources>> {
        &self.resources
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

    /// Finishes the changes that were sent, closes the store, and ends the publisher's arbiter.
    pub async fn stop(&self) {
        // An error means that it has ended already.
        let _ = self.publisher.send(Stop).await;
    }
}

fn gone() -> StoreError {
    StoreError::Unusable("the gateway is shutting down".to_owned())
}

#[cfg(test)]
pub(crate) mod tests;
