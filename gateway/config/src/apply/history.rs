//! What was: revisions, what they changed, and forgetting them.

use std::sync::Arc;

use crate::apply::Writer;
use crate::change::RevisionSummary;
use crate::record;
use crate::resource::Resource;
use crate::store::{Record, StoreError};

/// One resource before and after a revision.
#[derive(Debug)]
pub struct Difference {
    /// The resource's key.
    pub key: String,
    /// Before, if it existed.
    pub before: Option<Resource>,
    /// After, if it exists.
    pub after: Option<Resource>,
}

impl Writer {
    /// Revisions before `before` (or all), newest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn revisions(
        &mut self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevisionSummary>, StoreError> {
        let stored = self.store.revisions(before, limit)?;
        Ok(stored
            .into_iter()
            .map(|revision| RevisionSummary {
                number: revision.number,
                time_ms: revision.time_ms,
                actor: Arc::from(revision.actor),
                comment: revision.comment,
                changes: Vec::new(),
                change_count: revision.change_count,
            })
            .collect())
    }

    /// One revision with the paths it changed; `None` if it is not kept.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn revision(&mut self, number: u64) -> Result<Option<RevisionSummary>, StoreError> {
        const LISTED: usize = 1_000;
        let Some(mut summary) = self
            .revisions(Some(number.saturating_add(1)), 1)?
            .into_iter()
            .find(|revision| revision.number == number)
        else {
            return Ok(None);
        };
        let Some(changes) = self.store.changes(number, LISTED)? else {
            return Ok(None);
        };
        summary.changes = changes
            .into_iter()
            .map(|(key, exists)| Ok((self.spelled(key, number)?, exists)))
            .collect::<Result<_, StoreError>>()?;
        Ok(Some(summary))
    }

    /// The path of a record as its resource was created; the key itself once it is gone.
    fn spelled(&mut self, key: String, number: u64) -> Result<String, StoreError> {
        let record = self.store.record_at(&key, number)?;
        let resource = record.and_then(|record| record::decode(&record, &self.sealer).ok());
        Ok(resource.map_or(key, |resource| resource.path.to_string()))
    }

    /// What `number` made of each resource it changed: before and after, as clients read them.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn difference(&mut self, number: u64) -> Result<Option<Vec<Difference>>, StoreError> {
        const LISTED: usize = 1_000;
        let Some(changes) = self.store.changes(number, LISTED)? else {
            return Ok(None);
        };
        let mut differences = Vec::with_capacity(changes.len());
        for (key, _) in changes {
            let before = self.store.record_at(&key, number.saturating_sub(1))?;
            let after = self.store.record_at(&key, number)?;
            let read = |record: Option<Record>| {
                record.and_then(|record| record::decode(&record, &self.sealer).ok())
            };
            differences.push(Difference {
                key,
                before: read(before),
                after: read(after),
            });
        }
        Ok(Some(differences))
    }

    /// Forgets details of old revisions beyond the configured number.
    ///
    /// # Errors
    /// If the store cannot be changed; nothing is lost.
    pub fn prune(&mut self) -> Result<(), StoreError> {
        self.store.prune(self.keep_revisions)
    }
}
