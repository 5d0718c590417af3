//! What a probe takes, measured on itself.

use std::hint::black_box;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use super::control::Mode;
use super::probe::{Running, Span};
use super::site::Site;
use super::{clock, control};

/// Ticks that timing adds to a call's own duration: where every call is timed, and where it comes as a surprise.
static INSIDE: Figure = Figure::new();
static INSIDE_SAMPLED: Figure = Figure::new();
/// Ticks that a timed call costs its caller, and one that is only counted.
static TIMED: Figure = Figure::new();
static COUNTED: Figure = Figure::new();
/// The step in which the clock moves on.
static STEP: Figure = Figure::new();
static TICKS_PER_NS: Figure = Figure::new();

static MEASURED: AtomicU8 = AtomicU8::new(0);

/// A number, and the same rounded.
struct Figure {
    exact: AtomicU64,
    whole: AtomicU64,
}

impl Figure {
    const fn new() -> Self {
        Self { exact: AtomicU64::new(0), whole: AtomicU64::new(0) }
    }

    fn set(&self, value: f64) {
        self.exact.store(value.max(0.0).to_bits(), Ordering::Relaxed);
        self.whole.store(value.max(0.0).round() as u64, Ordering::Relaxed);
    }

    #[inline]
    fn get(&self) -> f64 {
        f64::from_bits(self.exact.load(Ordering::Relaxed))
    }

    #[inline]
    fn whole(&self) -> u64 {
        self.whole.load(Ordering::Relaxed)
    }
}

pub(super) fn inside() -> f64 {
    INSIDE.get()
}

/// What timing adds to the duration of a call that stands for so many.
#[inline]
pub(super) fn inside_ticks(weight: u32) -> u64 {
    if weight > 1 { INSIDE_SAMPLED.whole() } else { INSIDE.whole() }
}

pub(super) fn timed() -> f64 {
    TIMED.get()
}

#[inline]
pub(super) fn timed_ticks() -> u64 {
    TIMED.whole()
}

pub(super) fn counted() -> f64 {
    COUNTED.get()
}

pub(super) fn step() -> f64 {
    STEP.get()
}

/// So many nanoseconds in ticks, as far as the clock is known: good enough to choose by. Until it is known nothing is as long.
pub(super) fn ticks_of_ns(ns: f64) -> f64 {
    match TICKS_PER_NS.get() {
        0.0 => f64::INFINITY,
        ticks => ns * ticks,
    }
}

/// Measures on the first call, in some 200 us; a thread that comes meanwhile goes on without.
#[inline]
pub(super) fn measure_once() {
    if MEASURED.load(Ordering::Relaxed) == 0 {
        measure();
    }
}

static PROBE: Site = Site::new("", "", "", 0).hidden();
static BARE: Site = Site::new("", "", "", 0).hidden();

// Interpreted, the figures mean nothing and take minutes.
const BATCHES: usize = if cfg!(miri) { 1 } else { 25 };
const CALLS: u32 = if cfg!(miri) { 8 } else { 64 };

/// The median of some batches, of which those count little in which something came between.
fn typical(mut batch: impl FnMut() -> f64) -> f64 {
    let mut batches: [f64; BATCHES] = std::array::from_fn(|_| batch());
    batches.sort_unstable_by(f64::total_cmp);
    batches[BATCHES / 2]
}

fn ticks_per_call(call: impl Fn(u32) -> u32) -> f64 {
    typical(|| {
        let start = clock::ticks();
        for turn in 0..CALLS {
            call(turn);
        }
        clock::ticks().saturating_sub(start) as f64 / f64::from(CALLS)
    })
}

/// The modes in which the functions below are profiled; no constants, as the true one is none.
static EXACT: AtomicU8 = AtomicU8::new(Mode::Exact as u8);
static ADAPTIVE: AtomicU8 = AtomicU8::new(Mode::Adaptive as u8);

/// Empty functions: all of whose calls are timed, of whose calls none is, and without a probe.
#[inline(never)]
fn timed_call(value: u32) -> u32 {
    let _span = Span::enter_as(EXACT.load(Ordering::Relaxed), &PROBE);
    black_box(value)
}

#[inline(never)]
fn counted_call(value: u32) -> u32 {
    let _span = Span::enter_as(ADAPTIVE.load(Ordering::Relaxed), &BARE);
    black_box(value)
}

#[inline(never)]
fn bare_call(value: u32) -> u32 {
    black_box(value)
}

/// Some 50 ns, each step of which waits for the last.
#[inline(never)]
fn some_work(value: u64) -> u64 {
    (0..48).fold(value, |value, turn| black_box(value.wrapping_mul(5) ^ turn))
}

#[cold]
fn measure() {
    if MEASURED.swap(1, Ordering::Relaxed) != 0 {
        return;
    }
    control::start();
    STEP.set(clock::step() as f64);
    TICKS_PER_NS.set(1.0 / clock::Scale::guess().ns(1.0));
    let raw = |work: fn(u64) -> u64| {
        let running = Running::open(&PROBE);
        black_box(work(black_box(1)));
        running.finish_raw(&PROBE) as f64
    };
    // Beside a body, of which the processor does some while it reads the clock.
    let body = ticks_per_call(|turn| some_work(u64::from(turn)) as u32);
    let inside = typical(|| (0..CALLS).map(|_| raw(some_work)).sum::<f64>() / f64::from(CALLS)) - body;
    let empty = ticks_per_call(bare_call);
    let timed = ticks_per_call(timed_call) - empty;
    Running::count_all(&BARE);
    let counted = ticks_per_call(counted_call) - empty;
    // One timed call among many that are not, which no branch predictor expects.
    let sampled = typical(|| {
        let sum: f64 = (0..CALLS / 4)
            .map(|round| {
                for _ in 0..20 + round * 7 % 13 {
                    counted_call(round);
                }
                raw(|value| value)
            })
            .sum();
        sum / f64::from(CALLS / 4)
    });
    INSIDE.set(inside);
    INSIDE_SAMPLED.set(sampled);
    TIMED.set(timed);
    COUNTED.set(counted);
}
