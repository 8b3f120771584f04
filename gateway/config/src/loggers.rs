//! Loggers as requests use them.

use std::fmt::Debug;
use std::sync::Arc;

use gateway_policy::host::LoggerMessage;

use crate::resource::logger::Destination;
use crate::snapshot::Snapshot;

/// The loggers of a revision that deliver, by lower-case resource name.
pub type LoggerTable = imbl::HashMap<Arc<str>, Arc<LoggerTarget>>;

/// A logger that delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggerTarget {
    /// Resource name.
    pub id: Arc<str>,
    /// Where its messages go.
    pub destination: Destination,
}

/// Takes messages for loggers and never waits.
pub trait Delivery: Debug {
    /// Delivers `message` in its own time, or drops and counts it. `snapshot` is the request's.
    fn deliver(&self, snapshot: &Snapshot, to: &Arc<LoggerTarget>, message: LoggerMessage);
}
