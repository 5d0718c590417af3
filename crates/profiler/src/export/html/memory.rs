//! Memory over time.

use super::markup::Markup;
use crate::format::Time;
use crate::monitor::{Metric, Sample, Shown, Unit};
use crate::report::Report;

/// As many points as pixels: of more samples the largest in each is drawn.
const POINTS: usize = 1_000;

/// A line's class and name, and what it shows.
type Line = (&'static str, &'static str, Metric);

const MEMORY: [Line; 2] = [("rss", "resident memory", Metric::Rss), ("heap", "live heap", Metric::TracedCurrent)];

/// Shown smaller, each by itself.
const OTHERS: [Line; 4] = [
    ("rss", "CPU, of one processor", Metric::CpuShare),
    ("rss", "threads", Metric::Threads),
    ("rss", "open files", Metric::OpenFiles),
    ("rss", "time in which tasks waited for memory", Metric::PressureSome),
];

pub(super) fn write(page: &mut Markup, report: &Report) {
    let samples = &report.samples;
    page.raw("<section><h2>Memory over time</h2>\n");
    if samples.is_empty() {
        page.raw("<p class=\"dim\">No monitor was part of this report.</p></section>\n");
        return;
    }
    let lines: Vec<Line> = MEMORY.into_iter().filter(|line| largest(samples, line.2) > 0.0).collect();
    let top = lines.iter().map(|line| largest(samples, line.2)).fold(1.0, f64::max);
    let scale = Scale::new(samples, round_up(top as u64) as f64, 1_000.0, 240.0);
    page.raw("<p class=\"legend\">");
    for (class, name, metric) in &lines {
        page.raw("<span class=\"key ").raw(class).raw("\"></span>").raw(name).raw(": ");
        extremes(page, samples, *metric);
        page.raw(". ");
    }
    if !report.alerts.is_empty() {
        page.raw("<span class=\"key alert\"></span>alert");
    }
    page.raw(
        "</p>\n<svg class=\"chart memory\" viewBox=\"-62 -10 1082 284\" role=\"img\" aria-label=\"Memory over time\">",
    );
    grid(page, &scale, Unit::Bytes, &[0.0, 0.25, 0.5, 0.75, 1.0].map(|share| share * scale.top));
    for alert in &report.alerts {
        let x = scale.x(alert.sample().at().as_secs_f64());
        page.raw("<line class=\"alert\" y1=\"0\"").place("y2", scale.height).place("x1", x).place("x2", x);
        page.raw("><title>").show(alert).raw("</title></line>");
    }
    for (class, _, metric) in &lines {
        page.raw("<path").attribute("class", class).attribute("d", path(samples, *metric, &scale)).raw("/>");
    }
    page.raw("</svg>\n<div class=\"grid\">");
    for (class, name, metric) in OTHERS {
        small(page, samples, class, name, metric);
    }
    page.raw("</div>");
    if let Some(monitor) = &report.monitor {
        page.raw("<pre>").show_lines(&monitor.to_string()).raw("</pre>");
    }
    page.raw("</section>\n");
}

/// A figure that was never known, or never anything but zero, is not drawn.
fn small(page: &mut Markup, samples: &[Sample], class: &str, name: &str, metric: Metric) {
    let top = largest(samples, metric);
    if top <= 0.0 {
        return;
    }
    // Room above, so that a line which stays the same does not lie on the edge.
    let scale = Scale::new(samples, top * 1.1, 360.0, 70.0);
    page.raw("<figure class=\"box\"><figcaption>").raw(name).raw(" <span class=\"dim\">");
    extremes(page, samples, metric);
    page.raw("</span></figcaption><svg class=\"chart memory\" viewBox=\"-52 -6 430 104\" role=\"img\"");
    page.attribute("aria-label", format_args!("{name} over time")).raw(">");
    grid(page, &scale, metric.kind(), &[0.0, top]);
    page.raw("<path").attribute("class", class).attribute("d", path(samples, metric, &scale)).raw("/></svg></figure>");
}

fn extremes(page: &mut Markup, samples: &[Sample], metric: Metric) {
    let last = samples.iter().rev().find_map(|sample| sample.get(metric)).unwrap_or(0.0);
    page.raw("at most ").show(Shown(metric.kind(), largest(samples, metric)));
    page.raw(", at last ").show(Shown(metric.kind(), last));
}

fn largest(samples: &[Sample], metric: Metric) -> f64 {
    samples.iter().filter_map(|sample| sample.get(metric)).fold(0.0, f64::max)
}

