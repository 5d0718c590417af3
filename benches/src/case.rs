//! What is measured: a [`Case`] is one piece of work with its expected answer, and the [`Contender`]s that do it.
//!
//! The runner and the criterion benches read the same definitions.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;

use crate::answer::Expected;
use crate::measure::{Batch, Spent};

/// The contender that ratios are taken for, and the prefix of its variants (`lagom owned`).
pub const OURS: &str = "lagom";

/// One thread's part of a contender: runs a batch, then gives its answer to the batch.
pub type Worker = Box<dyn FnMut(&mut Batch<'_>) + Send>;

type Setup = Box<dyn Fn(usize) -> Vec<Worker>>;
type Finding = Box<dyn Fn(u64) -> Found>;
type Run = Box<dyn Fn(u64) -> anyhow::Result<Spent>>;

/// One piece of work that several contenders do alike.
pub struct Case {
    /// The lagom crate under test, without its prefix.
    pub krate: &'static str,
    /// Part of that crate, for `--group`.
    pub group: &'static str,
    /// Says what one operation is.
    pub name: String,
    /// How contenders were set up, where a reader must know it to judge the figures.
    pub note: &'static str,
    /// Threads that run the operation at once on shared state.
    pub threads: usize,
    /// Unit of the times.
    pub unit: &'static str,
    /// Units of work in one iteration: times are divided by it.
    pub items: u64,
    /// Also measure the CPU time of the whole process, background threads included.
    pub cpu: bool,
    /// Nobody else tells what is asked here.
    pub unrivalled: bool,
    /// What every contender has to answer.
    pub expected: Arc<Expected>,
    /// Who competes.
    pub contenders: Vec<Contender>,
}

impl Case {
    /// A case whose `iterations` must add up to `sum(iterations)`, on one thread, in ns per operation.
    pub fn new(
        krate: &'static str,
        group: &'static str,
        name: impl Into<String>,
        sum: impl Fn(u64) -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            krate,
            group,
            name: name.into(),
            note: "",
            threads: 1,
            unit: "ns/op",
            items: 1,
            cpu: false,
            unrivalled: false,
            expected: Arc::new(Expected::sum(sum)),
            contenders: Vec::new(),
        }
    }

    /// Sets the remark printed with the results.
    pub fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    /// Sets the number of threads.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets how many units of work one iteration does.
    pub fn items(mut self, items: u64, unit: &'static str) -> Self {
        self.items = items;
        self.unit = unit;
        self
    }

    /// Measures the CPU time of the process too.
    pub fn cpu(mut self) -> Self {
        self.cpu = true;
        self
    }

    /// Says that nobody else tells what is asked here.
    pub fn unrivalled(mut self) -> Self {
        self.unrivalled = true;
        self
    }

    /// Replaces the expected answer.
    pub fn expected(mut self, expected: Expected) -> Self {
        self.expected = Arc::new(expected);
        self
    }

    /// Adds a contender.
    pub fn with(mut self, contender: Contender) -> Self {
        self.contenders.push(contender);
        self
    }

    /// The case in one line: crate, name and threads.
    pub fn title(&self) -> String {
        let s = if self.threads == 1 { "" } else { "s" };
        format!("{} · {} · {} thread{s}", self.krate, self.name, self.threads)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("title", &self.title()).field("contenders", &self.contenders).finish()
    }
}

/// What a [`Contender::figure`] found: the figure, and the answer that proves that the work was done.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The figure.
    pub value: f64,
    /// Judged against the case's expected sum for the iterations asked for; those themselves, where it expects values.
    pub answer: u64,
}

/// A figure other than time: bytes, entries left behind, calls.
pub(crate) struct Figure {
    /// What is measured.
    pub(crate) metric: &'static str,
    /// In what.
    pub(crate) unit: &'static str,
    /// Work done to find it.
    pub(crate) iterations: u64,
    /// Does the work, from a fresh start.
    pub(crate) find: Finding,
}

