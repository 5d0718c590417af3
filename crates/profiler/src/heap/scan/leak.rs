//! The result of a scan: leaks, those alike put together.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::chain::{Chain, Link};
use super::found::Found;
use super::graph::{self, Graph, Way};
use super::hidden::Hidden;
use super::names::Stacks;
use crate::format::{Bytes, Count, Time};
use crate::heap::Amount;

/// Links of a chain that are kept.
const LONGEST: usize = 12;
/// Leaks that are printed or drawn.
const SHOWN: usize = 12;

/// One block that nothing reaches.
///
/// ```
/// fn print(block: lagom_profiler::heap::LeakedBlock) {
///     println!("{} bytes at {:#x}", block.size(), block.address());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LeakedBlock {
    address: Hidden,
    size: u64,
}

impl LeakedBlock {
    /// Where it is.
    ///
    /// ```
    /// fn print(block: lagom_profiler::heap::LeakedBlock) {
    ///     println!("{:#x}", block.address());
    /// }
    /// ```
    #[must_use]
    pub const fn address(self) -> u64 {
        self.address.get()
    }

    /// How many bytes were asked for.
    ///
    /// ```
    /// fn is_large(block: lagom_profiler::heap::LeakedBlock) -> bool {
    ///     block.size() >= 1 << 20
    /// }
    /// ```
    #[must_use]
    pub const fn size(self) -> u64 {
        self.size
    }
}

/// Leaks that are alike: allocated by the same stacks, pointing to each other in the same way.
///
/// ```
/// fn print(leak: &lagom_profiler::heap::Leak) {
///     println!("{} times, {} bytes:\n{}", leak.count(), leak.retained().bytes(), leak.chain());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Leak {
    cycle: bool,
    members: u64,
    count: u64,
    retained: Amount,
    chain: Chain,
}

impl Leak {
    /// Whether its blocks hold each other, as `Rc`s do that point both ways. Otherwise it is one block whose owner forgot it, with
    /// what it holds.
    ///
    /// A `Weak` looks like any pointer: a parent that was forgotten and its child that knows it weakly are a cycle here.
    ///
    /// ```
    /// fn advice(leak: &lagom_profiler::heap::Leak) -> &'static str {
    ///     if leak.is_cycle() { "let one of them be a `Weak`" } else { "who forgot it?" }
    /// }
    /// ```
    #[must_use]
    pub const fn is_cycle(&self) -> bool {
        self.cycle
    }

    /// How many blocks hold each other in one of them; 1 if it is no cycle.
    ///
    /// ```
    /// fn is_pair(leak: &lagom_profiler::heap::Leak) -> bool {
    ///     leak.is_cycle() && leak.members() == 2
    /// }
    /// ```
    #[must_use]
    pub const fn members(&self) -> u64 {
        self.members
    }

    /// How often it was found.
    ///
    /// ```
    /// fn is_frequent(leak: &lagom_profiler::heap::Leak) -> bool {
    ///     leak.count() >= 100
    /// }
    /// ```
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// All that these leaks keep from being released, they among it. What two leaks hold counts for one of them.
    ///
    /// ```
    /// fn bytes_each(leak: &lagom_profiler::heap::Leak) -> u64 {
    ///     leak.retained().bytes() / leak.count()
    /// }
    /// ```
    #[must_use]
    pub const fn retained(&self) -> Amount {
        self.retained
    }

    /// The blocks of one of them: a cycle all around, by the shortest way from its first block; or the one that was forgotten and
    /// the largest that it holds, the largest that this one holds, and so on.
    ///
    /// ```
    /// fn print(leak: &lagom_profiler::heap::Leak) {
    ///     println!("{}", leak.chain());
    /// }
    /// ```
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.cycle, self.members) {
            (1, true, members) => write!(f, "a cycle of {}", plural(members, "block"))?,
            (1, false, _) => write!(f, "a forgotten block")?,
            (count, true, members) => write!(f, "{} cycles of {}", Count(count), plural(members, "block"))?,
            (count, false, _) => write!(f, "{} forgotten blocks", Count(count))?,
        }
        let (blocks, bytes) = (self.retained.blocks(), self.retained.bytes());
        writeln!(
            f,
            ", {} in {}{}",
            Bytes(bytes),
            plural(blocks, "block"),
            if self.count > 1 { ", such as" } else { "" }
        )?;
        self.chain.fmt(f)
    }
}

fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", Count(count), if count == 1 { "" } else { "s" })
}

/// What nothing in the program reaches, from [`leaks`](super::leaks).
///
/// ```
/// fn print(scan: &lagom_profiler::heap::LeakScan) {
///     for leak in scan.leaks() {
///         println!("{leak}");
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LeakScan {
    scanned: Amount,
    leaked: Amount,
    leaks: Vec<Leak>,
    blocks: Vec<LeakedBlock>,
    threads: u64,
    running: Vec<String>,
    paused: Duration,
}

impl LeakScan {
    pub(crate) fn new(found: &Found) -> Self {
        let graph = Graph::new(found);
        let mut alike: HashMap<_, usize> = HashMap::new();
        let (mut leaks, mut ways): (Vec<Leak>, Vec<Way>) = (Vec::new(), Vec::new());
        for leak in graph.leaks() {
            let way = way(&graph, &leak, found);
            let shape: Vec<_> = way
                .0
                .iter()
                .map(|&(node, offset)| {
                    let block = &found.leaked[node as usize];
                    (block.stack, block.size, offset)
                })
                .collect();
            // What they hold beside may differ.
            let place = *alike.entry((shape, way.1, leak.cycle, leak.roots.len())).or_insert_with(|| {
                leaks.push(Leak {
                    cycle: leak.cycle,
                    members: leak.roots.len() as u64,
                    count: 0,
                    retained: Amount::default(),
                    chain: Chain {
                        root: None,
                        links: Vec::new(),
                        back: way.1.map(|(place, offset)| (place, offset as u64)),
                    },
                });
                ways.push(way);
                leaks.len() - 1
            });
            let same = &mut leaks[place];
            same.count += 1;
            same.retained.blocks += leak.blocks;
            same.retained.bytes += leak.bytes;
        }
        let mut stacks = Stacks::default();
        stacks.learn(ways.iter().flat_map(|way| way.0.iter().map(|step| found.leaked[step.0 as usize].stack)));
        for (leak, way) in leaks.iter_mut().zip(&ways) {
            leak.chain.links = way.0.iter().map(|&(node, offset)| link(node, offset, found, &stacks)).collect();
        }
        leaks.sort_by_key(|leak| std::cmp::Reverse(leak.retained.bytes));
        let block = |block: &crate::heap::raw::RawBlock| LeakedBlock {
            address: Hidden::from_complement(block.address),
            size: block.size as u64,
        };
        let blocks: Vec<_> = found.leaked.iter().map(block).collect();
        Self {
            scanned: Amount { blocks: found.blocks, bytes: found.bytes },
            leaked: Amount { blocks: blocks.len() as u64, bytes: blocks.iter().map(|block| block.size).sum() },
            leaks,
            blocks,
            threads: found.threads as u64,
            running: found.running.clone(),
            paused: found.paused,
        }
    }

    /// The leaks, those that hold most first.
    ///
    /// ```
    /// fn cycles(scan: &lagom_profiler::heap::LeakScan) -> usize {
    ///     scan.leaks().iter().filter(|leak| leak.is_cycle()).count()
    /// }
    /// ```
    #[must_use]
    pub fn leaks(&self) -> &[Leak] {
        &self.leaks
    }

    /// Every block that nothing reaches, by address: the leaks and all that they hold.
    ///
    /// ```
    /// fn largest(scan: &lagom_profiler::heap::LeakScan) -> Option<u64> {
    ///     scan.blocks().iter().map(|block| block.size()).max()
    /// }
    /// ```
    #[must_use]
    pub fn blocks(&self) -> &[LeakedBlock] {
        &self.blocks
    }

    /// How much that is.
    ///
    /// ```
    /// fn print(scan: &lagom_profiler::heap::LeakScan) {
    ///     println!("{} bytes have leaked", scan.leaked().bytes());
    /// }
    /// ```
    #[must_use]
    pub const fn leaked(&self) -> Amount {
        self.leaked
    }

