//! Who called whom in one thread: a node per path of calls.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

use super::heap::Counts;

/// No node: of a call that is not in the tree, or not yet.
pub(super) const NONE: u32 = u32::MAX;
/// Above every root.
pub(super) const TOP: u32 = 0;

/// Nodes are made this many at a time.
const CHUNK: usize = 32;
const CHUNKS: usize = 128;
/// The nodes a thread may have: later paths count as their caller's own time.
const MOST: u32 = (CHUNK * CHUNKS) as u32;

/// The calls of one function by one path. Its owner adds, any thread reads.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) site: AtomicU32,
    pub(super) parent: AtomicU32,
    first_child: AtomicU32,
    next_sibling: AtomicU32,
    /// Timed calls, and how many more they stand for.
    pub(super) timed: AtomicU64,
    pub(super) others: AtomicU64,
    /// Timed calls that stand for others, too, and the ticks of all for which they stand.
    pub(super) sampled: AtomicU64,
    pub(super) sampled_total: AtomicU64,
    /// Ticks, what timing within them took taken off.
    pub(super) total: AtomicU64,
    pub(super) allocations: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) net: AtomicI64,
}

/// Grows and is cleared by its owner; a reader that meets the clearing reads nonsense, and finds a new epoch afterwards.
#[derive(Debug)]
pub(super) struct Tree {
    chunks: [OnceLock<Box<[Node; CHUNK]>>; CHUNKS],
    len: AtomicU32,
}

fn get(value: &AtomicU64) -> u64 {
    value.load(Ordering::Relaxed)
}

fn add(value: &AtomicU64, more: u64) {
    value.store(get(value).wrapping_add(more), Ordering::Relaxed);
}

impl Node {
    fn new() -> Self {
        Self {
            site: AtomicU32::new(0),
            parent: AtomicU32::new(TOP),
            first_child: AtomicU32::new(NONE),
            next_sibling: AtomicU32::new(NONE),
            timed: AtomicU64::new(0),
            others: AtomicU64::new(0),
            sampled: AtomicU64::new(0),
            sampled_total: AtomicU64::new(0),
            total: AtomicU64::new(0),
            allocations: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            net: AtomicI64::new(0),
        }
    }

    /// Enters one timed activation, of `calls` calls (0 for a later poll of one).
    #[inline(always)]
    pub(super) fn add(&self, calls: u64, weight: u64, ticks: u64) {
        add(&self.total, ticks.wrapping_mul(weight));
        add(&self.timed, calls);
        if weight > 1 {
            add(&self.others, calls * (weight - 1));
            add(&self.sampled, calls);
            add(&self.sampled_total, ticks.wrapping_mul(weight));
        }
    }
}

impl Node {
    /// Enters what a timed activation allocated and released.
    pub(super) fn add_heap(&self, weight: u64, heap: Counts) {
        add(&self.allocations, heap.allocations * weight);
        add(&self.bytes, heap.bytes * weight);
        let net = (heap.bytes as i64).wrapping_sub(heap.freed as i64).wrapping_mul(weight as i64);
        self.net.store(self.net.load(Ordering::Relaxed).wrapping_add(net), Ordering::Relaxed);
    }
}

impl Tree {
    pub(super) const fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS], len: AtomicU32::new(0) }
    }

    #[inline(always)]
    pub(super) fn node(&self, node: u32) -> Option<&Node> {
        let node = node as usize;
        Some(&self.chunks.get(node / CHUNK)?.get()?[node % CHUNK])
    }

    /// How many nodes there are, the one above all roots included.
    pub(super) fn len(&self) -> u32 {
        self.len.load(Ordering::Acquire)
    }

    /// The node above all roots, made on first use.
    pub(super) fn top(&self) -> u32 {
        if self.len.load(Ordering::Relaxed) == 0 {
            self.make(TOP, 0);
        }
        TOP
    }

    /// The node of `site` under `parent`; `NONE` if there is none.
    #[inline]
    pub(super) fn find(&self, parent: u32, site: u32) -> u32 {
        let Some(above) = self.node(parent) else { return NONE };
        let mut next = above.first_child.load(Ordering::Relaxed);
        while let Some(node) = if next == NONE { None } else { self.node(next) } {
            if node.site.load(Ordering::Relaxed) == site {
                return next;
            }
            next = node.next_sibling.load(Ordering::Relaxed);
        }
        NONE
    }

    /// The node of `site` under `parent`, made if need be; `NONE` if there is no room.
    pub(super) fn child(&self, parent: u32, site: u32) -> u32 {
        match (self.find(parent, site), self.node(parent)) {
            (NONE, Some(above)) => self.make_child(above, parent, site),
            (found, _) => found,
        }
    }

    fn make_child(&self, above: &Node, parent: u32, site: u32) -> u32 {
        let made = self.make(parent, site);
        if let Some(node) = self.node(made) {
            node.next_sibling.store(above.first_child.load(Ordering::Relaxed), Ordering::Relaxed);
            above.first_child.store(made, Ordering::Relaxed);
        }
        made
    }

    fn make(&self, parent: u32, site: u32) -> u32 {
        let made = self.len.load(Ordering::Relaxed);
        if made >= MOST {
            return NONE;
        }
        let chunk = &self.chunks[made as usize / CHUNK];
        let node = &chunk.get_or_init(|| Box::new(std::array::from_fn(|_| Node::new())))[made as usize % CHUNK];
        let sums = [&node.timed, &node.others, &node.sampled, &node.sampled_total, &node.total];
        for value in sums.into_iter().chain([&node.allocations, &node.bytes]) {
            value.store(0, Ordering::Relaxed);
        }
        node.net.store(0, Ordering::Relaxed);
        node.first_child.store(NONE, Ordering::Relaxed);
        node.next_sibling.store(NONE, Ordering::Relaxed);
        node.site.store(site, Ordering::Relaxed);
        node.parent.store(parent, Ordering::Relaxed);
        // After this a reader sees it.
        self.len.store(made + 1, Ordering::Release);
        made
    }

    pub(super) fn clear(&self) {
        self.len.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_node() {
        let tree = Tree::new();
        let top = tree.top();
        let a = tree.child(top, 1);
        let b = tree.child(a, 2);
        assert_eq!(tree.child(top, 1), a);
        assert_eq!(tree.child(a, 2), b);
        assert_ne!(tree.child(top, 2), b);
        let other = tree.child(a, 3);
        assert!(other != b && tree.child(a, 2) == b && tree.child(a, 3) == other);
        assert_eq!(tree.node(b).unwrap().parent.load(Ordering::Relaxed), a);
        tree.clear();
        let top = tree.top();
        assert_eq!(tree.len(), 1);
        assert_eq!(tree.child(top, 9), 1);
        assert_eq!(get(&tree.node(1).unwrap().timed), 0);
    }

    #[test]
    fn a_full_tree_takes_no_more() {
        let tree = Tree::new();
        let top = tree.top();
        let made = (0..5_000).filter(|site| tree.child(top, *site) != NONE).count();
        assert_eq!(made, MOST as usize - 1);
        assert_eq!(tree.child(top, 0), 1);
        assert_eq!(tree.child(NONE, 0), NONE);
        assert!((0..tree.len()).all(|node| tree.node(node).is_some()));
    }
}
