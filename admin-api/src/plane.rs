//! What the REST face needs of the configuration behind it.

use std::future::Future;
use std::pin::Pin;

use gateway_config::apply::Difference;
use gateway_config::change::{Actor, Applied, ApplyError, Change, RevisionSummary};
use gateway_config::resource::accept::Warning;
use gateway_config::resource::{Kind, Resource, ResourcePath};
use gateway_config::store::StoreError;
use gateway_config::usage::LastUse;

/// A future that owns what it needs.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The control plane: reads are answered at once from the published revision, changes take their
/// turn. Implemented for [`gateway_config::control::ControlPlane`].
pub trait ControlPlane: Send + Sync {
    /// The revision that is served.
    fn revision(&self) -> u64;

    /// The resource at `path` with the warnings about it.
    fn get(&self, path: &ResourcePath) -> Option<(Resource, Vec<Warning>)>;

    /// Resources of `kind`, below `parent` if given, by name.
    fn list(&self, kind: Kind, parent: Option<&ResourcePath>) -> Vec<Resource>;

    /// Resources that refer to the one at `path`.
    fn referrers(&self, path: &ResourcePath) -> Vec<ResourcePath>;

    /// How many members the identity list at `path` has.
    fn member_count(&self, path: &ResourcePath) -> usize;

    /// At most `top` members of the identity list at `path`, after `skip` of them, by name.
    fn members(&self, path: &ResourcePath, skip: usize, top: usize) -> Vec<Resource>;

    /// Last uses of the identities of the list called `list`.
    fn usage(&self, list: &str) -> Vec<LastUse>;

    /// Makes a change. The change goes on if the future is dropped after its first poll.
    fn apply(&self, change: Change) -> Later<Result<Applied, ApplyError>>;

    /// Makes an old revision's content a new revision.
    fn restore(&self, number: u64, actor: Actor) -> Later<Result<Applied, ApplyError>>;

    /// Revisions before `before` (or all), newest first, at most `limit`.
    fn revisions(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Later<Result<Vec<RevisionSummary>, StoreError>>;

    /// One revision with what it changed.
    fn revision_detail(&self, number: u64) -> Later<Result<Option<RevisionSummary>, StoreError>>;

    /// What a revision made of each resource it changed.
    fn difference(&self, number: u64) -> Later<Result<Option<Vec<Difference>>, StoreError>>;
}
