//! Time: the processor's own counter where it can be trusted, else the system's clock.
#![allow(unsafe_code, reason = "reads the processor's counter")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// What a tick is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Source {
    /// Not chosen yet.
    Unknown,
    /// The counter of the processor: `rdtsc`, `cntvct_el0`.
    Counter,
    /// Nanoseconds of `Instant` since the anchor.
    System,
}

static SOURCE: AtomicU8 = AtomicU8::new(Source::Unknown as u8);
static ANCHOR: OnceLock<Anchor> = OnceLock::new();

/// One moment on both clocks.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    instant: Instant,
    ticks: u64,
}

impl Anchor {
    /// The closest of some pairs of readings: between the two of a pair the thread may have had to wait.
    fn take() -> Self {
        let pair = || {
            let before = ticks();
            let instant = Instant::now();
            let apart = ticks().saturating_sub(before);
            (apart, Self { instant, ticks: before + apart / 2 })
        };
        let first = pair();
        let closest = |best: (u64, Self), _| std::cmp::min_by_key(best, pair(), |pair| pair.0);
        (0..8).fold(first, closest).1
    }
}

/// Now, in nanoseconds since the first reading of any clock here.
pub(crate) fn now() -> u64 {
    u64::try_from(anchor().instant.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Now, in ticks: see [`Scale`].
#[inline]
pub(crate) fn ticks() -> u64 {
    #[cfg(test)]
    return true_ticks().wrapping_add_signed(fake::OFFSET.get());
    #[cfg(not(test))]
    true_ticks()
}

#[inline]
fn true_ticks() -> u64 {
    if SOURCE.load(Ordering::Relaxed) == Source::Counter as u8 { counter() } else { system_ticks() }
}

#[cold]
fn system_ticks() -> u64 {
    if SOURCE.load(Ordering::Relaxed) == Source::Unknown as u8 {
        let source = if is_trusted() { Source::Counter } else { Source::System };
        SOURCE.store(source as u8, Ordering::Relaxed);
        if source == Source::Counter {
            return counter();
        }
    }
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn anchor() -> &'static Anchor {
    ANCHOR.get().unwrap_or_else(|| {
        // Outside the cell: finding the counter out allocates, and the allocator may be profiled itself.
        let now = Anchor::take();
        ANCHOR.get_or_init(|| now)
    })
}

/// To be called before ticks are counted that somebody will want to know in nanoseconds.
pub(crate) fn start() {
    anchor();
}

/// From ticks to nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    ns_per_tick: f64,
}

/// Two readings this far apart tell the length of a tick to 10 ppm, if each is off by 50 ns.
const APART: Duration = Duration::from_millis(10);

impl Scale {
    /// What is better than nothing.
    const NONE: Self = Self { ns_per_tick: 1.0 };

    /// The length of a tick, good enough to choose by; waits for nothing.
    pub(in crate::on) fn guess() -> Self {
        let anchor = anchor();
        while anchor.instant.elapsed() < Duration::from_micros(50) {
            std::hint::spin_loop();
        }
        Self::since(anchor)
    }

    /// The length of a tick, from the time since the anchor: the longer, the more exact. Waits up to 10 ms at first.
    pub(crate) fn measure() -> Self {
        let anchor = anchor();
        let left = APART.saturating_sub(anchor.instant.elapsed());
        if source() == Source::Counter && !left.is_zero() {
            std::thread::sleep(left);
        }
        Self::since(anchor).or_known()
    }

    fn since(anchor: &Anchor) -> Self {
        if source() == Source::System {
            return Self { ns_per_tick: 1.0 };
        }
        let now = Anchor::take();
        let ticks = now.ticks.saturating_sub(anchor.ticks);
        let ns = now.instant.duration_since(anchor.instant).as_nanos() as f64;
        // A counter that stood still tells nothing.
        if ticks == 0 { Self::NONE } else { Self { ns_per_tick: ns / ticks as f64 } }
    }

    fn is_none(self) -> bool {
        source() == Source::Counter && self.ns_per_tick == Self::NONE.ns_per_tick
    }

    /// The first that was measured, where this one differs from it: then the counter has jumped, and not its rate changed.
    fn or_known(self) -> Self {
        static KNOWN: OnceLock<f64> = OnceLock::new();
        // What a counter told that stood still, or went back, is no length of a tick.
        if KNOWN.get().is_none() && self.is_none() {
            return self;
        }
        let known = *KNOWN.get_or_init(|| self.ns_per_tick);
        if (self.ns_per_tick / known - 1.0).abs() < 1e-3 { self } else { Self { ns_per_tick: known } }
    }

    pub(crate) fn ns(self, ticks: f64) -> f64 {
        ticks * self.ns_per_tick
    }

    /// Rounded; nothing below zero.
    pub(crate) fn whole_ns(self, ticks: f64) -> u64 {
        self.ns(ticks).max(0.0).round() as u64
    }
}

fn source() -> Source {
    if SOURCE.load(Ordering::Relaxed) == Source::Unknown as u8 {
        ticks();
    }
    if SOURCE.load(Ordering::Relaxed) == Source::Counter as u8 { Source::Counter } else { Source::System }
}

/// The name of what is read.
pub(crate) fn name() -> &'static str {
    match source() {
        Source::Counter => COUNTER,
        _ => "Instant",
    }
}

