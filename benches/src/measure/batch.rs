//! One batch of one thread: the timed loop, and its answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use super::cores;
use crate::answer::{Expected, Wrong};

/// Handed to a worker for every batch: it times the operations and takes the answer.
#[derive(Debug)]
pub struct Batch<'a> {
    iterations: u64,
    thorough: bool,
    expected: &'a Expected,
    start: &'a Start,
    span: Option<(Instant, Instant)>,
    verdict: Option<Result<(), Wrong>>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(iterations: u64, thorough: bool, expected: &'a Expected, start: &'a Start) -> Self {
        Self { iterations, thorough, expected, start, span: None, verdict: None }
    }

    /// How often the operation runs in this batch.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Runs `operation(i)` for every `i` below the iterations, on the clock; all threads of a case start together.
    ///
    /// What a worker does before or after this call costs no one anything.
    #[inline]
    pub fn time(&mut self, mut operation: impl FnMut(u64)) {
        self.start.wait();
        let started = Instant::now();
        for i in 0..self.iterations {
            operation(i);
        }
        self.span = Some((started, Instant::now()));
    }

    /// Gives the sum of the operations' results; judged after every batch.
    pub fn answer_sum(&mut self, sum: u64) {
        self.verdict = Some(self.expected.judge_sum(self.iterations, sum));
    }

    /// Gives the output of the last operation; judged before and after the timed rounds, as a long comparison between
    /// rounds would empty the caches.
    pub fn answer_values(&mut self, values: &[f64]) {
        self.verdict = Some(if self.thorough { self.expected.judge_values(values) } else { Ok(()) });
    }

    /// When the operations ran, if they did, and whether the answer was right.
    pub(crate) fn finish(self) -> Result<(Instant, Instant, Result<(), Wrong>), Wrong> {
        let (start, end) = self.span.ok_or_else(|| Wrong("timed nothing".to_owned()))?;
        let verdict = self.verdict.ok_or_else(|| Wrong("gave no answer".to_owned()))?;
        Ok((start, end, verdict))
    }
}

/// Where the threads of a batch wait for each other; spins, because threads that wake by the kernel start apart.
#[derive(Debug)]
pub(crate) struct Start {
    threads: usize,
    /// Each has a core of its own: whoever waits takes no one's place.
    apart: bool,
    arrived: AtomicUsize,
    called_off: AtomicBool,
}

impl Start {
    pub(crate) fn new(threads: usize) -> Self {
        let apart = cores::at_once(threads) == threads;
        Self { threads, apart, arrived: AtomicUsize::new(0), called_off: AtomicBool::new(false) }
    }

    fn wait(&self) {
        self.arrived.fetch_add(1, Ordering::AcqRel);
        let mut spins = 0_u32;
        while self.arrived.load(Ordering::Acquire) < self.threads && !self.called_off.load(Ordering::Acquire) {
            spins = spins.wrapping_add(1);
            if !self.apart && spins.is_multiple_of(1 << 8) { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
    }

    /// Lets all go on: a thread will not come.
    pub(crate) fn call_off(&self) {
        self.called_off.store(true, Ordering::Release);
    }
}
