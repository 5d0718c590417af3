//! A part of the table, with a lock of its own.
#![allow(unsafe_code, reason = "reads blocks that it does not hold")]

use core::mem;

use lagom_base::lock::{Lock, LockGuard};

use crate::interner::block::{Held, Slot};
use crate::interner::hash::ShortHash;
use crate::interner::place::Place;
use crate::interner::slots::Slots;

/// A table with room for no more than this many slots does not shrink by itself.
const SHRINK_ABOVE: usize = 14;

/// The lock, on a cache line that no other shard writes.
#[repr(align(64))]
pub(super) struct Shard<T: Place + ?Sized>(Lock<Table<T>>);

/// How often something was added to a shard: as long as this stays, nothing has come.
pub(super) type Version = u64;

/// Live blocks, and those on the way out: their last handle waits for the lock.
pub(super) struct Table<T: Place + ?Sized> {
    slots: Slots<Slot<T>>,
    hits: u64,
    misses: u64,
    added: Version,
    block_bytes: usize,
    value_bytes: usize,
}

/// What a shard counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) added: u64,
    pub(super) len: usize,
    /// Of blocks, values included.
    pub(super) block_bytes: usize,
    pub(super) value_bytes: usize,
    pub(super) table_bytes: usize,
}

impl<T: Place + ?Sized> Shard<T> {
    pub(super) fn new() -> Self {
        let slots = Slots::new();
        Self(Lock::new(Table { slots, hits: 0, misses: 0, added: 0, block_bytes: 0, value_bytes: 0 }))
    }

    /// A live block with that hash. Counts a hit if there is one, else a miss.
    #[inline]
    pub(super) fn first(&self, hash: ShortHash) -> Result<Held<T>, Version> {
        let mut table = self.0.lock();
        let found = table.slots.find(hash.bits(), |slot| Table::hold(hash, slot));
        match found {
            Some(held) => {
                table.hits += 1;
                Ok(held)
            }
            None => {
                table.misses += 1;
                Err(table.added)
            }
        }
    }

    /// All live blocks with that hash. Counts nothing.
    pub(super) fn all(&self, hash: ShortHash) -> (Vec<Held<T>>, Version) {
        let table = self.0.lock();
        (table.alive(hash, &[]), table.added)
    }

    /// A hit turned out to be none.
    pub(super) fn recount_as_miss(&self) {
        let mut table = self.0.lock();
        table.hits -= 1;
        table.misses += 1;
    }

    /// Adds the block of `new`, unless there are others of its hash that were added after `seen`, apart from `known` ones.
    pub(super) fn add(&self, new: &Held<T>, seen: Version, known: &[Held<T>]) -> Result<(), (Vec<Held<T>>, Version)> {
        let hash = new.hash();
        let mut table = self.0.lock();
        if table.added != seen {
            let others = table.alive(hash, known);
            if !others.is_empty() {
                return Err((others, table.added));
            }
        }
        table.insert(hash, new.slot());
        Ok(())
    }

    /// Takes out a block that is dying, unless another has its place already.
    pub(super) fn erase(&self, slot: Slot<T>) {
        // SAFETY: whose last handle just went has the block.
        let hash = unsafe { slot.hash() };
        self.0.lock().remove(hash, slot);
    }

    /// Frees the table. Whoever dies later finds nothing to take out.
    pub(super) fn close(&self) {
        let slots = mem::take(&mut self.0.lock().slots);
        drop(slots);
    }

    pub(super) fn shrink_to_fit(&self) {
        self.0.lock().shrink_to(0);
    }

    pub(super) fn lock(&self) -> LockGuard<'_, Table<T>> {
        self.0.lock()
    }

    pub(super) fn try_lock(&self) -> Option<LockGuard<'_, Table<T>>> {
        self.0.try_lock()
    }
}

impl<T: Place + ?Sized> Table<T> {
    /// A handle of the block in a slot, if it is live and has that hash.
    #[inline]
    fn hold(hash: ShortHash, slot: Slot<T>) -> Option<Held<T>> {
        // SAFETY: in the table, under its lock: there is a table only where the lock is held.
        let same = unsafe { slot.hash() } == hash;
        // SAFETY: as above.
        if same { unsafe { slot.hold() } } else { None }
    }

    /// A handle of each live block with that hash, apart from `known` ones.
    fn alive(&self, hash: ShortHash, known: &[Held<T>]) -> Vec<Held<T>> {
        let mut alive = Vec::new();
        let _: Option<()> = self.slots.find(hash.bits(), |slot| {
            let new = !known.iter().any(|known| known.slot() == slot);
            alive.extend(if new { Self::hold(hash, slot) } else { None });
            None
        });
        alive
    }

    fn insert(&mut self, hash: ShortHash, slot: Slot<T>) {
        let dying = self.slots.replace(hash.bits(), slot, |old| {
            // SAFETY: in the table, under its lock.
            let same = unsafe { old.hash() } == hash;
            // SAFETY: as above.
            same && unsafe { old.is_dying() }
        });
        match dying {
            // It leaves at once, without having to be waited for.
            Some(dead) => self.count_out(dead),
            None => self.slots.insert(hash.bits(), slot, Self::place),
        }
        self.added += 1;
        // SAFETY: the caller holds the block.
        let (block, value) = unsafe { slot.bytes() };
        self.block_bytes += block;
        self.value_bytes += value;
    }

    fn remove(&mut self, hash: ShortHash, slot: Slot<T>) {
        if !self.slots.remove(hash.bits(), |other| other == slot) {
            return;
        }
        self.count_out(slot);
        if self.slots.capacity() > SHRINK_ABOVE && self.slots.len() < self.slots.capacity() / 8 {
            // Half the room at least is gone then, so that the next such step is far away.
            self.shrink_to(2 * self.slots.len());
        }
    }

    fn count_out(&mut self, dead: Slot<T>) {
        // SAFETY: it was in the table until now, and the lock is still held.
        let (block, value) = unsafe { dead.bytes() };
        self.block_bytes -= block;
        self.value_bytes -= value;
    }

    /// What the table places a block by that is in it.
    fn place(slot: Slot<T>) -> u32 {
        // SAFETY: in the table, under its lock.
        unsafe { slot.hash() }.bits()
    }

    fn shrink_to(&mut self, room: usize) {
        self.slots.shrink_to(room, Self::place);
    }

    pub(super) fn counts(&self) -> Counts {
        let Self { hits, misses, added, block_bytes, value_bytes, .. } = *self;
        let table_bytes = self.slots.bytes();
        Counts { hits, misses, added, len: self.slots.len(), block_bytes, value_bytes, table_bytes }
    }
}
