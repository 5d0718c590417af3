//! The call tree as exports need it: what each node did itself, and whose it is.

use std::collections::BTreeMap;

use crate::summary::{CallNode, FunctionStats, Summary};

/// One node with its function and its own allocations.
pub(super) struct Frame<'a> {
    pub(super) node: CallNode,
    pub(super) function: Option<&'a FunctionStats>,
    /// Where that stands in the summary, behind its end if it does not.
    #[cfg_attr(not(feature = "export"), allow(dead_code, reason = "for formats that number functions"))]
    pub(super) place: usize,
    /// Where its caller stands in the list; always before it.
    pub(super) parent: Option<usize>,
    pub(super) self_allocations: u64,
    pub(super) self_allocated_bytes: u64,
}

impl Frame<'_> {
    pub(super) fn name(&self) -> &str {
        self.function.map_or("(unknown)", |function| &function.name)
    }
}

/// All nodes of the tree, parents first; where there is no tree, each function as a root of its own.
///
/// A report from elsewhere may hold anything: what names no node before it as its caller becomes a root.
pub(super) fn frames(summary: &Summary) -> Vec<Frame<'_>> {
    let places: BTreeMap<u32, usize> = summary.functions.iter().map(|f| f.id).zip(0..).collect();
    let flat: Vec<CallNode>;
    let nodes = if summary.tree.nodes.is_empty() {
        flat = summary.functions.iter().map(root).collect();
        &flat
    } else {
        &summary.tree.nodes
    };
    let frame = |(at, node): (usize, &CallNode)| {
        let place = places.get(&node.function).copied().unwrap_or(summary.functions.len());
        Frame {
            node: *node,
            function: summary.functions.get(place),
            place,
            parent: node.parent.filter(|&parent| parent < at),
            self_allocations: node.allocations,
            self_allocated_bytes: node.allocated_bytes,
        }
    };
    let mut frames: Vec<Frame<'_>> = nodes.iter().enumerate().map(frame).collect();
    for place in 0..frames.len() {
        let CallNode { allocations, allocated_bytes, .. } = frames[place].node;
        if let Some(parent) = frames[place].parent {
            let above = &mut frames[parent];
            above.self_allocations = above.self_allocations.saturating_sub(allocations);
            above.self_allocated_bytes = above.self_allocated_bytes.saturating_sub(allocated_bytes);
        }
    }
    frames
}

/// What a function did itself.
fn root(function: &FunctionStats) -> CallNode {
    CallNode {
        function: function.id,
        calls: function.calls,
        total_ns: function.self_ns,
        self_ns: function.self_ns,
        allocations: function.self_allocations,
        allocated_bytes: function.self_allocated_bytes,
        ..CallNode::default()
    }
}

/// The places in `frames` from a root to `place`, both included.
#[cfg(any(feature = "export", test))]
pub(super) fn path(frames: &[Frame<'_>], place: usize) -> Vec<usize> {
    let mut path: Vec<usize> = std::iter::successors(Some(place), |&place| frames[place].parent).collect();
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::CallTree;

    #[test]
    fn what_is_left_of_its_allocations_is_a_nodes_own() {
        let summary = super::super::fixture();
        let frames = frames(&summary);
        let total: u64 = frames.iter().map(|frame| frame.self_allocations).sum();
        let roots: u64 = frames.iter().filter(|f| f.parent.is_none()).map(|f| f.node.allocations).sum();
        assert_eq!(total, roots);
        assert_eq!(path(&frames, 2).len(), 3);
    }

    #[test]
    fn without_a_tree_each_function_is_a_root() {
        let summary = Summary { tree: CallTree::default(), ..super::super::fixture() };
        let frames = frames(&summary);
        assert_eq!(frames.iter().map(Frame::name).collect::<Vec<_>>()[..2], ["load", "parse"]);
        assert!(frames.iter().all(|frame| frame.parent.is_none()));
        assert_eq!((frames[1].node.self_ns, frames[1].self_allocations), (4_000_000, 1_000));
    }

    #[test]
    fn a_tree_that_is_none_becomes_roots() {
        let node = |parent| CallNode { parent, function: 9, ..CallNode::default() };
        let tree = CallTree { nodes: vec![node(Some(0)), node(Some(7)), node(Some(1))] };
        let summary = Summary { tree, ..Summary::default() };
        let frames = frames(&summary);
        assert_eq!(frames.iter().map(|frame| frame.parent).collect::<Vec<_>>(), [None, None, Some(1)]);
        assert_eq!((path(&frames, 2), frames[0].name()), (vec![1, 2], "(unknown)"));
    }
}
