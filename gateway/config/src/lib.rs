//! Resources, revisions, stores and the snapshot: the change.

pub mod change;
pub mod resource;
pub mod store;