/// The step in which the clock moves on, in ticks.
///
/// Not the least difference of two readings: some processors answer a second reading within one step with one tick more,
/// to keep the order. Where readings at uneven distances differ by multiples of one number, that is the step.
pub(in crate::on) fn step() -> u64 {
    let mut differences = Vec::with_capacity(2_000);
    let mut before = ticks();
    for round in 0..2_000_u32 {
        for turn in 0..(round * 7) % 13 {
            std::hint::black_box(turn);
        }
        let now = ticks();
        differences.extend((now > before).then(|| now - before));
        before = now;
    }
    differences.sort_unstable();
    step_of(&differences)
}

/// The step behind sorted differences, the largest number that most of them are multiples of; 0 without any.
fn step_of(differences: &[u64]) -> u64 {
    let all = differences.len();
    let common: Vec<u64> =
        differences.chunk_by(|a, b| a == b).filter(|same| same.len() * 50 >= all).map(|same| same[0]).collect();
    let pairs = common.iter().flat_map(|a| common.iter().map(|b| greatest_common_divisor(*a, *b)));
    let fits =
        |step: &u64| differences.iter().filter(|difference| difference.is_multiple_of(*step)).count() * 4 >= all * 3;
    pairs.filter(fits).max().or_else(|| differences.first().map(|_| 1)).unwrap_or(0)
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(target_arch = "x86_64")]
const COUNTER: &str = "tsc";
#[cfg(target_arch = "aarch64")]
const COUNTER: &str = "cntvct";
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const COUNTER: &str = "";

#[cfg(target_arch = "x86_64")]
#[inline]
fn counter() -> u64 {
    // SAFETY: every x86-64 processor has the instruction; a system that forbids it to programs does not name it as its
    // own clock source, and then this is not called.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn counter() -> u64 {
    let ticks: u64;
    // SAFETY: reads a register that every system we trust it on lets programs read; touches neither memory nor flags.
    unsafe { core::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline]
fn counter() -> u64 {
    0
}

/// Whether the kernel itself keeps time by the counter: then it runs at one rate, on all processors alike.
fn is_trusted() -> bool {
    // An interpreter has no counter.
    if cfg!(miri) {
        return false;
    }
    if cfg!(all(target_arch = "aarch64", any(target_os = "linux", target_os = "android", target_vendor = "apple"))) {
        return true;
    }
    if cfg!(all(target_arch = "x86_64", any(target_os = "linux", target_os = "android"))) {
        let current = std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
        return current.is_ok_and(|name| name.trim() == "tsc");
    }
    false
}

/// A clock that jumps, as the counters of processors do that are not in step, or of a machine that was moved.
#[cfg(test)]
pub(in crate::on) mod fake {
    use std::cell::Cell;

    thread_local! {
        /// From here it can go far back, whatever the clock that it shifts begins with.
        pub(super) static OFFSET: Cell<i64> = const { Cell::new(1 << 50) };
    }

    /// Moves this thread's clock on by so many ticks, or back.
    pub(in crate::on) fn shift(ticks: i64) {
        OFFSET.set(OFFSET.get() + ticks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_nanoseconds_agree() {
        start();
        let (before, began) = (ticks(), Instant::now());
        std::thread::sleep(Duration::from_millis(20));
        let (ticks, took) = (ticks() - before, began.elapsed());
        let ns = Scale::measure().ns(ticks as f64);
        let error = (ns - took.as_nanos() as f64).abs() / took.as_nanos() as f64;
        assert!(error < 0.01, "{ns} ns by the counter, {took:?} by the system");
    }

    #[test]
    fn a_jump_does_not_change_the_length_of_a_tick() {
        let before = Scale::measure().ns_per_tick;
        for jump in [-(1_i64 << 50), 1 << 33] {
            fake::shift(jump);
            let after = Scale::measure().ns_per_tick;
            fake::shift(-jump);
            assert!((after / before - 1.0).abs() < 1e-2, "{after} after {before}");
        }
    }

    #[test]
    fn the_step_is_what_most_differences_are_multiples_of() {
        let stepped: Vec<u64> = [vec![1; 200], vec![25; 200], vec![52; 900], vec![78; 600], vec![104; 100]].concat();
        assert_eq!(step_of(&stepped), 26);
        let smooth: Vec<u64> = (18..90).flat_map(|ticks| [ticks; 30]).collect();
        assert_eq!(step_of(&smooth), 1);
        assert_eq!(step_of(&[]), 0);
    }

    #[test]
    fn the_clock_moves_in_steps_shorter_than_a_microsecond() {
        let step = Scale::measure().ns(step() as f64);
        assert!(step > 0.0 && step < 1_000.0, "{step} ns");
    }
}
