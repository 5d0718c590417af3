//! The text format of Massif, for `ms_print` and massif-visualizer.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::names::Name;
use super::tree::{From, Tree};
use crate::format::printable;
use crate::heap::{HeapProfile, Measure, Moment, Unit};

/// As many snapshots as Massif makes at most.
const SNAPSHOTS: usize = 100;

/// What is less than this part of a snapshot is put together, as by Massif.
const LEAST_PERCENT: u64 = 1;

/// Its readers recurse, and indent by the depth; Massif itself stops at 30.
const DEEPEST: usize = 64;

impl HeapProfile {
    /// The profile in the format of Massif (`massif.out`), for `ms_print` and massif-visualizer: the heap at 100 moments, its tree
    /// at the peak and at the end.
    ///
    /// A stack is cut after the 64 functions next to the allocation. The readers take what follows a `#` for a comment, so that
    /// it becomes a point in names.
    ///
    /// ```
    /// let text = lagom_profiler::heap::HeapProfile::default().to_massif();
    /// assert!(text.starts_with("desc: lagom"));
    /// ```
    #[must_use]
    pub fn to_massif(&self) -> String {
        let command = if self.command.trim().is_empty() { "(unknown)".into() } else { line(&self.command) };
        let mut text = format!("desc: lagom\ncmd: {command}\ntime_unit: ms\n");
        let tree = Tree::new(self, From::Innermost, Name::whole, DEEPEST);
        for (number, (moment, view)) in snapshots(self).into_iter().enumerate() {
            let whole = view.map_or(0, |view| tree.nodes[0].amount(view).bytes);
            let (time, bytes) = (
                moment.time_ns as f64 / 1e6,
                if view.is_none() { moment.most_bytes() } else { moment.live.bytes.max(whole) },
            );
            // Writing to a `String` cannot fail.
            let _ = write!(
                text,
                "#-----------\nsnapshot={number}\n#-----------\ntime={time:.3}\nmem_heap_B={bytes}\n\
                 mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree="
            );
            match view {
                None => text.push_str("empty\n"),
                Some(view) => {
                    text.push_str(if view == Measure::Peak { "peak\n" } else { "detailed\n" });
                    write_tree(&mut text, &tree, view);
                }
            }
        }
        text
    }
}

/// Moments in the order of time, the peak and the end with the view that is known of them.
fn snapshots(profile: &HeapProfile) -> Vec<(Moment, Option<Measure>)> {
    let (peak, end) = (profile.peak, profile.timeline.last().copied().unwrap_or(profile.peak));
    let inner = profile.timeline.get(1..profile.timeline.len().saturating_sub(1)).unwrap_or_default();
    let groups = inner.chunks(inner.len().div_ceil(SNAPSHOTS - 3).max(1));
    let highest = groups.filter_map(|group| group.iter().max_by_key(|moment| moment.most_bytes()));
    let first = profile.timeline.first().into_iter();
    let mut all: Vec<(Moment, Option<Measure>)> =
        first.chain(highest).filter(|moment| moment.time_ns != peak.time_ns).map(|moment| (*moment, None)).collect();
    let place = all.partition_point(|(moment, _)| moment.time_ns <= peak.time_ns);
    all.insert(place, (peak, Some(Measure::Peak)));
    all.push((Moment { time_ns: end.time_ns.max(peak.time_ns), ..end }, Some(Measure::Live)));
    all
}

/// Depth first, a line per node: ` n2: 300 0x1234: parse (src/parse.rs:7)`.
fn write_tree(text: &mut String, tree: &Tree<'_>, view: Measure) {
    let children = tree.children(view, Unit::Bytes);
    let bytes = |node: u32| tree.nodes[node as usize].amount(view).bytes;
    let least = (bytes(0) / 100).saturating_mul(LEAST_PERCENT).max(1);
    let mut waiting = vec![0];
    while let Some(node) = waiting.pop() {
        let depth = tree.nodes[node as usize].depth as usize;
        let below = children.of(node);
        let (large, small) = below.split_at(below.partition_point(|&child| bytes(child) >= least));
        let small = &small[..small.partition_point(|&child| bytes(child) > 0)];
        let lines = large.len() + usize::from(!small.is_empty());
        let _ = write!(text, "{:depth$}n{lines}: {} ", "", bytes(node));
        match node {
            0 => text.push_str("(heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"),
            node => write_name(text, tree.name(node)),
        }
        if !small.is_empty() {
            let (indent, places) = (depth + 1, small.len());
            let sum = small.iter().fold(0, |sum: u64, &child| sum.saturating_add(bytes(child)));
            let _ = writeln!(
                text,
                "{:indent$}n0: {sum} in {places} places, all below massif's threshold ({LEAST_PERCENT}.00%)",
                ""
            );
        }
        waiting.extend(large.iter().rev());
    }
}

fn write_name(text: &mut String, name: Name<'_>) {
    let _ = write!(text, "{:#x}: {} ", name.address, line(name.function));
    let _ = match (name.file, name.object) {
        ("", "") => writeln!(text, "(???)"),
        ("", object) => writeln!(text, "(in {})", line(object)),
        (file, _) => writeln!(text, "({}:{})", line(file), name.line),
    };
}

