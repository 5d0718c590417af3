//! Flame graph and tree: the nodes as data, from which the page's script draws what is asked for.

use serde::Serialize;

use crate::export::heap::names::Name;
use crate::export::heap::tree::{From, Tree};
use crate::export::html::markup::Markup;
use crate::export::json::text;
use crate::heap::snapshot::is_internal;
use crate::heap::{HeapProfile, Measure, Unit};

/// What has less of every view than this part of it is left out; more, if more nodes than these would remain.
const LEAST: f64 = 0.0001;
const NODES: usize = 20_000;

/// Columns of the tree; the first node is the whole. Parents stand before their children.
#[derive(Serialize)]
struct Data<'a> {
    functions: Vec<&'a str>,
    files: Vec<&'a str>,
    /// Places in `functions` of the standard library's.
    library: Vec<usize>,
    name: Vec<u32>,
    parent: Vec<u32>,
    /// By view, bytes and then blocks.
    values: Vec<Vec<u64>>,
    /// The view to begin with.
    view: usize,
}

pub(super) fn write(page: &mut Markup, profile: &HeapProfile) {
    let tree = Tree::new(profile, From::Outermost, Name::function, usize::MAX);
    page.raw("<section><h2>Call tree</h2>\n");
    if tree.nodes.len() == 1 {
        page.raw("<p class=\"dim\">Nothing was recorded.</p></section>\n");
        return;
    }
    let kept = kept(&tree);
    page.raw("<noscript><p>Flame graph and tree are drawn by a script of this page.</p></noscript>\n");
    page.raw("<p class=\"controls\" hidden><label>what <select id=\"view\">");
    for (place, view) in Measure::SHOWN.into_iter().enumerate() {
        page.raw("<option").attribute("value", place).raw(">").raw(view.name()).raw("</option>");
    }
    page.raw("</select></label> <label>by <select id=\"unit\"><option value=\"0\">bytes</option>");
    page.raw("<option value=\"1\">blocks</option></select></label> <label>find <input id=\"find\" type=\"search\" spellcheck=\"false\"/>");
    page.raw("</label> <output id=\"found\" class=\"dim\"></output></p>\n");
    page.raw(
        "<p class=\"dim\">Click to widen, click the same again to go back. Functions of the standard library are grey.",
    );
    if kept.len() < tree.nodes.len() {
        page.raw(" ").show(tree.nodes.len() - kept.len()).raw(" small paths are left out.");
    }
    page.raw("</p>\n<div id=\"flame\" role=\"group\" aria-label=\"Flame graph\"></div>\n");
    page.raw("<div id=\"tree\" role=\"group\" aria-label=\"Tree\"></div>\n");
    page.raw("<script type=\"application/json\" id=\"heap-data\">");
    // No text within can end the script: neither a tag nor a comment begins.
    page.raw(&text(&data(&tree, &kept)).replace('<', "\\u003c").replace(['\u{2028}', '\u{2029}'], " "));
    page.raw("</script></section>\n");
}

/// The nodes to draw, ascending; with a node its callers, who have at least as much.
fn kept(tree: &Tree<'_>) -> Vec<usize> {
    let columns = columns();
    let wholes: Vec<f64> = columns.iter().map(|&(view, unit)| unit.of(tree.nodes[0].amount(view)) as f64).collect();
    let share = |node: usize| {
        let of = |(column, whole): (&(Measure, Unit), &f64)| {
            let value = column.1.of(tree.nodes[node].amount(column.0));
            if *whole > 0.0 { value as f64 / whole } else { 0.0 }
        };
        columns.iter().zip(&wholes).map(of).fold(0.0, f64::max)
    };
    let shares: Vec<f64> = (0..tree.nodes.len()).map(share).collect();
    let mut kept: Vec<usize> = (0..shares.len()).filter(|&node| node == 0 || shares[node] >= LEAST).collect();
    if kept.len() > NODES {
        // Of equals those that stand first stay, so that callers do.
        kept.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
        kept.truncate(NODES);
        kept.sort_unstable();
    }
    kept
}

fn columns() -> Vec<(Measure, Unit)> {
    Measure::SHOWN.into_iter().flat_map(|view| [Unit::Bytes, Unit::Blocks].map(|unit| (view, unit))).collect()
}

fn data<'a>(tree: &Tree<'a>, kept: &[usize]) -> Data<'a> {
    // Where each node and name goes; parents stand before their children.
    let mut places = vec![0_u32; tree.nodes.len()];
    let mut named: Vec<Option<u32>> = vec![None; tree.names.len()];
    let (mut functions, mut files, mut library) = (Vec::new(), Vec::new(), Vec::new());
    let (mut name, mut parent) = (Vec::new(), Vec::new());
    for (place, &node) in kept.iter().enumerate() {
        places[node] = place as u32;
        parent.push(places[tree.nodes[node].parent as usize]);
        if node == 0 {
            name.push(0);
            continue;
        }
        let number = tree.nodes[node].name as usize;
        name.push(*named[number].get_or_insert_with(|| {
            let whole = tree.names[number];
            if tree.frames[number].is_some_and(is_internal) {
                library.push(functions.len());
            }
            functions.push(whole.function);
            files.push(whole.file);
            functions.len() as u32 - 1
        }));
    }
    let column =
        |(view, unit): (Measure, Unit)| kept.iter().map(|&node| unit.of(tree.nodes[node].amount(view))).collect();
    let view = Measure::SHOWN.into_iter().position(|view| tree.nodes[0].amount(view).bytes > 0).unwrap_or(0);
    Data { functions, files, library, name, parent, values: columns().into_iter().map(column).collect(), view }
}
