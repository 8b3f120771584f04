//! What is fetched once for everybody: kept while it is fresh, one fetch at a time for each key, and
//! the last good value while its source is down.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway_policy::execution::{EffectFailure, FailureKind};
use tokio::sync::watch;

/// Why something could not be fetched; everybody who waited for it gets it.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    kind: Kind,
    message: Arc<str>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Timeout,
    Connection,
    Tls,
    TooLarge,
    Limit,
    Configuration,
}

impl Trouble {
    /// What came is not what was asked for.
    pub(super) fn answer(message: impl Into<Arc<str>>) -> Self {
        Self {
            kind: Kind::Connection,
            message: message.into(),
        }
    }

    /// The configuration does not allow it.
    pub(super) fn configuration(message: impl Into<Arc<str>>) -> Self {
        Self {
            kind: Kind::Configuration,
            message: message.into(),
        }
    }
}

impl From<EffectFailure> for Trouble {
    fn from(failure: EffectFailure) -> Self {
        Self {
            kind: match failure.kind {
                FailureKind::Timeout => Kind::Timeout,
                FailureKind::Tls => Kind::Tls,
                FailureKind::TooLarge => Kind::TooLarge,
                FailureKind::Limit => Kind::Limit,
                FailureKind::Configuration => Kind::Configuration,
                FailureKind::Connection | FailureKind::Storage | FailureKind::Judged(_) => {
                    Kind::Connection
                }
            },
            message: failure.message.into(),
        }
    }
}

impl From<Trouble> for EffectFailure {
    fn from(trouble: Trouble) -> Self {
        let kind = match trouble.kind {
            Kind::Timeout => FailureKind::Timeout,
            Kind::Connection => FailureKind::Connection,
            Kind::Tls => FailureKind::Tls,
            Kind::TooLarge => FailureKind::TooLarge,
            Kind::Limit => FailureKind::Limit,
            Kind::Configuration => FailureKind::Configuration,
        };
        Self::new(kind, trouble.message.to_string())
    }
}

pub(super) type Outcome<V> = Result<V, Trouble>;

/// Reports the outcome of a fetch once it is there.
type Landing<V> = watch::Receiver<Option<Outcome<V>>>;

/// A value and how long it may be used, in nanoseconds since 1970.
#[derive(Debug, Clone)]
pub(super) struct Fetched<V> {
    pub(super) value: V,
    /// Until then nobody asks again.
    pub(super) fresh_until: i128,
    /// Until then it serves if asking again fails.
    pub(super) usable_until: i128,
}

/// How often something is fetched, and how much is kept.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    /// Keys kept; the least used go first.
    pub(super) capacity: usize,
    /// Time between the beginnings of two fetches while there is a value.
    pub(super) pause: Duration,
    /// The same while there is none.
    pub(super) pause_without: Duration,
}

struct Entry<V> {
    value: Option<Fetched<V>>,
    /// When the last fetch began.
    attempted: Option<i128>,
    trouble: Option<Trouble>,
    flight: Option<Landing<V>>,
    used: u64,
}

struct Kept<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// Counts uses, to find the entry that was used least lately.
    uses: u64,
}

/// Values by key, for all workers.
pub(super) struct Flights<K, V> {
    pace: Pace,
    kept: Mutex<Kept<K, V>>,
}

/// What is to be done for a key.
pub(super) enum Asked<K: Eq + Hash, V: Clone> {
    /// Nothing.
    Known(Outcome<V>),
    /// Wait for what somebody else has begun.
    Wait(Landing<V>),
    /// Fetch it, and then wait as everybody else.
    Fetch(Landing<V>, Ticket<K, V>),
}

impl<K: Eq + Hash + Clone, V: Clone> Flights<K, V> {
    pub(super) fn new(pace: Pace) -> Arc<Self> {
        Arc::new(Self {
            pace,
            kept: Mutex::new(Kept {
                entries: HashMap::new(),
                uses: 0,
            }),
        })
    }

