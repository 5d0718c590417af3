//! Small programs whose every call does the same. What varies in their times, others made.

use std::hint::black_box;
use std::io::Write;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;

use lagom_profiler::{Suggestion, profile, reset, span, suggestions, summary};

use crate::Program;
use crate::tasks::{Yield, block_on};
use crate::work::compute;

pub(crate) const ALL: [Program; 20] = [
    Program::constant("one function", one_function),
    Program::constant("a caller and its callee", a_caller_and_its_callee),
    Program::constant("six functions alike", six_functions_alike),
    Program::constant("recursion", recursion),
    Program::constant("mutual recursion", mutual_recursion),
    Program::constant("four threads", four_threads),
    Program::constant("short threads", short_threads),
    Program::constant("polls", polls),
    Program::constant("one poll per call", one_poll_per_call),
    Program::constant("allocating evenly", allocating_evenly),
    Program::constant("giving its allocation away", giving_its_allocation_away),
    Program::constant("cheap errors", cheap_errors),
    Program::constant("the first call as the others", the_first_call_as_the_others),
    Program::constant("sleeping", sleeping),
    Program::constant("bursts", bursts),
    Program::constant("long calls", long_calls),
    Program::constant("short calls", short_calls),
    Program::constant("a channel", a_channel),
    Program::constant("a lock that is free", a_lock_that_is_free),
    Program::constant("the same as before", the_same_as_before),
];

fn one_function() -> Vec<Suggestion> {
    #[profile]
    fn work() -> u64 {
        compute(60_000)
    }
    for _ in 0..3_000 {
        black_box(work());
    }
    suggestions()
}

fn a_caller_and_its_callee() -> Vec<Suggestion> {
    #[profile]
    fn inner() -> u64 {
        compute(10_000)
    }
    #[profile]
    fn outer() -> u64 {
        let own = compute(5_000);
        (0..5).fold(own, |sum, _| sum ^ inner())
    }
    for _ in 0..3_000 {
        black_box(outer());
    }
    suggestions()
}

fn six_functions_alike() -> Vec<Suggestion> {
    fn part(name: usize) -> u64 {
        let _span = match name {
            0 => span!("zero"),
            1 => span!("one"),
            2 => span!("two"),
            3 => span!("three"),
            4 => span!("four"),
            _ => span!("five"),
        };
        compute(20_000)
    }
    for round in 0..9_000 {
        black_box(part(round % 6));
    }
    suggestions()
}

fn recursion() -> Vec<Suggestion> {
    #[profile]
    fn descend(depth: u64) -> u64 {
        let own = compute(1_000);
        if depth == 0 { own } else { own ^ descend(depth - 1) }
    }
    for _ in 0..400 {
        black_box(descend(200));
    }
    suggestions()
}

fn mutual_recursion() -> Vec<Suggestion> {
    #[profile]
    fn even(depth: u64) -> u64 {
        compute(3_000) ^ if depth == 0 { 0 } else { odd(depth - 1) ^ odd(depth - 1) }
    }
    #[profile]
    fn odd(depth: u64) -> u64 {
        compute(3_000) ^ if depth == 0 { 0 } else { even(depth - 1) ^ even(depth - 1) }
    }
    for _ in 0..50 {
        black_box(even(9));
    }
    suggestions()
}

fn four_threads() -> Vec<Suggestion> {
    #[profile]
    fn share() -> u64 {
        compute(40_000)
    }
    let work = || {
        spawn(|| {
            for _ in 0..1_000 {
                black_box(share());
            }
        })
    };
    let threads: Vec<_> = (0..4).map(|_| work()).collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    suggestions()
}

fn short_threads() -> Vec<Suggestion> {
    #[profile]
    fn task() -> u64 {
        compute(20_000)
    }
    for _ in 0..200 {
        let thread = spawn(|| {
            for _ in 0..20 {
                black_box(task());
            }
        });
        thread.join().expect("no panic");
    }
    suggestions()
}

