//! The slots of a shard, and how the dead among them are found.
//!
//! Nobody tells the cache of the last drop of an `Arc`. So each entry that comes in pays for looking at three slots, from
//! the back to the front, round after round. What comes in is put behind those that are still to be seen in this round,
//! and what goes out leaves that order as it is: so each slot that is there when a round begins is seen once in it.
//!
//! # How many can be dead
//!
//! Let *m* be the most entries that were ever alive at once, counting those whose load is under way. Then there are never
//! more than 2*m* + 3 slots; so the dead are at most *m* + 3 more than those that were alive at once at the best of times.
//!
//! - Of a round that began with *n* slots and still has *u* to see, *t* entries have come in since. Three looks were taken
//!   for each, so *t* ≤ (*n* − *u*) / 3 + 1. What was seen and stayed was alive when the round began, or came in again in
//!   its old slot and is counted in *t*: so there are at most *u* + min(*m*, *n* − *u*) + *t* slots.
//! - At its end, with *u* = 0, these are at most *m* + *n* / 3 + 1. If *n* was at most 1.5 *m* + 1.5, so is that, and by
//!   induction so is every *n*.
//! - In between the sum is greatest at *n* − *u* = *m*: at most *n* + *m* / 3 + 1 ≤ 1.84 *m* + 2.5.

use core::alloc::Layout;
use core::mem;
use std::sync::{Arc, Weak};

use hashbrown::HashTable;
use lagom_base::flight::{Flight, Leader};
use lagom_base::sync;
use smallvec::SmallVec;

/// Slots that are looked at for each entry that comes in.
const LOOKS: usize = 3;
/// Up to so many slots give no memory back by themselves.
const SHRINK_ABOVE: usize = 64;

pub(super) struct Slot<K, V: ?Sized> {
    pub(super) hash: u64,
    pub(super) key: Arc<K>,
    pub(super) content: Content<V>,
}

pub(super) enum Content<V: ?Sized> {
    Value {
        weak: Weak<V>,
        /// Bytes of the block that `weak` keeps.
        bytes: usize,
    },
    /// A thread computes the value.
    Loading(Leader<Arc<V>>),
}

impl<V: ?Sized> Content<V> {
    pub(super) fn of(value: &Arc<V>) -> Self {
        let counts = Layout::new::<[usize; 2]>();
        let bytes = counts.extend(Layout::for_value(&**value)).map_or(0, |(block, _)| block.pad_to_align().size());
        Self::Value { weak: Arc::downgrade(value), bytes }
    }

    /// The value, if it is there and alive.
    pub(super) fn value(&self) -> Option<Arc<V>> {
        match self {
            Self::Value { weak, .. } => weak.upgrade(),
            Self::Loading(_) => None,
        }
    }

    /// Whether [`value`](Self::value) would be there, without ever having the last `Arc` of it.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self, Self::Value { weak, .. } if weak.strong_count() > 0)
    }

    /// Whether it is this very value.
    pub(super) fn is(&self, value: &Arc<V>) -> bool {
        matches!(self, Self::Value { weak, .. } if weak.as_ptr().addr() == Arc::as_ptr(value).addr())
    }

    /// The bytes of a value that nobody has any more.
    pub(super) fn dead_bytes(&self) -> Option<usize> {
        match self {
            Self::Value { weak, bytes } if weak.strong_count() == 0 => Some(*bytes),
            _ => None,
        }
    }

    pub(super) fn is_of(&self, flight: &sync::Arc<Flight<Arc<V>>>) -> bool {
        matches!(self, Self::Loading(leader) if sync::Arc::ptr_eq(&leader.flight(), flight))
    }
}

/// Slots that were taken out, to be dropped outside of the lock.
pub(super) type Swept<K, V> = SmallVec<[Slot<K, V>; LOOKS]>;

pub(super) struct Slots<K, V: ?Sized> {
    /// Where in `all` the slot of a hash is.
    index: HashTable<u32>,
    all: Vec<Slot<K, V>>,
    /// The first so many are still to be seen in this round.
    unseen: usize,
}

