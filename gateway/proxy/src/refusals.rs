//! Records of connections that were closed before they could ask for anything.

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_telemetry::label::{ConnectionRefusal, HandshakeEnd, TlsVersion};
use gateway_telemetry::record::{HandshakeRecord, HandshakeRefusal};
use gateway_tls::accept::HandshakeError;
use gateway_tls::digest::upper_hex;
use jiff::Timestamp;

use crate::worker::Worker;

/// Records per worker and second. A flood costs the disk about 10 KB per second and worker; who looks
/// into a single client's trouble seldom meets a second that has more of them. The metrics count all.
const RECORDS_PER_SECOND: u32 = 25;

/// How many records one worker has made lately.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    second: Cell<Option<Instant>>,
    made: Cell<u32>,
    suppressed: Cell<u64>,
}

impl Refusals {
    /// Whether a record may be made now; if so, how many could not be since the last one.
    fn admit(&self, now: Instant) -> Option<u64> {
        let is_same = self
            .second
            .get()
            .is_some_and(|began| now.saturating_duration_since(began) < Duration::from_secs(1));
        if !is_same {
            self.second.set(Some(now));
            self.made.set(0);
        }
        if self.made.get() >= RECORDS_PER_SECOND {
            self.suppressed.set(self.suppressed.get().saturating_add(1));
            return None;
        }
        self.made.set(self.made.get() + 1);
        Some(self.suppressed.take())
    }
}

/// What is known about a connection that was closed.
pub(crate) struct Refused<'a> {
    pub(crate) client: IpAddr,
    pub(crate) reason: HandshakeRefusal,
    /// The connection was taken then.
    pub(crate) began: Instant,
    pub(crate) tls: Option<TlsVersion>,
    /// What ended the handshake, if it had begun and did not just take too long.
    pub(crate) error: Option<&'a HandshakeError>,
}

impl Refused<'_> {
    /// A connection that was not let begin its handshake.
    pub(crate) fn at_the_door(client: IpAddr, reason: ConnectionRefusal) -> Self {
        Self {
            client,
            reason: HandshakeRefusal::Connection(reason),
            began: Instant::now(),
            tls: None,
            error: None,
        }
    }

    /// A handshake that did not end in time, or whose end we could not use.
    pub(crate) const fn without_error(client: IpAddr, end: HandshakeEnd, began: Instant) -> Self {
        Self {
            client,
            reason: HandshakeRefusal::Ended(end),
            began,
            tls: None,
            error: None,
        }
    }

    /// Records it, unless this worker has recorded too many in this second. Never waits.
    pub(crate) fn record(self, worker: &Worker) {
        let now = Instant::now();
        let Some(suppressed) = worker.refusals.admit(now) else {
            return;
        };
        let error = self.error;
        let took = now.saturating_duration_since(self.began);
        worker.access.handshake(HandshakeRecord {
            time: Timestamp::now(),
            worker: worker.index,
            revision: worker.snapshots.pin().revision,
            client: self.client,
            host: error.and_then(|error| error.host.as_deref()).map(Arc::from),
            server_name: error
                .and_then(|error| error.server_name.as_deref())
                .map(Arc::from),
            tls: self.tls,
            reason: self.reason,
            error: error.map(|error| error.failure.to_string()),
            presented_thumbprint: error
                .and_then(|error| error.unproven_thumbprint.as_ref())
                .map(|sha1| upper_hex(sha1)),
            total_us: u32::try_from(took.as_micros()).unwrap_or(u32::MAX),
            suppressed,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_makes_so_many_records_a_second_and_the_next_one_says_how_many_were_left_out() {
        let refusals = Refusals::default();
        let start = Instant::now();
        let later = |milliseconds| start + Duration::from_millis(milliseconds);
        for _ in 0..RECORDS_PER_SECOND {
            assert_eq!(refusals.admit(later(0)), Some(0));
        }
        for flood in 0..10_000 {
            assert_eq!(refusals.admit(later(flood % 1_000)), None);
        }
        assert_eq!(refusals.admit(later(1_000)), Some(10_000));
        assert_eq!(refusals.admit(later(1_000)), Some(0));
        for _ in 2..RECORDS_PER_SECOND {
            assert_eq!(refusals.admit(later(1_999)), Some(0));
        }
        assert_eq!(refusals.admit(later(1_999)), None);
        assert_eq!(refusals.admit(later(60_000)), Some(1));
    }
}
