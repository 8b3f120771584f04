//! The control plane of a running gateway.

use gateway_config::apply::Difference;
use gateway_config::change::{Actor, Applied, ApplyError, Change, RevisionSummary};
use gateway_config::control::ControlPlane as Running;
use gateway_config::resource::accept::Warning;
use gateway_config::resource::{Body, Kind, Resource, ResourcePath, default_service};
use gateway_config::resources::Reference;
use gateway_config::store::StoreError;
use gateway_config::usage::LastUse;
use std::sync::Arc;

use crate::plane::{ControlPlane, Later};

impl ControlPlane for Running {
    fn revision(&self) -> u64 {
        Self::revision(self)
    }

    fn get(&self, path: &ResourcePath) -> Option<(Resource, Vec<Warning>)> {
        Self::get(self, path).or_else(|| {
            // An empty store has a service too: clients begin by reading it.
            (path.kind() == Kind::Service).then(|| (default_service(), Vec::new()))
        })
    }

    fn list(&self, kind: Kind, parent: Option<&ResourcePath>) -> Vec<Resource> {
        Self::list(self, kind, parent)
    }

    fn referrers(&self, path: &ResourcePath) -> Vec<ResourcePath> {
        let resources = self.resources();
        let reference = resources
            .get(path)
            .and_then(|resource| Reference::to_resource(&resource));
        reference
            .map(|reference| resources.referrers(&reference))
            .unwrap_or_default()
    }

    fn member_count(&self, path: &ResourcePath) -> usize {
        self.resources()
            .set(&path.name())
            .map_or(0, |set| set.len())
    }

    fn members(&self, path: &ResourcePath, skip: usize, top: usize) -> Vec<Resource> {
        let resources = self.resources();
        let Some(set) = resources.set(&path.name()) else {
            return Vec::new();
        };
        set.iter()
            .skip(skip)
            .take(top)
            .filter_map(|member| {
                Some(Resource {
                    path: ResourcePath::new(Kind::Identity, &[&set.id, &member.name])?,
                    changed_in: member.changed_in,
                    body: Arc::new(Body::Identity(member.identity.clone())),
                })
            })
            .collect()
    }

    fn usage(&self, list: &str) -> Vec<LastUse> {
        Self::usage(self, list)
    }

    fn apply(&self, change: Change) -> Later<Result<Applied, ApplyError>> {
        let running = self.clone();
        Box::pin(async move { running.apply(change).await })
    }

    fn restore(&self, number: u64, actor: Actor) -> Later<Result<Applied, ApplyError>> {
        let running = self.clone();
        Box::pin(async move { running.restore(number, actor).await })
    }

    fn revisions(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Later<Result<Vec<RevisionSummary>, StoreError>> {
        let running = self.clone();
        Box::pin(async move { running.revisions(before, limit).await })
    }

    fn revision_detail(&self, number: u64) -> Later<Result<Option<RevisionSummary>, StoreError>> {
        let running = self.clone();
        Box::pin(async move { running.revision_detail(number).await })
    }

    fn difference(&self, number: u64) -> Later<Result<Option<Vec<Difference>>, StoreError>> {
        let running = self.clone();
        Box::pin(async move { running.difference(number).await })
    }
}
