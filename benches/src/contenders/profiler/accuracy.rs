//! What is reported of calls whose length is known: a loop, timed without a probe in the same rounds.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::apart::{self, Figure};
use super::ours::{self, Mode};
use super::{original as first, report};
use crate::case::{Case, OURS};
use crate::contenders::Scale;

/// Functions of known length, with children, and in themselves, under a probe.
macro_rules! functions {
    ($probe:tt $enter:tt) => {
        function! { $probe $enter fn body_100ns(n: u64) -> u64 { super::spin(n) } }
        function! { $probe $enter fn body_1us(n: u64) -> u64 { super::spin(n) } }
        function! { $probe $enter fn body_1ms(n: u64) -> u64 { super::spin(n) } }
        function! { $probe $enter fn child(x: u64) -> u64 { ::std::hint::black_box(x) } }
        function! { $probe $enter fn parent(n: u64) -> u64 { (0..n).map(child).sum() } }
        function! { $probe $enter fn recurse(level: u64, n: u64) -> u64 {
            if level == 1 { super::spin(n) } else { ::std::hint::black_box(recurse(level - 1, n)) }
        } }
        pub(super) const FUNCTIONS: super::Functions =
            super::Functions { bodies: [body_100ns, body_1us, body_1ms], parent, recurse };
    };
}

