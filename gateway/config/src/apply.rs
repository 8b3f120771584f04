//! A change, from edits to a published revision: the second of the product's two stories.

mod head;
mod history;
mod restore;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_tls::seal::{MasterKey, Sealer, WrappedDataKey};

use crate::change::{Actor, Applied, ApplyError, Change, Outcome};
use crate::clock::Clock;
use crate::compile::{Compilation, CompileSettings, FileHost, Problems, compile};
use crate::draft::Draft;
use crate::record;
use crate::resource::ResourcePath;
use crate::resources::Resources;
use crate::snapshot::{Published, Snapshot};
use crate::store::{CommitError, NewRevision, Store, StoreError};
use crate::usage::Usage;

use head::read_head;
pub use history::Difference;

/// The single writer: owns the store, the newest resources, and the place where snapshots are
/// published. Lives on a thread of its own, because it waits for the disk.
#[derive(Debug)]
pub struct Writer {
    store: Box<dyn Store>,
    sealer: Sealer,
    settings: CompileSettings,
    clock: Arc<dyn Clock>,
    usage: Arc<Usage>,
    keep_revisions: u64,
    resources: Resources,
    published: Published,
    /// Snapshots that requests may still hold. They are freed here and never inside a request.
    retired: Vec<Arc<Snapshot>>,
    /// What admin reads: the resources of the published revision.
    shared: Arc<arc_swap::ArcSwap<Resources>>,
    /// An earlier commit may or may not have happened; the head must be read again first.
    unsettled: bool,
}

impl std::fmt::Debug for dyn Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// The sealer of a store: its data key, unwrapped by the master key. An empty store gets one.
///
/// # Errors
/// If the data key cannot be read, stored, or opened with this master key.
pub fn open_sealer(store: &mut dyn Store, master: &MasterKey) -> Result<Sealer, StoreError> {
    let stored = store.data_key()?.map(WrappedDataKey);
    let (sealer, wrapped) = Sealer::open_or_create(master, stored.as_ref())
        .map_err(|error| StoreError::Unusable(error.to_string()))?;
    if stored.is_none() {
        store.put_data_key(&wrapped.0)?;
    }
    Ok(sealer)
}

/// What a writer is started with.
#[derive(Debug)]
pub struct WriterSettings {
    /// What compiling depends on.
    pub compile: CompileSettings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How many revisions keep their details.
    pub keep_revisions: u64,
}

impl Writer {
    /// Opens the newest revision of `store` and compiles it.
    ///
    /// Start-up is kinder than a change: what does not compile is quarantined, see
    /// [`Snapshot::quarantine`].
    ///
    /// # Errors
    /// If the store cannot be read whole.
    pub fn open(
        mut store: Box<dyn Store>,
        sealer: Sealer,
        settings: WriterSettings,
    ) -> Result<Self, StoreError> {
        let usage = Arc::new(Usage::default());
        let (resources, snapshot) = read_head(
            &mut *store,
            &sealer,
            &settings.compile,
            &settings.clock,
            &usage,
        )?;
        Ok(Self {
            store,
            sealer,
            settings: settings.compile,
            clock: settings.clock,
            usage,
            keep_revisions: settings.keep_revisions,
            published: Published::new(Arc::new(snapshot)),
            shared: Arc::new(arc_swap::ArcSwap::from_pointee(resources.clone())),
            resources,
            retired: Vec::new(),
            unsettled: false,
        })
    }

    /// Makes `change` part of the running configuration.
    ///
    /// When this returns `Ok`, the new revision is on disk and published: every request whose head is
    /// read afterwards is served by it. Requests in flight finish on the revision they pinned.
    ///
    /// # Errors
    /// [`ApplyError`]; the running and the stored configuration are then what they were before.
    pub fn apply(&mut self, change: Change) -> Result<Applied, ApplyError> {
        self.settle()?;
        let current = self.published.load();
        let number = current.revision + 1;
        let mut draft = Draft::new(self.resources.clone(), number, self.clock.now_seconds());
        let mut results = Vec::with_capacity(change.edits.len());
        for edit in change.edits {
            results.push(draft.edit(edit)?);
        }
        let changes_something = results
            .iter()
            .any(|result| result.outcome != Outcome::Absent);
        let snapshot =
            self.compile_draft(&mut draft, &current, change.allow_code_in_named_values)?;
        if change.dry_run || !changes_something {
            return Ok(Applied {
                revision: current.revision,
                results,
            });
        }
        self.persist(&draft, number, &change.actor, change.comment)?;
        self.publish(draft.resources, snapshot);
        for result in &mut results {
            result.warnings = self.resources.warnings(&result.path);
        }
        Ok(Applied {
            revision: number,
            results,
        })
    }

    fn compile_draft(
        &self,
        draft: &mut Draft,
        current: &Snapshot,
        allow_code_in_named_values: bool,
    ) -> Result<Snapshot, ApplyError> {
        let dirty: BTreeSet<ResourcePath> = draft.changed.keys().cloned().collect();
        let compiled = compile(Compilation {
            settings: &self.settings,
            resources: &mut draft.resources,
            previous: Some(current),
            dirty: &dirty,
            before: &draft.before,
            revision: current.revision + 1,
            allow_code_in_named_values,
            file_hosts_changed: false,
            usage: &self.usage,
            problems: Vec::new(),
            quarantine: Vec::new(),
        });
        // Deleting what others refer to is told as such, and not as the others' problem.
        draft.check_in_use()?;
        compiled.map_err(|problems| refusal(problems, &dirty))
    }

