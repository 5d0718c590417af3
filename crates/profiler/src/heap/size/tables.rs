//! Hash tables: how large the one block of std's is, of which only the capacity is told.

use std::collections::{HashMap, HashSet};
use std::ptr;

use super::{HeapSize, SizeVisitor};

/// How many control bytes the table looks at together: as many as the widest instruction that std may rely on.
const GROUP: usize = if cfg!(miri) {
    size_of::<usize>()
} else if cfg!(target_feature = "sse2") || cfg!(all(target_arch = "loongarch64", target_feature = "lsx")) {
    16
} else if cfg!(any(target_pointer_width = "64", target_arch = "wasm32")) {
    8
} else {
    4
};

/// How many entries so many buckets take before the table grows.
const fn capacity_of(buckets: usize) -> usize {
    if buckets < 8 { buckets - 1 } else { buckets / 8 * 7 }
}

/// From so many entries on, a capacity is taken for that of a table without removals if it could be one.
const LARGE: usize = 4096;

/// Bytes of a table of entries of type `T`, whose addresses are asked for only if the capacity does not tell.
fn table<T>(capacity: usize, entries: impl Iterator<Item = usize>) -> usize {
    if capacity == 0 {
        return 0;
    }
    let mut buckets = (capacity * 8).div_ceil(7).next_power_of_two().max(4);
    if (capacity < LARGE || capacity != capacity_of(buckets)) && size_of::<T>() > 0 {
        // What was removed from a stretch without gaps leaves its bucket in use: the capacity may be less than the buckets
        // allow, by more than half. Then how far apart entries lie tells more.
        let (least, most) = entries.fold((usize::MAX, 0), |(least, most), at| (at.min(least), at.max(most)));
        let apart = most.saturating_sub(least) / size_of::<T>() + 1;
        buckets = buckets.max(apart.next_power_of_two());
    }
    let entries = (buckets * size_of::<T>()).next_multiple_of(align_of::<T>().max(GROUP));
    entries + buckets + GROUP
}

impl<K: HeapSize, V: HeapSize, S> HeapSize for HashMap<K, V, S> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            let addresses = self.keys().map(|key| ptr::from_ref(key).addr());
            visitor.block(table::<(K, V)>(self.capacity(), addresses));
            visitor.entries(self);
        });
    }
}

impl<T: HeapSize, S> HeapSize for HashSet<T, S> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            let addresses = self.iter().map(|value| ptr::from_ref(value).addr());
            visitor.block(table::<T>(self.capacity(), addresses));
            visitor.each(self);
        });
    }
}