macro_rules! function {
    ([$($probe:tt)*] { $($enter:tt)* } fn $name:ident($($parameter:ident: $type:ty),*) -> u64 $body:block) => {
        $($probe)*
        #[inline(never)]
        fn $name($($parameter: $type),*) -> u64 {
            #[allow(dead_code, reason = "not every probe takes it")]
            const FUNCTION: &str = concat!("accuracy ", stringify!($name));
            $($enter)*
            $body
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
mod original {
    probed!(original => functions);
}

struct Functions {
    bodies: [fn(u64) -> u64; 3],
    parent: fn(u64) -> u64,
    recurse: fn(u64, u64) -> u64,
}

/// Names, nanoseconds, and calls in a round.
const BODIES: [(&str, f64, u64); 3] = [("body_100ns", 1e2, 1_000), ("body_1us", 1e3, 200), ("body_1ms", 1e6, 2)];
const CHILDREN: u64 = 100;
const PARENTS: u64 = 100;
const DEPTH: u64 = 10;

#[inline]
fn spin(n: u64) -> u64 {
    (0..n).fold(0, |sum, i| sum + black_box(i))
}

const FIELD: [&str; 4] = [OURS, "lagom exact", "hotpath", "original"];

/// It has a mean, a least and a most.
const WITHOUT_MEDIAN: [&str; 1] = ["original"];

pub(super) fn cases(scale: Scale) -> Vec<Case> {
    let rounds = match scale {
        Scale::Smoke => 3,
        Scale::Quick => 30,
        Scale::Full => 100,
    };
    let case = |name: &str, note, figures: &[Figure], but: usize| {
        let case = Case::new("profiler", "accuracy", name, |n| n).note(note);
        FIELD.iter().fold(case, |case, name| {
            let kept = figures.len() - if WITHOUT_MEDIAN.contains(name) { but } else { 0 };
            case.with(apart::contender("accuracy", name, rounds, &figures[..kept]))
        })
    };
    let error = |of, unit, at| Figure { metric: of, unit, at };
    let mut cases: Vec<Case> = BODIES
        .iter()
        .enumerate()
        .map(|(at, (name, ..))| {
            let figures = [
                error("error of the mean", "%", 3 * at),
                error("error of the median", "%", 3 * at + 1),
                error("error of the median, absolute", "ns", 3 * at + 2),
            ];
            let note = "Reported against the median of rounds without a probe, in the same process. The original keeps the last thousand.";
            case(&name.replace("body_1", "calls of 1"), note, &figures, 2)
        })
        .collect();
    let note = "Reported against the median of rounds without a probe in parent and children, in the same process.";
    let of_parent = [error("error of the total", "%", 9), error("error of the mean", "%", 10)];
    cases.push(case("parent of 100 empty children", note, &of_parent, 0));
    let note = "The innermost call takes 1 ms; reported against the wall time, as all ten together take no longer.";
    cases.push(case("recursion of depth 10", note, &[error("error of the total", "%", 11)], 0));
    cases
}

/// What a contender reports of a function.
#[derive(Clone, Copy)]
struct Told {
    mean: Duration,
    median: Option<Duration>,
    total: Duration,
    /// Those that the total is of.
    calls: u64,
}

type Teller = Box<dyn Fn(&str) -> Result<Told>>;

/// One contender in this process for so many rounds; returns the numbers in the order of the figures.
pub(super) fn alone(contender: &str, rounds: u64) -> Result<String> {
    let (times, told): (Times, Teller) = match contender {
        "lagom" => (run_ours(Mode::Adaptive, rounds), Box::new(told_by_ours)),
        "lagom exact" => (run_ours(Mode::Exact, rounds), Box::new(told_by_ours)),
        "hotpath" => {
            let mut times = None;
            let report = report::of(|| times = Some(run(&hotpath::FUNCTIONS, rounds)))?;
            let told = move |name: &str| {
                let told = report.function(&format!("::{name}"))?;
                Ok(Told { mean: told.mean, median: Some(told.median), total: told.total, calls: told.calls })
            };
            (times.unwrap_or_default(), Box::new(told))
        }
        "original" => {
            let told = |name: &str| {
                let (calls, total) = first::total(&format!("accuracy {name}"));
                Ok(Told { mean: total.div_f64(calls.max(1) as f64), median: None, total, calls })
            };
            (run(&original::FUNCTIONS, rounds), Box::new(told))
        }
        _ => bail!("nobody of that name"),
    };
    let mut numbers = String::new();
    let mut say = |number: f64| write!(numbers, "{number} ");
    let error = |reported: f64, truth: f64| 100.0 * (reported / truth - 1.0).abs();
    for ((name, _, _), truth) in BODIES.iter().zip(&times.bodies) {
        let (truth, told) = (median(truth), told(name)?);
        let middle = told.median.map_or(f64::NAN, nanoseconds);
        say(error(nanoseconds(told.mean), truth))?;
        say(error(middle, truth))?;
        say((middle - truth).abs())?;
    }
    let parent = told("parent")?;
    say(error(nanoseconds(parent.total) / parent.calls as f64, median(&times.parent)))?;
    say(error(nanoseconds(parent.mean), median(&times.parent)))?;
    say(error(nanoseconds(told("recurse")?.total), nanoseconds(times.recursion)))?;
    Ok(numbers)
}

fn nanoseconds(time: Duration) -> f64 {
    1e9 * time.as_secs_f64()
}

fn run_ours(mode: Mode, rounds: u64) -> Times {
    ours::set(mode);
    run(&lagom::FUNCTIONS, rounds)
}

fn told_by_ours(name: &str) -> Result<Told> {
    let told = ours::of(name);
    Ok(Told { mean: told.mean(), median: Some(told.p50()), total: told.total(), calls: told.calls() })
}

/// What calls take without a probe, in nanoseconds, round by round; the recursion with it, altogether.
#[derive(Default)]
struct Times {
    bodies: [Vec<f64>; 3],
    parent: Vec<f64>,
    recursion: Duration,
}

fn run(probed: &Functions, rounds: u64) -> Times {
    let step = step();
    let mut times = Times::default();
    for _ in 0..rounds {
        for (at, (_, length, calls)) in BODIES.iter().enumerate() {
            let turns = black_box((length / step) as u64);
            times.bodies[at].push(each(*calls, || bare::FUNCTIONS.bodies[at](turns)));
            each(*calls, || probed.bodies[at](turns));
        }
        times.parent.push(each(PARENTS, || (bare::FUNCTIONS.parent)(black_box(CHILDREN))));
        each(PARENTS, || (probed.parent)(black_box(CHILDREN)));
        let started = Instant::now();
        black_box((probed.recurse)(black_box(DEPTH), (1e6 / step) as u64));
        times.recursion += started.elapsed();
    }
    times
}

/// Nanoseconds that a turn of the loop takes.
fn step() -> f64 {
    const TURNS: u64 = 100_000;
    (0..50).map(|_| each(1, || spin(black_box(TURNS)))).fold(f64::INFINITY, f64::min) / TURNS as f64
}

/// Nanoseconds a call.
fn each(calls: u64, call: impl Fn() -> u64) -> f64 {
    let started = Instant::now();
    (0..calls).for_each(|_| _ = black_box(call()));
    started.elapsed().as_nanos() as f64 / calls as f64
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_near_the_truth() {
        let numbers = alone("original", 2).unwrap();
        let numbers: Vec<f64> = numbers.split_whitespace().map(|number| number.parse().unwrap()).collect();
        assert_eq!(numbers.len(), 12);
        assert!(numbers[6] < 1_000.0, "of 1 ms: {} %", numbers[6]);
        assert!(numbers[7].is_nan(), "it tells no median");
        assert!(numbers[10] > 100.0, "its own time is in that of a parent: {} %", numbers[10]);
        assert!(numbers[11] > 500.0, "it counts a recursion on every level: {} %", numbers[11]);
        assert!(alone("nobody", 1).is_err());
    }
}
