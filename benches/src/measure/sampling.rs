//! Interleaved rounds: every contender runs one batch per round, in a new order each time.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::process::{processes, sort};
use super::rig::{Fault, Rig, Sample};
use super::{cores, cpu, stats};
use crate::case::{Case, Contender, OURS};

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How often all contenders are set up anew, so that no one keeps a lucky place in memory.
    pub epochs: usize,
    /// Rounds in each epoch.
    pub rounds: usize,
    /// About what one batch takes; eight times as long where threads share cores, as they shall take turns within it.
    pub batch: Duration,
    /// Rounds that measure the CPU time of the process, where a case asks for it.
    pub cpu_rounds: usize,
    /// Runs of each program, where contenders are programs of their own.
    pub processes: usize,
    /// Most work done for a figure other than time.
    pub figure_iterations: u64,
    /// How often a batch is repeated whose threads did not run together.
    pub retries: usize,
    /// An epoch that has taken so long ends after the round under way, and after three rounds at least.
    pub epoch: Duration,
}

impl Effort {
    /// For figures to publish.
    pub const FULL: Self = Self {
        epochs: 6,
        rounds: 20,
        batch: Duration::from_millis(1),
        cpu_rounds: 7,
        processes: 7,
        figure_iterations: u64::MAX,
        retries: 4,
        epoch: Duration::from_secs(4),
    };
    /// For a look.
    pub const QUICK: Self = Self { epochs: 3, rounds: 8, cpu_rounds: 3, processes: 3, ..Self::FULL };
    /// To see that everything runs and answers rightly; the figures mean nothing.
    pub const SMOKE: Self = Self {
        epochs: 1,
        rounds: 1,
        batch: Duration::from_micros(20),
        cpu_rounds: 0,
        processes: 1,
        figure_iterations: 1_000,
        retries: 0,
        epoch: Duration::ZERO,
    };
}

/// What was found about one case.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// The lagom crate under test.
    pub krate: &'static str,
    /// Part of that crate.
    pub group: &'static str,
    /// The operation.
    pub name: String,
    /// How contenders were set up.
    pub note: &'static str,
    /// Threads at once.
    pub threads: usize,
    /// The case in one line.
    pub title: String,
    /// Sorted by metric in order of appearance, then by the least value.
    pub rows: Vec<Row>,
}

/// One contender's figure.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// `lagom`, a variant, or the rival.
    pub contender: String,
    /// `time`, `process CPU`, what programs take against the floor, or what the case counts.
    pub metric: &'static str,
    /// Unit of the figures.
    pub unit: &'static str,
    /// Least of all rounds.
    pub min: f64,
    /// Median of all rounds.
    pub median: f64,
    /// Ours over theirs, of the minima; of times only, and not of `lagom` itself.
    #[serde(skip)]
    pub ratio_of_minima: Option<f64>,
    /// Ours over theirs, median of the ratios within each round; of times only, and not of `lagom` itself.
    #[serde(skip)]
    pub median_ratio: Option<f64>,
    /// What was wrong with an answer of a rival that may be wrong.
    #[serde(skip)]
    pub wrong: Option<String>,
    /// A floor, no rival.
    #[serde(skip)]
    pub floor: bool,
    /// The threads of this contender never ran together: the machine was too busy.
    #[serde(skip)]
    pub apart: bool,
}

impl Row {
    /// Whether this is a figure of rounds, with a minimum and a median of many.
    pub fn is_timed(&self) -> bool {
        matches!(self.metric, TIME | CPU | FACTOR | ADDED | PEAK)
    }
}

const TIME: &str = "time";
pub(super) const CPU: &str = "process CPU";
/// What a program takes over what the floor takes.
pub(super) const FACTOR: &str = "CPU, times the floor's";
pub(super) const ADDED: &str = "CPU beyond the floor's";
pub(super) const PEAK: &str = "peak RSS";

/// Rounds of an epoch, however long they take.
const LEAST_ROUNDS: usize = 3;

/// Batches for the turns that threads take on a core: a turn of the scheduler is a few milliseconds.
const TURNS: u32 = 8;

/// One column of samples: those of one contender, in the order of the rounds.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) floor: bool,
    wrong: Option<String>,
    pub(super) samples: Vec<f64>,
    overlapped: Vec<bool>,
}

