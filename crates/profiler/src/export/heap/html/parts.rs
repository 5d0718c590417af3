//! What needs no script: the figures, the heap over time, places, types, distributions.

use std::collections::HashMap;
use std::fmt::{Display, Write as _};

use crate::export::heap::text::{Place, percent, places};
use crate::export::html::markup::Markup;
use crate::export::html::memory::{Scale, grid, round_up};
use crate::format::{Bytes, Count, Time};
use crate::heap::{Amount, Class, HeapProfile, Measure, Moment};
use crate::monitor::Unit;

/// More rows nobody reads.
const ROWS: usize = 500;

/// As many points as pixels.
const POINTS: usize = 1_000;

pub(super) fn cards(page: &mut Markup, profile: &HeapProfile) {
    let blocks = |amount: Amount| format!("{} blocks", Count(amount.blocks));
    let of = |view| profile.amount(view);
    let (all, temporary) = (of(Measure::Total), of(Measure::Temporary));
    page.raw("<dl class=\"cards\">");
    card(page, "live at the peak", &Bytes(of(Measure::Peak).bytes), &blocks(of(Measure::Peak)));
    card(page, "allocated", &Bytes(all.bytes), &blocks(all));
    card(page, "leaked", &Bytes(of(Measure::Live).bytes), &blocks(of(Measure::Live)));
    let share = format!("{:.1} % of all blocks", percent(temporary.blocks, all.blocks));
    card(page, "temporary", &Count(temporary.blocks), &share);
    if profile.duration_ns > 0 {
        card(page, "recorded", &Time(profile.duration_ns), "");
    }
    if let Some(interval) = profile.sample_interval() {
        card(page, "estimated from", &"samples", &format!("one every {}", Bytes(interval)));
    }
    page.raw("</dl>\n");
    if profile.cut {
        page.raw("<p><b>The recording ends before the program did</b>: what is called leaked was live then.</p>\n");
    }
}

fn card(page: &mut Markup, name: &str, value: &dyn Display, note: &str) {
    page.raw("<div><dt>").text(name).raw("</dt><dd>").show(value);
    page.raw(" <small class=\"dim\">").text(note).raw("</small></dd></div>");
}

pub(super) fn timeline(page: &mut Markup, profile: &HeapProfile) {
    let moments = &profile.timeline;
    if moments.len() < 2 {
        return;
    }
    let seconds = |ns: u64| ns as f64 / 1e9;
    let (first, last) = (moments[0].time_ns, moments[moments.len() - 1].time_ns);
    let highest = moments.iter().map(Moment::most_bytes).max().unwrap_or(0).max(profile.peak.live.bytes);
    let scale = Scale {
        from: seconds(first),
        seconds: seconds(last.saturating_sub(first)).max(1e-9),
        top: round_up(highest) as f64,
        width: 1_000.0,
        height: 240.0,
    };
    page.raw("<section><h2>The heap over time</h2>\n<p class=\"legend\"><span class=\"key rss\"></span>live bytes; ");
    page.raw("<span class=\"key alert\"></span>peak of ").show(Bytes(profile.peak.live.bytes)).raw(" after ");
    page.show(Time(profile.peak.time_ns)).raw("</p>\n");
    page.raw(
        "<svg class=\"chart memory\" viewBox=\"-62 -10 1082 284\" role=\"img\" aria-label=\"Live bytes over time\">",
    );
    grid(page, &scale, Unit::Bytes, &[0.0, 0.25, 0.5, 0.75, 1.0].map(|share| share * scale.top));
    let mut line = String::new();
    for group in moments.chunks(moments.len().div_ceil(POINTS).max(1)) {
        let Some(most) = group.iter().max_by_key(|moment| moment.most_bytes()) else { continue };
        let (x, y) = (scale.x(seconds(most.time_ns)), scale.y(most.most_bytes() as f64));
        // Writing to a `String` cannot fail.
        let _ = write!(line, "{}{x:.2} {y:.2}", if line.is_empty() { "M" } else { "L" });
    }
    let area = format!("{line}L{:.2} {:.2}L0 {:.2}Z", scale.width, scale.height, scale.height);
    page.raw("<path class=\"area\"").attribute("d", area).raw("/><path class=\"rss\"").attribute("d", line).raw("/>");
    let x = scale.x(seconds(profile.peak.time_ns));
    page.raw("<line class=\"alert\" y1=\"0\"").place("y2", scale.height).place("x1", x).place("x2", x);
    page.raw("/></svg></section>\n");
}

