//! The summary as a table of at most [`WIDTH`] columns.

use std::fmt;

use super::{FunctionStats, Summary};
use crate::format::{Bytes, Count, Mean, Time, WIDTH, printable, tail};

const NAME_AT_LEAST: usize = 20;
/// Six characters and a space.
const COLUMN: usize = 7;

struct Column {
    title: &'static str,
    cell: fn(&FunctionStats, &Totals) -> String,
}

struct Totals {
    self_ns: u64,
}

const fn column(title: &'static str, cell: fn(&FunctionStats, &Totals) -> String) -> Column {
    Column { title, cell }
}

/// Half the confidence interval of an estimated total, as a share of it.
fn margin(function: &FunctionStats, _: &Totals) -> String {
    match (function.margin_ns, function.total_ns) {
        (0, _) => String::new(),
        (_, 0) => "?".into(),
        (margin, total) => format!("{:.1}%", (100.0 * margin as f64 / total as f64).min(999.0)),
    }
}

impl Summary {
    fn columns(&self) -> Vec<Column> {
        let any = |value: fn(&FunctionStats) -> u64| self.functions.iter().any(|function| value(function) > 0);
        let mut columns = vec![column("calls", |f, _| Count(f.calls).to_string())];
        if any(|f| f.errors) {
            columns.push(column("errors", |f, _| Count(f.errors).to_string()));
        }
        if any(|f| f.panics) {
            columns.push(column("panics", |f, _| Count(f.panics).to_string()));
        }
        if any(|f| f.cancelled) {
            columns.push(column("cancel", |f, _| Count(f.cancelled).to_string()));
        }
        columns.extend([
            column("self", |f, _| Time(f.self_ns).to_string()),
            column("self%", |f, totals| format!("{:.1}%", 100.0 * f.self_ns as f64 / totals.self_ns.max(1) as f64)),
            column("total", |f, _| Time(f.total_ns).to_string()),
        ]);
        if any(|f| f.margin_ns) {
            columns.push(column("+-", margin));
        }
        columns.extend([
            column("mean", |f, _| Time(f.mean_ns()).to_string()),
            column("p50", |f, _| Time::from(f.p50()).to_string()),
            column("p99", |f, _| Time::from(f.p99()).to_string()),
        ]);
        if self.heap_tracked {
            columns.push(column("allocs", |f, _| Mean(f.allocations_per_call()).to_string()));
            columns.push(column("bytes", |f, _| Bytes(f.bytes_per_call().round() as u64).to_string()));
        }
        columns
    }

    /// The name, with the place behind it if another row has the same.
    fn label(&self, function: &FunctionStats) -> String {
        let name = printable(&function.name);
        let alone = self.functions.iter().filter(|other| other.name == function.name).count() == 1;
        if alone {
            return name.into_owned();
        }
        let file = function.file.rsplit(['/', '\\']).next().unwrap_or(&function.file);
        format!("{name} {}:{}", printable(file), function.line)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.columns();
        let totals = Totals { self_ns: self.profiled_ns() };
        let labels: Vec<String> = self.functions.iter().map(|function| self.label(function)).collect();
        let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let room = WIDTH - COLUMN * columns.len();
        let width = longest.max(NAME_AT_LEAST).min(room);
        write!(f, "{:<width$}", "function")?;
        for column in &columns {
            write!(f, "{:>COLUMN$}", column.title)?;
        }
        for (function, label) in self.functions.iter().zip(&labels) {
            write!(f, "\n{:<width$}", tail(label, width))?;
            for column in &columns {
                write!(f, "{:>COLUMN$}", (column.cell)(function, &totals))?;
            }
        }
        if self.heap_tracked {
            write!(f, "\n(allocs and bytes are per call)")?;
        }
        if self.functions.iter().any(|function| function.margin_ns > 0) {
            write!(f, "\n(+-: half the 95 % interval of an estimated total)")?;
        }
        if self.functions.iter().any(|function| function.polls > 0) {
            write!(
                f,
                "\n(async: self and total are of the polls; mean, p50 and p99 are from the first poll to the end)"
            )?;
        }
        let hidden = self.clock.percentiles_from();
        if self.functions.iter().any(|function| function.timed > 0 && function.p50() < hidden) {
            write!(f, "\n(percentiles below {} are not meaningful here: the clock's steps)", Time::from(hidden))?;
        }
        if !self.figures.is_empty() {
            write!(f, "\n\n{}", self.figures)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, line: u32) -> FunctionStats {
        FunctionStats {
            name: name.into(),
            file: "src/pool.rs".into(),
            line,
            calls: u64::MAX / 2,
            errors: 123_456,
            panics: 7,
            cancelled: 99_999,
            total_ns: 86_400_000_000_000,
            self_ns: 43_200_000_000_000,
            wall_ns: 1 << 60,
            min_ns: 999,
            max_ns: 999_999,
            allocations: u64::MAX / 3,
            allocated_bytes: u64::MAX,
            ..FunctionStats::default()
        }
    }

    #[test]
    fn every_line_fits_and_all_columns_line_up() {
        let long =
            "a::very::long::path::to::some::function::that::nobody::would::like::to::read::in::a::table::of::this";
        let mut huge = row("b", 1);
        huge.calls = 3;
        let summary =
            Summary::of(vec![row(long, 1), huge, FunctionStats { name: "idle".into(), ..Default::default() }], true);
        let text = summary.to_string();
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
        }
        assert!(text.contains("cancel"), "{text}");
        assert!(text.contains("…"), "{text}");
    }

    #[test]
    fn columns_without_a_value_are_left_out() {
        let plain = FunctionStats { name: "f".into(), calls: 1, ..Default::default() };
        let text = Summary::of(vec![plain], false).to_string();
        assert!(!text.contains("errors") && !text.contains("allocs"), "{text}");
    }

    #[test]
    fn what_the_columns_mean_for_async_functions_is_said_where_there_are_any() {
        let mut rows = vec![row("f", 1)];
        assert!(!Summary::of(rows.clone(), false).to_string().contains("async"));
        rows[0].polls = 3;
        let text = Summary::of(rows, false).to_string();
        assert!(text.contains("(async: self and total are of the polls"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn a_name_stays_in_its_row() {
        let text = Summary::of(vec![row("two\nlines\x1b[2J", 3), row("b", 4)], false).to_string();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.contains('\x1b'), "{text}");
    }

    #[test]
    fn rows_of_one_name_show_their_place() {
        let text = Summary::of(vec![row("new", 3), row("new", 9), row("get", 4)], false).to_string();
        assert!(text.contains("new pool.rs:3") && text.contains("new pool.rs:9"), "{text}");
        assert!(!text.contains("get pool.rs"), "{text}");
    }
}