/// Measures all contenders of a case against each other.
///
/// # Errors
///
/// When a contender gives a wrong answer or panics.
pub fn measure(case: &Case, effort: Effort) -> Result<CaseReport, Fault> {
    let mut order = Order::new();
    let mut rows = rows(&times(case, effort, &mut order)?, TIME, case.unit);
    if case.cpu && effort.cpu_rounds > 0 && cpu::process().is_some() {
        rows.extend(self::rows(&cpu_times(case, effort, &mut order)?, CPU, case.unit));
    }
    rows.extend(processes(case, effort, &mut order)?);
    rows.extend(figures(case, effort)?);
    Ok(CaseReport {
        krate: case.krate,
        group: case.group,
        name: case.name.clone(),
        note: case.note,
        threads: case.threads,
        title: case.title(),
        rows,
    })
}

fn times(case: &Case, effort: Effort, order: &mut Order) -> Result<Vec<Column>, Fault> {
    let timed: Vec<&Contender> = case.contenders.iter().filter(|contender| contender.setup.is_some()).collect();
    let mut columns: Vec<Column> = timed.iter().map(|contender| Column::of(contender)).collect();
    let mut iterations = vec![0_u64; timed.len()];
    let shared = cores::at_once(case.threads) < case.threads;
    let batch = if shared { TURNS * effort.batch } else { effort.batch };
    // Where threads share cores, none has to be seen beside the others.
    let together = |sample: &Sample| shared || sample.overlap > 0.8;
    for epoch in 0..effort.epochs {
        let mut rigs: Vec<Rig> = timed.iter().filter_map(|contender| Rig::new(case, contender)).collect();
        for (rig, iterations) in rigs.iter_mut().zip(&mut iterations) {
            if epoch == 0 {
                *iterations = calibrate(rig, batch)?;
            }
            rig.run(*iterations, true)?;
        }
        let started = Instant::now();
        for round in 0..effort.rounds {
            if round >= LEAST_ROUNDS && started.elapsed() > effort.epoch {
                break;
            }
            for at in order.shuffled(rigs.len()) {
                let mut sample = rigs[at].run(iterations[at], false)?;
                for _ in 0..effort.retries {
                    if together(&sample) {
                        break;
                    }
                    sample = rigs[at].run(iterations[at], false)?;
                }
                columns[at].samples.push(per_item(sample.wall, iterations[at], case));
                columns[at].overlapped.push(together(&sample));
            }
        }
        for ((rig, iterations), column) in rigs.iter_mut().zip(&iterations).zip(&mut columns) {
            rig.run(*iterations, true)?;
            column.wrong = rig.wrong().map(ToString::to_string);
        }
    }
    Ok(columns)
}

/// Like [`times`], but the CPU time of the whole process until it is quiet again: longer batches, fewer of them.
fn cpu_times(case: &Case, effort: Effort, order: &mut Order) -> Result<Vec<Column>, Fault> {
    let mut columns = Vec::new();
    let mut rigs = Vec::new();
    for contender in &case.contenders {
        if let Some(mut rig) = Rig::new(case, contender) {
            let iterations = calibrate(&mut rig, 10 * effort.batch)?;
            rigs.push((rig, iterations));
            columns.push(Column::of(contender));
        }
    }
    cpu::settle();
    for _ in 0..effort.cpu_rounds {
        for at in order.shuffled(rigs.len()) {
            let (rig, iterations) = &mut rigs[at];
            let before = cpu::process();
            rig.run(*iterations, true)?;
            cpu::settle();
            let spent =
                cpu::process().zip(before).map_or(Duration::ZERO, |(after, before)| after.saturating_sub(before));
            // Each core's share, as with the wall time.
            let share = spent / u32::try_from(cores::at_once(case.threads)).unwrap_or(u32::MAX);
            columns[at].samples.push(per_item(share, *iterations, case));
            columns[at].overlapped.push(true);
        }
    }
    Ok(columns)
}

/// Nanoseconds of a core per unit of work: of the thread's own core, or of its share where there are more threads.
pub(super) fn per_item(time: Duration, iterations: u64, case: &Case) -> f64 {
    let share = cores::at_once(case.threads) as f64 / case.threads as f64;
    share * time.as_nanos() as f64 / iterations as f64 / case.items as f64
}