/// Every place with its figures of all views; sorted by a click.
pub(super) fn table(page: &mut Markup, profile: &HeapProfile) {
    let view = if profile.amount(Measure::Peak).bytes > 0 { Measure::Peak } else { Measure::Total };
    // Places without any of it come last.
    let all = places(profile);
    let mut rows: Vec<&Place<'_>> = all.iter().collect();
    rows.sort_by_key(|place| std::cmp::Reverse((place.amount(view).bytes, place.amount(Measure::Total).bytes)));
    page.raw("<section><h2>Places</h2>\n<p class=\"dim\">The innermost line of each stack that is not of the standard library.");
    if rows.len() > ROWS {
        page.raw(" ").show(rows.len() - ROWS).raw(" of the smallest are left out.");
    }
    page.raw("</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Places\"><table class=\"sortable\"><thead><tr>");
    page.raw("<th scope=\"col\" aria-sort=\"none\"><button type=\"button\">place</button></th>");
    for (title, long) in [
        ("peak", "bytes live when the heap was largest"),
        ("peak %", "of all that was live then"),
        ("allocated", "bytes ever allocated"),
        ("blocks", "blocks ever allocated"),
        ("mean", "bytes of a block"),
        ("leaked", "bytes live at the end"),
        ("temporary", "blocks released before anything else was allocated"),
        ("life", "mean time until a block was released, or the end"),
    ] {
        let sorted = title == if view == Measure::Peak { "peak" } else { "allocated" };
        page.raw("<th scope=\"col\"").attribute("aria-sort", if sorted { "descending" } else { "none" });
        page.attribute("title", long).raw("><button type=\"button\">").raw(title).raw("</button></th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    let peak = profile.amount(Measure::Peak).bytes;
    for place in rows.into_iter().take(ROWS) {
        let of = |view| place.amount(view);
        let total = of(Measure::Total);
        page.raw("<tr><th scope=\"row\"").attribute("data-value", place.name.function).raw("><code>");
        page.text(place.name.function).raw("</code><small>").text(place.name.file);
        if place.name.line > 0 {
            page.raw(":").show(place.name.line);
        }
        page.raw("</small></th>");
        cell(page, of(Measure::Peak).bytes as f64, &Bytes(of(Measure::Peak).bytes));
        let share = percent(of(Measure::Peak).bytes, peak);
        cell(page, share, &format!("{share:.1}"));
        cell(page, total.bytes as f64, &Bytes(total.bytes));
        cell(page, total.blocks as f64, &Count(total.blocks));
        let mean = total.bytes / total.blocks.max(1);
        cell(page, mean as f64, &Bytes(mean));
        cell(page, of(Measure::Live).bytes as f64, &Bytes(of(Measure::Live).bytes));
        cell(page, of(Measure::Temporary).blocks as f64, &Count(of(Measure::Temporary).blocks));
        let lived = place.sites.iter().fold(0, |sum: u64, site| sum.saturating_add(site.lifetime_ns));
        let life = lived / total.blocks.max(1);
        cell(page, life as f64, &Time(life));
        page.raw("</tr>\n");
    }
    page.raw("</tbody></table></div></section>\n");
}

fn cell(page: &mut Markup, value: f64, text: &dyn Display) {
    page.raw("<td").attribute("data-value", value).raw(">").show(text).raw("</td>");
}

/// The heap by the types that were allocated, as far as generic functions tell.
pub(super) fn types(page: &mut Markup, profile: &HeapProfile) {
    let mut types: HashMap<String, [Amount; 3]> = HashMap::new();
    for site in profile.sites() {
        let row = types.entry(site.allocated_type()).or_default();
        for (sum, more) in row.iter_mut().zip([site.peak, site.total, site.live]) {
            *sum = sum.plus(more);
        }
    }
    let mut rows: Vec<(String, [Amount; 3])> = types.into_iter().collect();
    rows.sort_by(|(a, x), (b, y)| (y[0].bytes, y[1].bytes).cmp(&(x[0].bytes, x[1].bytes)).then_with(|| a.cmp(b)));
    if rows.is_empty() {
        return;
    }
    page.raw(
        "<section><h2>Types</h2>\n<p class=\"dim\">As far as the names of the functions tell that allocated.</p>\n",
    );
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Types\"><table class=\"sortable\"><thead><tr>");
    page.raw("<th scope=\"col\" aria-sort=\"none\"><button type=\"button\">type</button></th>");
    for title in ["peak", "peak %", "cum %", "peak blocks", "allocated", "leaked"] {
        let sort = if title == "peak" { "descending" } else { "none" };
        page.raw("<th scope=\"col\"")
            .attribute("aria-sort", sort)
            .raw("><button type=\"button\">")
            .raw(title)
            .raw("</button></th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    let whole = profile.amount(Measure::Peak).bytes;
    let mut sum: u64 = 0;
    for (name, [peak, total, live]) in rows.into_iter().take(ROWS) {
        sum = sum.saturating_add(peak.bytes);
        page.raw("<tr><th scope=\"row\"").attribute("data-value", &name).raw("><code>").text(&name).raw("</code></th>");
        cell(page, peak.bytes as f64, &Bytes(peak.bytes));
        for share in [percent(peak.bytes, whole), percent(sum, whole)] {
            cell(page, share, &format!("{share:.1}"));
        }
        cell(page, peak.blocks as f64, &Count(peak.blocks));
        cell(page, total.bytes as f64, &Bytes(total.bytes));
        cell(page, live.bytes as f64, &Bytes(live.bytes));
        page.raw("</tr>\n");
    }
    page.raw("</tbody></table></div></section>\n");
}

pub(super) fn distributions(page: &mut Markup, profile: &HeapProfile) {
    if profile.sizes.is_empty() && profile.lifetimes.is_empty() {
        return;
    }
    page.raw("<section><h2>Sizes and lifetimes</h2>\n<div class=\"grid\">");
    distribution(page, "Blocks by size", &profile.sizes, Bytes);
    distribution(page, "Released blocks by how long they lived", &profile.lifetimes, Time);
    page.raw("</div></section>\n");
}

fn distribution<D: Display>(page: &mut Markup, title: &str, classes: &[Class], unit: fn(u64) -> D) {
    let most = classes.iter().map(|class| class.amount.blocks).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    page.raw("<figure class=\"box\"><figcaption>").text(title).raw("</figcaption><table class=\"plain bars\"><tbody>");
    for class in classes {
        page.raw("<tr><th scope=\"row\">").show(unit(class.from)).raw(" to ").show(unit(class.to)).raw("</th><td>");
        page.show(Count(class.amount.blocks)).raw("</td><td>").show(Bytes(class.amount.bytes)).raw("</td><td><div");
        page.attribute("style", format_args!("width:{:.2}%", percent(class.amount.blocks, most)))
            .raw("></div></td></tr>");
    }
    page.raw("</tbody></table></figure>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::heap::fixture::profile;

    #[test]
    fn the_largest_places_come_first() {
        let mut page = Markup::new();
        table(&mut page, &profile());
        let page = page.into_string();
        let rows: Vec<&str> = page.split("<tr><th scope=\"row\"").skip(1).collect();
        assert!(rows[0].contains("src/parse.rs:7") && rows[0].contains(">71.1<"), "{}", rows[0]);
        assert_eq!(rows.len(), places(&profile()).len());
    }
}
