//! Types of other crates.

use crate::exact;

#[cfg(feature = "smallvec")]
#[test]
fn small_vectors() {
    use smallvec::SmallVec;
    for length in 0..20_u64 {
        exact(|| (0..length).collect::<SmallVec<[u64; 8]>>());
        exact(|| (0..length).map(|n| n.to_string()).collect::<SmallVec<[String; 3]>>());
    }
}

#[cfg(feature = "hashbrown")]
#[test]
fn hash_tables() {
    use hashbrown::{HashMap, HashSet};
    for entries in [0, 1, 3, 4, 28, 29, 1000_u32] {
        exact(|| (0..entries).map(|n| (n, n.to_string())).collect::<HashMap<u32, String, std::hash::RandomState>>());
        exact(|| (0..entries).map(|n| n as u8).collect::<HashSet<u8, std::hash::RandomState>>());
    }
}