/// How many iterations take about `target`.
///
/// A batch only counts as long if it is so several times: one may have been interrupted.
pub(super) fn calibrate(rig: &mut Rig, target: Duration) -> Result<u64, Fault> {
    let mut iterations = 1_u64;
    loop {
        let mut least = Duration::MAX;
        for _ in 0..5 {
            least = least.min(rig.run(iterations, true)?.wall);
            if least < target / 4 {
                break;
            }
        }
        if least >= target / 4 || iterations >= 1 << 30 {
            let scaled = u128::from(iterations) * target.as_nanos() / least.as_nanos().max(1);
            return Ok(u64::try_from(scaled).unwrap_or(u64::MAX).clamp(1, 4 * iterations));
        }
        iterations *= 4;
    }
}

fn figures(case: &Case, effort: Effort) -> Result<Vec<Row>, Fault> {
    let mut rows: Vec<Row> = Vec::new();
    for contender in &case.contenders {
        for figure in &contender.figures {
            let iterations = figure.iterations.min(effort.figure_iterations);
            let found = (figure.find)(iterations);
            case.expected.judge_figure(iterations, found.answer).map_err(|wrong| Fault {
                case: case.title(),
                contender: contender.name.clone(),
                wrong,
            })?;
            rows.push(Row {
                contender: contender.name.clone(),
                metric: figure.metric,
                unit: figure.unit,
                min: found.value,
                median: found.value,
                ratio_of_minima: None,
                median_ratio: None,
                wrong: None,
                floor: contender.floor,
                apart: false,
            });
        }
    }
    sort(&mut rows);
    Ok(rows)
}

pub(super) fn rows(columns: &[Column], metric: &'static str, unit: &'static str) -> Vec<Row> {
    let ours = columns.iter().find(|column| column.name == OURS);
    let mut rows: Vec<Row> = columns
        .iter()
        .map(|column| {
            let samples = column.kept();
            let rival = ours.filter(|_| column.name != OURS);
            Row {
                contender: column.name.clone(),
                metric,
                unit,
                min: stats::min(&samples),
                median: stats::median(&samples),
                ratio_of_minima: rival.map(|ours| stats::min(&ours.kept()) / stats::min(&samples)),
                median_ratio: rival.map(|ours| stats::median(&ours.paired(column))),
                wrong: column.wrong.clone(),
                floor: column.floor,
                apart: column.apart(),
            }
        })
        .collect();
    rows.sort_by(|a, b| a.min.total_cmp(&b.min));
    rows
}

