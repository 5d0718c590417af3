//! The call tree as a flame graph, callers above what they call; a click on a function widens it.

use super::markup::Markup;
use crate::export::frames::{Frame, frames};
use crate::format::{Bytes, Count, Time};
use crate::summary::Summary;

const ROW: f64 = 22.0;

/// What is narrower than this part of the whole is not drawn.
const LEAST: f64 = 0.0005;

pub(super) fn write(page: &mut Markup, summary: &Summary) {
    let nodes = frames(summary);
    if nodes.is_empty() {
        return;
    }
    let widths = widths(&nodes);
    let roots = nodes.iter().zip(&widths).filter(|(frame, _)| frame.parent.is_none());
    let whole = roots.map(|(_, width)| *width).sum::<f64>().max(1.0);
    let places = places(&nodes, &widths);
    let depths = depths(&nodes);
    let drawn: Vec<usize> = (0..nodes.len()).filter(|&node| widths[node] / whole >= LEAST).collect();
    let deepest = drawn.iter().map(|&node| depths[node]).max().unwrap_or(0);
    page.raw("<section><h2>Call tree</h2>\n<p class=\"dim\">As wide as the time under it; click to widen, click the same again to go back.");
    if drawn.len() < nodes.len() {
        page.raw(" ").show(nodes.len() - drawn.len()).raw(" paths of less than 0.05 % are not drawn.");
    }
    page.raw("</p>\n<svg class=\"flame\" width=\"100%\" role=\"group\" aria-label=\"Call tree\"");
    page.place("height", ROW * (deepest + 1) as f64).raw(">\n");
    for node in drawn {
        let (x, width) = (100.0 * places[node] / whole, 100.0 * widths[node] / whole);
        page.raw("<svg tabindex=\"0\" role=\"img\"");
        page.attribute("x", format_args!("{x:.4}%")).attribute("width", format_args!("{width:.4}%"));
        page.place("y", ROW * depths[node] as f64).place("height", ROW - 1.0).attribute("data-depth", depths[node]);
        page.raw("><title>");
        title(page, &nodes[node], widths[node] / whole, summary.heap_tracked);
        page.raw("</title><rect width=\"100%\" height=\"100%\" rx=\"2\"");
        page.attribute("fill", format_args!("hsl({} 70% 80%)", hue(nodes[node].name())));
        page.raw("/><text x=\"4\" y=\"15\">").text(nodes[node].name()).raw("</text></svg>\n");
    }
    page.raw("</svg></section>\n");
}

fn title(page: &mut Markup, frame: &Frame<'_>, share: f64, heap: bool) {
    let node = frame.node;
    page.text(frame.name()).raw(": ").show(Time(node.total_ns)).raw(&format!(" ({:.1} %), ", 100.0 * share));
    page.raw("self ").show(Time(node.self_ns)).raw(", ").show(Count(node.calls)).raw(" calls");
    if heap {
        page.raw(", ").show(Count(node.allocations)).raw(" allocations of ").show(Bytes(node.allocated_bytes));
    }
}

/// The time of each node, or what its own and its children's add up to, if that is more: estimates need not fit.
fn widths(nodes: &[Frame<'_>]) -> Vec<f64> {
    let mut widths = vec![0.0; nodes.len()];
    for (at, frame) in nodes.iter().enumerate().rev() {
        widths[at] = f64::max(frame.node.total_ns as f64, widths[at] + frame.node.self_ns as f64);
        if let Some(parent) = frame.parent {
            widths[parent] += widths[at];
        }
    }
    widths
}

/// Where each begins: behind its elder siblings.
fn places(nodes: &[Frame<'_>], widths: &[f64]) -> Vec<f64> {
    let (mut places, mut next, mut roots) = (vec![0.0; nodes.len()], vec![0.0; nodes.len()], 0.0);
    for (at, frame) in nodes.iter().enumerate() {
        let free: &mut f64 = frame.parent.map_or(&mut roots, |parent| &mut next[parent]);
        places[at] = *free;
        *free += widths[at];
        next[at] = places[at];
    }
    places
}

fn depths(nodes: &[Frame<'_>]) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(nodes.len());
    for frame in nodes {
        depths.push(frame.parent.map_or(0, |parent| depths[parent] + 1));
    }
    depths
}

/// A warm colour, the same for a name wherever it stands.
fn hue(name: &str) -> u32 {
    let mix = name.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    mix % 70
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_lie_below_their_caller_side_by_side() {
        let summary = crate::export::fixture();
        let nodes = frames(&summary);
        let widths = widths(&nodes);
        assert_eq!(widths, [6e6, 5e6, 1e6, 1e3]);
        assert_eq!(places(&nodes, &widths), [0.0, 0.0, 0.0, 6e6]);
        assert_eq!(depths(&nodes), [0, 1, 2, 0]);
    }
}
