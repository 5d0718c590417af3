//! The table of functions; a click on a heading sorts it.

use super::histogram;
use super::markup::Markup;
use crate::format::{Bytes, Count, Mean, Time};
use crate::summary::{FunctionStats, Summary};

/// A heading, what the column says in full, the text of a cell and the number it is sorted by.
struct Column {
    title: &'static str,
    long: &'static str,
    cell: fn(&FunctionStats, &Summary) -> (String, f64),
    /// Whether it is a percentile, which a clock of coarse steps blurs.
    percentile: bool,
}

const fn column(
    title: &'static str,
    long: &'static str,
    cell: fn(&FunctionStats, &Summary) -> (String, f64),
) -> Column {
    Column { title, long, cell, percentile: false }
}

const fn percentile(
    title: &'static str,
    long: &'static str,
    cell: fn(&FunctionStats, &Summary) -> (String, f64),
) -> Column {
    Column { title, long, cell, percentile: true }
}

fn time(ns: u64) -> (String, f64) {
    (Time(ns).to_string(), ns as f64)
}

fn count(value: u64) -> (String, f64) {
    (Count(value).to_string(), value as f64)
}

fn quantile(f: &FunctionStats, q: f64) -> (String, f64) {
    let ns = f.histogram.quantile_ns(q);
    (Time(ns.round() as u64).to_string(), ns)
}

fn columns(summary: &Summary) -> Vec<Column> {
    let any = |value: fn(&FunctionStats) -> u64| summary.functions.iter().any(|function| value(function) > 0);
    let mut columns = vec![column("calls", "calls that began", |f, _| count(f.calls))];
    if any(|f| f.errors) {
        columns.push(column("errors", "calls that returned an error", |f, _| count(f.errors)));
    }
    if any(|f| f.panics) {
        columns.push(column("panics", "calls that a panic ended", |f, _| count(f.panics)));
    }
    if any(|f| f.cancelled) {
        columns.push(column("cancelled", "futures dropped before completion", |f, _| count(f.cancelled)));
    }
    columns.extend([
        column("self", "time without that of profiled functions called", |f, _| time(f.self_ns)),
        column("self %", "of the profiled time", |f, summary| {
            let share = 100.0 * f.self_ns as f64 / summary.profiled_ns().max(1) as f64;
            (format!("{share:.1}"), share)
        }),
        column("total", "time with that of what it called, recursion counted once", |f, _| {
            let (text, value) = time(f.total_ns);
            (if f.margin_ns > 0 { format!("{text} ±{}", Time(f.margin_ns)) } else { text }, value)
        }),
        column("mean", "mean duration", |f, _| time(f.mean_ns())),
        percentile("p50", "half of the calls take at most", |f, _| quantile(f, 0.5)),
        percentile("p90", "90 % of the calls take at most", |f, _| quantile(f, 0.9)),
        percentile("p99", "99 % of the calls take at most", |f, _| quantile(f, 0.99)),
        percentile("max", "the longest that was timed", |f, _| time(f.max_ns)),
    ]);
    if summary.heap_tracked {
        columns.push(column("allocs", "allocations per call", |f, _| {
            let mean = f.allocations_per_call();
            (Mean(mean).to_string(), mean)
        }));
        columns.push(column("bytes", "bytes requested per call", |f, _| {
            let mean = f.bytes_per_call();
            (Bytes(mean.round() as u64).to_string(), mean)
        }));
    }
    columns
}

pub(super) fn write(page: &mut Markup, summary: &Summary) {
    page.raw("<section><h2>Functions</h2>\n");
    if summary.is_empty() {
        page.raw("<p class=\"dim\">No profiled function was called.</p></section>\n");
        return;
    }
    let columns = columns(summary);
    let blurred = 5.0 * summary.clock.step_ns;
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Functions\">");
    page.raw("<table class=\"sortable\"><thead><tr><th scope=\"col\" aria-sort=\"none\"><button type=\"button\">function</button></th>");
    for column in &columns {
        let sort = if column.title == "self" { "descending" } else { "none" };
        page.raw("<th scope=\"col\"").attribute("aria-sort", sort).attribute("title", column.long);
        page.raw("><button type=\"button\">").text(column.title).raw("</button></th>");
    }
    page.raw("<th scope=\"col\">durations</th></tr></thead>\n<tbody>\n");
    let mut rows: Vec<&FunctionStats> = summary.functions.iter().collect();
    rows.sort_by_key(|function| std::cmp::Reverse(function.self_ns));
    for function in rows {
        page.raw("<tr><th scope=\"row\"").attribute("data-value", &function.name).raw("><code>").text(&function.name);
        page.raw("</code><small>");
        if !function.group.is_empty() {
            page.text(&function.group).raw(" · ");
        }
        page.text(&function.file).raw(":").show(function.line).raw("</small></th>");
        for column in &columns {
            let (text, value) = (column.cell)(function, summary);
            page.raw("<td").attribute("data-value", value);
            if column.percentile && value < blurred {
                page.raw(" class=\"dim\" title=\"less than five steps of the clock\"");
            }
            page.raw(">").text(&text).raw("</td>");
        }
        page.raw("<td>");
        histogram::spark(page, function);
        page.raw("</td></tr>\n");
    }
    page.raw("</tbody></table></div>");
    if summary.functions.iter().any(|function| function.margin_ns > 0) {
        page.raw("<p class=\"dim\">± is half a 95 % confidence interval; what has none was timed in every call.</p>");
    }
    if summary.functions.iter().any(|function| function.polls > 0) {
        page.raw("<p class=\"dim\">Of async functions self and total are what their polls took; a call lasts from the first poll");
        page.raw(" to the end, waiting included.</p>");
    }
    page.raw("</section>\n");
}
