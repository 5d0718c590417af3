//! How durations are spread, drawn over a logarithmic axis.

use super::markup::Markup;
use crate::format::{Count, Time};
use crate::summary::{FunctionStats, Histogram, Summary};

/// More than these few are drawn for nobody.
const DRAWN: usize = 100;

/// A drawing area: its size, and the durations at its left and right edge.
struct Area {
    width: f64,
    height: f64,
    from: f64,
    to: f64,
}

impl Area {
    fn new(width: f64, height: f64, from: f64, to: f64) -> Self {
        let from = from.max(0.5);
        // A distribution of one bucket is not drawn as wide as the page.
        let to = to.max(from * 2.0);
        Self { width, height, from, to }
    }

    fn x(&self, ns: f64) -> f64 {
        let share = (ns.max(self.from) / self.from).ln() / (self.to / self.from).ln();
        self.width * share.clamp(0.0, 1.0)
    }
}

fn range(histogram: &Histogram) -> Option<(f64, f64)> {
    let mut filled = histogram.buckets.iter().filter(|bucket| bucket.count > 0);
    let first = filled.next()?;
    let last = filled.next_back().unwrap_or(first);
    (first.from_ns.is_finite() && last.to_ns.is_finite()).then_some((first.from_ns, last.to_ns))
}

/// The outline of the buckets as a path; where a call is as likely, it is as high.
fn outline(histogram: &Histogram, area: &Area) -> String {
    use std::fmt::Write as _;

    let bars: Vec<(f64, f64, f64)> = histogram
        .buckets
        .iter()
        .filter(|bucket| bucket.count > 0)
        .map(|bucket| {
            let from = area.x(bucket.from_ns);
            // Bars narrower than a pixel would not be seen.
            let to = area.x(bucket.to_ns).max(from + 0.75);
            (from, to, bucket.count as f64 / (to - from))
        })
        .collect();
    let highest = bars.iter().map(|bar| bar.2).fold(f64::MIN_POSITIVE, f64::max);
    let mut path = String::new();
    for (from, to, density) in bars {
        // The least bar is a pixel high: a single slow call shall be seen.
        let top = area.height - (area.height * density / highest).max(1.0);
        // Writing to a `String` cannot fail.
        let _ = write!(path, "M{from:.2} {:.2}V{top:.2}H{to:.2}V{:.2}Z", area.height, area.height);
    }
    path
}

/// A small one, for the table.
pub(super) fn spark(page: &mut Markup, function: &FunctionStats) {
    let Some((from, to)) = range(&function.histogram) else { return };
    let area = Area::new(100.0, 24.0, from, to);
    page.raw("<svg class=\"spark\" width=\"100\" height=\"24\" viewBox=\"0 0 100 24\" role=\"img\"");
    page.attribute("aria-label", format_args!("from {} to {}", ns(from), ns(to))).raw("><path");
    page.attribute("d", outline(&function.histogram, &area)).raw("/></svg>");
}

fn ns(ns: f64) -> Time {
    Time(ns.round().max(0.0) as u64)
}

/// One box per function.
pub(super) fn write(page: &mut Markup, summary: &Summary) {
    let mut functions: Vec<&FunctionStats> =
        summary.functions.iter().filter(|function| range(&function.histogram).is_some()).collect();
    if functions.is_empty() {
        return;
    }
    functions.sort_by_key(|function| std::cmp::Reverse(function.self_ns));
    page.raw("<section><h2>Durations</h2>\n<p class=\"dim\">How many calls took how long, over a logarithmic axis; the lines are p50 and p99.</p>\n<div class=\"grid\">");
    for function in functions.iter().take(DRAWN) {
        drawing(page, function, summary);
    }
    page.raw("</div>");
    if functions.len() > DRAWN {
        page.raw("<p class=\"dim\">")
            .show(functions.len() - DRAWN)
            .raw(" functions of less self time are not drawn.</p>");
    }
    page.raw("</section>\n");
}

fn drawing(page: &mut Markup, function: &FunctionStats, summary: &Summary) {
    const WIDTH: f64 = 360.0;
    const HEIGHT: f64 = 90.0;
    let histogram = &function.histogram;
    let Some((from, to)) = range(histogram) else { return };
    let area = Area::new(WIDTH, HEIGHT, from, to);
    let [p50, p99] = [0.5, 0.99].map(|q| histogram.quantile_ns(q));
    page.raw("<figure class=\"box\"><figcaption><code>").text(&function.name).raw("</code> <span class=\"dim\">");
    page.show(Count(histogram.count())).raw(" calls, p50 ").show(ns(p50)).raw(", p99 ").show(ns(p99));
    page.raw("</span></figcaption>");
    page.raw("<svg class=\"chart\" viewBox=\"-20 -4 400 118\" role=\"img\"");
    page.attribute(
        "aria-label",
        format_args!("durations from {} to {}, p50 {}, p99 {}", ns(from), ns(to), ns(p50), ns(p99)),
    );
    page.raw(">");
    let blurred = 5.0 * summary.clock.step_ns;
    if blurred > area.from {
        page.raw("<rect class=\"blurred\" x=\"0\" y=\"0\"").place("width", area.x(blurred)).place("height", HEIGHT);
        page.raw("><title>less than five steps of the clock</title></rect>");
    }
    for tick in ticks(&area) {
        let x = area.x(tick);
        page.raw("<line class=\"tick\" y1=\"0\"").place("y2", HEIGHT + 4.0).place("x1", x).place("x2", x).raw("/>");
        page.raw("<text text-anchor=\"middle\"")
            .place("x", x)
            .place("y", HEIGHT + 17.0)
            .raw(">")
            .show(ns(tick))
            .raw("</text>");
    }
    page.raw("<path class=\"bars\"").attribute("d", outline(histogram, &area)).raw("/>");
    for (class, at) in [("p50", p50), ("p99", p99)] {
        let x = area.x(at);
        page.raw("<line y1=\"0\"")
            .attribute("class", class)
            .place("y2", HEIGHT)
            .place("x1", x)
            .place("x2", x)
            .raw("/>");
    }
    page.raw("</svg></figure>");
}

/// Round durations, some five of them.
fn ticks(area: &Area) -> Vec<f64> {
    let decades = (area.to / area.from).log10();
    let steps: &[f64] = match decades {
        d if d > 6.0 => &[],
        d if d > 2.5 => &[1.0],
        d if d > 1.2 => &[1.0, 3.0],
        _ => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
    };
    let within = |ns: &f64| (area.from..=area.to).contains(ns);
    let all: Vec<f64> = if steps.is_empty() {
        (-1..20).step_by(3).map(|power| 10.0_f64.powi(power + 1)).filter(within).collect()
    } else {
        (0..20).flat_map(|power| steps.iter().map(move |step| step * 10.0_f64.powi(power))).filter(within).collect()
    };
    // Labels must not touch.
    let every = all.len().div_ceil(6).max(1);
    let few: Vec<f64> = all.iter().copied().step_by(every).collect();
    if few.is_empty() { vec![area.from, area.to] } else { few }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_a_few_ticks_whatever_the_range() {
        for (from, to) in [(900.0, 950.0), (1.0, 3.0), (100.0, 1e4), (10.0, 1e7), (0.0, 1e12), (812.0, 845.0)] {
            let area = Area::new(360.0, 90.0, from, to);
            let ticks = ticks(&area);
            assert!((1..=6).contains(&ticks.len()) && ticks.is_sorted(), "{from} to {to}: {ticks:?}");
        }
    }
}
