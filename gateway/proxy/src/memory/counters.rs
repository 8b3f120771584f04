//! Counters of calls and bytes, by key and window.
//!
//! Clients choose keys: a policy may make them of whatever a request says. So a key takes the same
//! room however long it is, and no policy can take the room of the others (see [`Counters::reserve`]).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use gateway_policy::execution::{Count, Counted, Window};
use gateway_tls::digest::sha256;

use super::CallCounters;

const SECOND: i128 = 1_000_000_000;

/// Into how many slices a sliding window is cut. A call counts until the whole slice it fell into has
/// left the window: up to a sixtieth of the window too long, never too short.
const SLICES: i128 = 60;

/// Bytes of a key that are kept as they are; of a longer one its digest is kept.
const KEY_MAX: usize = 64;

/// Counters of all keys. Two requests that count under one key wait for each other, as they must:
/// the limit holds over all workers.
pub(super) struct Counters {
    counters: DashMap<(Key, Window), Owned>,
    /// How many counters each place has made. Never locked while `counters` is about to be.
    places: DashMap<u64, usize>,
    most: usize,
    /// The second in which old ones were looked for last.
    swept: AtomicU64,
}

/// Two kinds, so that nobody can write the digest of another's key as their own.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Text(Arc<str>),
    Sha256([u8; 32]),
}

impl From<&Arc<str>> for Key {
    fn from(key: &Arc<str>) -> Self {
        if key.len() <= KEY_MAX {
            Self::Text(Arc::clone(key))
        } else {
            Self::Sha256(sha256(key.as_bytes()))
        }
    }
}

/// A counter, and whose room it takes.
struct Owned {
    place: u64,
    counter: Counter,
}

#[derive(Debug)]
enum Counter {
    Sliding(Slices),
    Fixed { period: i128, used: u64 },
}

#[derive(Debug, Default)]
struct Slices {
    /// Number of the slice and what was counted in it, the oldest first.
    slices: VecDeque<(i128, u64)>,
    total: u64,
}

impl Counters {
    pub(super) fn new(most: usize) -> Self {
        Self {
            counters: DashMap::new(),
            places: DashMap::new(),
            most,
            swept: AtomicU64::new(0),
        }
    }

    /// Takes room for another counter of `place`, if there is some. If not, those that count nothing
    /// any more are forgotten, at most once a second.
    ///
    /// A place may have as many counters as are still free. So one place alone gets half of all; one
    /// that comes after it a quarter; and however many are flooded with keys, something is left for
    /// the next.
    fn reserve(&self, place: u64, now: i128) -> bool {
        if self.take_room(place) {
            return true;
        }
        let second = u64::try_from(now / SECOND).unwrap_or(0);
        if self.swept.swap(second, Ordering::Relaxed) == second {
            return false;
        }
        self.counters.retain(|(_, window), owned| {
            let is_live = owned.counter.is_live(*window, now);
            if !is_live {
                self.give_back(owned.place);
            }
            is_live
        });
        self.places.retain(|_, taken| *taken > 0);
        self.take_room(place)
    }

    fn take_room(&self, place: u64) -> bool {
        let free = self.most.saturating_sub(self.counters.len());
        let mut taken = self.places.entry(place).or_insert(0);
        let has_room = *taken < free;
        if has_room {
            *taken += 1;
        }
        has_room
    }

    fn give_back(&self, place: u64) {
        if let Some(mut taken) = self.places.get_mut(&place) {
            *taken = taken.saturating_sub(1);
        }
    }
}

impl CallCounters for Counters {
    fn count(&self, count: &Count, now: i128) -> Option<Counted> {
        let key = (Key::from(&count.key), count.window);
        if let Some(mut owned) = self.counters.get_mut(&key) {
            return Some(owned.counter.count(count, now));
        }
        if !self.reserve(count.place, now) {
            return None;
        }
        let mut owned = match self.counters.entry(key) {
            Entry::Occupied(occupied) => {
                // Another worker was faster.
                self.give_back(count.place);
                occupied.into_ref()
            }
            Entry::Vacant(vacant) => vacant.insert(Owned {
                place: count.place,
                counter: Counter::new(count.window, now),
            }),
        };
        Some(owned.counter.count(count, now))
    }

    fn len(&self) -> usize {
        self.counters.len()
    }
}

impl Counter {
    fn new(window: Window, now: i128) -> Self {
        match window {
            Window::Sliding(_) => Self::Sliding(Slices::default()),
            Window::Fixed { start, seconds } => Self::Fixed {
                period: period(start, seconds, now).0,
                used: 0,
            },
        }
    }

    fn count(&mut self, count: &Count, now: i128) -> Counted {
        let used = self.used(count.window, now);
        let allowed = used.saturating_add(count.add.max(1)) <= count.limit;
        let added = if allowed || !count.only_if_allowed {
            count.add
        } else {
            0
        };
        match self {
            Self::Sliding(slices) => slices.add(slice(count.window, now), added),
            Self::Fixed { used, .. } => *used = used.saturating_add(added),
        }
        Counted {
            allowed,
            remaining: count.limit.saturating_sub(used.saturating_add(added)),
            retry_after: self.until_more(count, now),
        }
    }