    /// What there is for `key` at the moment `now`. With `anew` a fresh value is not enough, unless it
    /// was fetched a short time ago.
    pub(super) fn ask(self: &Arc<Self>, key: &K, now: i128, anew: bool) -> Asked<K, V> {
        let mut kept = self.lock();
        if !kept.entries.contains_key(key) && !kept.make_room(self.pace.capacity) {
            return Asked::Known(Err(Trouble {
                kind: Kind::Limit,
                message: Arc::from("as much is being fetched as may be"),
            }));
        }
        kept.uses += 1;
        let used = kept.uses;
        let entry = kept.entries.entry(key.clone()).or_insert(Entry {
            value: None,
            attempted: None,
            trouble: None,
            flight: None,
            used,
        });
        entry.used = used;
        let usable = entry.value.as_ref().filter(|v| now < v.usable_until);
        if let Some(known) = usable.filter(|v| !anew && now < v.fresh_until) {
            return Asked::Known(Ok(known.value.clone()));
        }
        if let Some(flight) = &entry.flight {
            return Asked::Wait(flight.clone());
        }
        let pause = match usable {
            Some(_) => self.pace.pause,
            None => self.pace.pause_without,
        };
        // A clock that was set back does not keep anybody waiting.
        let is_early = entry
            .attempted
            .is_some_and(|attempted| now >= attempted && now - attempted < nanos(pause));
        if is_early {
            let known = usable.map(|known| known.value.clone());
            return Asked::Known(known.ok_or_else(|| entry.why()));
        }
        entry.attempted = Some(now);
        let (sender, landing) = watch::channel(None);
        entry.flight = Some(landing.clone());
        let ticket = Ticket {
            flights: Arc::clone(self),
            key: key.clone(),
            begun: now,
            sender,
            landed: false,
        };
        Asked::Fetch(landing, ticket)
    }

    fn lock(&self) -> MutexGuard<'_, Kept<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone, V> Kept<K, V> {
    /// Lets go of what was used least lately, if there is no room for one more. What is being fetched
    /// stays.
    fn make_room(&mut self, capacity: usize) -> bool {
        if self.entries.len() < capacity {
            return true;
        }
        let oldest = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.flight.is_none())
            .min_by_key(|(_, entry)| entry.used)
            .map(|(key, _)| key.clone());
        oldest.is_some_and(|key| self.entries.remove(&key).is_some())
    }
}

impl<V> Entry<V> {
    fn why(&self) -> Trouble {
        self.trouble
            .clone()
            .unwrap_or_else(|| Trouble::answer("it was asked for a short time ago, in vain"))
    }
}

/// The duty to fetch something. Whoever drops it has failed, and says so to all who wait.
pub(super) struct Ticket<K: Eq + Hash, V: Clone> {
    flights: Arc<Flights<K, V>>,
    key: K,
    begun: i128,
    sender: watch::Sender<Option<Outcome<V>>>,
    landed: bool,
}

impl<K: Eq + Hash, V: Clone> Ticket<K, V> {
    /// Reports what was fetched. After a failure the last value goes on serving while it may.
    pub(super) fn land(mut self, fetched: Outcome<Fetched<V>>) {
        self.report(fetched);
    }

    fn report(&mut self, fetched: Outcome<Fetched<V>>) {
        self.landed = true;
        let mut kept = self
            .flights
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = kept.entries.get_mut(&self.key) else {
            return;
        };
        entry.flight = None;
        let outcome = match fetched {
            Ok(fetched) => {
                let value = fetched.value.clone();
                entry.value = Some(fetched);
                entry.trouble = None;
                Ok(value)
            }
            Err(trouble) => {
                entry.trouble = Some(trouble.clone());
                match &entry.value {
                    Some(known) if self.begun < known.usable_until => Ok(known.value.clone()),
                    _ => Err(trouble),
                }
            }
        };
        drop(kept);
        self.sender.send_replace(Some(outcome));
    }
}

impl<K: Eq + Hash, V: Clone> Drop for Ticket<K, V> {
    fn drop(&mut self) {
        if !self.landed {
            self.report(Err(Trouble::answer("the fetch was given up")));
        }
    }
}

/// Waits until a fetch is over.
pub(super) async fn landed<V: Clone>(mut landing: Landing<V>) -> Outcome<V> {
    let outcome = match landing.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone(),
        Err(_) => None,
    };
    outcome.unwrap_or_else(|| Err(Trouble::answer("the fetch was given up")))
}