    fn persist(
        &mut self,
        draft: &Draft,
        number: u64,
        actor: &Actor,
        comment: Option<String>,
    ) -> Result<(), ApplyError> {
        let mut changes = Vec::with_capacity(draft.changed.len());
        for (path, body) in &draft.changed {
            let bytes = match body {
                Some(body) => Some(
                    record::encode(path, body, &self.sealer)
                        .map_err(|error| ApplyError::Store(error.to_string()))?,
                ),
                None => None,
            };
            changes.push((path.key(), bytes));
        }
        let time_ms =
            i64::try_from(self.clock.now_nanos().div_euclid(1_000_000)).unwrap_or(i64::MAX);
        let revision = NewRevision {
            number,
            time_ms,
            actor: actor.name.to_string(),
            comment,
            changes,
        };
        match self.store.commit(&revision) {
            Ok(()) => Ok(()),
            Err(CommitError::Refused(reason)) => Err(ApplyError::Store(reason)),
            Err(CommitError::Unknown(reason)) => {
                tracing::error!(%reason, revision = number, "the outcome of a commit is unknown");
                self.unsettled = true;
                self.settle()?;
                // Settled: what is in the store is served. The caller learns that it cannot know.
                if self.published.load().revision == number {
                    return Err(ApplyError::Store(format!(
                        "{reason}; revision {number} was found in the store and is served"
                    )));
                }
                Err(ApplyError::Store(reason))
            }
        }
    }

    fn publish(&mut self, resources: Resources, snapshot: Snapshot) {
        self.retired.push(self.published.load());
        self.published.publish(Arc::new(snapshot));
        self.shared.store(Arc::new(resources.clone()));
        self.resources = resources;
        self.free_retired();
    }

    /// Frees the snapshots that no request holds any more.
    pub fn free_retired(&mut self) {
        self.retired
            .retain(|snapshot| Arc::strong_count(snapshot) > 1);
    }

    /// After an unknown outcome: reads the head again and publishes what is there.
    fn settle(&mut self) -> Result<(), ApplyError> {
        if !self.unsettled {
            return Ok(());
        }
        let head = read_head(
            &mut *self.store,
            &self.sealer,
            &self.settings,
            &self.clock,
            &self.usage,
        );
        let (resources, snapshot) = head.map_err(|error| {
            tracing::error!(%error, "the store cannot be read after an unknown outcome");
            ApplyError::Unsettled
        })?;
        self.publish(resources, snapshot);
        self.unsettled = false;
        Ok(())
    }

    /// Reads the head again because nobody knows how far a change got; the error to answer with.
    pub fn distrust(&mut self) -> ApplyError {
        let before = self.published.load().revision;
        self.unsettled = true;
        match self.settle() {
            Ok(()) => {
                let revision = self.published.load().revision;
                let mut reason = "an internal error; see the log".to_owned();
                if revision != before {
                    reason +=
                        &format!("; revision {revision} was found in the store and is served");
                }
                ApplyError::Store(reason)
            }
            Err(error) => error,
        }
    }

    /// Whether the store could not be read after an unknown outcome: the process must end, because
    /// what it serves may be older than what is stored.
    #[must_use]
    pub const fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// Replaces the hosts whose certificates come from files. Not a revision: nothing is stored.
    ///
    /// # Errors
    /// If one of them cannot be used; the old ones stay.
    pub fn set_file_hosts(&mut self, hosts: Vec<Arc<FileHost>>) -> Result<(), ApplyError> {
        self.settle()?;
        let current = self.published.load();
        let settings = CompileSettings {
            file_hosts: hosts,
            ..self.settings.clone()
        };
        let mut resources = self.resources.clone();
        let snapshot = compile(Compilation {
            settings: &settings,
            resources: &mut resources,
            previous: Some(&current),
            dirty: &BTreeSet::new(),
            before: &BTreeMap::new(),
            revision: current.revision,
            allow_code_in_named_values: false,
            file_hosts_changed: true,
            usage: &self.usage,
            problems: Vec::new(),
            quarantine: Vec::new(),
        })
        .map_err(|problems| refusal(problems, &BTreeSet::new()))?;
        self.settings = settings;
        self.publish(resources, snapshot);
        Ok(())
    }

    /// Where snapshots are published.
    #[must_use]
    pub const fn published(&self) -> &Published {
        &self.published
    }

    /// The resources of the published revision.
    #[must_use]
    pub const fn shared_resources(&self) -> &Arc<arc_swap::ArcSwap<Resources>> {
        &self.shared
    }

    /// Last uses of identities.
    #[must_use]
    pub const fn usage(&self) -> &Arc<Usage> {
        &self.usage
    }
}

/// The error for problems that compiling found: those of the edited resources first; a problem of a
/// resource that was not edited is told with its path.
fn refusal(problems: Problems, dirty: &BTreeSet<ResourcePath>) -> ApplyError {
    let edited = problems
        .iter()
        .find(|(path, _)| dirty.contains(path))
        .map(|(path, _)| path.clone());
    let path = edited
        .or_else(|| dirty.iter().next().cloned())
        .unwrap_or_else(ResourcePath::service);
    let problems = problems
        .into_iter()
        .flat_map(|(place, problems)| {
            let elsewhere = place != path;
            problems.into_iter().map(move |mut problem| {
                if elsewhere {
                    problem.message = format!("`{place}`: {}", problem.message);
                }
                problem
            })
        })
        .collect();
    ApplyError::Invalid { path, problems }
}

#[cfg(test)]
pub(crate) mod tests;
