//! B-trees: from the places of their keys every node is known.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::exact;

/// A few, and enough for four levels.
const SIZES: [u32; 16] = [0, 1, 2, 5, 11, 12, 13, 23, 24, 71, 72, 143, 144, 1000, 1729, 20_000];

fn mixed(n: u32) -> u32 {
    n.wrapping_mul(2_654_435_769)
}

#[test]
fn ascending_descending_random_and_collected() {
    for size in SIZES {
        exact(|| {
            let mut map = BTreeMap::new();
            for n in 0..size {
                map.insert(n, u64::from(n));
            }
            map
        });
        exact(|| {
            let mut set = BTreeSet::new();
            for n in (0..size).rev() {
                set.insert(u64::from(n));
            }
            set
        });
        exact(|| {
            let mut map = BTreeMap::new();
            for n in 0..size {
                map.insert(mixed(n), ());
            }
            map
        });
        exact(|| (0..size).map(|n| (mixed(n) as u8, n)).collect::<BTreeMap<u8, u32>>());
        exact(|| (0..size).map(|n| (n, [n as u8; 3])).collect::<BTreeMap<u32, [u8; 3]>>());
        exact(|| (0..size).map(|n| (n.to_string(), n.to_string())).collect::<BTreeMap<String, String>>());
        exact(|| (0..size).map(|n| [mixed(n); 40]).collect::<BTreeSet<[u32; 40]>>());
    }
}

#[test]
fn after_removals() {
    for size in SIZES {
        for keep in [1, 2, 3, 7, 50] {
            exact(|| {
                let mut map: BTreeMap<u32, u32> = (0..size).map(|n| (mixed(n), n)).collect();
                map.retain(|_, n| *n % keep == 0);
                map
            });
            exact(|| {
                let mut set: BTreeSet<u16> = (0..size).map(|n| n as u16).collect();
                while set.len() > (size / keep) as usize + 1 {
                    set.pop_first();
                }
                set
            });
            exact(|| {
                let mut map: BTreeMap<u32, String> = (0..size).map(|n| (n, "text".to_owned())).collect();
                let mut tail = map.split_off(&(size / keep));
                map.append(&mut tail);
                let _gone = map.split_off(&(size - size / keep));
                // Without entries there may be a node, which nobody can see.
                map.insert(0, "text".to_owned());
                map
            });
        }
    }
}

#[test]
fn keys_without_size() {
    exact(|| BTreeSet::from([()]));
    exact(|| BTreeMap::from([((), "text".to_owned())]));
}

proptest! {
    #[test]
    fn trees_after_any_changes(changes in proptest::collection::vec((any::<u16>(), 0..3_u8), 0..2000), mask in any::<u16>()) {
        let make = || {
            let mut map = BTreeMap::new();
            for (key, kind) in &changes {
                match kind {
                    0 => drop(map.remove(&(key & mask))),
                    _ => drop(map.insert(key & mask, [*key; 3])),
                }
            }
            // Without entries there may be a node, which nobody can see.
            map.insert(0, [0; 3]);
            map
        };
        exact(make);
    }
}
