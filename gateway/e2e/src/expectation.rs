//! What a client's requests must have come to after a swap.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use crate::seen::{Kind, Outcome, Seen};

/// Whether a session that is offered must be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// It is: what changed is judged for each request.
    Resumed,
    /// It is declined, and a full handshake takes its place.
    Declined,
}

/// Every request was answered with `status`, judged by revision `since` or a newer one.
///
/// # Panics
/// If not.
#[track_caller]
pub fn assert_answered(seen: &[Seen], status: u16, since: Option<u64>, sessions: Sessions) {
    for each in seen {
        assert_status(each, status, since);
        let resumed = each.kind.offers_session() && sessions == Sessions::Resumed;
        assert_eq!(each.resumed, resumed, "whether it was resumed: {each:?}");
    }
    assert_every_kind(seen);
}

/// The connections that were open got 403, and every handshake ended in one of these alerts.
///
/// # Panics
/// If not.
#[track_caller]
pub fn assert_shut_out(seen: &[Seen], since: Option<u64>, alerts: &[&str]) {
    for each in seen {
        if each.kind.is_open() {
            assert_status(each, 403, since);
            continue;
        }
        assert!(!each.resumed, "{each:?}");
        let expected = matches!(&each.outcome, Outcome::Alert(alert) if alerts.iter().any(|known| alert.contains(known)));
        assert!(expected, "an alert of {alerts:?}: {each:?}");
    }
    assert_every_kind(seen);
}

#[track_caller]
fn assert_status(seen: &Seen, expected: u16, since: Option<u64>) {
    match seen.outcome {
        Outcome::Answered {
            status, revision, ..
        } => {
            assert_eq!(status, expected, "{seen:?}");
            let since = since.unwrap_or(0);
            assert!(
                revision >= since,
                "judged by revision {since} or a newer one: {seen:?}"
            );
        }
        Outcome::Alert(_) | Outcome::Failed(_) => panic!("{expected} expected: {seen:?}"),
    }
}

#[track_caller]
fn assert_every_kind(seen: &[Seen]) {
    for kind in Kind::ALL {
        assert!(
            seen.iter().any(|seen| seen.kind == kind),
            "{kind:?} was tried"
        );
    }
}
