//! Chains in the language of Graphviz.

use std::fmt::Write as _;

use super::chain::Chain;
use crate::format::Bytes;

pub(super) fn write(chains: &[Chain]) -> String {
    let mut out =
        String::from("digraph heap {\n  rankdir=TB;\n  node [shape=box, fontname=\"monospace\", fontsize=10];\n");
    for (number, chain) in chains.iter().enumerate() {
        let id = |link: usize| format!("n{number}_{link}");
        if let Some(root) = &chain.root {
            let _ = writeln!(out, "  r{number} [shape=ellipse, label=\"{}\"];", escaped(&root.to_string()));
            if !chain.links.is_empty() {
                let _ = writeln!(out, "  r{number} -> {};", id(0));
            }
        }
        for (place, link) in chain.links.iter().enumerate() {
            let mut label = format!("{}\n{} at {:#x}", link.what(), Bytes(link.size), link.address());
            if let Some(place) = link.place() {
                label.push('\n');
                label.push_str(&place);
            }
            let _ = writeln!(out, "  {} [label=\"{}\"];", id(place), escaped(&label));
            if place > 0 {
                let _ = writeln!(out, "  {} -> {} [label=\"+{}\"];", id(place - 1), id(place), link.offset);
            }
        }
        if let Some((to, offset)) = chain.back {
            let last = chain.links.len().saturating_sub(1);
            let _ = writeln!(out, "  {} -> {} [label=\"+{offset}\"];", id(last), id(to));
        }
    }
    out.push_str("}\n");
    out
}

/// Within quotation marks.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\r', "").replace('\n', "\\n")
}
