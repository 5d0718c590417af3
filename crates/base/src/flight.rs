//! Single flight: one thread computes a value, the others wait for it, and nobody waits for itself.
//!
//! A [`Flight`] belongs to one computation of one key. The thread that starts it holds the [`Leader`]; the others call
//! [`Flight::wait`]. Who is about to wait first walks the wait-for graph of all flights in the process, and is told
//! [`Outcome::Cycle`] instead of being blocked for ever: a value that needs itself, directly or through other threads,
//! is thus found before anyone blocks.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::sync::{Arc, Condvar, Mutex, ThreadId, current_thread};

/// For every blocked thread: the flight that it waits for.
///
/// It holds no modelled primitive, so that it can be a static under loom too: nothing modelled happens under its lock.
static WAITING: LazyLock<parking_lot::Mutex<HashMap<ThreadId, Edge>>> = LazyLock::new(Default::default);

/// A blocked thread waits for `leader`, until `progress` says that the flight has ended.
struct Edge {
    leader: ThreadId,
    progress: std::sync::Arc<Progress>,
}

/// Whether a flight is over. Not modelled: it only refines the graph, see [`would_block_for_ever`].
#[derive(Debug, Default)]
struct Progress(std::sync::atomic::AtomicBool);

impl Progress {
    fn end(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Release);
    }

    fn has_ended(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Acquire)
    }
}

/// One computation in progress that other threads may wait for.
///
/// ```
/// use lagom_base::flight::{Flight, Outcome};
///
/// let leader = Flight::start();
/// let flight = leader.flight();
/// assert_eq!(flight.wait(), Outcome::Cycle, "the leader would wait for itself");
/// leader.land(42);
/// assert_eq!(flight.wait(), Outcome::Landed(42));
/// ```
#[derive(Debug)]
pub struct Flight<T> {
    leader: ThreadId,
    progress: std::sync::Arc<Progress>,
    state: Mutex<State<T>>,
    ended: Condvar,
}

#[derive(Debug)]
enum State<T> {
    Flying,
    Landed(T),
    Abandoned,
}

/// What a thread that wanted to wait for a flight gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The value that the leader computed.
    Landed(T),
    /// The leader panicked or gave up: try again, as the leader if you are the first.
    Abandoned,
    /// Waiting would never end by itself: the leader, directly or through others, waits for the calling thread.
    Cycle,
}

impl<T> Flight<T> {
    /// Starts a flight; the calling thread leads it.
    pub fn start() -> Leader<T> {
        Leader {
            flight: Arc::new(Self {
                leader: current_thread(),
                progress: std::sync::Arc::default(),
                state: Mutex::new(State::Flying),
                ended: Condvar::new(),
            }),
        }
    }

    /// Blocks until the flight has ended, unless that would be for ever.
    ///
    /// `T::clone` runs under the lock of this flight: land something cheap and infallible to clone, such as an `Arc`.
    pub fn wait(&self) -> Outcome<T>
    where
        T: Clone,
    {
        let mut blocked = None;
        let mut state = self.state.lock();
        loop {
            match &*state {
                State::Landed(value) => return Outcome::Landed(value.clone()),
                State::Abandoned => return Outcome::Abandoned,
                State::Flying if blocked.is_none() => match Blocked::on(self) {
                    Some(edge) => blocked = Some(edge),
                    None => return Outcome::Cycle,
                },
                State::Flying => self.ended.wait(&mut state),
            }
        }
    }

    fn end(&self, end: State<T>) {
        self.progress.end();
        *self.state.lock() = end;
        self.ended.notify_all();
    }
}

/// The right, and the duty, to end a flight. Dropped without [`land`](Leader::land), it abandons it.
#[derive(Debug)]
pub struct Leader<T> {
    flight: Arc<Flight<T>>,
}

impl<T> Leader<T> {
    /// The flight, for others to wait for.
    pub fn flight(&self) -> Arc<Flight<T>> {
        Arc::clone(&self.flight)
    }

    /// Ends the flight with `value`.
    pub fn land(self, value: T) {
        self.flight.end(State::Landed(value));
    }
}

impl<T> Drop for Leader<T> {
    fn drop(&mut self) {
        // After `land` the flight has ended: nothing is left to say.
        if !self.flight.progress.has_ended() {
            self.flight.end(State::Abandoned);
        }
    }
}

/// The calling thread's edge in the wait-for graph, while it lives.
struct Blocked(ThreadId);

impl Blocked {
    /// The edge from the calling thread to `flight`, or `None` if it would close a cycle.
    fn on<T>(flight: &Flight<T>) -> Option<Self> {
        let me = current_thread();
        let mut waiting = WAITING.lock();
        if would_block_for_ever(&waiting, me, flight.leader) {
            return None;
        }
        let edge = Edge { leader: flight.leader, progress: std::sync::Arc::clone(&flight.progress) };
        waiting.insert(me, edge);
        Some(Self(me))
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        WAITING.lock().remove(&self.0);
    }
}