    /// What counts now.
    fn used(&mut self, window: Window, now: i128) -> u64 {
        match (self, window) {
            (Self::Sliding(slices), Window::Sliding(_)) => {
                slices.forget_before(slice(window, now) - SLICES);
                slices.total
            }
            (Self::Fixed { period: at, used }, Window::Fixed { start, seconds }) => {
                let (current, _) = period(start, seconds, now);
                // A clock that goes back does not open a period again.
                if current > *at {
                    *at = current;
                    *used = 0;
                }
                *used
            }
            // Its key has the window in it.
            _ => u64::MAX,
        }
    }

    /// How long until the limit may allow more.
    fn until_more(&self, count: &Count, now: i128) -> Duration {
        let nanos = match (self, count.window) {
            (Self::Sliding(slices), Window::Sliding(seconds)) => {
                let Some((oldest, _)) = slices.slices.front() else {
                    return Duration::ZERO;
                };
                (oldest + SLICES + 1) * width(seconds) - now
            }
            (Self::Fixed { .. }, Window::Fixed { start, seconds }) => {
                match period(start, seconds, now).1 {
                    Some(end) => end - now,
                    None => return Duration::MAX,
                }
            }
            _ => return Duration::MAX,
        };
        Duration::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
    }

    fn is_live(&mut self, window: Window, now: i128) -> bool {
        self.used(window, now) > 0
    }
}

impl Slices {
    fn add(&mut self, slice: i128, number: u64) {
        if number == 0 {
            return;
        }
        self.total = self.total.saturating_add(number);
        match self.slices.back_mut() {
            // Also if the clock went back.
            Some((last, counted)) if *last >= slice => *counted = counted.saturating_add(number),
            _ => self.slices.push_back((slice, number)),
        }
    }

    /// Forgets slices before `first`.
    fn forget_before(&mut self, first: i128) {
        while let Some((slice, counted)) = self.slices.front()
            && *slice < first
        {
            self.total = self.total.saturating_sub(*counted);
            self.slices.pop_front();
        }
    }
}

/// Nanoseconds of one slice.
fn width(seconds: u32) -> i128 {
    i128::from(seconds.max(1)) * SECOND / SLICES
}

fn slice(window: Window, now: i128) -> i128 {
    match window {
        Window::Sliding(seconds) => now.div_euclid(width(seconds)),
        Window::Fixed { .. } => 0,
    }
}