    /// All live blocks that were looked at.
    ///
    /// ```
    /// fn share(scan: &lagom_profiler::heap::LeakScan) -> f64 {
    ///     scan.leaked().bytes() as f64 / scan.scanned().bytes() as f64
    /// }
    /// ```
    #[must_use]
    pub const fn scanned(&self) -> Amount {
        self.scanned
    }

    /// How many threads stood still, with the one that asked.
    ///
    /// ```
    /// fn print(scan: &lagom_profiler::heap::LeakScan) {
    ///     println!("{} threads stood still", scan.threads());
    /// }
    /// ```
    #[must_use]
    pub const fn threads(&self) -> u64 {
        self.threads
    }

    /// The names of threads that could not be stopped: they ran on while their memory was read, so that what they moved
    /// meanwhile may be called a leak.
    ///
    /// ```
    /// fn is_certain(scan: &lagom_profiler::heap::LeakScan) -> bool {
    ///     scan.running().is_empty()
    /// }
    /// ```
    #[must_use]
    pub fn running(&self) -> &[String] {
        &self.running
    }

    /// How long the threads stood still.
    ///
    /// ```
    /// fn print(scan: &lagom_profiler::heap::LeakScan) {
    ///     println!("for {:?}", scan.paused());
    /// }
    /// ```
    #[must_use]
    pub const fn paused(&self) -> Duration {
        self.paused
    }

    /// Whether nothing has leaked.
    ///
    /// ```no_run
    /// assert!(lagom_profiler::heap::leaks()?.is_empty());
    /// # Ok::<(), lagom_profiler::heap::ScanError>(())
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The largest leaks as a graph in the language of Graphviz.
    ///
    /// ```
    /// fn save(scan: &lagom_profiler::heap::LeakScan) -> std::io::Result<()> {
    ///     std::fs::write("leaks.dot", scan.to_dot())
    /// }
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        super::dot::write(&self.shown())
    }

    /// The largest leaks as a picture, which follows the reader's choice of light or dark.
    ///
    /// ```
    /// fn save(scan: &lagom_profiler::heap::LeakScan) -> std::io::Result<()> {
    ///     std::fs::write("leaks.svg", scan.to_svg())
    /// }
    /// ```
    #[must_use]
    pub fn to_svg(&self) -> String {
        super::svg::write(&self.shown())
    }

    fn shown(&self) -> Vec<Chain> {
        self.leaks.iter().take(SHOWN).map(|leak| leak.chain.clone()).collect()
    }
}

impl fmt::Display for LeakScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = |amount: Amount| format!("{} in {}", Bytes(amount.bytes()), plural(amount.blocks(), "block"));
        match self.is_empty() {
            true => write!(f, "no leak")?,
            false => write!(f, "{} leaked", amount(self.leaked))?,
        }
        writeln!(
            f,
            "; {} scanned, {} stopped for {}",
            amount(self.scanned),
            plural(self.threads, "thread"),
            Time::from(self.paused)
        )?;
        if !self.running.is_empty() {
            writeln!(f, "not stopped: {}", self.running.join(", "))?;
        }
        for leak in self.leaks.iter().take(SHOWN) {
            write!(f, "\n{leak}")?;
        }
        match self.leaks.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "\nand {more} more kinds"),
        }
    }
}

/// The chain that stands for a leak.
fn way(graph: &Graph<'_>, leak: &graph::Leak, found: &Found) -> Way {
    if !leak.cycle {
        return graph.longest_way(leak.roots[0], LONGEST);
    }
    // From a block of the stack that was first to be seen, so that cycles alike look alike.
    let first = leak.roots.iter().copied().min_by_key(|&node| {
        let block = &found.leaked[node as usize];
        (block.stack, block.size)
    });
    let mut way = graph.shortest_cycle(first.unwrap_or(leak.roots[0]));
    let back = way[0].1;
    way[0].1 = 0;
    if way.len() > LONGEST {
        way.truncate(LONGEST);
        return (way, None);
    }
    (way, Some((0, back)))
}

fn link(node: u32, offset: usize, found: &Found, stacks: &Stacks) -> Link {
    let block = &found.leaked[node as usize];
    Link {
        address: Hidden::from_complement(block.address),
        size: block.size as u64,
        offset: offset as u64,
        foreign: false,
        allocation: stacks.get(block.stack),
    }
}
