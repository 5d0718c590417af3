//! Hash tables.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher};

use lagom_profiler::HeapSize;
use proptest::prelude::*;

use crate::{both, exact};

/// Without a seed, so that a test has the same tables each time.
type Fixed = BuildHasherDefault<DefaultHasher>;

#[test]
fn any_number_of_entries() {
    for entries in
        (0..10_000_u32).filter(|n| *n < 200 || n % 97 == 0 || n.is_power_of_two() || (n * 8 / 7).is_power_of_two())
    {
        exact(|| (0..entries).collect::<HashSet<u32>>());
        exact(|| (0..entries).map(|n| (u64::from(n), n as u8)).collect::<HashMap<u64, u8>>());
    }
    // One after another, by growth.
    for entries in (0..10_000_u16).step_by(611) {
        exact(|| {
            let mut map = HashMap::new();
            for n in 0..entries {
                map.insert(n, [n; 9]);
            }
            map
        });
    }
}

#[test]
fn any_size_and_capacity() {
    for capacity in (0..130).chain([1000, 1792, 1793, 5000, 28672, 28673]) {
        exact(|| HashSet::<u8>::with_capacity(capacity));
        exact(|| HashSet::<()>::with_capacity(capacity));
        exact(|| HashSet::<[u8; 3]>::with_capacity(capacity));
        exact(|| HashMap::<u8, [u64; 7]>::with_capacity(capacity));
        exact(|| HashMap::<String, u128>::with_capacity(capacity));
    }
}

#[test]
fn owned_entries() {
    exact(|| (0..1000).map(|n| (format!("key {n}"), vec![n; 3])).collect::<HashMap<String, Vec<u32>>>());
    exact(|| (0..1000).map(|n| format!("key {n}")).collect::<HashSet<String>>());
    exact(|| HashMap::from([((), Box::new(7_u64))]));
    exact(|| {
        let mut map: HashMap<u32, String> = (0..1000).map(|n| (n, n.to_string())).collect();
        map.clear();
        map
    });
}

/// Deletes leave buckets that are neither used nor free, which the capacity does not show.
#[test]
fn full_tables_that_lose_entries() {
    for full in [28, 56, 112, 448, 1792, 14336_u32] {
        for remain in [20, 24, 30, 50, 100, 300, 1000, 10_000].into_iter().filter(|remain| *remain < full) {
            let make = || {
                let mut set: HashSet<u32, Fixed> = (0..full).collect();
                // Where they lie is up to the hash.
                set.retain(|n| *n < remain);
                set
            };
            exact(make);
        }
    }
}

/// On the way down the capacity comes by that of a smaller table.
#[test]
fn every_step_from_full_to_few() {
    for full in [28, 56, 112, 224, 448, 896_u32] {
        let [(_, expected), _] = both(|| (0..full).collect::<HashSet<u32, Fixed>>());
        let mut set: HashSet<u32, Fixed> = (0..full).collect();
        for n in 0..full - 20 {
            set.remove(&n);
            assert_eq!(set.heap_size() as u64, expected, "{} of {full}, capacity {}", set.len(), set.capacity());
        }
    }
}

#[test]
fn a_table_of_tombstones_is_not_overestimated() {
    for full in [28, 448, 14336_u32] {
        for remain in 0..5 {
            let [seen, told] = both(|| {
                let mut set: HashSet<u32, Fixed> = (0..full).collect();
                set.retain(|n| *n < remain);
                set
            });
            assert!(told.1 <= seen.1, "{full} {remain}: {} of {}", told.1, seen.1);
        }
    }
}

proptest! {
    #[test]
    fn tables_after_any_changes(changes in proptest::collection::vec((any::<u8>(), 0..4_u8, ".{0,9}"), 0..400)) {
        let mut map = HashMap::<u8, String, Fixed>::default();
        for (key, kind, text) in &changes {
            match kind {
                0 => drop(map.remove(key)),
                _ => drop(map.insert(*key, text.clone())),
            }
        }
        let expected = map.clone();
        // A clone has as many buckets.
        exact(|| expected.clone());
        prop_assert_eq!(map.heap_size(), texts(&map) + expected.heap_size() - texts(&expected));
    }
}

fn texts(map: &HashMap<u8, String, Fixed>) -> usize {
    map.values().map(String::capacity).sum()
}
