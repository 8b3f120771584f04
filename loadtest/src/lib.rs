//! Load for a gateway, and a judge for what it answers.
//!
//! [`keepalive`] measures: how many requests, how fast, at what cost. [`rotate`] judges: it changes
//! who is allowed through the admin API while the load runs, and holds every response against the
//! revision that answered it.
//!
//! Latency is measured from the moment a request *should* have been sent, so that a stalled target
//! cannot hide its stall by keeping the load from asking (coordinated omission).

mod cpu;
mod fault;
pub mod keepalive;
mod pace;
mod progress;
mod report;
pub mod rotate;
mod tally;
mod target;
mod worker;

pub use fault::Fault;
pub use report::{Latency, Machine, Report, Totals};
pub use tally::Tally;
pub use target::{Protocol, Target};

use std::time::Duration;

/// How much load, for how long; every field bounds it.
#[derive(Debug, Clone)]
pub struct Load {
    /// Connections kept open at the same time.
    pub connections: usize,
    /// Requests in flight at the same time on one HTTP/2 connection.
    pub streams: usize,
    /// What the connections speak.
    pub protocol: Protocol,
    /// After how long it ends.
    pub duration: Duration,
    /// After how many requests it ends, should that come first.
    pub max_requests: u64,
    /// Requests per second over all connections; as fast as the answers come when absent.
    pub rate: Option<f64>,
    /// After how long a handshake or a request counts as failed.
    pub deadline: Duration,
    /// Whether a line of progress is written to standard error, if that is a terminal.
    pub progress: bool,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            connections: 16,
            streams: 4,
            protocol: Protocol::Http1,
            duration: Duration::from_secs(10),
            max_requests: 10_000_000,
            rate: None,
            deadline: Duration::from_secs(10),
            progress: false,
        }
    }
}

impl Load {
    /// Refuses what cannot be meant.
    pub(crate) fn check(&self) -> Result<(), LoadError> {
        let refuse = |reason: &str| Err(LoadError::Option(reason.to_owned()));
        if self.connections == 0 || self.connections > 20_000 {
            return refuse("connections: between 1 and 20000");
        }
        if self.streams == 0 || self.streams > 1_000 {
            return refuse("streams: between 1 and 1000");
        }
        if self.duration.is_zero() || self.duration > Duration::from_secs(24 * 3600) {
            return refuse("duration: more than nothing and at most a day");
        }
        if self.max_requests == 0 {
            return refuse("requests: at least 1");
        }
        if self
            .rate
            .is_some_and(|rate| !(rate.is_finite() && (0.001..=10_000_000.0).contains(&rate)))
        {
            return refuse("rate: between 0.001 and 10000000 requests per second");
        }
        Ok(())
    }
}

/// Why there was no load, as opposed to what the load found, which is a [`Report`].
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// An option that cannot be meant.
    #[error("{0}")]
    Option(String),
    /// A file that cannot be used.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The target's name does not resolve, or nobody listens there.
    #[error("{target} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        target: String,
        /// The last thing that failed.
        reason: String,
    },
    /// The TLS settings were refused.
    #[error(transparent)]
    Client(#[from] gateway_testkit::ClientError),
    /// The admin API did not do what the scenario needs.
    #[error("admin API: {0}")]
    Admin(String),
    /// The target does not behave as the scenario assumes, so that judging it would mean nothing.
    #[error("{0}")]
    Premise(String),
}
