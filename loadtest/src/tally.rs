//! Counting.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Fault;

/// The longest latency told apart, in microseconds: ten minutes.
const LONGEST: u64 = 600_000_000;

/// What a part of the load came to. Tallies add up.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Latencies in microseconds, from when the request was due; three significant digits.
    latency: Histogram<u64>,
    /// Whole responses by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without a whole response, and handshakes that failed, by fault.
    pub faults: BTreeMap<Fault, u64>,
    /// The first words about each kind of fault.
    pub examples: BTreeMap<Fault, String>,
    /// Octets of response bodies.
    pub body_octets: u64,
    /// Connections whose handshake succeeded.
    pub connections: u64,
    /// Those of them that resumed a session.
    pub resumed: u64,
    /// Connections that the target ended after saying so (`Connection: close`).
    pub announced_closes: u64,
}

impl Tally {
    /// Nothing yet.
    ///
    /// # Panics
    ///
    /// Never: the histogram's bounds are constants that it accepts.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "constant bounds that the histogram accepts"
    )]
    pub fn new() -> Self {
        let latency = Histogram::new_with_bounds(1, LONGEST, 3).expect("bounds are valid");
        Self {
            latency,
            statuses: BTreeMap::new(),
            faults: BTreeMap::new(),
            examples: BTreeMap::new(),
            body_octets: 0,
            connections: 0,
            resumed: 0,
            announced_closes: 0,
        }
    }

    /// Counts a whole response.
    pub fn response(&mut self, status: u16, latency: Duration, body_octets: usize) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST);
        self.latency.saturating_record(micros.clamp(1, LONGEST));
        *self.statuses.entry(status).or_default() += 1;
        self.body_octets = self.body_octets.saturating_add(body_octets as u64);
    }

    /// Counts a fault.
    pub fn fault(&mut self, fault: Fault, words: &str) {
        *self.faults.entry(fault).or_default() += 1;
        self.examples
            .entry(fault)
            .or_insert_with(|| words.chars().take(300).collect());
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        // Both have the same bounds, and without them adding would resize; it cannot fail.
        let _ = self.latency.add(&other.latency);
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (fault, words) in &other.examples {
            self.examples.entry(*fault).or_insert_with(|| words.clone());
        }
        self.body_octets = self.body_octets.saturating_add(other.body_octets);
        self.connections += other.connections;
        self.resumed += other.resumed;
        self.announced_closes += other.announced_closes;
    }

    /// Whole responses.
    #[must_use]
    pub fn responses(&self) -> u64 {
        self.latency.len()
    }

    /// Faults of one kind.
    #[must_use]
    pub fn count(&self, fault: Fault) -> u64 {
        self.faults.get(&fault).copied().unwrap_or(0)
    }

    /// The latencies.
    #[must_use]
    pub fn latency(&self) -> &Histogram<u64> {
        &self.latency
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_add_up() {
        let mut one = Tally::new();
        for micros in 1..=100 {
            one.response(200, Duration::from_micros(micros), 10);
        }
        let mut other = Tally::new();
        other.response(403, Duration::from_millis(5), 0);
        other.response(200, Duration::from_secs(3600), 1);
        other.fault(Fault::Dropped, "gone");
        one.fault(Fault::Dropped, "first");
        one.add(&other);
        assert_eq!(one.responses(), 102);
        assert_eq!(one.statuses, BTreeMap::from([(200, 101), (403, 1)]));
        assert_eq!(
            (one.count(Fault::Dropped), one.count(Fault::Connect)),
            (2, 0)
        );
        assert_eq!(one.examples[&Fault::Dropped], "first");
        assert_eq!(one.body_octets, 1_001);
        assert_eq!(one.latency().value_at_quantile(0.5), 51);
        assert!(
            one.latency().max() >= LONGEST,
            "what is too long counts as the longest"
        );
    }
}