fn polls() -> Vec<Suggestion> {
    #[profile]
    async fn steps() -> u64 {
        let mut sum = 0;
        for _ in 0..20 {
            sum ^= compute(30_000);
            Yield::default().await;
        }
        sum
    }
    for _ in 0..200 {
        black_box(block_on(steps()));
    }
    suggestions()
}

fn one_poll_per_call() -> Vec<Suggestion> {
    #[profile]
    async fn step() -> u64 {
        compute(200_000)
    }
    for _ in 0..1_000 {
        black_box(block_on(step()));
    }
    suggestions()
}

fn allocating_evenly() -> Vec<Suggestion> {
    #[profile]
    fn total() -> u64 {
        let numbers: Vec<u64> = (0..500).map(|number| number ^ compute(20)).collect();
        numbers.iter().fold(0, |sum, number| sum ^ number)
    }
    for _ in 0..10_000 {
        black_box(total());
    }
    suggestions()
}

fn giving_its_allocation_away() -> Vec<Suggestion> {
    #[profile]
    fn page(seed: u8) -> Vec<u8> {
        compute(10_000);
        vec![seed; 4_096]
    }
    for seed in 0..10_000_u64 {
        drop(black_box(page(seed as u8)));
    }
    suggestions()
}

fn cheap_errors() -> Vec<Suggestion> {
    #[profile]
    fn check(number: u64) -> Result<u64, u64> {
        if number.is_multiple_of(2) { Err(number) } else { Ok(compute(30_000)) }
    }
    for number in 0..6_000 {
        let _ = black_box(check(number));
    }
    suggestions()
}

fn the_first_call_as_the_others() -> Vec<Suggestion> {
    #[profile]
    fn same() -> u64 {
        compute(1_000_000)
    }
    for _ in 0..100 {
        black_box(same());
    }
    suggestions()
}

fn sleeping() -> Vec<Suggestion> {
    #[profile]
    fn pause() {
        sleep(Duration::from_millis(1));
    }
    for _ in 0..250 {
        pause();
    }
    suggestions()
}

fn bursts() -> Vec<Suggestion> {
    #[profile]
    fn event() -> u64 {
        compute(10_000)
    }
    for _ in 0..15 {
        for _ in 0..500 {
            black_box(event());
        }
        sleep(Duration::from_millis(20));
    }
    suggestions()
}

fn long_calls() -> Vec<Suggestion> {
    #[profile]
    fn long() -> u64 {
        compute(6_000_000)
    }
    for _ in 0..40 {
        black_box(long());
    }
    suggestions()
}

fn short_calls() -> Vec<Suggestion> {
    #[profile]
    fn short() -> u64 {
        compute(150)
    }
    for _ in 0..700_000 {
        black_box(short());
    }
    suggestions()
}

fn a_channel() -> Vec<Suggestion> {
    #[profile]
    fn receive(items: &mpsc::Receiver<u64>) -> Option<u64> {
        items.recv().ok()
    }
    #[profile]
    fn handle(item: u64) -> u64 {
        compute(40_000) ^ item
    }
    let (send, items) = mpsc::sync_channel(1);
    let producer = spawn(move || {
        for item in 0..2_000 {
            if send.send(compute(40_000) ^ item).is_err() {
                return;
            }
        }
    });
    while let Some(item) = receive(&items) {
        black_box(handle(item));
    }
    producer.join().expect("no panic");
    suggestions()
}

fn a_lock_that_is_free() -> Vec<Suggestion> {
    #[profile]
    fn add(sum: &Mutex<u64>) {
        let mut sum = sum.lock().expect("no panic");
        *sum ^= compute(20_000);
    }
    let sum = Arc::new(Mutex::new(0));
    for _ in 0..8_000 {
        add(&sum);
    }
    suggestions()
}

fn the_same_as_before() -> Vec<Suggestion> {
    fn write() {
        let _span = span!("write");
        compute(40_000);
        std::io::sink().write_all(&[7; 100]).expect("a sink takes all");
    }
    for _ in 0..2_000 {
        write();
    }
    let baseline = summary();
    reset();
    for _ in 0..2_000 {
        write();
    }
    summary().suggestions_against(&baseline)
}
