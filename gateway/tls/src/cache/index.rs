//! Which remembered verdicts are about one leaf: found without looking through the cache.
//!
//! Every entry has a serial number of its own and is in the index under that number from *before* it is
//! put into the cache until the cache has said that this very entry left it. So the order in which the
//! cache reports insertions, replacements and evictions does not matter, and a key that is replaced while
//! it is evicted is never lost: the index may name an entry too many for a moment, never one too few.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry as Slot;

use super::{Entry, Place};

/// SHA-1 of a leaf, as policies and identity lists name certificates.
pub(super) type Leaf = [u8; 20];

/// Entries by leaf. As large as the caches, besides what they have not reported yet.
#[derive(Default)]
pub(super) struct LeafIndex {
    // Keyed by number below the leaf: anyone can present one public leaf with ten thousand different
    // companions, and removing one of them must not mean a search through all.
    by_leaf: DashMap<Leaf, OfLeaf, RandomState>,
    serials: AtomicU64,
}

type OfLeaf = HashMap<Serial, (Place, Arc<Entry>)>;

/// The number of one entry, never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Serial(u64);

impl LeafIndex {
    /// A number for the next entry.
    pub(super) fn serial(&self) -> Serial {
        Serial(self.serials.fetch_add(1, Ordering::Relaxed))
    }

    /// Before the entry is put into the cache at `place`.
    pub(super) fn add(&self, place: Place, entry: &Arc<Entry>) {
        self.by_leaf
            .entry(entry.leaf)
            .or_default()
            .insert(entry.serial, (place, Arc::clone(entry)));
    }

    /// After the entry has left its cache, for whatever reason.
    pub(super) fn remove(&self, entry: &Entry) {
        // One lock for looking and taking away: an entry that is added meanwhile must not go along.
        if let Slot::Occupied(mut slot) = self.by_leaf.entry(entry.leaf) {
            slot.get_mut().remove(&entry.serial);
            if slot.get().is_empty() {
                slot.remove();
            }
        }
    }

    /// The entries about a leaf, oldest first. No lock is held when this returns, so that the caches may be
    /// asked about them: they report to the index while they hold locks of their own.
    pub(super) fn of(&self, leaf: &Leaf) -> Vec<(Place, Arc<Entry>)> {
        let mut found: Vec<(Place, Arc<Entry>)> = self
            .by_leaf
            .get(leaf)
            .map(|entries| entries.values().cloned().collect())
            .unwrap_or_default();
        found.sort_unstable_by_key(|(_, entry)| entry.serial);
        found
    }

    /// How many leaves and entries there are.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        let entries = self.by_leaf.iter().map(|leaf| leaf.len()).sum();
        (self.by_leaf.len(), entries)
    }
}