pub(super) fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i128 = 1_000_000_000;

    fn flights() -> Arc<Flights<u32, u32>> {
        Flights::new(Pace {
            capacity: 2,
            pause: Duration::from_secs(300),
            pause_without: Duration::from_secs(10),
        })
    }

    fn good(value: u32, now: i128) -> Outcome<Fetched<u32>> {
        Ok(Fetched {
            value,
            fresh_until: now + 3_600 * SECOND,
            usable_until: now + 7_200 * SECOND,
        })
    }

    fn down() -> Outcome<Fetched<u32>> {
        Err(Trouble::answer("down"))
    }

    #[track_caller]
    fn fetch(
        flights: &Arc<Flights<u32, u32>>,
        key: u32,
        seconds: i128,
        anew: bool,
    ) -> Ticket<u32, u32> {
        match flights.ask(&key, seconds * SECOND, anew) {
            Asked::Fetch(_, ticket) => ticket,
            Asked::Known(known) => panic!("known: {known:?}"),
            Asked::Wait(_) => panic!("somebody else fetches it"),
        }
    }

    #[track_caller]
    fn known(flights: &Arc<Flights<u32, u32>>, key: u32, seconds: i128, anew: bool) -> Option<u32> {
        match flights.ask(&key, seconds * SECOND, anew) {
            Asked::Known(known) => known.ok(),
            Asked::Wait(_) | Asked::Fetch(..) => panic!("nothing is known"),
        }
    }

    #[tokio::test]
    async fn a_thousand_who_ask_at_once_cause_one_fetch_and_get_its_outcome() {
        let flights = flights();
        let ticket = fetch(&flights, 1, 0, false);
        let waiting: Vec<_> = (0..1_000)
            .map(|_| match flights.ask(&1, 0, false) {
                Asked::Wait(landing) => landing,
                Asked::Known(_) | Asked::Fetch(..) => panic!("nobody else fetches"),
            })
            .collect();
        ticket.land(good(7, 0));
        for landing in waiting {
            assert_eq!(landed(landing).await.unwrap(), 7);
        }
        assert_eq!(known(&flights, 1, 3_599, false), Some(7));
        drop(fetch(&flights, 1, 3_600, false));
    }

    #[test]
    fn a_fresh_value_is_fetched_anew_only_when_the_last_fetch_is_a_while_ago() {
        let flights = flights();
        fetch(&flights, 1, 0, false).land(good(7, 0));
        assert_eq!(known(&flights, 1, 299, true), Some(7));
        fetch(&flights, 1, 300, true).land(good(8, 300 * SECOND));
        assert_eq!(known(&flights, 1, 301, true), Some(8));
    }

    #[test]
    fn the_last_value_serves_while_the_source_is_down_and_not_for_ever() {
        let flights = flights();
        fetch(&flights, 1, 0, false).land(good(7, 0));
        fetch(&flights, 1, 3_600, false).land(down());
        assert_eq!(known(&flights, 1, 3_700, false), Some(7));
        fetch(&flights, 1, 3_900, false).land(down());
        fetch(&flights, 1, 7_200, false).land(down());
        assert_eq!(known(&flights, 1, 7_201, false), None);
    }

    #[test]
    fn a_source_that_never_answered_is_asked_again_soon_but_not_each_time() {
        let flights = flights();
        fetch(&flights, 1, 0, false).land(down());
        assert_eq!(known(&flights, 1, 9, false), None);
        fetch(&flights, 1, 10, false).land(good(7, 0));
        assert_eq!(known(&flights, 1, 11, false), Some(7));
    }

    #[tokio::test]
    async fn a_fetch_that_is_given_up_lets_those_who_wait_go() {
        let flights = flights();
        let ticket = fetch(&flights, 1, 0, false);
        let Asked::Wait(landing) = flights.ask(&1, 0, false) else {
            panic!("somebody fetches it");
        };
        drop(ticket);
        assert!(landed(landing).await.is_err());
    }

    #[test]
    fn what_was_used_least_lately_makes_room_and_what_is_being_fetched_does_not() {
        let flights = flights();
        fetch(&flights, 1, 0, false).land(good(1, 0));
        fetch(&flights, 2, 0, false).land(good(2, 0));
        assert_eq!(known(&flights, 1, 1, false), Some(1));
        let third = fetch(&flights, 3, 1, false);
        assert_eq!(known(&flights, 1, 2, false), Some(1));
        let fourth = fetch(&flights, 4, 2, false);
        let refused = flights.ask(&5, 3 * SECOND, false);
        assert!(matches!(refused, Asked::Known(Err(_))));
        third.land(good(3, 0));
        fourth.land(good(4, 0));
        assert_eq!(known(&flights, 3, 4, false), Some(3));
    }
}
