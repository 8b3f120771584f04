#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::sync::atomic::AtomicBool;
use std::thread;

use super::*;
use crate::trust::{LeafTime, RevocationStatus, Untrusted};

const ENTRIES: u32 = 50_000;

fn verdict(is_trusted: bool) -> Arc<Verdict> {
    let untrusted = || Untrusted {
        code: 20,
        depth: 0,
        message: "no issuer".to_owned(),
    };
    Arc::new(Verdict {
        path: Vec::new(),
        trust: is_trusted.then_some(()).ok_or_else(untrusted),
        revocation: RevocationStatus::Good,
        leaf_time: LeafTime::Valid,
        holds_from: 0,
        holds_until: i64::MAX,
    })
}

fn numbered<const N: usize>(number: u32) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *to = from;
    }
    bytes
}

fn key(number: u32) -> Key {
    Key {
        chain: ChainKey(numbered(number)),
        trust: [7; 32],
        profile: Profile::CLIENT,
    }
}

fn cache(accepted: u64, refused: u64, refused_for: Duration) -> VerifiedChains {
    VerifiedChains::new(CacheSettings {
        accepted,
        refused,
        refused_for,
        ..CacheSettings::default()
    })
}

/// Waits for what the cache still has to report.
fn settle(cache: &VerifiedChains) -> CacheCounters {
    let _ = cache.counters();
    cache.counters()
}

/// The index names exactly the entries that are in the caches, once what expired was reported.
fn assert_index_is_exact(cache: &VerifiedChains) {
    let until = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        settle(cache);
        let mut held = 0;
        for place in [Place::Accepted, Place::Passing] {
            for (_, entry) in cache.at(place) {
                held += 1;
                let found = cache.index.of(&entry.leaf);
                let is_known = found.iter().any(|(_, known)| Arc::ptr_eq(known, &entry));
                let is_gone = !cache.at(place).contains_key(&entry.key);
                assert!(is_known || is_gone, "{entry:?} is not in the index");
            }
        }
        let (_, indexed) = cache.index.size();
        if indexed == held {
            return;
        }
        assert!(std::time::Instant::now() < until, "{indexed} for {held}");
    }
}

#[test]
fn among_fifty_thousand_entries_a_leaf_finds_its_own_and_no_others() {
    let cache = cache(100_000, 100_000, Duration::from_secs(600));
    let common = numbered(u32::MAX);
    for number in 0..ENTRIES {
        // One leaf has three chains, two of them refused; all other leaves have one.
        let leaf = if number % 20_000 == 5 {
            common
        } else {
            numbered(number)
        };
        cache.remember(key(number), leaf, &verdict(number < 20_000), Proof::Given);
    }
    assert_eq!(cache.index.size(), (ENTRIES as usize - 2, ENTRIES as usize));

    let chains = |leaf| -> Vec<ChainKey> {
        cache
            .explain(leaf)
            .into_iter()
            .map(|found| found.chain)
            .collect()
    };
    assert_eq!(
        chains(common),
        [5, 20_005, 40_005].map(|number| ChainKey(numbered(number)))
    );
    assert_eq!(cache.index.of(&common).len(), 3, "what is looked at");
    assert_eq!(chains(numbered(6)), [ChainKey(numbered(6))]);
    assert_eq!(chains([0xee; 20]), []);

    cache.evict(common);
    assert_eq!(chains(common), []);
    assert_eq!(
        cache.index.size(),
        (ENTRIES as usize - 3, ENTRIES as usize - 3)
    );
    assert_eq!(chains(numbered(6)), [ChainKey(numbered(6))]);
    for number in 0..ENTRIES {
        cache.evict(numbered(number));
    }
    assert_eq!(cache.index.size(), (0, 0));
    let counters = settle(&cache);
    assert_eq!((counters.accepted, counters.refused), (0, 0));
}

#[test]
fn what_no_longer_fits_leaves_the_index_with_the_cache() {
    let cache = cache(500, 300, Duration::from_secs(600));
    for number in 0..ENTRIES {
        cache.remember(
            key(number),
            numbered(number),
            &verdict(number % 2 == 0),
            Proof::Given,
        );
    }
    let counters = settle(&cache);
    assert_eq!((counters.accepted, counters.refused), (500, 300));
    assert_eq!(cache.index.size(), (800, 800));
    assert_index_is_exact(&cache);
}

