//! From a hash to what has it, in one cache line as a rule: groups of slots with [control bytes](crate::control).
//!
//! What is looked for lies behind a slot, in memory that is far away as well: where there are so many values that they do not
//! stay in the caches, a look-up takes as long as these two lines take to come.

use core::mem;

use crate::control::{ONES, PASSED_MOST, PASSED_ONE, PASSED_SHIFT, SLOTS, most, zero_bytes};

/// Those bits of a hash that a control byte shows; never 0, which says that a slot is empty. Above them lie those that say the
/// shard, below those that say the group.
#[inline]
fn tag(hash: u32) -> usize {
    usize::from((hash >> 16) as u8).max(1)
}

#[derive(Clone)]
#[cfg_attr(target_pointer_width = "64", repr(align(64)))]
struct Group<S> {
    control: usize,
    slots: [Option<S>; SLOTS],
}

/// A bag of what has hashes, which it does not know itself. All bits of the hashes have to vary.
pub(super) struct Slots<S> {
    /// None, or a power of two of them.
    groups: Box<[Group<S>]>,
    len: usize,
}

/// Where something is: the group, counted from the first one without end, and the slot in it.
#[derive(Clone, Copy)]
struct Seat {
    index: usize,
    slot: usize,
}

impl<S: Copy> Slots<S> {
    pub(super) fn new() -> Self {
        Self { groups: Box::default(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many there is room for.
    pub(super) fn capacity(&self) -> usize {
        most(self.groups.len())
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.groups)
    }

    #[inline]
    fn group(&self, index: usize) -> Option<&Group<S>> {
        self.groups.get(index & self.groups.len().wrapping_sub(1))
    }

    #[inline]
    fn group_mut(&mut self, index: usize) -> Option<&mut Group<S>> {
        let mask = self.groups.len().wrapping_sub(1);
        self.groups.get_mut(index & mask)
    }

    /// What `see` makes of the first that may have the hash of which it makes anything, and where that is.
    #[inline(always)]
    fn seek<R>(&self, hash: u32, mut see: impl FnMut(S) -> Option<R>) -> Option<(Seat, R)> {
        let tags = tag(hash).wrapping_mul(ONES);
        let mut index = hash as usize;
        loop {
            let group = self.group(index)?;
            let mut alike = zero_bytes(group.control ^ tags);
            while alike != 0 {
                let slot = (alike.trailing_zeros() / 8) as usize;
                if let Some(found) = group.slots[slot].and_then(&mut see) {
                    return Some((Seat { index, slot }, found));
                }
                alike &= alike - 1;
            }
            index = index.wrapping_add(1);
            let walked = index.wrapping_sub(hash as usize);
            if group.control < PASSED_ONE || walked >= self.groups.len() {
                return None;
            }
        }
    }

    /// What `see` makes of the first that may have the hash of which it makes anything. It is shown others, too.
    #[inline(always)]
    pub(super) fn find<R>(&self, hash: u32, see: impl FnMut(S) -> Option<R>) -> Option<R> {
        Some(self.seek(hash, see)?.1)
    }

    /// Puts `new` in the place of what may have the same hash and `is` says yes to; what was there.
    pub(super) fn replace(&mut self, hash: u32, new: S, is: impl Fn(S) -> bool) -> Option<S> {
        let (Seat { index, slot }, old) = self.seek(hash, |slot| is(slot).then_some(slot))?;
        self.group_mut(index)?.slots[slot] = Some(new);
        Some(old)
    }

    /// Adds one that is not in. If that takes more room, `hash_of` has to tell the hashes of the others.
    pub(super) fn insert(&mut self, hash: u32, new: S, hash_of: impl Fn(S) -> u32) {
        if self.len >= self.capacity() {
            self.resize((2 * self.groups.len()).max(1), hash_of);
        }
        self.put(hash, new);
        self.len += 1;
    }

    /// There must be room.
    fn put(&mut self, hash: u32, new: S) {
        let mut index = hash as usize;
        while let Some(group) = self.group_mut(index) {
            let empty = zero_bytes(group.control);
            if empty != 0 {
                let slot = (empty.trailing_zeros() / 8) as usize;
                group.slots[slot] = Some(new);
                group.control |= tag(hash) << (8 * slot);
                return;
            }
            if group.control >> PASSED_SHIFT < PASSED_MOST {
                group.control += PASSED_ONE;
            }
            index = index.wrapping_add(1);
        }
    }

    /// Takes out the first that may have the hash and that `is` says yes to; whether there is one.
    pub(super) fn remove(&mut self, hash: u32, is: impl Fn(S) -> bool) -> bool {
        let Some((Seat { index, slot }, ())) = self.seek(hash, |slot| is(slot).then_some(())) else { return false };
        if let Some(group) = self.group_mut(index) {
            group.control &= !(0xFF << (8 * slot));
            group.slots[slot] = None;
        }
        // It passes the groups before no more.
        let mut passed = hash as usize;
        while passed != index {
            if let Some(group) = self.group_mut(passed)
                && group.control >> PASSED_SHIFT < PASSED_MOST
            {
                group.control -= PASSED_ONE;
            }
            passed = passed.wrapping_add(1);
        }
        self.len -= 1;
        true
    }

    /// Gives back what is more than room for `room`, if that is enough for what is in.
    pub(super) fn shrink_to(&mut self, room: usize, hash_of: impl Fn(S) -> u32) {
        let room = room.max(self.len);
        let mut groups = usize::from(room > 0);
        while most(groups) < room {
            groups *= 2;
        }
        if groups < self.groups.len() {
            self.resize(groups, hash_of);
        }
    }

    #[cold]
    fn resize(&mut self, groups: usize, hash_of: impl Fn(S) -> u32) {
        let empty = Group { control: 0, slots: [None; SLOTS] };
        let old = mem::replace(&mut self.groups, vec![empty; groups].into_boxed_slice());
        for slot in old.iter().flat_map(|group| group.slots).flatten() {
            self.put(hash_of(slot), slot);
        }
    }
}

impl<S: Copy> Default for Slots<S> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use super::*;

    /// Hashes that differ in the group, in the tag, or not at all.
    fn hash_of(n: u32) -> u32 {
        ((n % 5) << 16) | (n / 5 % 7)
    }

    /// Numbers in no order.
    fn random(seed: &mut u64) -> u32 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) as u32
    }

    fn found(slots: &Slots<u32>, n: u32) -> bool {
        slots.find(hash_of(n), |other| (other == n).then_some(())).is_some()
    }

    #[test]
    fn like_a_list() {
        const MOST: u32 = 400;
        let (mut slots, mut list, mut seed) = (Slots::new(), Vec::new(), 1);
        for step in 0..40_000 {
            let n = random(&mut seed) % MOST;
            let at = list.iter().position(|other| *other == n);
            assert_eq!(found(&slots, n), at.is_some());
            // It fills up and empties by turns.
            match (at, random(&mut seed) % 8 < if step / 4_000 % 2 == 0 { 6 } else { 2 }) {
                (None, true) => {
                    slots.insert(hash_of(n), n, hash_of);
                    list.push(n);
                }
                (Some(at), false) => {
                    assert!(slots.remove(hash_of(n), |other| other == n));
                    list.swap_remove(at);
                }
                (Some(at), true) => {
                    // The next with the same hash.
                    let new = (n + 35) % MOST;
                    if hash_of(new) == hash_of(n) && !list.contains(&new) {
                        assert_eq!(slots.replace(hash_of(n), new, |other| other == n), Some(n));
                        list[at] = new;
                    }
                }
                (None, false) => assert!(!slots.remove(hash_of(n), |other| other == n)),
            }
            assert_eq!(slots.len(), list.len());
            assert!(slots.len() <= slots.capacity());
            if step % 1_000 == 0 {
                slots.shrink_to(0, hash_of);
                assert!((0..MOST).all(|n| found(&slots, n) == list.contains(&n)), "step {step}");
                assert!(slots.groups.len() <= 1 || most(slots.groups.len() / 2) < list.len());
            }
        }
        for n in list {
            assert!(slots.remove(hash_of(n), |other| other == n));
        }
        slots.groups.iter().for_each(|group| assert_eq!(group.control, 0));
        slots.shrink_to(0, hash_of);
        assert_eq!(slots.bytes(), 0);
    }

    #[test]
    fn more_than_can_be_counted_pass_a_group() {
        let mut slots = Slots::new();
        (0..4_000).for_each(|n: u32| slots.insert(0, n, |_| 0));
        let find = |slots: &Slots<u32>, n| slots.find(0, |other| (other == n).then_some(())).is_some();
        assert!((0..4_000).all(|n| find(&slots, n)));
        (0..3_999).for_each(|n| assert!(slots.remove(0, |other| other == n)));
        assert!(find(&slots, 3_999) && !find(&slots, 3_998));
        // What was not counted is forgotten with the groups.
        slots.shrink_to(0, |_| 0);
        assert!(find(&slots, 3_999) && slots.groups[0].control < PASSED_ONE);
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_group_is_a_cache_line() {
        assert_eq!(size_of::<Group<&u8>>(), 64);
    }
}
