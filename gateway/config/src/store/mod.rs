//! Where revisions are kept: durable before anything is visible.

#[cfg(test)]
pub(crate) mod faulty;
pub mod sqlite;

use std::sync::Arc;

/// One resource as the store knows it: a key, the revision that last changed it, opaque bytes.
///
/// What is in `body` was sealed above if it holds secrets; the store looks at nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// [`crate::resource::ResourcePath::key`].
    pub key: String,
    /// Revision that last changed it.
    pub changed_in: u64,
    /// Its content.
    pub body: Arc<[u8]>,
}

/// A revision to be made durable.
#[derive(Debug)]
pub struct NewRevision {
    /// Its number: one more than the head's.
    pub number: u64,
    /// When, unix milliseconds.
    pub time_ms: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub comment: Option<String>,
    /// New content by key; `None` removes. Each key once.
    pub changes: Vec<(String, Option<Vec<u8>>)>,
}

/// Metadata of a stored revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRevision {
    /// Its number.
    pub number: u64,
    /// When, unix milliseconds.
    pub time_ms: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub comment: Option<String>,
    /// How many records it changed.
    pub change_count: u64,
}

/// Why a commit did not happen, or may have.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Certainly not applied: full disk, read-only, lock lost, wrong parent. The store is as before.
    #[error("{0}")]
    Refused(String),
    /// It is not known whether it became durable (an error at the commit itself). The caller must
    /// read the head again before it takes another change.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Unreadable, corrupt, or written by a newer release.
    #[error("{0}")]
    Unusable(String),
    /// Another process has it open.
    #[error("the store `{0}` is in use by another process")]
    Locked(String),
}

/// A durable history of revisions with a current state.
pub trait Store: Send {
    /// The wrapped data key that records are sealed under; `None` before one was stored.
    ///
    /// # Errors
    /// If it cannot be read.
    fn data_key(&mut self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores the wrapped data key, durable when this returns. Nothing may be sealed before.
    ///
    /// # Errors
    /// If it cannot be stored; the old one, if any, stays.
    fn put_data_key(&mut self, wrapped: &[u8]) -> Result<(), StoreError>;

    /// The newest revision's number; 0 for an empty store.
    ///
    /// # Errors
    /// If it cannot be read.
    fn head(&mut self) -> Result<u64, StoreError>;

    /// Calls `each` for every current record, in key order.
    ///
    /// # Errors
    /// If it cannot be read whole.
    fn load(&mut self, each: &mut dyn FnMut(Record)) -> Result<(), StoreError>;

    /// Makes a revision durable: when this returns `Ok` it survives power loss. One transaction:
    /// all of it or nothing.
    ///
    /// # Errors
    /// [`CommitError`]; see there what is known.
    fn commit(&mut self, revision: &NewRevision) -> Result<(), CommitError>;

    /// Revisions with numbers below `before` (or all), newest first, at most `limit`.
    ///
    /// # Errors
    /// If they cannot be read.
    fn revisions(
        &mut self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StoredRevision>, StoreError>;

    /// The keys that revision `number` changed, each with whether it exists after it, at most
    /// `limit`, in key order. `None` if the revision is not kept.
    ///
    /// # Errors
    /// If they cannot be read.
    fn changes(
        &mut self,
        number: u64,
        limit: usize,
    ) -> Result<Option<Vec<(String, bool)>>, StoreError>;

    /// Content of `key` as of revision `number` (also inside it): `None` if it did not exist.
    ///
    /// # Errors
    /// If it cannot be read.
    fn record_at(&mut self, key: &str, number: u64) -> Result<Option<Record>, StoreError>;

    /// Calls `each` for every key whose content differs between revision `number` and the head, with
    /// the content as of `number` (`None`: did not exist then). For restoring. Returns false if
    /// `number` is not kept.
    ///
    /// # Errors
    /// If it cannot be read.
    fn differences(
        &mut self,
        number: u64,
        each: &mut dyn FnMut(String, Option<Record>),
    ) -> Result<bool, StoreError>;

    /// Forgets the details of revisions so that at most `keep` remain; the current state stays whole.
    ///
    /// # Errors
    /// If it cannot be done; nothing is lost then.
    fn prune(&mut self, keep: u64) -> Result<(), StoreError>;
}
