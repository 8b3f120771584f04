//! Keys that encrypt session tickets: the current one and the one before, random, in memory only.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::random::{self, RandomError};

/// Length of the name by which a ticket says which key it needs (RFC 5077, 4).
pub(crate) const NAME_LENGTH: usize = 16;

/// One ticket key: AES-256-CBC with HMAC-SHA-256 (RFC 5077, 4).
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct TicketKey {
    pub(crate) name: [u8; NAME_LENGTH],
    pub(crate) cipher: [u8; 32],
    pub(crate) mac: [u8; 32],
}

impl TicketKey {
    fn random() -> Result<Self, RandomError> {
        Ok(Self {
            name: random::bytes()?,
            cipher: random::bytes()?,
            mac: random::bytes()?,
        })
    }
}

/// Which key a ticket was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    Current,
    Previous,
}

struct Ring {
    current: Arc<TicketKey>,
    previous: Option<Arc<TicketKey>>,
    /// When `current` became so, by the acceptor's clock.
    since: i64,
}

/// The keys in use, rotated by the acceptor's clock when a ticket is made or read.
pub(crate) struct TicketKeys {
    ring: RwLock<Ring>,
    /// Seconds after which a new key takes over.
    interval: i64,
}

impl TicketKeys {
    pub(crate) fn new(interval: i64, now: i64) -> Result<Self, RandomError> {
        Ok(Self {
            ring: RwLock::new(Ring {
                current: Arc::new(TicketKey::random()?),
                previous: None,
                since: now,
            }),
            interval,
        })
    }

    /// The key for a new ticket.
    pub(crate) fn current(&self, now: i64) -> Result<Arc<TicketKey>, RandomError> {
        self.rotate_if_due(now)?;
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(&ring.current))
    }

    /// The key with this name, if it still counts.
    pub(crate) fn find(
        &self,
        name: &[u8],
        now: i64,
    ) -> Result<Option<(Arc<TicketKey>, Generation)>, RandomError> {
        self.rotate_if_due(now)?;
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        if ring.current.name == name {
            return Ok(Some((Arc::clone(&ring.current), Generation::Current)));
        }
        let previous = ring.previous.as_ref().filter(|key| key.name == name);
        Ok(previous.map(|key| (Arc::clone(key), Generation::Previous)))
    }

    /// A new key takes over now; the one in use becomes the previous one.
    pub(crate) fn rotate(&self, now: i64) -> Result<(), RandomError> {
        let fresh = Arc::new(TicketKey::random()?);
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.previous = Some(std::mem::replace(&mut ring.current, fresh));
        ring.since = now;
        Ok(())
    }

    fn rotate_if_due(&self, now: i64) -> Result<(), RandomError> {
        let age = |ring: &Ring| now.saturating_sub(ring.since);
        if age(&self.ring.read().unwrap_or_else(PoisonError::into_inner)) < self.interval {
            return Ok(());
        }
        let fresh = Arc::new(TicketKey::random()?);
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let age = age(&ring);
        if age < self.interval {
            return Ok(());
        }
        // After a long idle time the last key is too old to be even the previous one.
        let last = std::mem::replace(&mut ring.current, fresh);
        ring.previous = (age < self.interval.saturating_mul(2)).then_some(last);
        ring.since = now;
        Ok(())
    }
}

impl fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketKeys")
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_current_then_previous_then_gone() {
        let keys = TicketKeys::new(100, 0).unwrap();
        let name = keys.current(0).unwrap().name;
        let generation = |now| {
            keys.find(&name, now)
                .unwrap()
                .map(|(_, generation)| generation)
        };
        assert_eq!(generation(99), Some(Generation::Current));
        assert_eq!(generation(100), Some(Generation::Previous));
        assert_eq!(generation(199), Some(Generation::Previous));
        assert_eq!(generation(200), None);
    }

    #[test]
    fn after_a_long_silence_the_last_key_is_not_kept() {
        let keys = TicketKeys::new(100, 0).unwrap();
        let name = keys.current(0).unwrap().name;
        assert!(keys.find(&name, 250).unwrap().is_none());
    }
}
