//! Single flight: one thread or task computes a value, the others wait for it, and nobody waits for itself.
//!
//! A [`Flight`] belongs to one computation of one key. Who starts it holds the [`Leader`]; other threads call
//! [`Flight::wait`], other tasks await its [`Landing`]. Who is about to wait first walks the wait-for graph of all flights
//! in the process, and is told [`Outcome::Cycle`] instead of waiting for ever: a value that needs itself, directly or
//! through other threads and tasks, is thus found before anyone waits. For whom a thread works, so that they wait when it
//! does, is told by [`Party::enter`].

mod graph;
mod inside;
mod landing;

use std::mem;

pub use graph::Party;
pub use inside::Inside;
pub use landing::Landing;

use crate::sync::{Arc, Condvar, Mutex};
use graph::{Progress, Waiting};
use landing::Tasks;

/// One computation in progress that others may wait for.
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
    leader: Party,
    progress: std::sync::Arc<Progress>,
    state: Mutex<State<T>>,
    ended: Condvar,
}

#[derive(Debug)]
enum State<T> {
    Flying(Tasks),
    Landed(T),
    Abandoned,
}

/// What somebody who wanted to wait for a flight gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The value that the leader computed.
    Landed(T),
    /// The leader panicked or gave up: try again, as the leader if you are the first.
    Abandoned,
    /// Waiting would never end by itself: the leader, directly or through others, waits for who asked.
    Cycle,
}

impl<T> Flight<T> {
    /// Starts a flight; the calling thread leads it.
    pub fn start() -> Leader<T> {
        Self::start_for(Party::thread())
    }

    /// Starts a flight that `leader` leads, who may have begun without one: somebody wants to wait for it now.
    pub fn start_for(leader: Party) -> Leader<T> {
        Leader {
            flight: Arc::new(Self {
                leader,
                progress: std::sync::Arc::default(),
                state: Mutex::new(State::Flying(Tasks::default())),
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
                State::Flying(_) if blocked.is_none() => {
                    // All that the thread works for waits with it.
                    let mut parties = inside::all();
                    if !parties.contains(&Party::thread()) {
                        parties.push(Party::thread());
                    }
                    blocked = Waiting::add(parties, self.leader, &self.progress);
                    if blocked.is_none() {
                        return Outcome::Cycle;
                    }
                }
                State::Flying(_) => self.ended.wait(&mut state),
            }
        }
    }

    fn end(&self, end: State<T>) {
        self.progress.end();
        let former = mem::replace(&mut *self.state.lock(), end);
        self.ended.notify_all();
        if let State::Flying(tasks) = former {
            tasks.wake_all();
        }
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
        let (tell, told) = mpsc::channel();
        for _ in 0..3 {
            let (flight, send, tell) = (Arc::clone(&flight), send.clone(), tell.clone());
            thread::spawn(move || {
                tell.send(Party::thread()).unwrap();
                send.send(flight.wait()).unwrap();
            });
        }
        let waiters: [_; 3] = std::array::from_fn(|_| told.recv().unwrap());
        // An edge is added under the lock of the flight, which is given back by blocking: once it is there, the wait has
        // begun before anyone can end the flight.
        while !waiters.iter().all(|waiter| graph::waits(*waiter)) {
            thread::yield_now();
        }
        leader.land(7);
        for _ in waiters {
            // With a limit, so that a waiter who was forgotten fails the test instead of blocking it.
            assert_eq!(received.recv_timeout(Duration::from_secs(20)), Ok(Outcome::Landed(7)));
        }
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
