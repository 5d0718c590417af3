//! The mode, and the reset of all figures.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};

use super::fork::{Around, Lock};
use super::{calls, clock, scopes};
pub(crate) use crate::control::Mode;

static MODE: AtomicU8 = AtomicU8::new(Mode::Adaptive as u8);
/// How often the figures were reset. Figures of an older epoch are void, so that nobody but its owner writes to a slot.
static EPOCH: AtomicU64 = AtomicU64::new(0);
/// When the figures were reset, in ticks and in nanoseconds.
static SINCE: AtomicU64 = AtomicU64::new(0);
static SINCE_NS: AtomicU64 = AtomicU64::new(0);
/// What began before the last reset is void; 0 before the first, for what begins while the profiler measures itself counts.
static VOID_BEFORE: AtomicU64 = AtomicU64::new(0);
/// Held by a reset, and by a reader that resets have disturbed too often.
static FIGURES: Lock<()> = Lock::new(());
/// Odd while a reset is under way.
static RESETS: AtomicU64 = AtomicU64::new(0);

pub(in crate::on) const OFF: u8 = Mode::Off as u8;
pub(in crate::on) const ADAPTIVE: u8 = Mode::Adaptive as u8;

/// The mode as a number: what probes branch on takes no instruction to make an enum of.
#[inline(always)]
pub(in crate::on) fn current() -> u8 {
    MODE.load(Ordering::Relaxed)
}

#[inline(always)]
pub(crate) fn mode() -> Mode {
    match current() {
        OFF => Mode::Off,
        ADAPTIVE => Mode::Adaptive,
        _ => Mode::Exact,
    }
}

pub(crate) fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Relaxed);
}

#[inline]
pub(in crate::on) fn epoch() -> u64 {
    EPOCH.load(Ordering::Relaxed)
}

#[inline]
pub(in crate::on) fn since() -> u64 {
    SINCE.load(Ordering::Relaxed)
}

pub(in crate::on) fn since_ns() -> u64 {
    SINCE_NS.load(Ordering::Relaxed)
}

#[inline]
pub(in crate::on) fn void_before() -> u64 {
    VOID_BEFORE.load(Ordering::Relaxed)
}

/// Reads figures of one epoch: again if somebody reset them meanwhile, and the last time while nobody can.
pub(in crate::on) fn read_undisturbed<R>(read: impl Fn() -> R) -> R {
    for _ in 0..4 {
        let before = RESETS.load(Ordering::Acquire);
        let result = read();
        fence(Ordering::Acquire);
        if before.is_multiple_of(2) && RESETS.load(Ordering::Relaxed) == before {
            return result;
        }
    }
    let _guard = FIGURES.lock();
    read()
}

pub(super) fn around_fork(around: Around) {
    around.meet(&FIGURES);
}

/// The figures begin with the first profiled call.
pub(in crate::on) fn start() {
    clock::start();
    SINCE.store(clock::ticks(), Ordering::Relaxed);
    SINCE_NS.store(clock::now(), Ordering::Relaxed);
}

pub(crate) fn reset() {
    let _guard = FIGURES.lock();
    RESETS.fetch_add(1, Ordering::Relaxed);
    fence(Ordering::Release);
    // In this order no call is timed that is not counted.
    calls::rebase();
    scopes::reset();
    start();
    VOID_BEFORE.store(since(), Ordering::Relaxed);
    EPOCH.fetch_add(1, Ordering::Relaxed);
    RESETS.fetch_add(1, Ordering::Release);
}
