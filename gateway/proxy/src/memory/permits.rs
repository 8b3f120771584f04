//! Who is inside a place that admits so many requests at a time.

use std::sync::Arc;

use dashmap::DashMap;
use gateway_policy::execution::{Acquire, Permit};

/// Places by name. A place exists as long as somebody is inside, so that there are never more than
/// requests in flight.
#[derive(Default)]
pub(super) struct Permits(DashMap<Arc<str>, u32>);

impl Permits {
    /// Enters; `None` if it is full.
    pub(super) fn acquire(self: &Arc<Self>, acquire: &Acquire) -> Option<Permit> {
        let mut inside = self.0.entry(Arc::clone(&acquire.key)).or_insert(0);
        if *inside >= acquire.max {
            return None;
        }
        *inside += 1;
        Some(Permit::new(Guard {
            permits: Arc::clone(self),
            key: Arc::clone(&acquire.key),
        }))
    }
}

/// Leaves when it is dropped.
struct Guard {
    permits: Arc<Permits>,
    key: Arc<str>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.permits.0.remove_if_mut(&self.key, |_, inside| {
            *inside = inside.saturating_sub(1);
            *inside == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_the_permit_is_dropped() {
        let permits = Arc::new(Permits::default());
        let two = Acquire {
            key: "k".into(),
            max: 2,
        };
        let first = permits.acquire(&two).unwrap();
        let second = permits.acquire(&two).unwrap();
        assert!(permits.acquire(&two).is_none());
        drop(first);
        let third = permits.acquire(&two).unwrap();
        assert!(permits.acquire(&two).is_none());
        drop((second, third));
        assert!(permits.0.is_empty());
    }
}