/// The number of the period that `now` lies in, and when it ends.
fn period(start: i128, seconds: Option<u64>, now: i128) -> (i128, Option<i128>) {
    match seconds.filter(|seconds| *seconds > 0) {
        Some(seconds) => {
            let length = i128::from(seconds) * SECOND;
            let number = (now - start).div_euclid(length);
            (number, Some(start + (number + 1) * length))
        }
        None => (0, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(window: Window, limit: u64) -> Count {
        Count {
            key: "k".into(),
            place: 0,
            window,
            limit,
            add: 1,
            only_if_allowed: true,
            meters: false,
        }
    }

    #[test]
    fn a_sliding_window_never_lets_more_through_than_its_limit() {
        let counters = Counters::new(10);
        let count = one(Window::Sliding(10), 3);
        let mut let_through: Vec<i128> = Vec::new();
        for tenth in 0..1_000 {
            let now = 1_780_272_000 * SECOND + tenth * SECOND / 10;
            let counted = counters.count(&count, now).unwrap();
            if counted.allowed {
                let_through.push(now);
                let within = let_through.iter().filter(|t| **t > now - 10 * SECOND);
                assert!(within.count() <= 3, "at {tenth}");
            } else {
                let again = i128::from(u64::try_from(counted.retry_after.as_nanos()).unwrap());
                assert!(again > 0 && again <= 10 * SECOND + width(10), "{again}");
            }
        }
        // 100 seconds hold ten windows of 10 s and a sixtieth.
        assert!(
            (27..=33).contains(&let_through.len()),
            "{}",
            let_through.len()
        );
    }

    #[test]
    fn it_allows_more_when_it_said_it_would() {
        let counters = Counters::new(10);
        let count = one(Window::Sliding(10), 1);
        let now = 1_780_272_000 * SECOND + 12_345;
        assert!(counters.count(&count, now).unwrap().allowed);
        let refused = counters.count(&count, now + SECOND).unwrap();
        assert!(!refused.allowed);
        let wait = i128::try_from(refused.retry_after.as_nanos()).unwrap();
        assert!(
            !counters
                .count(&count, now + SECOND + wait - 1)
                .unwrap()
                .allowed
        );
        assert!(counters.count(&count, now + SECOND + wait).unwrap().allowed);
    }

    #[test]
    fn a_fixed_period_begins_anew_and_says_when() {
        let counters = Counters::new(10);
        let window = Window::Fixed {
            start: 100 * SECOND,
            seconds: Some(300),
        };
        let count = one(window, 2);
        let at = |second: i128| counters.count(&count, second * SECOND).unwrap();
        assert_eq!(at(150).remaining, 1);
        assert!(at(160).allowed);
        let refused = at(200);
        assert!(!refused.allowed);
        assert_eq!(refused.retry_after, Duration::from_secs(200));
        assert!(at(400).allowed);
        let forever = Window::Fixed {
            start: 0,
            seconds: None,
        };
        let refused = counters.count(&one(forever, 0), SECOND).unwrap();
        assert_eq!(
            (refused.allowed, refused.retry_after),
            (false, Duration::MAX)
        );
    }

    #[test]
    fn what_is_counted_afterwards_counts_beyond_the_limit() {
        let counters = Counters::new(10);
        let mut count = one(Window::Sliding(60), 5);
        count.add = 7;
        count.only_if_allowed = false;
        let counted = counters.count(&count, SECOND).unwrap();
        assert_eq!((counted.allowed, counted.remaining), (false, 0));
        count.add = 0;
        assert!(!counters.count(&count, SECOND).unwrap().allowed);
    }

    fn keyed(place: u64, key: String) -> Count {
        Count {
            key: key.into(),
            place,
            ..one(Window::Sliding(10), 1)
        }
    }

    #[test]
    fn full_of_live_counters_it_takes_no_more_and_forgets_those_that_count_nothing() {
        // Two of four are the share of one place.
        let counters = Counters::new(4);
        let key = |name: &str| keyed(0, name.to_owned());
        assert!(counters.count(&key("a"), SECOND).is_some());
        assert!(counters.count(&key("b"), SECOND).is_some());
        assert!(counters.count(&key("c"), 2 * SECOND).is_none());
        assert!(counters.count(&key("a"), 2 * SECOND).is_some());
        assert!(counters.count(&key("c"), 30 * SECOND).is_some());
        assert!(counters.count(&key("d"), 30 * SECOND).is_some());
        assert!(counters.count(&key("e"), 30 * SECOND).is_none());
        assert_eq!(counters.len(), 2);
    }

    #[test]
    fn a_flood_of_keys_at_some_places_leaves_room_for_the_others() {
        let counters = Counters::new(1_000);
        let flood = |place| {
            (0..2_000)
                .filter(|number| {
                    let count = keyed(place, format!("{place} {number}"));
                    counters.count(&count, SECOND).is_some()
                })
                .count()
        };
        assert_eq!(flood(1), 500);
        assert_eq!(flood(2), 250);
        assert_eq!(flood(3), 125);
        assert!(counters.count(&keyed(1, "new".into()), SECOND).is_none());
        let other = keyed(4, "new".into());
        assert!(counters.count(&other, SECOND).unwrap().allowed);
        assert!(!counters.count(&other, SECOND).unwrap().allowed);
        // A key that is there counts for every place, also for one without room.
        let shared = counters.count(&keyed(1, "new".into()), SECOND);
        assert!(!shared.unwrap().allowed);
        assert_eq!(counters.len(), 876);
        // When they count nothing any more, the room is there again.
        assert!(
            counters
                .count(&keyed(1, "new".into()), 60 * SECOND)
                .is_some()
        );
        assert!(
            counters
                .count(&keyed(5, "first".into()), 60 * SECOND)
                .is_some()
        );
    }

    #[test]
    fn a_place_gets_its_whole_share_again_after_its_counters_have_ended() {
        let counters = Counters::new(100);
        for round in 1..=5 {
            let let_in = (0..200).filter(|number| {
                let count = keyed(1, format!("{round} {number}"));
                counters.count(&count, round * 60 * SECOND).is_some()
            });
            assert_eq!(let_in.count(), 50, "round {round}");
        }
    }

    #[test]
    fn a_long_key_is_kept_as_its_digest_and_still_told_from_others() {
        let counters = Counters::new(100);
        let long = "x".repeat(1 << 20);
        let count = |key: String| counters.count(&keyed(1, key), SECOND).unwrap().allowed;
        assert!(count(long.clone()));
        assert!(!count(long.clone()));
        assert!(count(format!("{long}y")));
        let whole = |at: usize| "k".repeat(at);
        for length in [KEY_MAX, KEY_MAX + 1] {
            assert!(count(whole(length)), "{length}");
            assert!(!count(whole(length)), "{length}");
        }
        for kept in &counters.counters {
            match &kept.key().0 {
                Key::Text(text) => assert!(text.len() <= KEY_MAX),
                Key::Sha256(_) => {}
            }
        }
        let digests = counters.counters.iter();
        let digests = digests.filter(|kept| matches!(kept.key().0, Key::Sha256(_)));
        assert_eq!((digests.count(), counters.len()), (3, 4));
    }
}
