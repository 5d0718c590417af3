//! A contender set up and ready to run batches.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::batch::{Batch, Start};
use super::cores;
use crate::answer::{Expected, Wrong};
use crate::case::{Case, Contender, Worker};

/// A contender failed its case: a wrong answer, or a panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The case's title.
    pub case: String,
    /// The contender's name.
    pub contender: String,
    /// What was wrong.
    pub wrong: Wrong,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: contender `{}` {}", self.case, self.contender, self.wrong)
    }
}

impl std::error::Error for Fault {}

/// What one batch took.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// From the first thread's start to the last one's end.
    pub wall: Duration,
    /// Share of the quickest thread's time in which all others ran as well (1.0 with one thread).
    pub overlap: f64,
}

/// A contender set up for a case, with its threads.
#[derive(Debug)]
pub struct Rig {
    case: String,
    contender: String,
    expected: Arc<Expected>,
    lenient: bool,
    wrong: Option<Wrong>,
    lanes: Lanes,
}

enum Lanes {
    /// One worker runs on the caller's thread.
    Here(Worker),
    /// Several have a thread each, which lives as long as the rig: thread caches must not start cold in every batch.
    Threads(Vec<Lane>),
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(_) => f.write_str("Here"),
            Self::Threads(lanes) => write!(f, "Threads({})", lanes.len()),
        }
    }
}

struct Lane {
    orders: Option<Sender<Order>>,
    results: Receiver<Span>,
    thread: Option<JoinHandle<()>>,
}

struct Order {
    iterations: u64,
    thorough: bool,
    start: Arc<Start>,
}

/// When a batch ran, and whether its answer was right.
type Span = Result<(Instant, Instant, Result<(), Wrong>), Wrong>;

impl Rig {
    /// Sets a timed contender up; `None` for one that has figures only.
    ///
    /// # Panics
    ///
    /// When the contender does not make a worker for each thread.
    pub fn new(case: &Case, contender: &Contender) -> Option<Self> {
        let mut workers = contender.setup.as_ref()?(case.threads);
        assert_eq!(workers.len(), case.threads, "{} has a worker for each thread", contender.name);
        let lanes = if workers.len() == 1 {
            Lanes::Here(workers.remove(0))
        } else {
            Lanes::Threads(workers.into_iter().enumerate().map(|(at, worker)| Lane::new(worker, at, case)).collect())
        };
        Some(Self {
            case: case.title(),
            contender: contender.name.clone(),
            expected: Arc::clone(&case.expected),
            lenient: contender.lenient,
            wrong: None,
            lanes,
        })
    }

    /// What was wrong with an answer of this contender, if it may be.
    pub fn wrong(&self) -> Option<&Wrong> {
        self.wrong.as_ref()
    }

    /// Runs one batch; `thorough` also judges answers that are dear to judge.
    ///
    /// # Errors
    ///
    /// When the contender gives a wrong answer, unless it may, or panics.
    pub fn run(&mut self, iterations: u64, thorough: bool) -> Result<Sample, Fault> {
        let spans = match &mut self.lanes {
            Lanes::Here(worker) => vec![batch(worker, iterations, thorough, &self.expected, &Start::new(1))],
            Lanes::Threads(lanes) => {
                let start = Arc::new(Start::new(lanes.len()));
                for lane in &*lanes {
                    lane.order(Order { iterations, thorough, start: Arc::clone(&start) });
                }
                lanes.iter().map(Lane::result).collect()
            }
        };
        let mut times = Vec::with_capacity(spans.len());
        for span in spans {
            let judged = span.and_then(|(start, end, verdict)| {
                times.push((start, end));
                match verdict {
                    Err(wrong) if self.lenient => self.wrong = Some(wrong),
                    verdict => verdict?,
                }
                Ok(())
            });
            judged.map_err(|wrong| Fault { case: self.case.clone(), contender: self.contender.clone(), wrong })?;
        }
        Ok(sample(&times))
    }
}

impl Lane {
    fn new(mut worker: Worker, at: usize, case: &Case) -> Self {
        let (threads, expected) = (case.threads, Arc::clone(&case.expected));
        let (orders, inbox) = channel::<Order>();
        let (outbox, results) = channel();
        let thread = std::thread::spawn(move || {
            cores::pin(at, threads);
            while let Ok(Order { iterations, thorough, start }) = inbox.recv() {
                if outbox.send(batch(&mut worker, iterations, thorough, &expected, &start)).is_err() {
                    break;
                }
            }
        });
        Self { orders: Some(orders), results, thread: Some(thread) }
    }

    fn order(&self, order: Order) {
        // A lane ends only when it is dropped, so the order always arrives; if not, `result` says so.
        let _ = self.orders.as_ref().map(|orders| orders.send(order));
    }

