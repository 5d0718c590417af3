//! The few figures that come first.

use super::markup::Markup;
use crate::format::{Bytes, Count, Time};
use crate::report::Report;

pub(super) fn write(page: &mut Markup, report: &Report) {
    let summary = &report.summary;
    let calls = summary.functions.iter().map(|function| function.calls).fold(0, u64::saturating_add);
    page.raw("<dl class=\"cards\">");
    card(page, "wall time", &Time(summary.elapsed_ns).to_string());
    card(page, "profiled, all threads", &Time(summary.profiled_ns()).to_string());
    card(page, "functions", &summary.len().to_string());
    card(page, "calls", &Count(calls).to_string());
    let largest = |value: fn(&crate::Sample) -> Option<u64>| report.samples.iter().filter_map(value).max();
    if let Some(peak) = largest(|sample| sample.peak_rss().max(sample.rss())) {
        card(page, "peak resident memory", &Bytes(peak).to_string());
    }
    if let Some(peak) = largest(|sample| Some(sample.traced_peak())).filter(|&peak| peak > 0) {
        card(page, "peak heap", &Bytes(peak).to_string());
    }
    page.raw("</dl>\n");
}

fn card(page: &mut Markup, name: &str, value: &str) {
    page.raw("<div><dt>").text(name).raw("</dt><dd>").text(value).raw("</dd></div>");
}
