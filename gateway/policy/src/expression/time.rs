//! `DateTime`, `DateTimeOffset` and `TimeSpan`: ticks of 100 ns, as .NET counts them.
//!
//! The gateway's time zone is UTC, as Azure's is, so that local time and UTC are one (and .NET's
//! comparison, which ignores the kind, is right).

use crate::host::UnixNanos;

/// Ticks of one second.
pub(crate) const SECOND: i64 = 10_000_000;
/// Ticks of one minute.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// Ticks of one hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Ticks of one day.
pub(crate) const DAY: i64 = 24 * HOUR;
/// Ticks from 0001-01-01 to 1970-01-01.
pub(crate) const UNIX_EPOCH: i64 = 719_162 * DAY;
/// Ticks of 9999-12-31T23:59:59.9999999.
pub(crate) const MAX_TICKS: i64 = 3_652_059 * DAY - 1;

/// `System.DateTimeKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in .NET")]
pub enum Kind {
    Unspecified,
    Utc,
    Local,
}

/// `System.DateTime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime {
    /// 100 ns since 0001-01-01T00:00:00.
    pub ticks: i64,
    /// Kind; comparison ignores it.
    pub kind: Kind,
}

/// `System.DateTimeOffset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTimeOffset {
    /// The clock time at the offset, in ticks.
    pub local_ticks: i64,
    /// Minutes east of UTC.
    pub offset_minutes: i16,
}

/// `System.TimeSpan` in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan(pub i64);

/// The date of some ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

impl DateTime {
    /// A UTC time, clamped to what .NET can hold.
    #[must_use]
    pub fn utc(nanos: UnixNanos) -> Self {
        Self {
            ticks: ticks_of(nanos),
            kind: Kind::Utc,
        }
    }

    /// A local time (which is UTC here), as `X509Certificate2.NotAfter` returns.
    pub(crate) fn local(nanos: UnixNanos) -> Self {
        Self {
            ticks: ticks_of(nanos),
            kind: Kind::Local,
        }
    }
}

impl DateTimeOffset {
    /// At offset zero.
    pub(crate) fn utc(nanos: UnixNanos) -> Self {
        Self {
            local_ticks: ticks_of(nanos),
            offset_minutes: 0,
        }
    }

    /// Ticks of the same moment in UTC.
    pub(crate) fn utc_ticks(self) -> i64 {
        self.local_ticks - i64::from(self.offset_minutes) * MINUTE
    }
}

/// Ticks of a moment, clamped to what .NET can hold.
pub(crate) fn ticks_of(nanos: UnixNanos) -> i64 {
    let ticks = nanos.div_euclid(100) + i128::from(UNIX_EPOCH);
    i64::try_from(ticks.clamp(0, i128::from(MAX_TICKS))).unwrap_or(0)
}

/// The proleptic Gregorian date of day `ticks` falls on.
pub(crate) fn civil(ticks: i64) -> Civil {
    // Days since 0000-03-01, so that the leap day ends the year.
    let days = ticks.div_euclid(DAY) + 306;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil { year, month, day }
}

/// Days from 0001-01-01 to a valid date.
pub(crate) fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 306
}

pub(crate) fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Ticks of a date and time of day; `None` if there is no such moment.
pub(crate) fn ticks_from(
    (year, month, day): (i64, i64, i64),
    (hour, minute, second): (i64, i64, i64),
    fraction: i64,
) -> Option<i64> {
    let valid = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second)
        && (0..SECOND).contains(&fraction);
    valid.then(|| {
        days_to(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second * SECOND + fraction
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_calendar_survives_the_round_trip() {
        for day in (0..3_652_059).step_by(97) {
            let date = civil(day * DAY);
            assert_eq!(days_to(date.year, date.month, date.day), day);
        }
        assert_eq!(
            civil(UNIX_EPOCH),
            Civil {
                year: 1970,
                month: 1,
                day: 1
            }
        );
        assert_eq!(
            civil(MAX_TICKS),
            Civil {
                year: 9999,
                month: 12,
                day: 31
            }
        );
        assert_eq!(
            civil(0),
            Civil {
                year: 1,
                month: 1,
                day: 1
            }
        );
    }
}