    fn result(&self) -> Span {
        self.results.recv().unwrap_or_else(|_| Err(Wrong("lost its thread".to_owned())))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn batch(worker: &mut Worker, iterations: u64, thorough: bool, expected: &Expected, start: &Start) -> Span {
    let mut batch = Batch::new(iterations, thorough, expected, start);
    let outcome = catch_unwind(AssertUnwindSafe(|| worker(&mut batch)));
    match outcome {
        Ok(()) => batch.finish().inspect_err(|_| start.call_off()),
        Err(panic) => {
            start.call_off();
            Err(Wrong(format!("panicked: {}", message(&*panic))))
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

fn sample(spans: &[(Instant, Instant)]) -> Sample {
    let bounds = spans.iter().copied().reduce(|(a, b), (start, end)| (a.min(start), b.max(end)));
    let common = spans.iter().copied().reduce(|(a, b), (start, end)| (a.max(start), b.min(end)));
    let length =
        |span: Option<(Instant, Instant)>| span.map_or(Duration::ZERO, |(a, b)| b.saturating_duration_since(a));
    let quickest = spans.iter().map(|span| length(Some(*span))).min().unwrap_or_default().max(Duration::from_nanos(1));
    let overlap = if spans.len() == 1 { 1.0 } else { length(common).as_secs_f64() / quickest.as_secs_f64() };
    Sample { wall: length(bounds).max(Duration::from_nanos(1)), overlap }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(threads: usize) -> Case {
        Case::new("pool", "core", "counting", |n| n).threads(threads)
    }

    fn rig(case: &Case, contender: &Contender) -> Rig {
        Rig::new(case, contender).expect("the contender is timed")
    }

    #[test]
    fn a_right_contender_passes() {
        for threads in [1, 2, 4] {
            let contender = Contender::shared("right", || (), |(), _| 1);
            let sample = rig(&case(threads), &contender).run(1000, true).expect("the answer is right");
            assert!(sample.wall > Duration::ZERO);
            assert!((0.0..=1.0).contains(&sample.overlap));
        }
    }

    #[test]
    fn a_wrong_contender_is_caught_and_named() {
        for threads in [1, 2] {
            // Right until the 900th operation, and only on one thread.
            let contender =
                Contender::new("careless", || (), |thread| thread, |(), thread, i| u64::from(*thread != 0 || i < 900));
            let fault = rig(&case(threads), &contender).run(1000, false).expect_err("the answer is wrong");
            assert_eq!(fault.contender, "careless");
            let s = if threads == 1 { "" } else { "s" };
            let text =
                format!("pool · counting · {threads} thread{s}: contender `careless` gave 900 where 1000 was due");
            assert_eq!(fault.to_string(), text);
        }
    }

    #[test]
    fn a_contender_that_answers_nothing_is_caught() {
        let silent = Contender::from_workers("silent", |threads| {
            (0..threads).map(|_| Box::new(|batch: &mut Batch<'_>| batch.time(|_| ())) as Worker).collect()
        });
        assert_eq!(rig(&case(1), &silent).run(1, true).unwrap_err().wrong.to_string(), "gave no answer");
        let idle = Contender::from_workers("idle", |threads| {
            (0..threads).map(|_| Box::new(|batch: &mut Batch<'_>| batch.answer_sum(1)) as Worker).collect()
        });
        assert_eq!(rig(&case(2), &idle).run(1, true).unwrap_err().wrong.to_string(), "timed nothing");
    }

    #[test]
    fn the_overlap_is_that_of_the_quickest_thread() {
        let origin = Instant::now();
        let span = |from, to| (origin + Duration::from_micros(from), origin + Duration::from_micros(to));
        let of = |spans: &[(Instant, Instant)]| (sample(spans).wall.as_micros(), sample(spans).overlap);
        assert_eq!(of(&[span(5, 25)]), (20, 1.0));
        assert_eq!(of(&[span(0, 100), span(10, 30)]), (100, 1.0), "one is quicker, and never alone");
        assert_eq!(of(&[span(0, 40), span(20, 60)]), (60, 0.5));
        assert_eq!(of(&[span(0, 10), span(10, 30)]), (30, 0.0), "one after the other");
    }

    #[test]
    fn a_panic_on_one_thread_leaves_no_other_waiting() {
        let contender = Contender::from_workers("broken", |threads| {
            (0..threads)
                .map(|thread| {
                    let worker = move |batch: &mut Batch<'_>| {
                        assert_ne!(thread, 1, "thread 1 does not come");
                        batch.time(|_| ());
                        batch.answer_sum(batch.iterations());
                    };
                    Box::new(worker) as Worker
                })
                .collect()
        });
        let fault = rig(&case(2), &contender).run(10, true).expect_err("a thread panicked");
        assert!(fault.to_string().contains("thread 1 does not come"), "{fault}");
    }

    #[test]
    fn values_are_judged_when_thorough() {
        let case = case(1).expected(Expected::values(|| vec![1.0, 2.0], 1e-12));
        let contender = Contender::from_workers("off by a bit", |_| {
            let worker = |batch: &mut Batch<'_>| {
                batch.time(|_| ());
                batch.answer_values(&[1.0, 2.1]);
            };
            vec![Box::new(worker) as Worker]
        });
        assert!(rig(&case, &contender).run(1, false).is_ok());
        assert!(rig(&case, &contender).run(1, true).is_err());
    }
}
