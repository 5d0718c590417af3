//! What lies in the pools.

use std::hint::black_box;

use crate::contenders::raw::{Malloc, Raw};

/// An object worth keeping: it is made, written to, and made clean.
pub(super) trait Object: Send + Sync + 'static {
    /// How cases call it.
    const NAME: &'static str;
    /// What malloc is asked for to have one of these.
    const BYTES: usize;
    /// What [`fill`](Self::fill) returns when the object was clean and the pool did its work.
    const FILLED: u64;

    /// A clean one, not pooled.
    fn make() -> Self;

    /// Makes it as if it were new.
    fn clean(&mut self);

    /// Writes 16 bytes; [`FILLED`](Self::FILLED) when it was clean.
    fn fill(&mut self, i: u64) -> u64;

    /// The same for memory from an allocator.
    fn fill_raw<A: Malloc>(raw: &mut Raw<A>, i: u64) -> u64 {
        if raw.write([i, i]) { Self::FILLED } else { 0 }
    }
}

/// A `Vec` of this capacity.
pub(super) struct Buffer<const CAPACITY: usize>(Vec<u8>);

pub(super) const KIB: usize = 1024;

impl<const CAPACITY: usize> Object for Buffer<CAPACITY> {
    const NAME: &'static str = match CAPACITY / KIB {
        4 => "Vec 4 KiB",
        64 => "Vec 64 KiB",
        _ => "Vec",
    };
    const BYTES: usize = CAPACITY;
    const FILLED: u64 = 16;

    fn make() -> Self {
        Self(Vec::with_capacity(CAPACITY))
    }

    #[inline(always)]
    fn clean(&mut self) {
        self.0.clear();
    }

    #[inline(always)]
    fn fill(&mut self, i: u64) -> u64 {
        self.0.extend_from_slice(&i.to_le_bytes());
        self.0.extend_from_slice(&i.to_le_bytes());
        black_box(&mut self.0).len() as u64
    }
}

/// A short `String`.
pub(super) struct Text(String);

impl Object for Text {
    const NAME: &'static str = "String";
    const BYTES: usize = 64;
    const FILLED: u64 = 16;

    fn make() -> Self {
        Self(String::with_capacity(Self::BYTES))
    }

    #[inline(always)]
    fn clean(&mut self) {
        self.0.clear();
    }

    #[inline(always)]
    fn fill(&mut self, _: u64) -> u64 {
        self.0.push_str("sixteen letters!");
        black_box(&mut self.0).len() as u64
    }
}

/// 64 bytes without anything on the heap.
pub(super) struct Block([u64; 8]);

impl Object for Block {
    const NAME: &'static str = "64-byte struct";
    const BYTES: usize = 64;
    const FILLED: u64 = 1;

    fn make() -> Self {
        Self([0; 8])
    }

    #[inline(always)]
    fn clean(&mut self) {
        self.0 = [0; 8];
    }

    #[inline(always)]
    fn fill(&mut self, i: u64) -> u64 {
        let clean = u64::from(self.0[0] == 0);
        self.0[0] = 1;
        self.0[1] = i;
        black_box(&mut self.0);
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_used<O: Object>() {
        let mut object = O::make();
        assert_eq!(object.fill(7), O::FILLED, "{}", O::NAME);
        assert_ne!(object.fill(7), O::FILLED, "{}: it was dirty", O::NAME);
        object.clean();
        assert_eq!(object.fill(7), O::FILLED, "{}", O::NAME);
    }

    #[test]
    fn a_dirty_object_is_noticed() {
        is_used::<Buffer<{ 4 * KIB }>>();
        is_used::<Text>();
        is_used::<Block>();
    }
}
