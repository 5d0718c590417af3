//! A call that does nothing.

use std::hint::black_box;
use std::time::Instant;

use super::probes::{ADAPTIVE, EXACT, FASTRACE, HOTPATH, METRICS, NOTHING, OFF, PUFFIN, TRACING, under_a_root};
use crate::case::Case;
use crate::contenders::raw;

/// The function under each probe: the least a call can do.
macro_rules! empty {
    ([$($probe:tt)*] { $($enter:tt)* }) => {
        $($probe)*
        #[inline(never)]
        pub(in crate::contenders::profiler) fn call(x: u64) -> u64 {
            #[allow(dead_code, reason = "not every probe takes it")]
            const FUNCTION: &str = "call";
            $($enter)*
            ::std::hint::black_box(x)
        }
    };
}

pub(super) mod bare {
    probed!(bare => empty);
}
pub(super) mod lagom {
    probed!(lagom => empty);
}
pub(super) mod lagom_exact {
    probed!(lagom => empty);
}
pub(super) mod lagom_off {
    probed!(lagom => empty);
}
pub(super) mod hotpath {
    probed!(hotpath => empty);
}
pub(super) mod puffin {
    probed!(puffin => empty);
}
pub(super) mod tracing {
    probed!(tracing => empty);
}
pub(super) mod fastrace {
    probed!(fastrace => empty);
}
pub(super) mod metrics {
    probed!(metrics => empty);
}
pub(super) mod prometheus {
    probed!(prometheus => empty);
}
pub(super) mod original {
    probed!(original => empty);
}

#[inline(never)]
fn cycles(x: u64) -> u64 {
    let started = raw::cycles();
    let x = black_box(x);
    black_box(raw::cycles() - started);
    x
}

#[inline(never)]
pub(super) fn instants(x: u64) -> u64 {
    let started = Instant::now();
    let x = black_box(x);
    black_box(started.elapsed());
    x
}

/// Calls in an iteration: a trace, a frame and a unit of work in one.
pub(super) const CALLS: u64 = 1_000;

/// An iteration.
pub(super) fn many(call: impl Fn(u64) -> u64) -> u64 {
    let mut sum = 0;
    for x in 0..CALLS {
        sum += call(x);
    }
    sum
}

pub(super) fn case(threads: usize) -> Case {
    let case = Case::new("profiler", "calls", "empty profiled call", |n| n * (CALLS * (CALLS - 1) / 2))
        .note(
            "ns per call, the call itself included (`no probe`), in thousands: a thousand calls are one trace of fastrace. All with \
             default settings. What hotpath, puffin, fastrace and metrics do with their records later, on another thread or after \
             the batch, is in the process CPU alone, in their favour; so is that tracing's registry has a layer that does nothing, fastrace's spans \
             go nowhere and the original's records are in a ring. In ours: hotpath, puffin and fastrace keep every call for a while.",
        )
        .threads(threads)
        .items(CALLS, "ns/call")
        .cpu()
        .with(ADAPTIVE.contender("lagom", || many(lagom::call)))
        .with(EXACT.contender("lagom exact", || many(lagom_exact::call)))
        .with(OFF.contender("lagom off", || many(lagom_off::call)))
        .with(HOTPATH.contender("hotpath", || many(hotpath::call)))
        .with(PUFFIN.contender("puffin", || many(puffin::call)))
        .with(PUFFIN.contender("puffin nested", || {
            ::puffin::profile_scope!("many");
            many(puffin::call)
        }))
        .with(TRACING.contender("tracing registry", || many(tracing::call)))
        .with(FASTRACE.contender("fastrace", || under_a_root(|| many(fastrace::call))))
        .with(METRICS.contender("metrics", || many(metrics::call)))
        .with(NOTHING.contender("prometheus", || many(prometheus::call)))
        .with(NOTHING.contender("original", || many(original::call)))
        .with(NOTHING.contender("two Instants", || many(instants)).floor())
        .with(NOTHING.contender("no probe", || many(bare::call)).floor());
    if raw::HAS_CYCLES { case.with(NOTHING.contender("two rdtsc", || many(cycles)).floor()) } else { case }
}
