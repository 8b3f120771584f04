//! Old revisions made new ones.

use std::sync::Arc;

use crate::apply::Writer;
use crate::change::{Action, Actor, Applied, ApplyError, Edit, IfMatch};
use crate::draft::Draft;
use crate::record;
use crate::resource::{Body, Resource, ResourcePath};

impl Writer {
    /// Makes the content of revision `number` a new revision.
    ///
    /// # Errors
    /// [`ApplyError::NotFound`] if that revision is not kept, and those of [`Writer::apply`].
    pub fn restore(&mut self, number: u64, actor: &Actor) -> Result<Applied, ApplyError> {
        self.settle()?;
        let mut restored: Vec<(String, Option<Resource>)> = Vec::new();
        let mut broken: Option<String> = None;
        let sealer = &self.sealer;
        let kept = self
            .store
            .differences(number, &mut |key, record| match record
                .map(|record| record::decode(&record, sealer))
                .transpose()
            {
                Ok(resource) => restored.push((key, resource)),
                Err(error) => broken = Some(error.to_string()),
            })
            .map_err(|error| ApplyError::Store(error.to_string()))?;
        if let Some(broken) = broken {
            return Err(ApplyError::Store(broken));
        }
        if !kept {
            return Err(ApplyError::NotFound(ResourcePath::service()));
        }
        let current = self.published.load();
        let next = current.revision + 1;
        let mut draft = Draft::new(self.resources.clone(), next, self.clock.now_seconds());
        draft.restore(restored);
        let snapshot = self.compile_draft(&mut draft, &current, true)?;
        let comment = Some(format!("restore of revision {number}"));
        if draft.changed.is_empty() {
            return Ok(Applied {
                revision: current.revision,
                results: Vec::new(),
            });
        }
        self.persist(&draft, next, actor, comment)?;
        self.publish(draft.resources, snapshot);
        Ok(Applied {
            revision: next,
            results: Vec::new(),
        })
    }
}

impl Draft {
    /// Puts resources back as they were; `None` removes.
    fn restore(&mut self, resources: Vec<(String, Option<Resource>)>) {
        // Parents before members and operations, so that lists exist when members come.
        let mut resources: Vec<(ResourcePath, Option<Resource>)> = resources
            .into_iter()
            .filter_map(|(key, resource)| {
                let path = resource
                    .as_ref()
                    .map(|r| r.path.clone())
                    .or_else(|| ResourcePath::parse(&key));
                Some((path?, resource))
            })
            .collect();
        resources.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, resource) in resources {
            let outcome = match resource {
                Some(resource) => self.put_back(path, resource.body),
                None => self
                    .edit(Edit {
                        path,
                        action: Action::Delete,
                        if_match: IfMatch::Any,
                    })
                    .map(drop),
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, "a resource could not be put back");
            }
        }
    }

    fn put_back(&mut self, path: ResourcePath, body: Arc<Body>) -> Result<(), ApplyError> {
        if let Some(existing) = self.resources.get(&path) {
            self.before.entry(path.clone()).or_insert(existing);
        }
        self.insert_body(&path, &body)?;
        self.changed.insert(path, Some(body));
        Ok(())
    }
}
