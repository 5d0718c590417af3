//! Chains as a picture: a column each, the blocks from above to below, a line back at the side of what is closed.

use std::fmt::Write as _;

use super::chain::Chain;
use crate::format::Bytes;

const WIDTH: usize = 380;
const HEIGHT: usize = 56;
const GAP: usize = 34;
const MARGIN: usize = 16;
/// Beside a column, for the line back.
const SIDE: usize = 64;
/// Characters of a line.
const LINE: usize = 54;

const STYLE: &str = "\
svg{background:#fff;color:#1b1f24}\
rect{fill:#f3f5f7;stroke:#8a949e}.root{fill:#e3edf9}\
text{font:11px monospace;fill:currentColor}.dim{opacity:.7}\
path{fill:none;stroke:#57606a}polygon{fill:#57606a}\
@media(prefers-color-scheme:dark){svg{background:#14181d;color:#dfe5ec}\
rect{fill:#20262d;stroke:#5c6773}.root{fill:#1d3149}path{stroke:#9aa5b1}polygon{fill:#9aa5b1}}";

pub(super) fn write(chains: &[Chain]) -> String {
    let boxes = |chain: &Chain| chain.links.len() + usize::from(chain.root.is_some());
    let rows = chains.iter().map(boxes).max().unwrap_or(0);
    let width = MARGIN * 2 + chains.len().max(1) * (WIDTH + SIDE);
    let height = MARGIN * 2 + (rows * (HEIGHT + GAP)).saturating_sub(GAP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\
         <style>{STYLE}</style>\n"
    );
    for (column, chain) in chains.iter().enumerate() {
        draw(&mut out, chain, MARGIN + column * (WIDTH + SIDE));
    }
    out.push_str("</svg>\n");
    out
}

fn top(row: usize) -> usize {
    MARGIN + row * (HEIGHT + GAP)
}

fn draw(out: &mut String, chain: &Chain, left: usize) {
    let shift = usize::from(chain.root.is_some());
    if let Some(root) = &chain.root {
        frame(out, left, 0, "root", &[root.to_string()], &root.to_string());
    }
    for (number, link) in chain.links.iter().enumerate() {
        let row = number + shift;
        let mut lines =
            vec![link.what().to_owned(), format!("#{number}  {} at {:#x}", Bytes(link.size), link.address())];
        lines.extend(link.place());
        frame(out, left, row, "block", &lines, &link.to_string());
        if row > 0 {
            let (x, from, to) = (left + WIDTH / 2, top(row - 1) + HEIGHT, top(row));
            let _ = write!(out, "<path d=\"M{x} {from}V{}\"/>", to - 6);
            arrow(out, x, to);
            if number > 0 {
                let _ = write!(out, "<text x=\"{}\" y=\"{}\">+{}</text>", x + 8, from + GAP / 2 + 3, link.offset);
            }
            out.push('\n');
        }
    }
    if let Some((to, offset)) = chain.back {
        let (x, far) = (left + WIDTH, left + WIDTH + SIDE / 2);
        let last = chain.links.len().saturating_sub(1) + shift;
        let (from, to) = (top(last) + HEIGHT / 2, top(to + shift) + HEIGHT / 2);
        // A block that holds itself: a loop of its own.
        let (from, to) = if from == to { (from + 14, to - 14) } else { (from, to) };
        let _ = writeln!(
            out,
            "<path d=\"M{x} {from}C{far} {from} {far} {to} {} {to}\"/><polygon points=\"{x},{to} {},{} {},{}\"/>\
             <text x=\"{}\" y=\"{}\">+{offset}</text>",
            x + 6,
            x + 7,
            to - 4,
            x + 7,
            to + 4,
            x + 6,
            from + 14,
        );
    }
}

fn arrow(out: &mut String, x: usize, y: usize) {
    let _ = write!(out, "<polygon points=\"{x},{y} {},{} {},{}\"/>", x - 4, y - 7, x + 4, y - 7);
}

/// A box with lines in it, and all of it to be read when it is pointed at.
fn frame(out: &mut String, left: usize, row: usize, class: &str, lines: &[String], title: &str) {
    let y = top(row);
    let _ = write!(
        out,
        "<g><title>{}</title><rect class=\"{class}\" x=\"{left}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>",
        escaped(title)
    );
    for (number, line) in lines.iter().enumerate() {
        let class = if number == 0 { "" } else { " class=\"dim\"" };
        let short = shortened(line);
        let y = y + 18 + 15 * number;
        let _ = write!(out, "<text x=\"{}\" y=\"{y}\"{class}>{}</text>", left + 8, escaped(&short));
    }
    out.push_str("</g>\n");
}

/// The end of a long line tells more than its begin.
fn shortened(line: &str) -> String {
    let length = line.chars().count();
    if length <= LINE {
        return line.to_owned();
    }
    let half = LINE / 2;
    let head: String = line.chars().take(half).collect();
    let tail: String = line.chars().skip(length - (LINE - half - 1)).collect();
    format!("{head}…{tail}")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no place for them.
            character if character.is_control() => out.push('\u{fffd}'),
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::heap::scan::chain::{Allocation, Chain, Link};
    use crate::heap::scan::hidden::Hidden;

    #[test]
    fn names_are_escaped() {
        let allocation =
            Arc::new(Allocation { type_name: "Box<dyn Fn(&str) -> \"x\\\u{1}\">".into(), ..Allocation::default() });
        let link = Link { address: Hidden::from_complement(!64), size: 8, offset: 0, foreign: false, allocation };
        let chain = Chain { root: None, links: vec![link], back: Some((0, 0)) };
        let svg = chain.to_svg();
        assert!(svg.contains("Box&lt;dyn Fn(&amp;str) -&gt; &quot;x\\\u{fffd}&quot;&gt;"), "{svg}");
        assert!(
            chain.to_dot().contains("label=\"Box<dyn Fn(&str) -> \\\"x\\\\\u{1}\\\">\\n8B at 0x40\""),
            "{}",
            chain.to_dot()
        );
        assert!(chain.to_string().contains("at 0x40\n  +0 -> #0 again"), "{chain}");
    }
}
