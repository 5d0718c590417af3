//! Small programs with one fault each, as one meets them.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{sleep, spawn};
use std::time::Duration;

use lagom_profiler::{Rule, Suggestion, profile, reset, span, suggestions, summary};

use crate::Program;
use crate::tasks::{Yield, block_on};
use crate::work::{Random, compute};

pub(crate) const ALL: [Program; 15] = [
    Program::fault(one_step_takes_most, Rule::HotSelfShare, "solve", "spans inside"),
    Program::fault(a_call_per_pixel, Rule::TinyAndFrequent, "blend", "many at a time"),
    Program::fault(strings_for_nothing, Rule::AllocationHeavy, "render", "lagom-pool"),
    Program::fault(a_fresh_buffer_each_time, Rule::AllocationHeavy, "compress", "lagom-pool"),
    Program::fault(a_table_built_on_demand, Rule::DearFirstCall, "lookup", "lagom-lazy"),
    Program::fault(a_lock_held_for_long, Rule::WaitingTail, "update", "lock"),
    Program::fault(a_flush_now_and_then, Rule::WaitingTail, "append", "I/O"),
    Program::fault(some_inputs_are_hard, Rule::ComputingTail, "factor", "size"),
    Program::fault(retries_before_failing, Rule::CostlyFailures, "fetch", "check before"),
    Program::fault(panics_that_are_caught, Rule::CostlyFailures, "evaluate", "check before"),
    Program::fault(computing_in_a_task, Rule::LongPolls, "hash_password", "spawn_blocking"),
    Program::fault(sleeping_in_a_task, Rule::LongPolls, "handle", "spawn_blocking"),
    Program::fault(a_list_that_grows, Rule::Drift, "is_new", "index"),
    Program::fault(what_is_never_forgotten, Rule::MemoryGrowth, "remember", "capacity"),
    Program::fault(slower_than_before, Rule::Regression, "sort", "baseline"),
];

fn one_step_takes_most() -> Vec<Suggestion> {
    #[profile]
    fn read() -> u64 {
        compute(10_000)
    }
    #[profile]
    fn check() -> u64 {
        compute(8_000)
    }
    #[profile]
    fn solve() -> u64 {
        compute(200_000)
    }
    #[profile]
    fn write() -> u64 {
        compute(12_000)
    }
    for _ in 0..300 {
        black_box(read() ^ check() ^ solve() ^ write());
    }
    suggestions()
}

fn a_call_per_pixel() -> Vec<Suggestion> {
    #[profile]
    fn blend(a: u8, b: u8) -> u8 {
        a / 2 + b / 2
    }
    #[profile]
    fn frame(seed: u8) -> u64 {
        let mut sum = 0;
        let mut left = 640 * 480;
        while left > 0 {
            sum += u64::from(blend(black_box(seed), left as u8));
            left -= 1;
        }
        sum
    }
    for seed in 0..12 {
        black_box(frame(seed));
    }
    suggestions()
}

fn strings_for_nothing() -> Vec<Suggestion> {
    #[profile]
    fn render(row: u64) -> usize {
        let cells: Vec<String> = (0..40).map(|column| format!("{row}:{column}")).collect();
        cells.join(",").len()
    }
    for row in 0..10_000 {
        black_box(render(row));
    }
    suggestions()
}

fn a_fresh_buffer_each_time() -> Vec<Suggestion> {
    #[profile]
    fn compress(block: u8) -> u8 {
        let mut scratch = vec![block; 1 << 20];
        scratch[usize::from(block)] ^= 1;
        black_box(&mut scratch)[77]
    }
    for block in 0..20_000_u64 {
        black_box(compress(block as u8));
    }
    suggestions()
}

fn a_table_built_on_demand() -> Vec<Suggestion> {
    static TABLE: OnceLock<HashMap<u64, u64>> = OnceLock::new();
    #[profile]
    fn lookup(key: u64) -> u64 {
        let table = TABLE.get_or_init(|| (0..2_000).map(|key| (key, compute(20_000))).collect());
        compute(5_000) ^ table[&key]
    }
    for key in 0..2_000 {
        black_box(lookup(key));
    }
    suggestions()
}

