//! Resources, revisions, stores and the snapshot: the change.
//!
//! The story is [`apply::Writer::apply`]: edits become a draft, the draft is validated and compiled
//! whole, made durable, and published in one store. What a request needs of a revision is in
//! [`snapshot::Snapshot`]; how its client's certificate is judged, in [`judge`].

pub mod apply;
pub mod change;
pub mod clock;
pub mod compile;
pub mod control;
mod draft;
pub mod expiry;
pub mod forward;
pub mod hosts;
pub mod identity;
pub mod judge;
pub mod loggers;
pub mod material;
mod record;
pub mod resource;
pub mod resources;
pub mod route;
pub mod snapshot;
pub mod store;
pub mod subscriptions;
pub mod upstream;
pub mod usage;