#[test]
fn one_leaf_with_ten_thousand_companions_costs_no_more_room_than_the_cache_has() {
    let cache = cache(500, 300, Duration::from_secs(600));
    for number in 0..10_000 {
        cache.remember(
            key(number),
            [1; 20],
            &verdict(number % 2 == 0),
            Proof::Given,
        );
    }
    settle(&cache);
    assert_eq!(cache.index.size(), (1, 800));
    assert_eq!(cache.explain([1; 20]).len(), 800);
    cache.evict([1; 20]);
    assert_eq!(cache.index.size(), (0, 0));
}

#[test]
fn what_expires_leaves_the_index_empty_again() {
    let cache = cache(10, 100_000, Duration::from_millis(1));
    for number in 0..ENTRIES {
        cache.remember(key(number), numbered(number), &verdict(false), Proof::Given);
    }
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while cache.index.size() != (0, 0) {
        assert!(
            std::time::Instant::now() < until,
            "{:?}",
            cache.index.size()
        );
        settle(&cache);
    }
}

#[test]
fn a_replaced_entry_is_there_once_with_its_newest_verdict() {
    let cache = cache(10, 10, Duration::from_secs(600));
    let leaf = [1; 20];
    let [first, second] = [verdict(true), verdict(true)];
    cache.remember(key(1), leaf, &first, Proof::Given);
    cache.remember(key(1), leaf, &second, Proof::Given);
    let found = cache.explain(leaf);
    assert_eq!(found.len(), 1);
    assert!(Arc::ptr_eq(&found[0].verdict, &second));
    cache.remember(key(1), leaf, &verdict(false), Proof::Given);
    let found = cache.explain(leaf);
    assert_eq!(found.len(), 1, "no longer among the accepted");
    assert!(found[0].verdict.trust.is_err());
    assert_index_is_exact(&cache);
}

#[test]
fn a_cache_without_room_indexes_nothing() {
    let cache = cache(0, 0, Duration::from_secs(600));
    cache.remember(key(1), [1; 20], &verdict(true), Proof::Given);
    cache.remember(key(2), [1; 20], &verdict(false), Proof::Given);
    assert_eq!(cache.index.size(), (0, 0));
    assert_eq!(cache.explain([1; 20]), []);
}

#[test]
fn under_insertion_replacement_eviction_and_overflow_at_once_the_index_stays_true() {
    let cache = cache(40, 30, Duration::from_millis(2));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..4_u32 {
            let cache = &cache;
            scope.spawn(move || {
                // All writers go for the same hundred keys of ten leaves, each in its own order.
                for round in 0..20_000_u32 {
                    let number = round.wrapping_mul(7 + 2 * writer) % 100;
                    let leaf = numbered(number % 10);
                    let trusted = (round / 3 + writer) % 2 == 0;
                    cache.remember(key(number), leaf, &verdict(trusted), Proof::Given);
                }
            });
        }
        let evicting = scope.spawn(|| {
            let mut round = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                let leaf = numbered(round % 10);
                cache.evict(leaf);
                for found in cache.explain(leaf) {
                    let Key { chain, .. } = key(0);
                    assert_eq!(found.chain.0[4..], chain.0[4..]);
                }
                round += 1;
                thread::yield_now();
            }
        });
        // Never one too few: what is in a cache and is not being changed is in the index.
        scope.spawn(|| {
            for round in 0..20_000_u32 {
                let number = 1_000 + round % 5;
                cache.remember(key(number), numbered(number), &verdict(true), Proof::Given);
                if cache.accepted.contains_key(&key(number)) {
                    // It may have been evicted for its size since, but then from both.
                    let known = !cache.index.of(&numbered(number)).is_empty();
                    assert!(known || !cache.accepted.contains_key(&key(number)));
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        evicting.join().unwrap();
    });
    assert_index_is_exact(&cache);
    for number in 0..2_000 {
        cache.evict(numbered(number));
    }
    assert_eq!(cache.index.size(), (0, 0));
    let counters = settle(&cache);
    assert_eq!((counters.accepted, counters.refused), (0, 0));
}