fn a_lock_held_for_long() -> Vec<Suggestion> {
    #[profile]
    fn update(shared: &Mutex<u64>) {
        let change = compute(60_000);
        *shared.lock().expect("no panic") ^= change;
    }
    let shared = Arc::new(Mutex::new(0));
    let holder = {
        let shared = Arc::clone(&shared);
        spawn(move || {
            while Arc::strong_count(&shared) > 1 {
                sleep(Duration::from_millis(6));
                let _held = shared.lock().expect("no panic");
                sleep(Duration::from_millis(30)); // writes to a file
            }
        })
    };
    for _ in 0..2_500 {
        update(&shared);
    }
    drop(shared);
    holder.join().expect("no panic");
    suggestions()
}

fn a_flush_now_and_then() -> Vec<Suggestion> {
    #[profile]
    fn append(record: u64) {
        compute(60_000);
        if record % 32 == 31 {
            sleep(Duration::from_millis(30)); // the disk
        }
    }
    for record in 0..1_600 {
        append(record);
    }
    suggestions()
}

fn some_inputs_are_hard() -> Vec<Suggestion> {
    #[profile]
    fn factor(bits: u64) -> u64 {
        compute(30_000 * bits)
    }
    let mut random = Random(7);
    for _ in 0..1_500 {
        black_box(factor(if random.below(25) == 0 { 50 } else { 1 }));
    }
    suggestions()
}

fn retries_before_failing() -> Vec<Suggestion> {
    #[profile]
    fn fetch(there: bool) -> Result<u64, String> {
        if there {
            return Ok(compute(20_000));
        }
        for attempt in 1..4 {
            compute(50_000 * attempt);
        }
        Err("not there".to_owned())
    }
    for request in 0..600 {
        let _ = black_box(fetch(request % 4 != 0));
    }
    suggestions()
}

fn panics_that_are_caught() -> Vec<Suggestion> {
    #[profile]
    fn evaluate(text: &str) -> u64 {
        compute(40_000);
        text.parse().expect("a number")
    }
    std::panic::set_hook(Box::new(|_| {}));
    let inputs = ["1", "x", "2", "y", "z"];
    for place in 0..1_000 {
        let _ = std::panic::catch_unwind(|| black_box(evaluate(inputs[place % inputs.len()])));
    }
    suggestions()
}

fn computing_in_a_task() -> Vec<Suggestion> {
    #[profile]
    async fn hash_password(rounds: u64) -> u64 {
        Yield::default().await;
        let hash = compute(rounds);
        Yield::default().await;
        hash
    }
    for _ in 0..60 {
        black_box(block_on(hash_password(3_000_000)));
    }
    suggestions()
}

fn sleeping_in_a_task() -> Vec<Suggestion> {
    #[profile]
    async fn handle(request: u64) -> u64 {
        let mut answer = request;
        for part in 0..10 {
            answer ^= compute(500);
            if part == 5 {
                sleep(Duration::from_millis(3)); // a blocking driver
            }
            Yield::default().await;
        }
        answer
    }
    for request in 0..80 {
        black_box(block_on(handle(request)));
    }
    suggestions()
}

fn a_list_that_grows() -> Vec<Suggestion> {
    #[profile]
    fn is_new(seen: &[u64], name: u64) -> bool {
        seen.iter().all(|other| *other != name)
    }
    let mut seen: Vec<u64> = Vec::new();
    let mut random = Random(1);
    for _ in 0..30_000 {
        let name = random.below(1 << 30);
        if is_new(&seen, name) {
            seen.push(name);
        }
    }
    suggestions()
}

fn what_is_never_forgotten() -> Vec<Suggestion> {
    static LOG: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
    #[profile]
    fn remember(event: u64) {
        let text = vec![event as u8; 1_000];
        LOG.lock().expect("no panic").push(text);
    }
    for event in 0..20_000 {
        compute(1_000);
        remember(event);
    }
    suggestions()
}

fn slower_than_before() -> Vec<Suggestion> {
    fn sort(careful: bool) -> u64 {
        let _span = span!("sort");
        compute(if careful { 90_000 } else { 50_000 })
    }
    for _ in 0..1_000 {
        black_box(sort(false));
    }
    let baseline = summary();
    reset();
    for _ in 0..1_000 {
        black_box(sort(true));
    }
    summary().suggestions_against(&baseline)
}
