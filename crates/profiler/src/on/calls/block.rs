//! What one thread at a time writes to, and the list of all of it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cost;
use super::fork::{self, Around, Lock};
use super::slot::{MAKING, Slot};
use super::thread::Deep;
use super::tree::Tree;

/// The slots of a block by the numbers of their sites. It grows by being replaced; slots never move.
pub(super) type Table = &'static [OnceLock<&'static Slot>];

/// Nanoseconds between two looks at all functions of a thread.
const LOOK_EVERY: f64 = 10_000_000.0;

/// The first table's size.
const FIRST: usize = 16;

/// The figures of one thread at a time.
#[derive(Debug)]
pub(super) struct Block {
    table: Lock<Table>,
    pub(super) tree: Tree,
    pub(super) deep: OnceLock<Deep>,
    /// The reset that the tree belongs to.
    tree_epoch: AtomicU64,
    /// When functions were last looked through for those that have become slow.
    looked_at: AtomicU64,
}

impl Block {
    const fn new() -> Self {
        Self {
            table: Lock::new(&[]),
            tree: Tree::new(),
            deep: OnceLock::new(),
            tree_epoch: AtomicU64::new(u64::MAX),
            looked_at: AtomicU64::new(0),
        }
    }

    pub(super) fn table(&self) -> Table {
        *self.table.lock()
    }

    /// The slot of a site, made on first use, and the table that has it; by the owner.
    pub(super) fn slot(&self, number: u32) -> (Table, &'static Slot) {
        let place = number as usize;
        let mut table = self.table();
        if table.len() <= place {
            let larger: Vec<OnceLock<&'static Slot>> =
                (0..(place + 1).next_power_of_two().max(FIRST)).map(|_| OnceLock::new()).collect();
            for (old, new) in table.iter().zip(&larger) {
                if let Some(slot) = old.get() {
                    new.get_or_init(|| *slot);
                }
            }
            // Tables that were replaced are leaked, as blocks are: together they take no more than the last one.
            table = Vec::leak(larger);
            *self.table.lock() = table;
        }
        (table, table[place].get_or_init(|| Box::leak(Box::new(Slot::new()))))
    }

    /// Has functions timed again that were fast and are slow now: they would wait long for their turn. By the owner when it reads
    /// the clock anyway, and by readers.
    #[inline]
    pub(super) fn notice_slowness(&self, now: u64) {
        let elapsed = now.wrapping_sub(self.looked_at.load(Ordering::Relaxed));
        if elapsed as f64 >= cost::ticks_of_ns(LOOK_EVERY) {
            self.look_through(now, elapsed);
        }
    }

    #[cold]
    fn look_through(&self, now: u64, elapsed: u64) {
        self.looked_at.store(now, Ordering::Relaxed);
        // A clock that went back.
        if elapsed > u64::MAX / 2 {
            return;
        }
        self.table().iter().filter_map(OnceLock::get).for_each(|slot| slot.notice_slowness(elapsed));
    }

    /// Whether the tree has been cleared for `epoch`, and needs no further look; by the owner.
    pub(super) fn begin_tree(&self, epoch: u64) {
        self.tree.clear();
        self.tree_epoch.store(epoch, Ordering::Release);
    }

    pub(super) fn tree_epoch(&self) -> u64 {
        self.tree_epoch.load(Ordering::Acquire)
    }
}

/// Blocks are never freed: as many exist as threads were profiled at the same time.
struct Blocks {
    all: Vec<&'static Block>,
    free: Vec<&'static Block>,
}

static BLOCKS: Lock<Blocks> = Lock::new(Blocks { all: Vec::new(), free: Vec::new() });
/// For threads whose own figures are given away already; every use is under its lock.
static LATE: Lock<Option<&'static Block>> = Lock::new(None);

/// A block for the calling thread alone.
pub(super) fn acquire() -> &'static Block {
    fork::survive();
    let mut blocks = BLOCKS.lock();
    if let Some(block) = blocks.free.pop() {
        return block;
    }
    let block: &'static Block = Box::leak(Box::new(Block::new()));
    blocks.all.push(block);
    // So that giving back, which runs when a thread ends, never allocates.
    let room = blocks.all.len();
    blocks.free.reserve(room);
    block
}

/// Gives a block back with its figures in it; the lock orders this thread's writes before the next owner's, whose calls may be
/// as rare as this one's were frequent.
pub(super) fn release(block: &'static Block) {
    block.table().iter().filter_map(OnceLock::get).for_each(|slot| slot.begin_sampling_anew());
    BLOCKS.lock().free.push(block);
}

/// The slot of a site that all late threads share: only its counters are used, by read-modify-writes.
pub(super) fn late_slot(number: u32) -> &'static Slot {
    let mut late = LATE.lock();
    late.get_or_insert_with(acquire).slot(number).1
}

/// Meets the locks of all blocks and their slots, that of the list first.
pub(super) fn around_fork(around: Around) {
    around.meet(&LATE);
    around.meet(&MAKING);
    around.meet_with(&BLOCKS, |blocks| {
        for block in &blocks.all {
            // Without it nobody makes a slot.
            around.meet_with(&block.table, |table| {
                table.iter().filter_map(OnceLock::get).for_each(|slot| slot.around_fork(around));
            });
        }
    });
}

/// Every block there is.
pub(super) fn all() -> Vec<&'static Block> {
    BLOCKS.lock().all.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_stay_where_they_are_while_the_table_grows() {
        let block = Block::new();
        let (_, first) = block.slot(3);
        let (table, _) = block.slot(100);
        assert!(table.len() >= 101 && std::ptr::eq(*table[3].get().unwrap(), first));
        assert!(std::ptr::eq(block.slot(3).1, first));
        assert!(table[4].get().is_none(), "reading makes none");
    }
}
