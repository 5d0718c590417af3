//! Who called whom.

use std::time::Duration;

/// The calls of all functions by their path: a forest of [`CallNode`]s, parents before their children.
///
/// What is deeper than 128 open spans, or comes when a thread has met 4,096 paths, counts here as its last caller's own time.
/// The figures of its function have its calls and times all the same, down to 16,000 open spans. A thread begins a tree of its
/// own: who started it is not above it.
///
/// ```
/// # use lagom_profiler as profiler;
/// {
///     let _outer = profiler::span!("outer");
///     let _inner = profiler::span!("inner");
/// }
/// # #[cfg(feature = "enabled")] {
/// let summary = profiler::summary();
/// let inner = summary.tree().nodes().iter().find(|node| summary.function(node).name() == "inner").unwrap();
/// let outer = &summary.tree().nodes()[inner.parent().unwrap()];
/// assert_eq!(summary.function(outer).name(), "outer");
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct CallTree {
    pub(crate) nodes: Vec<CallNode>,
}

/// The calls of one function by one path; of a [`CallTree`].
///
/// ```
/// # drop(lagom_profiler::span!("step"));
/// let summary = lagom_profiler::summary();
/// for node in summary.tree().nodes() {
///     println!("{:1$}{2} {3}", "", node.depth() as usize, summary.function(node).name(), node.calls());
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct CallNode {
    /// The id of its function, see `FunctionStats::id`.
    pub(crate) function: u32,
    pub(crate) parent: Option<usize>,
    pub(crate) depth: u32,
    pub(crate) calls: u64,
    pub(crate) total_ns: u64,
    pub(crate) self_ns: u64,
    pub(crate) allocations: u64,
    pub(crate) allocated_bytes: u64,
}

impl CallTree {
    /// All nodes, each after its parent and before its parent's next sibling (depth first).
    ///
    /// ```
    /// assert!(lagom_profiler::CallTree::default().nodes().is_empty());
    /// ```
    #[must_use]
    pub fn nodes(&self) -> &[CallNode] {
        &self.nodes
    }

    /// The places in [`nodes`](Self::nodes) from a root to `node`, both included; empty if there is no such node.
    ///
    /// ```
    /// assert!(lagom_profiler::CallTree::default().path(0).is_empty());
    /// ```
    #[must_use]
    pub fn path(&self, node: usize) -> Vec<usize> {
        let mut path = Vec::new();
        let mut next = (node < self.nodes.len()).then_some(node);
        while let Some(place) = next {
            path.push(place);
            next = self.nodes[place].parent;
        }
        path.reverse();
        path
    }
}

/// Getters with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl CallNode {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// for node in lagom_profiler::summary().tree().nodes() {
                #[doc = concat!("    println!(\"{:?}\", node.", stringify!($name), "());")]
                /// }
                /// ```
                #[must_use]
                pub fn $name(&self) -> $type {
                    let $this = self;
                    $value
                }
            )*
        }
    };
}

getters! {
    /// Where its caller stands in [`CallTree::nodes`]; `None` if nothing profiled called it.
    parent: Option<usize> = |this| this.parent;
    /// How many callers are above it.
    depth: u32 = |this| this.depth;
    /// Calls by this path; an estimate where not every call was timed.
    calls: u64 = |this| this.calls;
    /// Time under it, what it called included.
    total: Duration = |this| Duration::from_nanos(this.total_ns);
    /// Time of its own.
    self_time: Duration = |this| Duration::from_nanos(this.self_ns);
    /// Allocations under it; zero unless [`TrackingAllocator`](crate::TrackingAllocator) counts.
    allocations: u64 = |this| this.allocations;
    /// Bytes requested by those allocations.
    allocated_bytes: u64 = |this| this.allocated_bytes;
}
