//! Policies without a gateway: checked, run, tested and counted from files alone.
//!
//! Nothing here opens a socket or a store. Policies get the same compiler, the same cryptography and
//! the same judgement of certificates as in a gateway; only what they would ask the network for comes
//! from a script.

pub mod case;
pub mod check;
pub mod coverage;
pub mod files;
pub mod host;
pub mod material;
mod memory_store;
pub mod outcome;
pub mod performer;
pub mod program;
pub mod request;
pub mod resources;
pub mod scenario;
pub mod world;

use std::fmt;
use std::path::Path;

/// Input that cannot be used at all: a file that is missing, unreadable or malformed, an argument
/// that says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable(pub String);

impl Unusable {
    /// What is wrong with a file.
    pub(crate) fn file(path: &Path, problem: impl fmt::Display) -> Self {
        Self(format!("`{}`: {problem}", path.display()))
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unusable {}
