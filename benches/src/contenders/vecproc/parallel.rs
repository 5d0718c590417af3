//! Windows on two threads.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use lagom_vecproc::Pipeline;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::kernel::{Elements, case, kernel};
use super::rolling_median::{heaps, sorted_window};
use super::{WINDOW, reference, rolling_mean, rolling_std};
use crate::case::{Case, Contender, Found};
use crate::contenders::raw;

const LONG: usize = 1001;
const NOTE: &str = "ns of wall time per element. `lagom` has two threads, all others have one: no rival has a form for several. The gain of two is that of work that \
     never leaves the registers where no other program wants a core: judge ours by that.";

static TWO: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPoolBuilder::new().num_threads(2).build().expect("two threads can be had"));

/// Rounds for the gain: one thread, then two, and so on.
const ROUNDS: u64 = 9;

/// The case with the pipeline on two threads, on one, and what the second thread gains.
macro_rules! ours {
    ($case:expr, $x:expr, $pipeline:expr) => {{
        static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| $pipeline);
        let one = |x: &Vec<f64>, out: &mut [f64]| {
            PIPELINE.process_batch(x.as_slice(), out).expect("the lengths agree");
        };
        let two = |x: &Vec<f64>, out: &mut [f64]| {
            TWO.install(|| PIPELINE.par_process_batch(x.as_slice(), out)).expect("the lengths agree");
        };
        let elements = $x.clone();
        let gain = move |rounds| {
            let (x, mut out) = (elements.get(), raw::zeros(elements.n));
            gain(rounds, |threads| if threads == 1 { one(x, &mut out) } else { two(x, &mut out) })
        };
        $case
            .with(kernel("lagom", $x, two).figure("gain of two threads", "x", ROUNDS, gain))
            .with(kernel("lagom on one thread", $x, one))
            .with(control())
    }};
}

/// What two threads gain where nothing but the cores limits them.
fn control() -> Contender {
    let work = || std::hint::black_box((0..20_000_000_u64).fold(1, |x: u64, i| x.wrapping_mul(x ^ i)));
    let find = move |rounds| {
        gain(rounds, |threads| {
            if threads == 1 {
                (work(), work())
            } else {
                TWO.install(|| rayon::join(work, work))
            };
        })
    };
    Contender::untimed("control, in registers").floor().figure("gain of two threads", "x", ROUNDS, find)
}

/// The time of `work(1)` over that of `work(2)`, each the least of all rounds.
fn gain(rounds: u64, mut work: impl FnMut(usize)) -> Found {
    let mut least = [Duration::MAX; 2];
    for _ in 0..rounds {
        for (threads, least) in (1..).zip(&mut least) {
            let started = Instant::now();
            work(threads);
            *least = started.elapsed().min(*least);
        }
    }
    let [one, two] = least;
    Found { value: one.as_secs_f64() / two.as_secs_f64(), answer: rounds }
}

pub(super) fn cases(x: &Elements) -> [Case; 3] {
    let means = case("rolling mean 50 on two threads", NOTE, x, |x| reference::windows(x, WINDOW, reference::mean));
    let stds = case("rolling std 50 on two threads", NOTE, x, reference::rolling_std);
    let medians = case("rolling median 1001 on two threads", NOTE, x, |x| reference::rolling_median(x, LONG));
    let all = [
        ours!(means, x, Pipeline::new().rolling_mean(WINDOW))
            .with(kernel("plain loop", x, |x, out| rolling_mean::plain_loop(x, out)))
            .with(kernel("tea-rolling", x, |x, out| raw::tea_rolling_mean(x, WINDOW, out))),
        ours!(stds, x, Pipeline::new().rolling_std(WINDOW, 1))
            .with(kernel("Welford loop", x, |x, out| rolling_std::welford_loop(x, out)))
            .with(kernel("tea-rolling", x, |x, out| raw::tea_rolling_std(x, WINDOW, out))),
        ours!(medians, x, Pipeline::new().rolling_median(LONG))
            .with(kernel("sorted window", x, |x, out| sorted_window(x, LONG, out)))
            .with(kernel("sliding-quantile", x, |x, out| heaps(x, LONG, out))),
    ];
    all.map(|case| Case { group: "threads", ..case })
}
