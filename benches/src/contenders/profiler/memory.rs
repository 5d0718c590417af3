//! Very many calls without a pause: what they take, what stays resident, which are lost, and what a function costs on a
//! thread.

use std::sync::Barrier;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Context, Result};

use super::apart::{self, Figure};
use super::calls::{self, CALLS, many};
use super::probes::{ADAPTIVE, DELIVERED, EXACT, FASTRACE, METRICS, NOTHING, PUFFIN, TRACING, Use, under_a_root};
use super::{ours, report};
use crate::case::{Case, OURS, is_ours};
use crate::contenders::Scale;
use crate::measure::{HeldBytes, cpu_time, settle};

/// The rivals' calls: some keep so much of each that there is no memory for more.
const RIVALS_MOST: u64 = 10_000_000;

/// Calls before the first look at the memory.
const WARM_UP: u64 = 1_000_000;

/// Calls between the frames of puffin, the flushes of fastrace and the upkeep of metrics.
const FRAME: u64 = 1_000_000;

const FIGURES: [Figure; 5] = [
    Figure { metric: "CPU of the process", unit: "ns/call", at: 0 },
    Figure { metric: "wall", unit: "ns/call", at: 1 },
    Figure { metric: "RSS growth", unit: "KiB", at: 2 },
    Figure { metric: "held for a function on a thread", unit: "bytes", at: 3 },
    Figure { metric: "calls lost", unit: "calls", at: 4 },
];

pub(super) fn case(scale: Scale) -> Case {
    let calls = match scale {
        Scale::Smoke => 100_000,
        Scale::Quick => 10_000_000,
        Scale::Full => 100_000_000,
    };
    let case = Case::new("profiler", "memory", format!("{} M empty calls", calls as f64 / 1e6), |n| n).note(
        "Each in a process of its own, on one thread without a pause: what calls take, until the process is quiet again; what is resident \
         right after them and was not after a million calls before; calls that are in no report. The rivals have 10 M at most, in their \
         favour; puffin's frames end, fastrace is flushed and metrics kept up after every million. Then 32 other functions are called on \
         4 threads.",
    );
    SUBJECTS.iter().fold(case, |case, subject| {
        let calls = if is_ours(subject.name) { calls } else { calls.min(RIVALS_MOST) };
        let figures = match subject.told {
            Told::Nothing => &FIGURES[..4],
            _ => &FIGURES[..],
        };
        let contender = apart::contender("memory", subject.name, calls, figures);
        case.with(if subject.name == BARE { contender.floor() } else { contender })
    })
}

const BARE: &str = "no probe";

struct Subject {
    name: &'static str,
    used: Use,
    /// [`CALLS`] of them.
    calls: fn() -> u64,
    functions: fn(u64) -> u64,
    told: Told,
}

/// Where the number of calls is found.
enum Told {
    Nothing,
    Here(fn() -> u64),
    ByHotpath,
}

/// Thirty-two functions under a probe, called one after the other.
macro_rules! functions {
    ($probe:tt $enter:tt) => {
        functions! { $probe $enter: a0 a1 a2 a3 a4 a5 a6 a7 b0 b1 b2 b3 b4 b5 b6 b7 c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7 }
    };
    ($probe:tt $enter:tt: $($name:ident)*) => {
        $(function! { $name $probe $enter })*
        pub(super) fn all(x: u64) -> u64 {
            0 $(+ $name(x))*
        }
    };
}

const FUNCTIONS: u64 = 32;
const THREADS: usize = 4;
/// How often each is called on each thread.
const TIMES: u64 = 100;
/// Spans that fastrace has of these calls, the roots among them.
const OTHERS: u64 = THREADS as u64 * TIMES * (FUNCTIONS + 1);

macro_rules! function {
    ($name:ident [$($probe:tt)*] { $($enter:tt)* }) => {
        $($probe)*
        #[inline(never)]
        fn $name(x: u64) -> u64 {
            #[allow(dead_code, reason = "not every probe takes it")]
            const FUNCTION: &str = stringify!($name);
            $($enter)*
            ::std::hint::black_box(x)
        }
    };
}

mod bare {
    probed!(bare => functions);
}
mod lagom {
    probed!(lagom => functions);
}
mod hotpath {
    probed!(hotpath => functions);
}
mod puffin {
    probed!(puffin => functions);
}
mod tracing {
    probed!(tracing => functions);
}
mod fastrace {
    probed!(fastrace => functions);
}
mod metrics {
    probed!(metrics => functions);
}
mod prometheus {
    probed!(prometheus => functions);
}
mod original {
    probed!(original => functions);
}

