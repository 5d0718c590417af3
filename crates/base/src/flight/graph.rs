//! Who waits for whom: one graph for all flights of the process.
//!
//! It holds no modelled primitive, so that it can be a static under loom too: nothing modelled happens under its lock.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::sync::{ThreadId, current_thread};

/// For everyone who waits: the flights that he waits for.
static WAITING: LazyLock<Mutex<Graph>> = LazyLock::new(Default::default);

type Graph = HashMap<Party, SmallVec<[Edge; 1]>>;

/// Who leads a flight, and who waits for one: a thread that computes or is blocked, or a task's computation, whichever
/// thread polls it.
///
/// ```
/// use lagom_base::flight::Party;
///
/// assert_eq!(Party::thread(), Party::thread());
/// assert_ne!(Party::task(), Party::task());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Party(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Thread(ThreadId),
    Task(u64),
}

impl Party {
    /// The calling thread.
    #[inline]
    pub fn thread() -> Self {
        Self(Kind::Thread(current_thread()))
    }

    /// A new computation that is polled.
    pub fn task() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(Kind::Task(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Some that wait together.
pub(super) type Parties = SmallVec<[Party; 2]>;

/// Somebody waits for `leader`, until `progress` says that the flight has ended.
struct Edge {
    leader: Party,
    progress: Arc<Progress>,
}

/// Whether a flight is over. Not modelled: it only refines the graph, see [`would_never_end`].
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicBool);

impl Progress {
    pub(super) fn end(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Edges of the graph, while it lives: from some to the leader of one flight.
#[derive(Debug)]
pub(super) struct Waiting {
    parties: Parties,
    progress: Arc<Progress>,
}

impl Waiting {
    /// The edges from `parties` to `leader`, or `None` if they would close a ring.
    pub(super) fn add(parties: Parties, leader: Party, progress: &Arc<Progress>) -> Option<Self> {
        let mut graph = WAITING.lock();
        if would_never_end(&graph, &parties, leader) {
            return None;
        }
        for party in &parties {
            graph.entry(*party).or_default().push(Edge { leader, progress: Arc::clone(progress) });
        }
        Some(Self { parties, progress: Arc::clone(progress) })
    }

    pub(super) fn parties(&self) -> &[Party] {
        &self.parties
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut graph = WAITING.lock();
        for party in &self.parties {
            let Some(edges) = graph.get_mut(party) else { continue };
            if let Some(ours) = edges.iter().position(|edge| Arc::ptr_eq(&edge.progress, &self.progress)) {
                edges.swap_remove(ours);
            }
            if edges.is_empty() {
                graph.remove(party);
            }
        }
    }
}

/// Walks from `leader` along the flights that are waited for: does a way come back to one of `parties`?
///
/// No ring is made up: edges are added under the lock that the caller holds. If the walk ends at one of us, the last edge
/// leads to a flight of ours, which we do not end while we walk, so who waits for it goes on waiting; hence he ends none of
/// his flights either, and so on backwards. Only somebody outside of the ring could end one of them, where the
/// [`Leader`](super::Leader) lies within his reach (the table of a cache, say), or somebody in it that waits for several
/// things, the first of which is enough: nobody can know whether one ever will, so the ring is reported all the same. No
/// ring is missed: who adds the last edge sees all others.
fn would_never_end(graph: &Graph, parties: &[Party], leader: Party) -> bool {
    let (mut ahead, mut seen) = (SmallVec::<[Party; 4]>::from_slice(&[leader]), HashSet::new());
    while let Some(at) = ahead.pop() {
        if parties.contains(&at) {
            return true;
        }
        for edge in graph.get(&at).into_iter().flatten() {
            if !edge.progress.has_ended() && seen.insert(edge.leader) {
                ahead.push(edge.leader);
            }
        }
    }
    false
}

#[cfg(all(test, not(lagom_loom)))]
pub(super) fn waits(party: Party) -> bool {
    WAITING.lock().contains_key(&party)
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use super::*;

    fn waiting(from: Party, to: Party) -> (Option<Waiting>, Arc<Progress>) {
        let progress = Arc::default();
        (Waiting::add(SmallVec::from_slice(&[from]), to, &progress), progress)
    }

    #[test]
    fn who_was_woken_closes_no_ring() {
        let [me, other] = [(); 2].map(|()| Party::task());
        let (edge, progress) = waiting(other, me);
        assert!(edge.is_some() && waiting(me, other).0.is_none());
        progress.end(); // `other` can go on, but has not taken its edge back yet.
        assert!(waiting(me, other).0.is_some());
        assert!(!waits(me) && waits(other));
    }

    #[test]
    fn a_ring_is_found_on_any_of_many_ways() {
        let [a, b, c, d] = [(); 4].map(|()| Party::task());
        // a waits for b and for c, as both do for d.
        let edges = [(a, b), (a, c), (b, d), (c, d), (b, d)].map(|(from, to)| waiting(from, to).0.unwrap());
        assert!(waiting(d, a).0.is_none() && waiting(d, b).0.is_none() && waiting(d, c).0.is_none());
        assert!(waiting(a, d).0.is_some());
        let [ab, ac, bd, cd, bd_again] = edges;
        drop((ac, bd));
        assert!(waiting(d, a).0.is_none(), "by the second way from b to d");
        drop(bd_again);
        assert!(waiting(d, a).0.is_some() && waiting(d, c).0.is_none());
        drop((ab, cd));
        assert!(![a, b, c, d].into_iter().any(waits), "nothing is left");
    }

    #[test]
    fn of_several_that_wait_together_each_may_close_the_ring() {
        let [a, b, c] = [(); 3].map(|()| Party::task());
        let _edge = waiting(c, a).0.unwrap();
        assert!(Waiting::add(SmallVec::from_slice(&[b, a]), c, &Arc::default()).is_none());
        assert!(!waits(a) && !waits(b));
        assert!(Waiting::add(SmallVec::from_slice(&[a, b]), b, &Arc::default()).is_none(), "for itself");
    }
}
