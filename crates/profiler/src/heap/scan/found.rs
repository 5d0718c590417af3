//! What the engine hands over: addresses, stacks by their numbers.
//!
//! All addresses are complements: as they are, the result of one scan would hold for the next what had leaked.

use std::time::Duration;

use super::chain::Root;
use crate::heap::raw::RawBlock;

/// What nothing reaches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// All that were looked at.
    pub(crate) blocks: u64,
    pub(crate) bytes: u64,
    /// That were stopped, with the one that asked.
    pub(crate) threads: usize,
    /// Ascending.
    pub(crate) leaked: Vec<RawBlock>,
    /// By leaked block, and one more: where its edges begin.
    pub(crate) first: Vec<u32>,
    /// Leaked block and where the pointer to it lies; in the order of both.
    pub(crate) edges: Vec<(u32, usize)>,
    /// Threads that could not be stopped.
    pub(crate) running: Vec<String>,
    pub(crate) paused: Duration,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Wanted<'a> {
    /// The block that holds the address whose complement this is: as it is, it would be a pointer to the block.
    Address(usize),
    /// Any of these stacks, ascending.
    Stacks(&'a [u32]),
}

impl Wanted<'_> {
    pub(crate) const fn address(&self) -> Option<usize> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Stacks(_) => None,
        }
    }

    pub(crate) fn has(&self, stack: u32) -> bool {
        match self {
            Self::Address(_) => false,
            Self::Stacks(stacks) => stacks.binary_search(&stack).is_ok(),
        }
    }
}

/// From a root to a block.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
}

/// One block of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) block: RawBlock,
    /// Not of the tracking allocator.
    pub(crate) foreign: bool,
    /// Where in the block before the pointer is; for the first one, where in memory.
    pub(crate) offset: usize,
}