fn line(text: &str) -> Cow<'_, str> {
    match printable(text) {
        text if text.contains('#') => text.replace('#', ".").into(),
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{deep, large, profile};
    use super::*;

    struct Snapshot {
        time: f64,
        bytes: u64,
        kind: String,
        /// Depth, bytes, label.
        tree: Vec<(usize, u64, String)>,
    }

    /// What `ms_print` and massif-visualizer both ask for.
    fn read(text: &str) -> Vec<Snapshot> {
        let mut lines = text.lines();
        let mut value = |key: &str| {
            let line = lines.next().unwrap_or_else(|| panic!("{key} is missing"));
            line.strip_prefix(key).unwrap_or_else(|| panic!("{line} is not {key}")).to_owned()
        };
        for key in ["desc: ", "cmd: "] {
            let value = value(key);
            assert!(!value.is_empty() && !value.contains('#'));
        }
        assert_eq!(value("time_unit: "), "ms");
        let mut snapshots: Vec<Snapshot> = Vec::new();
        let mut rest = text.lines().skip(3).peekable();
        while rest.peek().is_some() {
            let mut value =
                |key: &str| rest.next().unwrap().strip_prefix(key).unwrap_or_else(|| panic!("no {key}")).to_owned();
            assert_eq!(value("#-----------"), "");
            assert_eq!(value("snapshot="), snapshots.len().to_string());
            assert_eq!(value("#-----------"), "");
            let (time, bytes) = (value("time=").parse().unwrap(), value("mem_heap_B=").parse().unwrap());
            assert_eq!((value("mem_heap_extra_B="), value("mem_stacks_B=")), ("0".into(), "0".into()));
            let mut snapshot = Snapshot { time, bytes, kind: value("heap_tree="), tree: Vec::new() };
            let mut due = usize::from(snapshot.kind != "empty");
            // Depths of the nodes whose children are still to come.
            let mut open: Vec<(usize, usize)> = Vec::new();
            while due > 0 {
                let line = rest.next().unwrap();
                assert!(!line.contains('#'), "{line} has a comment");
                let node = line.trim_start_matches(' ');
                let depth = line.len() - node.len();
                while open.last().is_some_and(|(_, left)| *left == 0) {
                    open.pop();
                }
                assert_eq!(depth, open.last().map_or(0, |(depth, _)| depth + 1), "{line}");
                if let Some((_, left)) = open.last_mut() {
                    *left -= 1;
                }
                let (count, after) = node.strip_prefix('n').unwrap().split_once(": ").unwrap();
                let (bytes, label) = after.split_once(' ').unwrap();
                let count: usize = count.parse().unwrap();
                snapshot.tree.push((depth, bytes.parse().unwrap(), label.to_owned()));
                open.push((depth, count));
                due = due - 1 + count;
            }
            assert!(snapshot.tree.first().is_none_or(|(_, all, _)| *all <= snapshot.bytes));
            snapshots.push(snapshot);
        }
        assert!(snapshots.is_sorted_by_key(|snapshot| snapshot.time));
        snapshots
    }

    #[test]
    fn the_peak_and_the_end_have_trees() {
        let profile = profile();
        let snapshots = read(&profile.to_massif());
        let kinds: Vec<&str> = snapshots.iter().map(|snapshot| &*snapshot.kind).collect();
        assert_eq!(kinds, ["empty", "empty", "peak", "empty", "detailed"]);
        assert_eq!(snapshots.iter().map(|s| s.bytes).collect::<Vec<_>>(), [0, 3_000, 5_404, 2_000, 1_348]);
        assert_eq!(snapshots[2].time, 3.5);
        for (snapshot, view) in [(&snapshots[2], Measure::Peak), (&snapshots[4], Measure::Live)] {
            assert_eq!(snapshot.tree[0].1, profile.amount(view).bytes);
            let leaves: u64 = snapshot.tree.iter().filter(|(depth, ..)| *depth == 1).map(|(_, bytes, _)| bytes).sum();
            assert_eq!(leaves, snapshot.tree[0].1, "nothing is lost at a threshold");
        }
        let vec = "0x2007: alloc::vec::Vec<app::Row>::with_capacity (/rustc/1/library/alloc/src/vec/mod.rs:5)";
        assert_eq!(snapshots[2].tree[2], (1, 3_840, vec.to_owned()));
        assert!(
            snapshots[2]
                .tree
                .iter()
                .any(|(_, bytes, label)| *bytes == 64 && label.starts_with("in 2 places, all below"))
        );
    }

    #[test]
    fn what_was_highest_between_two_moments_is_shown() {
        let mut profile = profile();
        profile.timeline[1].high = 4_000;
        let snapshots = read(&profile.to_massif());
        assert_eq!(snapshots.iter().map(|s| s.bytes).collect::<Vec<_>>(), [0, 4_000, 5_404, 2_000, 1_348]);
    }

    #[test]
    fn a_number_sign_is_no_comment() {
        let mut profile = profile();
        profile.command = "a#b".into();
        let frame = crate::heap::Frame { function: "f::{closure#0}".into(), ..Default::default() };
        profile.sites[0].frames = [frame].into();
        let snapshots = read(&profile.to_massif());
        assert!(snapshots[2].tree.iter().any(|(_, _, label)| label == "0x0: f::{closure.0} (???)"));
    }

    #[test]
    fn of_many_moments_the_highest_are_kept() {
        let mut large = large(10);
        large.peak = large.timeline.iter().copied().max_by_key(|moment| moment.live.bytes).unwrap();
        let snapshots = read(&large.to_massif());
        assert!((90..=SNAPSHOTS).contains(&snapshots.len()), "{}", snapshots.len());
        assert!(snapshots.iter().filter(|snapshot| snapshot.bytes >= large.peak.live.bytes).count() == 1);
    }

    #[test]
    fn the_empty_and_the_deep_are_files() {
        assert_eq!(read(&HeapProfile::default().to_massif()).len(), 2);
        let snapshots = read(&deep().to_massif());
        assert_eq!(snapshots[0].tree.len(), DEEPEST + 1);
    }
}
