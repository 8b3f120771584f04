//! What has come close to its end, each step once.

use std::collections::HashMap;
use std::sync::Arc;

use super::Expiring;
use crate::resource::moment;

const DAY: i64 = 86_400;

/// Nothing is announced earlier than this before its end, in seconds.
pub(super) const HORIZON: i64 = 30 * DAY;

/// How close the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// At most 30 days.
    Days30,
    /// At most 14 days.
    Days14,
    /// At most 7 days.
    Days7,
    /// At most one day; of what lives less than four days, the last quarter of its life.
    Last,
    /// It is over.
    Expired,
}

impl Window {
    /// The window that `expiring` is in at `now`.
    ///
    /// A window longer than half a life is left out: a list that is renewed every day would else be
    /// announced every day, and soon nobody would read it.
    #[must_use]
    pub fn of(expiring: &Expiring, now: i64) -> Option<Self> {
        let life = expiring.ends.saturating_sub(expiring.begins);
        let left = expiring.ends.saturating_sub(now);
        if expiring.is_over(now) {
            return Some(Self::Expired);
        }
        if left <= DAY.min(life / 4) {
            return Some(Self::Last);
        }
        [(7, Self::Days7), (14, Self::Days14), (30, Self::Days30)]
            .into_iter()
            .find(|(days, _)| left <= days * DAY && days * DAY <= life / 2)
            .map(|(_, window)| window)
    }
}

/// Something entered a window.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Announcement<'a> {
    pub(super) expiring: &'a Expiring,
    pub(super) window: Window,
}

impl std::fmt::Display for Announcement<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = self.expiring.described();
        let ends = moment::print(self.expiring.ends);
        let within = match self.window {
            Window::Days30 => "within 30 days",
            Window::Days14 => "within 14 days",
            Window::Days7 => "within 7 days",
            Window::Last => "very soon",
            Window::Expired => return write!(f, "the {what} expired on {ends}"),
        };
        write!(f, "the {what} expires {within}, on {ends}")
    }
}

/// What has been announced of what.
#[derive(Debug, Default)]
pub(super) struct Announced(HashMap<(Arc<str>, [u8; 32]), Window>);

impl Announced {
    /// What entered a window since the last call. `known` is in the order of their ends; what is not in
    /// it is forgotten.
    pub(super) fn update<'a>(&mut self, known: &'a [Expiring], now: i64) -> Vec<Announcement<'a>> {
        let mut newest = HashMap::new();
        let mut entered = Vec::new();
        let near = known
            .iter()
            .take_while(|expiring| expiring.ends <= now.saturating_add(HORIZON));
        for expiring in near {
            let Some(window) = Window::of(expiring, now) else {
                continue;
            };
            let key = (Arc::clone(&expiring.name), expiring.sha256);
            if newest.contains_key(&key) {
                continue;
            }
            let told = self.0.get(&key).copied();
            if told.is_none_or(|told| told < window) {
                entered.push(Announcement { expiring, window });
            }
            newest.insert(key, told.map_or(window, |told| told.max(window)));
        }
        self.0 = newest;
        entered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expiry::collect::tests::{certificate, list};

    const YEAR: i64 = 365 * DAY;

    fn windows(announced: &mut Announced, known: &[Expiring], now: i64) -> Vec<Window> {
        let entered = announced.update(known, now);
        entered.iter().map(|entered| entered.window).collect()
    }

    #[test]
    fn each_window_is_announced_once_when_it_is_entered() {
        let known = [certificate("a", 0, YEAR)];
        let mut announced = Announced::default();
        for (left, expected) in [
            (31 * DAY, None),
            (30 * DAY, Some(Window::Days30)),
            (20 * DAY, None),
            (14 * DAY, Some(Window::Days14)),
            (14 * DAY - 10, None),
            (7 * DAY, Some(Window::Days7)),
            (DAY, Some(Window::Last)),
            (0, None),
            (-1, Some(Window::Expired)),
            (-YEAR, None),
        ] {
            let entered = windows(&mut announced, &known, YEAR - left);
            assert_eq!(entered, expected.into_iter().collect::<Vec<_>>(), "{left}");
        }
    }

    #[test]
    fn after_a_leap_only_the_newest_window_is_announced() {
        let known = [certificate("a", 0, YEAR)];
        let mut announced = Announced::default();
        assert_eq!(
            windows(&mut announced, &known, YEAR - 6 * DAY),
            [Window::Days7]
        );
        // A clock that is set back says nothing again.
        assert!(windows(&mut announced, &known, YEAR - 13 * DAY).is_empty());
        assert_eq!(windows(&mut announced, &known, YEAR + 1), [Window::Expired]);
    }

    #[test]
    fn a_renewed_certificate_is_announced_by_itself_and_one_removed_is_forgotten() {
        let old = certificate("a", 0, YEAR);
        let renewed = Expiring {
            sha256: [9; 32],
            ..old.clone()
        };
        let mut announced = Announced::default();
        let now = YEAR - DAY;
        let known = [old.clone()];
        assert_eq!(windows(&mut announced, &known, now).len(), 1);
        let known = [old.clone(), renewed.clone()];
        assert_eq!(announced.update(&known, now)[0].expiring, &known[1]);
        assert!(windows(&mut announced, &[renewed], now).is_empty());
        assert_eq!(windows(&mut announced, &[old], now).len(), 1);
    }

    #[test]
    fn what_is_renewed_every_day_is_announced_only_when_its_renewal_is_late() {
        let known = [list("daily", "Partner CA", 0, DAY)];
        let mut announced = Announced::default();
        assert!(windows(&mut announced, &known, DAY / 2).is_empty());
        assert_eq!(
            windows(&mut announced, &known, DAY - DAY / 4),
            [Window::Last]
        );
        let weekly = [list("weekly", "Partner CA", 0, 7 * DAY)];
        assert!(windows(&mut announced, &weekly, 5 * DAY).is_empty());
        assert_eq!(windows(&mut announced, &weekly, 6 * DAY), [Window::Last]);
    }

    #[test]
    fn a_line_says_what_expires_and_when_and_whose_list_it_is() {
        let known = [
            list("daily", "Partner CA", 0, DAY),
            certificate("a", 0, YEAR),
        ];
        let mut announced = Announced::default();
        let line = |announced: &mut Announced, now| {
            let entered = announced.update(&known, now);
            entered.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            line(&mut announced, DAY + 1),
            ["the revocation list `daily` of `CN=Partner CA` expired on 1970-01-02T00:00:00Z"]
        );
        assert_eq!(
            line(&mut announced, YEAR - 14 * DAY),
            ["the server certificate `a` expires within 14 days, on 1971-01-01T00:00:00Z"]
        );
    }
}
