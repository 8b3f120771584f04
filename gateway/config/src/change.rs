//! What a change is, and what comes of it.

use std::sync::Arc;

use serde_json::Value;

use crate::resource::accept::{FieldProblem, Warning};
use crate::resource::identity_list::Identity;
use crate::resource::{Resource, ResourcePath};

/// One or several edits that become one revision, or nothing.
#[derive(Debug)]
pub struct Change {
    /// In order; each sees what the ones before it did.
    pub edits: Vec<Edit>,
    /// Who.
    pub actor: Actor,
    /// Why, for people.
    pub comment: Option<String>,
    /// Validate and compile everything, then stop.
    pub dry_run: bool,
    /// Whether a named value may change the code around it (DESIGN decision 15; role `admin`).
    pub allow_code_in_named_values: bool,
}

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Name of the credential.
    pub name: Arc<str>,
    /// Address it came from, if any.
    pub address: Option<std::net::IpAddr>,
}

/// One edit of one resource.
#[derive(Debug)]
pub struct Edit {
    /// Which resource.
    pub path: ResourcePath,
    /// What to do.
    pub action: Action,
    /// Under which condition (RFC 9110 section 13.1.1, with Azure's reading of `*`).
    pub if_match: IfMatch,
}

/// What an edit does.
#[derive(Debug)]
pub enum Action {
    /// Create or replace.
    Put(Value),
    /// Create or replace an identity list with all its members, already parsed while it streamed.
    PutList(Box<ParsedList>),
    /// Merge into an existing resource (RFC 7396).
    Patch(Value),
    /// Remove; nothing to remove is success.
    Delete,
    /// New primary or secondary key of a subscription.
    RegenerateKey(KeyName),
}

/// A whole identity list.
#[derive(Debug, Default)]
pub struct ParsedList {
    /// `properties.description`.
    pub description: Arc<str>,
    /// Members by name; later ones of the same name were refused while parsing.
    pub members: Vec<(Arc<str>, Identity)>,
}

/// Which key of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract's own words")]
pub enum KeyName {
    Primary,
    Secondary,
}

/// The condition of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// None given, or `*`: as Azure's clients use it, a `PUT` with `*` may create.
    Any,
    /// The resource must still have this ETag (a revision number); it must exist.
    Revision(u64),
}

/// What became of an accepted change.
#[derive(Debug)]
pub struct Applied {
    /// The revision that is now served. On a dry run, or when nothing changed, the current one.
    pub revision: u64,
    /// One result for each edit, in order.
    pub results: Vec<EditResult>,
}

/// What became of one edit.
#[derive(Debug)]
pub struct EditResult {
    /// Which resource.
    pub path: ResourcePath,
    /// What happened.
    pub outcome: Outcome,
    /// The resource afterwards; `None` after a delete.
    pub resource: Option<Resource>,
    /// What the operator should know.
    pub warnings: Vec<Warning>,
}

/// What happened to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It was there and has been replaced or merged (also when nothing differs).
    Updated,
    /// It was there and is gone.
    Deleted,
    /// It was not there; nothing happened.
    Absent,
}

/// Why a change was refused. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A `PATCH` or key regeneration of something that does not exist, or a child of a parent that
    /// does not.
    #[error("`{0}` was not found")]
    NotFound(ResourcePath),
    /// The ETag is not the resource's.
    #[error("`{0}` was modified since it was last retrieved")]
    PreconditionFailed(ResourcePath),
    /// The resource is referred to by others.
    #[error("`{path}` is in use by {}", by.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", "))]
    InUse {
        /// What was to be deleted.
        path: ResourcePath,
        /// Who refers to it.
        by: Vec<ResourcePath>,
    },
    /// The body, or the configuration that would result, is not valid. `path` is the edit at fault.
    #[error("`{path}` is not valid")]
    Invalid {
        /// Which resource's edit.
        path: ResourcePath,
        /// Every problem found.
        problems: Vec<FieldProblem>,
    },
    /// The store refused the revision; it is not durable and not visible.
    #[error("the change could not be stored: {0}")]
    Store(String),
    /// The store is being read again after an unknown outcome; try later.
    #[error("the outcome of an earlier change is not known yet")]
    Unsettled,
    /// The publisher has ended.
    #[error("the gateway is shutting down")]
    ShuttingDown,
}

/// A revision in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionSummary {
    /// Its number; dense, from 1.
    pub number: u64,
    /// When, unix milliseconds.
    pub time_ms: i64,
    /// Who.
    pub actor: Arc<str>,
    /// Why.
    pub comment: Option<String>,
    /// Which resources changed: path and whether it exists after it.
    pub changes: Vec<(String, bool)>,
    /// How many changed in all; `changes` lists at most the first thousand.
    pub change_count: u64,
}

/// A list parsed elsewhere, for the one edit that carries it.
impl From<ParsedList> for Action {
    fn from(list: ParsedList) -> Self {
        Self::PutList(Box::new(list))
    }
}
