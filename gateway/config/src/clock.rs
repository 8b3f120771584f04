//! The time, injected so that tests decide it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Where the time comes from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    fn now_nanos(&self) -> i128;

    /// Whole seconds since then, rounded down.
    fn now_seconds(&self) -> i64 {
        i64::try_from(self.now_nanos().div_euclid(1_000_000_000)).unwrap_or(i64::MAX)
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_nanos(&self) -> i128 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(i128::MAX),
            Err(before) => i128::try_from(before.duration().as_nanos()).map_or(i128::MIN, |n| -n),
        }
    }
}

/// The system's clock, moved by an offset that a test sets.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    offset_seconds: std::sync::atomic::AtomicI64,
}

impl ShiftedClock {
    /// From now on the time is the system's plus `seconds`.
    pub fn shift_to(&self, seconds: i64) {
        self.offset_seconds
            .store(seconds, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now_nanos(&self) -> i128 {
        let offset = self
            .offset_seconds
            .load(std::sync::atomic::Ordering::SeqCst);
        SystemClock.now_nanos() + i128::from(offset) * 1_000_000_000
    }
}
