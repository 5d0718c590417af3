//! Stacks that share their beginning as a tree; a table of nodes, since a stack may be deeper than a recursion.

use std::collections::HashMap;

use super::names::{Name, Names, Naming};
use crate::heap::{Amount, Frame, HeapProfile, Measure, Unit};

/// Which end of a stack lies at the root.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// The function that began the thread: a flame graph.
    Outermost,
    /// The function that allocated.
    Innermost,
}

pub(super) struct Node {
    /// In the names of the tree; of no meaning at the root.
    pub(super) name: u32,
    /// Always before its children; the root is its own.
    pub(super) parent: u32,
    pub(super) depth: u32,
    /// By [`Measure`], with all that lies below.
    amounts: [Amount; Measure::ALL.len()],
}

impl Node {
    pub(super) const fn amount(&self, view: Measure) -> Amount {
        self.amounts[view as usize]
    }
}

/// The first node is the root, which is no frame.
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<Node>,
    pub(super) names: Vec<Name<'a>>,
    /// One that has the name.
    #[cfg_attr(not(feature = "export"), allow(dead_code, reason = "for the page of HTML"))]
    pub(super) frames: Vec<Option<&'a Frame>>,
}

impl<'a> Tree<'a> {
    /// Stacks are cut off after `deepest` frames, counted from the root; what is cut counts for the last one.
    pub(super) fn new(profile: &'a HeapProfile, from: From, naming: Naming<'a>, deepest: usize) -> Self {
        let mut names = Names::default();
        let mut nodes = vec![Node { name: 0, parent: 0, depth: 0, amounts: [Amount::default(); 4] }];
        let mut places: HashMap<(u32, u32), u32> = HashMap::new();
        for site in &profile.sites {
            let mut stack = names.stack(site, naming);
            if from == From::Outermost {
                stack.reverse();
            }
            let mut at = 0;
            for &name in stack.iter().take(deepest) {
                at = *places.entry((at, name)).or_insert_with(|| {
                    let depth = nodes[at as usize].depth + 1;
                    nodes.push(Node { name, parent: at, depth, amounts: [Amount::default(); 4] });
                    nodes.len() as u32 - 1
                });
            }
            for view in Measure::ALL {
                let sum = &mut nodes[at as usize].amounts[view as usize];
                *sum = sum.plus(view.of(site));
            }
        }
        for at in (1..nodes.len()).rev() {
            let (amounts, parent) = (nodes[at].amounts, nodes[at].parent as usize);
            for (sum, amount) in nodes[parent].amounts.iter_mut().zip(amounts) {
                *sum = sum.plus(amount);
            }
        }
        Self { nodes, names: names.table, frames: names.frames }
    }

    pub(super) fn name(&self, node: u32) -> Name<'a> {
        self.names[self.nodes[node as usize].name as usize]
    }

    /// Who lies below whom, the heaviest first.
    pub(super) fn children(&self, view: Measure, unit: Unit) -> Children {
        let weight = |node: u32| unit.of(self.nodes[node as usize].amount(view));
        let mut list: Vec<u32> = (1..self.nodes.len() as u32).collect();
        list.sort_by_key(|&node| (self.nodes[node as usize].parent, std::cmp::Reverse(weight(node)), node));
        let mut starts = vec![0_u32; self.nodes.len() + 1];
        for &node in &list {
            starts[self.nodes[node as usize].parent as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Children { starts, list }
    }
}

/// The children of every node.
pub(super) struct Children {
    starts: Vec<u32>,
    list: Vec<u32>,
}

impl Children {
    pub(super) fn of(&self, node: u32) -> &[u32] {
        let (from, to) = (self.starts[node as usize], self.starts[node as usize + 1]);
        &self.list[from as usize..to as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{DEEP, deep, profile};
    use super::*;

    #[test]
    fn a_node_has_what_lies_below() {
        let profile = profile();
        for from in [From::Outermost, From::Innermost] {
            let tree = Tree::new(&profile, from, Name::function, usize::MAX);
            for view in Measure::ALL {
                assert_eq!(tree.nodes[0].amount(view), profile.amount(view));
                let children = tree.children(view, Unit::Bytes);
                let roots: u64 =
                    children.of(0).iter().map(|&node| tree.nodes[node as usize].amount(view).bytes()).sum();
                assert_eq!(roots, profile.amount(view).bytes());
                for pair in children.of(0).windows(2) {
                    let bytes = |node: u32| tree.nodes[node as usize].amount(view).bytes();
                    assert!(bytes(pair[0]) >= bytes(pair[1]));
                }
            }
        }
    }

    #[test]
    fn lines_are_told_apart_only_where_they_matter() {
        let profile = profile();
        let nodes = |naming| Tree::new(&profile, From::Innermost, naming, usize::MAX).nodes.len();
        assert_eq!(nodes(Name::line), nodes(Name::function) + 1);
    }

    #[test]
    fn any_depth_is_a_tree_and_may_be_cut() {
        let profile = deep();
        let tree = Tree::new(&profile, From::Outermost, Name::function, usize::MAX);
        assert_eq!(tree.nodes.len(), DEEP + 1);
        assert_eq!(tree.nodes[DEEP].depth as usize, DEEP);
        let cut = Tree::new(&profile, From::Outermost, Name::function, 7);
        assert_eq!(cut.nodes.len(), 8);
        assert_eq!(cut.nodes[7].amount(Measure::Peak), profile.amount(Measure::Peak));
    }
}
