//! Contenders that are programs: each run is a process of its own, which tells what its work took.

use super::rig::Fault;
use super::sampling::{ADDED, CPU, Column, Effort, FACTOR, Order, PEAK, Row, rows};
use super::stats;
use crate::answer::Wrong;
use crate::case::{Case, Contender, Process};

/// What one run told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// CPU time of the process, in nanoseconds.
    pub cpu: f64,
    /// The most that was resident, in bytes.
    pub peak: f64,
    /// Judged against the case's expected sum.
    pub answer: u64,
}

/// Runs all programs of the case in turn; the CPU time per unit of work, that over the first floor's, and the memory.
pub(super) fn processes(case: &Case, effort: Effort, order: &mut Order) -> Result<Vec<Row>, Fault> {
    let run: Vec<(&Contender, &Process)> =
        case.contenders.iter().filter_map(|contender| Some((contender, contender.process.as_ref()?))).collect();
    let columns = || run.iter().map(|(contender, _)| Column::of(contender)).collect::<Vec<_>>();
    let (mut cpu, mut peak) = (columns(), columns());
    for _ in 0..effort.processes {
        for at in order.shuffled(run.len()) {
            let (contender, process) = run[at];
            let fault = |wrong| Fault { case: case.title(), contender: contender.name.clone(), wrong };
            let spent = (process.run)(process.amount).map_err(|error| fault(Wrong(format!("failed: {error:#}"))))?;
            let amount = process.amount * case.threads as u64;
            case.expected.judge_figure(amount, spent.answer).map_err(fault)?;
            cpu[at].push(spent.cpu / amount as f64);
            peak[at].push(spent.peak / f64::from(1 << 20));
        }
    }
    let mut found = rows(&cpu, CPU, case.unit);
    if let Some(floor) = cpu.iter().find(|column| column.floor) {
        found.extend(against(&cpu, floor, FACTOR, "x", |own, floor| own / floor));
        found.extend(against(&cpu, floor, ADDED, case.unit, |own, floor| own - floor));
    }
    found.extend(
        peak.iter().map(|column| column.row(PEAK, "MiB", stats::min(&column.samples), stats::median(&column.samples))),
    );
    sort(&mut found);
    Ok(found)
}

/// Of the minima, and the median of the rounds.
fn against(
    columns: &[Column],
    floor: &Column,
    metric: &'static str,
    unit: &'static str,
    compared: impl Fn(f64, f64) -> f64,
) -> Vec<Row> {
    let others = columns.iter().filter(|column| column.name != floor.name);
    others
        .map(|column| {
            let rounds: Vec<f64> =
                column.samples.iter().zip(&floor.samples).map(|(own, floor)| compared(*own, *floor)).collect();
            let of_minima = compared(stats::min(&column.samples), stats::min(&floor.samples));
            column.row(metric, unit, of_minima, stats::median(&rounds))
        })
        .collect()
}

/// Metrics in the order of appearance, least first.
pub(super) fn sort(rows: &mut [Row]) {
    let metrics: Vec<&str> = rows.iter().map(|row| row.metric).collect();
    let appeared = |row: &Row| metrics.iter().position(|metric| *metric == row.metric);
    rows.sort_by(|a, b| appeared(a).cmp(&appeared(b)).then(a.min.total_cmp(&b.min)));
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::measure;
    use super::*;

    const TWO: Effort = Effort { processes: 2, ..Effort::SMOKE };

    /// Takes so long in its runs, one after the other.
    fn program(name: &str, cpu: [f64; 2], answer: u64) -> Contender {
        let run = Cell::new(0);
        Contender::process(name, 10, move |amount| {
            let cpu = cpu[run.replace(run.get() + 1) % 2];
            Ok(Spent { cpu, peak: 2.0 * cpu * f64::from(1 << 20), answer: 2 * amount + answer })
        })
    }

    #[test]
    fn programs_are_held_against_the_floor_round_by_round() {
        let case = Case::new("profiler", "heap", "work", |n| n).threads(2).items(1, "ns/block");
        let case = case.with(program("lagom", [60.0, 90.0], 0)).with(program("System", [40.0, 30.0], 0).floor());
        let found = measure(&case, TWO).expect("all answers are right").rows;
        let row = |metric: &str| found.iter().find(|row| row.metric == metric && row.contender == "lagom").unwrap();
        assert_eq!((row(CPU).min, row(CPU).median, row(CPU).unit), (3.0, 3.75, "ns/block"), "of 20 blocks");
        assert_eq!((row(FACTOR).min, row(FACTOR).median), (2.0, 2.25), "3 over 1.5; 1.5 and 3 in the rounds");
        assert_eq!((row(ADDED).min, row(ADDED).median), (1.5, 2.0));
        assert_eq!((row(PEAK).min, row(PEAK).median), (120.0, 150.0));
        assert_eq!(found[0].contender, "System", "the least first");
        assert_eq!(found.iter().filter(|row| row.contender == "System").count(), 2, "not against itself");
    }

    #[test]
    fn wrong_answers_and_failures_are_faults() {
        let case = |contender| Case::new("profiler", "heap", "work", |n| n).threads(2).with(contender);
        let fault = measure(&case(program("liar", [1.0; 2], 1)), TWO).unwrap_err();
        assert_eq!((&*fault.contender, &*fault.wrong.0), ("liar", "gave 21 where 20 was due"));
        let failing = Contender::process("missing", 10, |_| anyhow::bail!("no such program"));
        let fault = measure(&case(failing), TWO).unwrap_err();
        assert_eq!(fault.wrong.0, "failed: no such program");
    }
}
