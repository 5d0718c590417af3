//! What the hooks do, as bits of one byte that each of them loads.

use std::sync::atomic::{AtomicU8, Ordering};

use super::{block, counters};
use crate::heap::Mode;
use crate::heap::raw::Work;
use crate::on::stack;

/// Bytes are counted.
pub(super) const COUNT: u8 = 1;
/// Some allocations are sampled.
pub(super) const SAMPLE: u8 = 2;
/// Every allocation is kept by its stack.
pub(super) const LIVE: u8 = 4;
/// Every event goes into a file.
pub(super) const TRACE: u8 = 8;
/// Blocks that were sampled may be around.
pub(super) const SAMPLED: u8 = 16;
/// Blocks with a shadow may be around.
pub(super) const SHADOWED: u8 = 32;
/// The peak is exact.
pub(super) const EXACT: u8 = 64;
/// Somebody wants a thread's own peak.
pub(super) const WATCHED: u8 = 128;

const MODES: u8 = COUNT | SAMPLE | LIVE;

const _: () = assert!(Work::COUNT.0 == COUNT && Work::SAMPLE.0 == SAMPLE | SAMPLED);

static FLAGS: AtomicU8 = AtomicU8::new(COUNT);

#[inline(always)]
pub(super) fn get() -> u8 {
    FLAGS.load(Ordering::Relaxed)
}

pub(super) fn raise(flags: u8) {
    FLAGS.fetch_or(flags, Ordering::SeqCst);
}

pub(super) fn lower(flags: u8) {
    FLAGS.fetch_and(!flags, Ordering::SeqCst);
}

pub(crate) fn mode() -> Mode {
    match get() & MODES {
        0 => Mode::Off,
        SAMPLE => Mode::Sample,
        flags if flags & LIVE != 0 => Mode::Live,
        flags if flags & SAMPLE != 0 => Mode::CountAndSample,
        _ => Mode::Count,
    }
}

pub(crate) fn set_mode(mode: Mode) {
    if matches!(mode, Mode::Sample | Mode::CountAndSample | Mode::Live) {
        stack::prepare();
    }
    // The flags that say what is left behind stay for ever.
    let flags = match mode {
        Mode::Off => 0,
        Mode::Count => COUNT,
        Mode::Sample => SAMPLE | SAMPLED,
        Mode::CountAndSample => COUNT | SAMPLE | SAMPLED,
        Mode::Live => COUNT | LIVE | SHADOWED,
    };
    let _ = FLAGS.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |old| Some(old & !MODES | flags));
}

pub(crate) fn exact_peak() -> bool {
    get() & EXACT != 0
}

pub(crate) fn set_exact_peak(exact: bool) {
    if exact {
        raise(EXACT);
        block::all().for_each(counters::settle);
    } else {
        lower(EXACT);
    }
}