impl<K, V: ?Sized> Slots<K, V> {
    pub(super) fn new() -> Self {
        Self { index: HashTable::new(), all: Vec::new(), unseen: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, at: usize) -> &Slot<K, V> {
        &self.all[at]
    }

    pub(super) fn get_mut(&mut self, at: usize) -> &mut Slot<K, V> {
        &mut self.all[at]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot<K, V>> {
        self.all.iter()
    }

    /// Where the first slot of this hash is that `is` says yes to.
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(&Slot<K, V>) -> bool) -> Option<usize> {
        let found = self.index.find(hash, |at| {
            let slot = &self.all[*at as usize];
            slot.hash == hash && is(slot)
        });
        found.map(|at| *at as usize)
    }

    /// Puts an entry in that has no slot.
    pub(super) fn push(&mut self, hash: u64, key: Arc<K>, content: Content<V>) -> Swept<K, V> {
        let swept = self.sweep();
        let at = u32::try_from(self.all.len()).expect("a shard has less than 4 billion entries");
        self.all.push(Slot { hash, key, content });
        let all = &self.all;
        self.index.insert_unique(hash, at, |at| all[*at as usize].hash);
        swept
    }

    /// Gives a slot another content, which counts as an entry that comes in.
    pub(super) fn replace(&mut self, at: usize, content: Content<V>) -> (Content<V>, Swept<K, V>) {
        let former = mem::replace(&mut self.all[at].content, content);
        (former, self.sweep())
    }

    /// Takes out what is dead among the next few slots. Others may be elsewhere then.
    fn sweep(&mut self) -> Swept<K, V> {
        let mut swept = Swept::new();
        for _ in 0..LOOKS {
            if self.unseen == 0 {
                self.unseen = self.all.len();
            }
            let Some(at) = self.unseen.checked_sub(1) else { break };
            if self.all[at].content.dead_bytes().is_some() {
                swept.push(self.take(at));
            } else {
                self.unseen = at;
            }
        }
        swept
    }

    /// Takes a slot out.
    pub(super) fn take(&mut self, at: usize) -> Slot<K, V> {
        if let Ok(entry) = self.index.find_entry(self.all[at].hash, |other| *other as usize == at) {
            entry.remove();
        }
        // What is seen stays among the seen, what is not among the others.
        let mut hole = at;
        if hole < self.unseen {
            self.unseen -= 1;
            self.relocate(self.unseen, hole);
            hole = self.unseen;
        }
        self.relocate(self.all.len() - 1, hole);
        let slot = self.all.pop().expect("the one that was asked for");
        if self.all.capacity() > SHRINK_ABOVE && self.all.len() < self.all.capacity() / 8 {
            // Half the room at least is gone then, so that the next such step is far away.
            self.shrink_to(2 * self.all.len());
        }
        slot
    }

    /// The slot at `from` changes places with the one at `to`, which is not in the index any more.
    fn relocate(&mut self, from: usize, to: usize) {
        if from != to {
            if let Some(place) = self.index.find_mut(self.all[from].hash, |at| *at as usize == from) {
                *place = to as u32;
            }
            self.all.swap(from, to);
        }
    }

    /// Takes out all that is dead.
    pub(super) fn purge(&mut self) -> Vec<Slot<K, V>> {
        let mut dead = Vec::new();
        for at in (0..self.all.len()).rev() {
            // What moves to this place comes from behind it, and was seen.
            if self.all[at].content.dead_bytes().is_some() {
                dead.push(self.take(at));
            }
        }
        self.shrink_to(self.all.len());
        dead
    }

    fn shrink_to(&mut self, len: usize) {
        self.all.shrink_to(len);
        let all = &self.all;
        self.index.shrink_to(len, |at| all[*at as usize].hash);
    }

    /// Takes all slots out.
    pub(super) fn take_all(&mut self) -> Vec<Slot<K, V>> {
        self.unseen = 0;
        self.index = HashTable::new();
        mem::take(&mut self.all)
    }
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use super::*;

    fn push(slots: &mut Slots<u64, u64>, n: u64, value: &Arc<u64>) -> usize {
        slots.push(n, Arc::new(n), Content::of(value)).len()
    }

    /// What the proof rests on: of a round, every look is at another slot that was there when it began.
    #[test]
    fn no_slot_is_seen_twice_in_a_round() {
        for removed in [0, 30] {
            let (mut slots, alive) = (Slots::new(), Arc::new(1));
            let dead = Arc::new(2);
            for n in 0..300 {
                push(&mut slots, n, if n % 3 == 0 { &alive } else { &dead });
            }
            drop(dead);
            slots.unseen = 0;
            let mut swept = 0;
            for n in 0..100 - removed / 3 {
                // Others are taken out meanwhile, from where they were not seen, and what moves there must not be seen twice.
                if (1..=removed).contains(&n) {
                    let at = slots.find(n * 3, |slot| *slot.key == n * 3).expect("alive");
                    assert!(at < slots.unseen);
                    slots.take(at);
                }
                swept += push(&mut slots, 1_000 + n, &alive);
                assert!(slots.index.len() == slots.len());
            }
            assert!(slots.unseen <= 3, "{}", slots.unseen);
            swept += slots.purge().len();
            assert_eq!(swept, 200);
            assert!((1_000..1_090).all(|n| slots.find(n, |slot| *slot.key == n).is_some()));
        }
    }
}