const SUBJECTS: [Subject; 10] = [
    Subject {
        name: OURS,
        used: ADAPTIVE,
        calls: || many(calls::lagom::call),
        functions: lagom::all,
        told: Told::Here(|| ours::of("call").calls()),
    },
    Subject {
        name: "lagom exact",
        used: EXACT,
        calls: || many(calls::lagom::call),
        functions: lagom::all,
        told: Told::Here(|| ours::of("call").calls()),
    },
    Subject {
        name: "hotpath",
        used: NOTHING,
        calls: || many(calls::hotpath::call),
        functions: hotpath::all,
        told: Told::ByHotpath,
    },
    Subject {
        name: "puffin",
        used: PUFFIN,
        calls: || many(calls::puffin::call),
        functions: puffin::all,
        told: Told::Nothing,
    },
    Subject {
        name: "tracing registry",
        used: TRACING,
        calls: || many(calls::tracing::call),
        functions: tracing::all,
        told: Told::Nothing,
    },
    Subject {
        name: "fastrace",
        used: FASTRACE,
        calls: || under_a_root(|| many(calls::fastrace::call)),
        functions: |x| under_a_root(|| fastrace::all(x)),
        // A root to each thousand is delivered, too.
        told: Told::Here(|| DELIVERED.load(Ordering::Relaxed).saturating_sub(OTHERS) * CALLS / (CALLS + 1)),
    },
    Subject {
        name: "metrics",
        used: METRICS,
        calls: || many(calls::metrics::call),
        functions: metrics::all,
        told: Told::Nothing,
    },
    Subject {
        name: "prometheus",
        used: NOTHING,
        calls: || many(calls::prometheus::call),
        functions: prometheus::all,
        told: Told::Nothing,
    },
    Subject {
        name: "original",
        used: NOTHING,
        calls: || many(calls::original::call),
        functions: original::all,
        told: Told::Here(|| super::original::total("call").0),
    },
    Subject { name: BARE, used: NOTHING, calls: || many(calls::bare::call), functions: bare::all, told: Told::Nothing },
];

/// One contender in this process; returns the numbers in the order of the figures, NaN where it tells nothing.
pub(super) fn alone(contender: &str, calls: u64) -> Result<String> {
    let subject = SUBJECTS.iter().find(|subject| subject.name == contender).context("nobody of that name")?;
    let mut numbers = String::new();
    let mut work = || {
        (subject.used.start)();
        (subject.used.before)();
        // In a process that has nothing to give back yet.
        let held = held(subject);
        numbers = format!("{} {held}", taken(subject, calls));
    };
    let told = match subject.told {
        Told::Nothing => {
            work();
            None
        }
        Told::Here(told) => {
            let before = told();
            work();
            Some(told() - before)
        }
        Told::ByHotpath => Some(report::of(work)?.function("calls::hotpath::call")?.calls),
    };
    let lost = told.map_or(f64::NAN, |told| (WARM_UP + calls) as f64 - told as f64);
    Ok(format!("{numbers} {lost}"))
}

/// Nanoseconds of the process and by the clock for each call, and KiB of growth.
fn taken(subject: &Subject, calls: u64) -> String {
    call(subject, WARM_UP);
    settle();
    // Once more, as the first look brings pages of its own.
    resident();
    let before = resident();
    let (started, spent) = (Instant::now(), cpu_time());
    call(subject, calls);
    let time = started.elapsed();
    // At once: what was not yet worked off is held.
    let growth = resident() - before;
    settle();
    let spent = cpu_time().zip(spent).map_or(f64::NAN, |(after, before)| (after - before).as_secs_f64());
    let each = |seconds: f64| 1e9 * seconds / calls as f64;
    format!("{} {} {growth}", each(spent), each(time.as_secs_f64()))
}

fn call(subject: &Subject, calls: u64) {
    for done in (0..calls).step_by(CALLS as usize) {
        std::hint::black_box((subject.calls)());
        if (done + CALLS).is_multiple_of(FRAME) || done + CALLS >= calls {
            (subject.used.after)();
        }
    }
}

/// In KiB, exact, unlike the counters of statm; NaN where the system does not tell.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(f64::NAN)
}

/// Bytes held for each of the functions on each of the threads that have called it.
fn held(subject: &Subject) -> f64 {
    let (ready, called) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                ready.wait();
                ready.wait();
                (0..TIMES).for_each(|x| _ = std::hint::black_box((subject.functions)(x)));
                called.wait();
                called.wait();
            });
        }
        ready.wait();
        settle();
        let held = HeldBytes::begin();
        ready.wait();
        called.wait();
        (subject.used.after)();
        settle();
        let bytes = held.bytes();
        called.wait();
        bytes as f64 / (FUNCTIONS * THREADS as u64) as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_functions_are_called() {
        assert_eq!(lagom::all(3), 3 * FUNCTIONS);
        assert_eq!(original::all(1), FUNCTIONS);
        assert_eq!(super::super::original::total("d7").0, 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_touched_is_resident() {
        let before = resident();
        let block = std::hint::black_box(vec![1_u8; 1 << 24]);
        let grown = resident() - before;
        assert!(grown > 15.0 * 1024.0, "{grown} KiB for {}", block.len());
    }
}
