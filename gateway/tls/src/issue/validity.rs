//! Validity periods.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;

use super::IssueError;

/// Seconds in a day.
const DAY: i64 = 86_400;

/// How far back a period that begins "now" begins, in seconds: peers' clocks differ.
const SKEW: i64 = 300;

/// 9999-12-31T23:59:59Z, the last moment a certificate can name (RFC 5280 §4.1.2.5).
const LAST: i64 = 253_402_300_799;

/// From when until when a certificate is valid; both ends in Unix seconds and inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: i64,
    /// The last second.
    pub not_after: i64,
}

impl Validity {
    /// An explicit period, which may lie in the past or the future.
    #[must_use]
    pub const fn between(not_before: i64, not_after: i64) -> Self {
        Self {
            not_before,
            not_after,
        }
    }

    /// From five minutes before `now` (clocks differ) for a number of days.
    #[must_use]
    pub fn days_from(now: i64, days: u32) -> Self {
        Self {
            not_before: now.saturating_sub(SKEW),
            not_after: now.saturating_add(i64::from(days) * DAY).min(LAST),
        }
    }

    /// [`Validity::days_from`] by the machine's clock.
    #[must_use]
    pub fn days(days: u32) -> Self {
        Self::days_from(now(), days)
    }

    pub(super) fn to_asn1(self) -> Result<(Asn1Time, Asn1Time), IssueError> {
        if self.not_after < self.not_before {
            return Err(IssueError::Request(format!(
                "a validity period ends before it begins ({} to {})",
                self.not_before, self.not_after
            )));
        }
        Ok((time(self.not_before)?, time(self.not_after)?))
    }
}

/// A moment that X.509 can write: 1950 to 9999.
pub(super) fn time(seconds: i64) -> Result<Asn1Time, IssueError> {
    const FIRST: i64 = -631_152_000;
    if !(FIRST..=LAST).contains(&seconds) {
        return Err(IssueError::Request(format!(
            "{seconds} is not between the years 1950 and 9999 (RFC 5280 4.1.2.5)"
        )));
    }
    Ok(Asn1Time::from_unix(seconds)?)
}

/// The machine's clock in Unix seconds.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |passed| {
            i64::try_from(passed.as_secs()).unwrap_or(i64::MAX)
        })
}