/// Walks from `leader` along the flights that threads wait for: does the way come back to `me`?
///
/// No ring is made up: edges are added under the lock that the caller holds. If the walk ends at `me`, the last edge
/// leads to a flight of `me`, which `me` does not end while it walks, so its thread stays blocked; hence that thread ends
/// none of its flights either, and so on backwards. Only a thread outside of the ring could end one of them, where the
/// [`Leader`] lies within its reach (the table of a cache, say): nobody can know whether one ever will, so the ring is
/// reported all the same. No ring is missed: the thread that adds the last edge sees all others.
fn would_block_for_ever(waiting: &HashMap<ThreadId, Edge>, me: ThreadId, leader: ThreadId) -> bool {
    let mut at = leader;
    while at != me {
        match waiting.get(&at) {
            Some(edge) if !edge.progress.has_ended() => at = edge.leader,
            _ => return false,
        }
    }
    true
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Barrier, mpsc};
    use std::thread;
    use std::time::Duration;

    #[test]
    fn waiters_get_the_value() {
        let leader = Flight::start();
        let flight = leader.flight();
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..4).map(|_| scope.spawn(|| flight.wait())).collect();
            leader.land(7);
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), Outcome::Landed(7));
            }
        });
    }

    #[test]
    fn every_blocked_waiter_is_woken() {
        let leader = Flight::start();
        let flight = leader.flight();
        let (send, received) = mpsc::channel();
        let waiters: [_; 3] = std::array::from_fn(|_| {
            let (flight, send) = (Arc::clone(&flight), send.clone());
            thread::spawn(move || send.send(flight.wait()).unwrap()).thread().id()
        });
        // An edge is added under the lock of the flight, which is given back by blocking: once it is there, the wait has
        // begun before anyone can end the flight.
        while !waiters.iter().all(|waiter| WAITING.lock().contains_key(waiter)) {
            thread::yield_now();
        }
        leader.land(7);
        for _ in waiters {
            // With a limit, so that a waiter who was forgotten fails the test instead of blocking it.
            assert_eq!(received.recv_timeout(Duration::from_secs(20)), Ok(Outcome::Landed(7)));
        }
    }

    #[test]
    fn a_woken_waiter_closes_no_cycle() {
        let me = current_thread();
        let other = thread::spawn(|| ()).thread().id();
        let progress = std::sync::Arc::new(Progress::default());
        let edge = Edge { leader: me, progress: std::sync::Arc::clone(&progress) };
        let waiting = HashMap::from([(other, edge)]);
        assert!(would_block_for_ever(&waiting, me, other));
        progress.end(); // `other` can run again, but has not taken its edge back yet.
        assert!(!would_block_for_ever(&waiting, me, other));
    }

    #[test]
    fn a_panicking_leader_abandons() {
        let mut seen = None;
        let result = catch_unwind(AssertUnwindSafe(|| {
            let leader: Leader<()> = Flight::start();
            seen = Some(leader.flight());
            panic!("in the computation");
        }));
        assert!(result.is_err());
        assert_eq!(seen.unwrap().wait(), Outcome::Abandoned);
    }

    #[test]
    fn crossed_waits_find_the_cycle_in_exactly_one_thread() {
        for _ in 0..200 {
            let barrier = Barrier::new(2);
            let slots: [Mutex<Option<Arc<Flight<u32>>>>; 2] = [Mutex::new(None), Mutex::new(None)];
            let cycles = std::sync::atomic::AtomicU32::new(0);
            thread::scope(|scope| {
                for me in 0..2 {
                    let (barrier, slots, cycles) = (&barrier, &slots, &cycles);
                    scope.spawn(move || {
                        let leader = Flight::start();
                        *slots[me].lock() = Some(leader.flight());
                        barrier.wait();
                        let other = Arc::clone(slots[1 - me].lock().as_ref().unwrap());
                        match other.wait() {
                            Outcome::Cycle => {
                                cycles.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                                leader.land(1);
                            }
                            Outcome::Landed(value) => leader.land(value + 1),
                            Outcome::Abandoned => unreachable!("both leaders land"),
                        }
                    });
                }
            });
            assert_eq!(cycles.load(std::sync::atomic::Ordering::Relaxed), 1);
        }
    }

    #[test]
    fn a_long_chain_is_no_cycle() {
        // Thread i waits for the flight of thread i + 1; the last one lands, and the value comes back through all.
        const LENGTH: usize = 16;
        let barrier = Barrier::new(LENGTH);
        let slots: Vec<Mutex<Option<Arc<Flight<usize>>>>> = (0..LENGTH).map(|_| Mutex::new(None)).collect();
        thread::scope(|scope| {
            for me in 0..LENGTH {
                let (barrier, slots) = (&barrier, &slots);
                scope.spawn(move || {
                    let leader = Flight::start();
                    *slots[me].lock() = Some(leader.flight());
                    barrier.wait();
                    if me + 1 == LENGTH {
                        leader.land(0);
                        return;
                    }
                    let next = Arc::clone(slots[me + 1].lock().as_ref().unwrap());
                    match next.wait() {
                        Outcome::Landed(value) => leader.land(value + 1),
                        other => panic!("{other:?} in a chain"),
                    }
                });
            }
        });
        let first = slots[0].lock().take().unwrap();
        assert_eq!(first.wait(), Outcome::Landed(LENGTH - 1));
    }
}