impl Column {
    pub(super) fn of(contender: &Contender) -> Self {
        Self {
            name: contender.name.clone(),
            floor: contender.floor,
            wrong: None,
            samples: Vec::new(),
            overlapped: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, sample: f64) {
        self.samples.push(sample);
        self.overlapped.push(true);
    }

    /// A figure without a ratio of its own.
    pub(super) fn row(&self, metric: &'static str, unit: &'static str, min: f64, median: f64) -> Row {
        Row {
            contender: self.name.clone(),
            metric,
            unit,
            min,
            median,
            ratio_of_minima: None,
            median_ratio: None,
            wrong: self.wrong.clone(),
            floor: self.floor,
            apart: false,
        }
    }

    fn apart(&self) -> bool {
        !self.overlapped.contains(&true)
    }

    /// The samples whose threads ran together; all of them where none did.
    fn kept(&self) -> Vec<f64> {
        let all = self.apart();
        let both = self.samples.iter().zip(&self.overlapped);
        both.filter(|(_, overlapped)| all || **overlapped).map(|(sample, _)| *sample).collect()
    }

    /// Our sample over theirs, round by round.
    fn paired(&self, theirs: &Self) -> Vec<f64> {
        let all = self.apart() || theirs.apart();
        (0..self.samples.len())
            .filter(|at| all || (self.overlapped[*at] && theirs.overlapped[*at]))
            .map(|at| self.samples[at] / theirs.samples[at])
            .collect()
    }
}

/// The order of contenders within a round: shuffled from a fixed seed, the same in every run.
pub(super) struct Order(u64);

impl Order {
    fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A permutation of `0..n` (Fisher and Yates 1938, as given by Durstenfeld 1964; xorshift by Marsaglia 2003).
    pub(super) fn shuffled(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            order.swap(last, (self.0 % (last as u64 + 1)) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Found;

    fn column(name: &str, samples: &[f64], overlapped: &[bool]) -> Column {
        Column {
            name: name.to_owned(),
            floor: false,
            wrong: None,
            samples: samples.to_vec(),
            overlapped: overlapped.to_vec(),
        }
    }

    #[test]
    fn ratios_are_ours_over_theirs() {
        let rows = rows(
            &[
                column("rival", &[10.0, 40.0, 20.0], &[true; 3]),
                column("lagom", &[5.0, 10.0, 2.0], &[true; 3]),
                column("lagom owned", &[6.0, 7.0, 8.0], &[true; 3]),
                column("lagomorph", &[1.0, 1.0, 1.0], &[true; 3]),
            ],
            "time",
            "ns/op",
        );
        let names: Vec<&str> = rows.iter().map(|row| &*row.contender).collect();
        assert_eq!(names, ["lagomorph", "lagom", "lagom owned", "rival"], "sorted by the least");
        assert_eq!((rows[3].ratio_of_minima, rows[3].median_ratio), (Some(0.2), Some(0.25)));
        assert_eq!((rows[1].ratio_of_minima, rows[1].median_ratio), (None, None), "ours is held against all others");
        assert_eq!(rows[2].ratio_of_minima, Some(2.0 / 6.0), "also against its own variants");
        assert!(rows[0].median_ratio.is_some(), "a name that only begins like ours is a rival");
    }

    #[test]
    fn rounds_whose_threads_ran_apart_do_not_count() {
        let rows = rows(
            &[column("lagom", &[1.0, 8.0, 9.0], &[false, true, true]), column("rival", &[4.0, 4.0, 4.5], &[true; 3])],
            "time",
            "ns/op",
        );
        assert_eq!((rows[1].min, rows[1].median), (8.0, 8.5));
        assert_eq!((rows[0].ratio_of_minima, rows[0].median_ratio), (Some(2.0), Some(2.0)));
        assert!(!rows[0].apart);
    }

    #[test]
    fn threads_that_share_cores_count_the_time_of_a_core() {
        let case = |threads| Case::new("pool", "core", "counting", |n| n).threads(threads).items(2, "ns/op");
        let took = Duration::from_nanos(800);
        assert_eq!(per_item(took, 10, &case(1)), 40.0);
        let cores = cores::at_once(usize::MAX);
        assert_eq!(per_item(took, 10, &case(cores)), 40.0, "a core for each");
        assert_eq!(per_item(took, 10, &case(4 * cores)), 10.0, "four on each");
    }

    #[test]
    fn every_order_is_a_permutation_and_they_differ() {
        let mut order = Order::new();
        let mut first = [0; 5];
        for _ in 0..1000 {
            let shuffled = order.shuffled(5);
            first[shuffled[0]] += 1;
            let mut sorted = shuffled;
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4]);
        }
        assert!(first.iter().all(|n| (150..250).contains(n)), "{first:?}");
    }

    #[test]
    fn a_case_is_measured_and_a_wrong_figure_is_caught() {
        let case = |answer: u64| {
            Case::new("pool", "core", "counting", |n| n).with(Contender::shared("lagom", || (), |(), _| 1)).with(
                Contender::shared("rival", || (), |(), _| std::hint::black_box(1)).figure(
                    "left",
                    "entries",
                    50,
                    move |n| Found { value: 3.0, answer: n + answer },
                ),
            )
        };
        let report = measure(&case(0), Effort::SMOKE).expect("all answers are right");
        assert_eq!(report.rows.len(), 3);
        assert_eq!((report.rows[2].metric, report.rows[2].min), ("left", 3.0));
        let fault = measure(&case(1), Effort::SMOKE).expect_err("a figure's answer is wrong");
        assert_eq!(fault.to_string(), "pool · counting · 1 thread: contender `rival` gave 51 where 50 was due");
    }

    #[test]
    fn a_wrong_contender_fails_the_measurement() {
        let case = Case::new("memo", "core", "hit", |n| 2 * n)
            .with(Contender::shared("lagom", || (), |(), _| 2))
            .with(Contender::shared("liar", || (), |(), _| 3));
        assert_eq!(measure(&case, Effort::SMOKE).expect_err("3 is not 2").contender, "liar");
    }

    #[test]
    fn a_rival_that_may_be_wrong_is_marked() {
        let case = Case::new("memo", "core", "hit", |n| 2 * n)
            .with(Contender::shared("lagom", || (), |(), _| 2))
            .with(Contender::shared("drifter", || (), |(), _| 3).lenient());
        let report = measure(&case, Effort::SMOKE).expect("it may be wrong");
        let wrong = |name: &str| report.rows.iter().find(|row| row.contender == name).unwrap().wrong.clone();
        assert!(wrong("drifter").unwrap().starts_with("gave "), "{:?}", wrong("drifter"));
        assert_eq!(wrong("lagom"), None);
    }
}
