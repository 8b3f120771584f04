//! What the connections see, taken down for the judge.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gateway_testkit::Response;

use super::{Observation, Record, Verdict, revision};
use crate::worker::Observer;

/// Takes down what the connections of one identity see.
pub(super) struct Witness {
    pub(super) identity: usize,
    pub(super) refused: u16,
    pub(super) acknowledged: Arc<AtomicU64>,
    pub(super) record: Arc<Mutex<Record>>,
}

impl Observer for Witness {
    fn sending(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    fn answered(&self, sending: u64, response: &Response) {
        let verdict = match response.status.as_u16() {
            200..300 => Verdict::Allowed,
            status if status == self.refused => Verdict::Refused,
            // Neither: the tally of statuses makes a problem of it.
            _ => return,
        };
        let seen = Observation {
            identity: self.identity,
            revision: revision(response),
            acknowledged: sending,
            verdict,
        };
        self.record
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .observe(seen);
    }
}
