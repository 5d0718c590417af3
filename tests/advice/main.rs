//! Advice, taken: on work done with public crates it is asked for, followed, and what that saves held against the bound that
//! it gave.
//!
//! The test asks for the advice and for equal results with and without it. What is saved takes a machine that does nothing
//! else: `cargo test --release -p lagom-tests --test advice -- --measure`.

mod lines;
mod orders;
mod pages;

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use lagom::profiler::{Mode, Rule, TrackingAllocator, set_mode, suggestions};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

/// Work as it may be found, and as it is with the remedy.
struct Workload {
    name: &'static str,
    /// What is advised, and on which function.
    rule: Rule,
    function: &'static str,
    /// A word of the remedy.
    remedy: &'static str,
    found: fn() -> Run,
    remedied: fn() -> Run,
}

const WORKLOADS: [Workload; 3] = [pages::WORKLOAD, lines::WORKLOAD, orders::WORKLOAD];

/// What a run took, without making its input, and a number made of all results.
struct Run {
    took: Duration,
    sum: u64,
}

fn timed(work: impl FnOnce() -> u64) -> Run {
    let start = Instant::now();
    let sum = black_box(work());
    Run { took: start.elapsed(), sum }
}

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    /// One of `0..below`.
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// The rounds of `--measure`: the more, the narrower the intervals.
const ROUNDS: usize = 15;
/// By how much more than its bound advice may save: what a run takes varies, and so does the one that the bound is from.
const MARGIN: f64 = 1.05;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [option, how, name] = &arguments[..]
        && option == "--run"
    {
        return run(how, WORKLOADS.iter().find(|workload| workload.name == name).expect("a workload of that name"));
    }
    let rounds = if arguments.iter().any(|argument| argument == "--measure") { ROUNDS } else { 1 };
    for workload in &WORKLOADS {
        workload.measure(rounds);
    }
}

/// One run in this process: nothing is initialised, remembered or pooled yet. Writes what it took and its sum, and with
/// probes the bound and the advice.
fn run(how: &str, workload: &Workload) {
    if how != "probed" {
        set_mode(Mode::Off);
    }
    let run = if how == "remedied" { (workload.remedied)() } else { (workload.found)() };
    println!("{}\n{}", run.took.as_nanos(), run.sum);
    let found = suggestions();
    let fits = |advice: &&_| workload.fits(advice);
    if let Some(advice) = found.iter().find(fits) {
        println!("{}\n{advice}", advice.gain().as_nanos());
    } else if how == "probed" {
        panic!("{}: other advice than {}: {found:#?}", workload.name, workload.rule);
    }
}

impl Workload {
    fn fits(&self, advice: &lagom::profiler::Suggestion) -> bool {
        advice.rule() == self.rule && advice.function() == self.function && advice.remedy().contains(self.remedy)
    }

    /// What a run in another process wrote, by lines.
    fn run(&self, how: &str) -> Vec<String> {
        let program = std::env::current_exe().expect("a path");
        let output = Command::new(program).args(["--run", how, self.name]).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
    }

    /// With probes, as found and with the remedy, in turns.
    fn measure(&self, rounds: usize) {
        let number = |text: &String| text.parse::<f64>().expect("a number");
        let (mut took, mut bounds, mut savings, mut ratios) = (vec![], vec![], vec![], vec![]);
        let mut advice = String::new();
        for _ in 0..rounds {
            let [probed, found, remedied] = ["probed", "found", "remedied"].map(|how| self.run(how));
            assert_eq!([&probed[1], &found[1]], [&remedied[1]; 2], "{}: other results", self.name);
            let (bound, saving) = (number(&probed[2]), number(&found[0]) - number(&remedied[0]));
            took.push(number(&found[0]));
            bounds.push(bound);
            savings.push(saving);
            ratios.push(saving / bound);
            advice = probed[3..].join("\n");
        }
        println!("{}\n{advice}", self.name);
        let [took, bound, saving, ratio] = [took, bounds, savings, ratios].map(Middle::of);
        if rounds == 1 {
            return;
        }
        let ms =
            |middle: &Middle| format!("{:.2} ms ({:.2} to {:.2})", middle.at / 1e6, middle.from / 1e6, middle.to / 1e6);
        println!("    takes {}; saves at most {}", ms(&took), ms(&bound));
        println!("    saved {}: {:.2} ({:.2} to {:.2}) of the bound", ms(&saving), ratio.at, ratio.from, ratio.to);
        assert!(saving.from > 0.0, "{}: the remedy saves nothing", self.name);
        assert!(ratio.at <= MARGIN, "{}: it saves more than the bound", self.name);
    }
}

/// The median of some rounds, and where that of all would lie with 95 %, by ranks.
struct Middle {
    at: f64,
    from: f64,
    to: f64,
}

impl Middle {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let n = values.len();
        let out = ((n as f64 / 2.0 - 0.98 * (n as f64).sqrt()).round() as usize).max(1) - 1;
        Self { at: values[n / 2], from: values[out], to: values[n - 1 - out] }
    }
}
