//! What the engine hands to readers: figures by call stack, before anybody has given names to addresses.

use std::sync::Arc;

use super::{Amount, Mode};

/// One context of allocations: a stack, and the span and thread it was in.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawSite {
    /// The number of the stack, never 0; equal stacks in equal spans have equal numbers.
    pub(crate) stack: u32,
    /// Return addresses, innermost first, the allocator's own frames left out.
    pub(crate) frames: Arc<[usize]>,
    /// The name of the innermost open span, empty without one.
    pub(crate) span: &'static str,
    /// Index into [`Raw::threads`], 0 for the one that stands for all.
    pub(crate) thread: u32,
    pub(crate) live: Amount,
    pub(crate) total: Amount,
    /// Of the estimate of live bytes; 0 where figures are exact.
    pub(crate) variance: f64,
}

/// The heap at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) mode: Mode,
    pub(crate) sites: Vec<RawSite>,
    /// Names; the first is empty.
    pub(crate) threads: Vec<String>,
    /// Mean bytes between two samples; 0 where every allocation is seen.
    pub(crate) interval: u64,
    /// Samples that found no room; each stands for as much as the others.
    pub(crate) lost: u64,
}

/// One live block, as the mode `Live` knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawBlock {
    pub(crate) address: usize,
    pub(crate) size: usize,
    /// The number of the stack that allocated it.
    pub(crate) stack: u32,
}

/// What an allocation and a release take besides, if anything: a number, as the hooks branch on it without an instruction to make
/// an enum of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work(pub(crate) u8);

impl Work {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const COUNT: Self = Self(1);
    /// Counting down to the next sample; a release is looked at if its block may be one.
    pub(crate) const SAMPLE: Self = Self(2 | 16);
}
