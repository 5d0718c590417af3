//! One thread's slots, and the list of all blocks.

use std::sync::OnceLock;

use lagom_base::sync::Mutex;

use super::slot::Slot;

/// Chunk `k` holds `FIRST << k` slots, so that 27 chunks reach every number and slots never move.
const FIRST: u32 = 16;
const CHUNKS: usize = 28;

/// The slots of one thread at a time, indexed by the number of the site.
#[derive(Debug)]
pub(crate) struct Block {
    chunks: [OnceLock<Box<[Slot]>>; CHUNKS],
}

impl Block {
    const fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS] }
    }

    fn place(number: u32) -> (usize, usize) {
        let shifted = u64::from(number) + u64::from(FIRST);
        let chunk = shifted.ilog2() - FIRST.ilog2();
        let offset = shifted - (u64::from(FIRST) << chunk);
        (chunk as usize, usize::try_from(offset).expect("a chunk fits the address space"))
    }

    /// The slot of a site, made on first use.
    #[inline]
    pub(crate) fn slot(&self, number: u32) -> &Slot {
        let (chunk, offset) = Self::place(number);
        &self.chunks[chunk].get_or_init(|| (0..FIRST << chunk).map(|_| Slot::new()).collect())[offset]
    }

    /// The slot of a site if it was ever made.
    pub(crate) fn existing(&self, number: u32) -> Option<&Slot> {
        let (chunk, offset) = Self::place(number);
        self.chunks[chunk].get().map(|slots| &slots[offset])
    }
}

/// Blocks are never freed: as many exist as threads were profiled at the same time.
struct Blocks {
    all: Vec<&'static Block>,
    free: Vec<&'static Block>,
}

static BLOCKS: Mutex<Blocks> = Mutex::new(Blocks { all: Vec::new(), free: Vec::new() });

/// A block for the calling thread alone.
pub(crate) fn acquire() -> &'static Block {
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

/// Gives a block back with its figures in it; the lock orders this thread's writes before the next owner's.
pub(crate) fn release(block: &'static Block) {
    BLOCKS.lock().free.push(block);
}

/// Every block there is.
pub(crate) fn all() -> Vec<&'static Block> {
    BLOCKS.lock().all.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_map_to_distinct_places_without_gaps() {
        assert_eq!(Block::place(0), (0, 0));
        assert_eq!(Block::place(15), (0, 15));
        assert_eq!(Block::place(16), (1, 0));
        assert_eq!(Block::place(47), (1, 31));
        assert_eq!(Block::place(48), (2, 0));
        assert!(Block::place(u32::MAX).0 < CHUNKS + 1);
    }

    #[test]
    fn a_slot_that_was_never_written_is_not_made_by_reading() {
        let block = Block::new();
        assert!(block.existing(3).is_none());
        block.slot(3);
        assert!(block.existing(3).is_some());
        assert!(block.existing(16).is_none());
    }
}