/// A program of its own that does the work.
pub(crate) struct Process {
    /// How much of it each thread does in a run.
    pub(crate) amount: u64,
    /// Runs it for so much.
    pub(crate) run: Run,
}

/// One way to do the work of a case.
pub struct Contender {
    /// `lagom`, a variant of it, or the rival's package name.
    pub name: String,
    /// Marks what any contender must at least do: shown, but no rival.
    pub floor: bool,
    /// A wrong output is said in its row, and does not end the run.
    pub lenient: bool,
    pub(crate) setup: Option<Setup>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) process: Option<Process>,
}

impl Contender {
    /// A contender known by its figures only: add them with [`figure`](Self::figure).
    pub fn untimed(name: impl Into<String>) -> Self {
        Self { name: name.into(), floor: false, lenient: false, setup: None, figures: Vec::new(), process: None }
    }

    /// A contender from the workers that it makes for a number of threads; the other constructors cover most needs.
    pub fn from_workers(name: impl Into<String>, setup: impl Fn(usize) -> Vec<Worker> + 'static) -> Self {
        Self { setup: Some(Box::new(setup)), ..Self::untimed(name) }
    }

    /// A program of its own: `run(amount)` starts it, to do so much of the work on each thread, and says what it told. What
    /// it takes is divided by the amount.
    pub fn process(name: impl Into<String>, amount: u64, run: impl Fn(u64) -> anyhow::Result<Spent> + 'static) -> Self {
        Self { process: Some(Process { amount, run: Box::new(run) }), ..Self::untimed(name) }
    }

    /// `operation(shared, local, i)` on state that all threads share and state that each has for its own.
    ///
    /// `make` runs on the thread that sets the case up, `local` gets the index of its thread.
    pub fn new<S, L, O>(
        name: impl Into<String>,
        make: impl Fn() -> S + 'static,
        local: impl Fn(usize) -> L + 'static,
        operation: O,
    ) -> Self
    where
        S: Send + Sync + 'static,
        L: Send + 'static,
        O: Fn(&S, &mut L, u64) -> u64 + Copy + Send + 'static,
    {
        Self::from_workers(name, move |threads| {
            let shared = Arc::new(make());
            (0..threads)
                .map(|thread| {
                    let shared = Arc::clone(&shared);
                    let mut local = local(thread);
                    let worker = move |batch: &mut Batch<'_>| {
                        let shared = black_box(&*shared);
                        let mut sum = 0_u64;
                        batch.time(|i| sum = sum.wrapping_add(operation(shared, &mut local, i)));
                        batch.answer_sum(sum);
                    };
                    Box::new(worker) as Worker
                })
                .collect()
        })
    }

    /// `operation(shared, i)` on state that all threads share.
    pub fn shared<S, O>(name: impl Into<String>, make: impl Fn() -> S + 'static, operation: O) -> Self
    where
        S: Send + Sync + 'static,
        O: Fn(&S, u64) -> u64 + Copy + Send + 'static,
    {
        Self::new(name, make, |_| (), move |shared, (), i| operation(shared, i))
    }

    /// Adds a figure other than time: `find(iterations)` starts afresh, does the work and returns what it found.
    pub fn figure(
        mut self,
        metric: &'static str,
        unit: &'static str,
        iterations: u64,
        find: impl Fn(u64) -> Found + 'static,
    ) -> Self {
        self.figures.push(Figure { metric, unit, iterations, find: Box::new(find) });
        self
    }

    /// Makes this the floor: what remains when the work itself is left out.
    pub fn floor(mut self) -> Self {
        self.floor = true;
        self
    }

    /// A wrong output of this one is said in its row, and does not end the run; for rivals that are known to drift.
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Whether this is one of ours.
    pub fn is_ours(&self) -> bool {
        is_ours(&self.name)
    }
}

impl fmt::Debug for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Whether a contender of that name is one of ours.
pub fn is_ours(name: &str) -> bool {
    name.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