pub(in crate::export) struct Scale {
    pub(in crate::export) from: f64,
    pub(in crate::export) seconds: f64,
    pub(in crate::export) top: f64,
    pub(in crate::export) width: f64,
    pub(in crate::export) height: f64,
}

impl Scale {
    fn new(samples: &[Sample], top: f64, width: f64, height: f64) -> Self {
        let at = |sample: Option<&Sample>| sample.map_or(0.0, |sample| sample.at().as_secs_f64());
        let from = at(samples.first());
        Self { from, seconds: (at(samples.last()) - from).max(1e-9), top, width, height }
    }

    pub(in crate::export) fn x(&self, seconds: f64) -> f64 {
        (self.width * (seconds - self.from) / self.seconds).clamp(0.0, self.width)
    }

    pub(in crate::export) fn y(&self, value: f64) -> f64 {
        self.height - self.height * value / self.top
    }
}

/// The next power of two, or three quarters of it.
pub(in crate::export) fn round_up(bytes: u64) -> u64 {
    bytes
        .checked_next_power_of_two()
        .map_or(u64::MAX, |power| if bytes > power / 4 * 3 { power } else { power / 4 * 3 })
        .max(4)
}

/// Lines at these values with their labels, and a few times below.
pub(in crate::export) fn grid(page: &mut Markup, scale: &Scale, unit: Unit, values: &[f64]) {
    for &value in values {
        let y = scale.y(value);
        page.raw("<line class=\"tick\" x1=\"0\"").place("x2", scale.width).place("y1", y).place("y2", y).raw("/>");
        page.raw("<text text-anchor=\"end\" x=\"-6\"")
            .place("y", y + 4.0)
            .raw(">")
            .show(Shown(unit, value))
            .raw("</text>");
    }
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let ns = (scale.seconds * share * 1e9).round() as u64;
        page.raw("<text text-anchor=\"middle\"").place("x", scale.width * share).place("y", scale.height + 22.0);
        page.raw(">").show(if ns == 0 { "0s".into() } else { Time(ns).to_string() }).raw("</text>");
    }
}

/// A path through the samples; where a value is not known the line has a gap.
fn path(samples: &[Sample], metric: Metric, scale: &Scale) -> String {
    use std::fmt::Write as _;

    let mut path = String::new();
    let mut drawing = false;
    for group in samples.chunks(samples.len().div_ceil(POINTS).max(1)) {
        let Some(value) = group.iter().filter_map(|sample| sample.get(metric)).reduce(f64::max) else {
            drawing = false;
            continue;
        };
        let x = scale.x(group[0].at().as_secs_f64());
        // Writing to a `String` cannot fail.
        let _ = write!(path, "{}{x:.2} {:.2}", if drawing { 'L' } else { 'M' }, scale.y(value));
        drawing = true;
    }
    // One point alone is a dot by its round cap.
    if samples.len() == 1 {
        path.push_str("h0");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_gap_where_nothing_is_known() {
        let sample = |at_ns, rss| Sample::of(at_ns, &[(Metric::Rss, rss)]);
        let samples = [
            sample(0, Some(0)),
            sample(1_000_000_000, None),
            sample(2_000_000_000, Some(4)),
            sample(4_000_000_000, Some(8)),
        ];
        let scale = Scale { from: 0.0, seconds: 4.0, top: 8.0, width: 1_000.0, height: 240.0 };
        assert_eq!(path(&samples, Metric::Rss, &scale), "M0.00 240.00M500.00 120.00L1000.00 0.00");
    }

    #[test]
    #[cfg_attr(miri, ignore = "too much for it")]
    fn of_many_samples_the_largest_are_drawn() {
        let samples: Vec<Sample> =
            (0..100_000).map(|at| Sample::of(at, &[(Metric::Rss, Some(u64::from(at == 54_321) * 7))])).collect();
        let scale = Scale { from: 0.0, seconds: 1e-4, top: 7.0, width: 1_000.0, height: 240.0 };
        let path = path(&samples, Metric::Rss, &scale);
        assert_eq!(path.matches('L').count(), 999);
        assert_eq!(path.matches(" 0.00").count(), 1, "the peak is there");
    }

    #[test]
    fn the_scale_ends_above_the_largest() {
        assert_eq!([0, 5, 96, 97, 1 << 20, 300 << 20].map(round_up), [4, 6, 96, 128, 1 << 20, 384 << 20]);
        assert!(round_up(u64::MAX) == u64::MAX);
    }
}
