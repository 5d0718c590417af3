//! What the lock of an expiring value protects. Nothing here calls the user's code.

use core::time::Duration;
use std::sync::Arc;

use lagom_base::expiry::Deadline;
use lagom_base::flight::{Flight, Leader};
use lagom_base::sync::{self, Mutex, ThreadId, current_thread};

use crate::Stats;

pub(crate) struct State<T> {
    current: Option<Current<T>>,
    /// The computation whose value is to be kept. Others may run that were detached from here.
    running: Option<Running<T>>,
    /// Who computes now, detached or not.
    leaders: Vec<ThreadId>,
    last_id: u64,
    pub(crate) stats: Stats,
}

struct Current<T> {
    value: Arc<T>,
    deadline: Deadline,
}

struct Running<T> {
    flight: sync::Arc<Flight<Arc<T>>>,
    deadline: Deadline,
    id: u64,
}

/// What a read has to do.
pub(crate) enum Role<T> {
    Serve(Arc<T>),
    Wait(sync::Arc<Flight<Arc<T>>>),
    /// Drop the stale value and ask again: its drop may read the lazy value, so nobody must lead meanwhile.
    Discard(Arc<T>),
    /// Compute the value; the number names the flight.
    Lead(Leader<Arc<T>>, u64),
    /// The calling thread is computing it already.
    Cycle,
}

impl<T> State<T> {
    pub(crate) const fn new() -> Self {
        Self {
            current: None,
            running: None,
            leaders: Vec::new(),
            last_id: 0,
            stats: Stats { computations: 0, failures: 0, last_duration: None },
        }
    }

    /// The value, if it is fresh.
    pub(crate) fn fresh(&self, now: Duration) -> Option<&Arc<T>> {
        self.current.as_ref().filter(|current| !current.deadline.is_past(now)).map(|current| &current.value)
    }

    /// What a read that begins at `now` has to do, if a value computed now would be stale at `deadline`.
    pub(crate) fn join_or_lead(&mut self, now: Duration, deadline: Deadline) -> Role<T> {
        if let Some(value) = self.fresh(now) {
            return Role::Serve(Arc::clone(value));
        }
        let me = current_thread();
        if self.leaders.contains(&me) {
            return Role::Cycle;
        }
        match &self.running {
            // Who reads when the value in the making is already stale shall not get it.
            Some(running) if !running.deadline.is_past(now) => Role::Wait(sync::Arc::clone(&running.flight)),
            _ => {
                if let Some(stale) = self.current.take() {
                    return Role::Discard(stale.value);
                }
                let leader = Flight::start();
                self.last_id += 1;
                let id = self.last_id;
                self.running = Some(Running { flight: leader.flight(), deadline, id });
                self.leaders.push(me);
                Role::Lead(leader, id)
            }
        }
    }

    /// Takes the value out; the value of a running computation will not be kept.
    pub(crate) fn invalidate(&mut self) -> Option<Arc<T>> {
        self.running = None;
        self.current.take().map(|current| current.value)
    }

    /// Ends the flight `id` of the calling thread. Whether its value may be kept: not if it was detached meanwhile.
    fn end(&mut self, id: u64) -> bool {
        let me = current_thread();
        self.leaders.retain(|leader| *leader != me);
        let attached = self.running.as_ref().is_some_and(|running| running.id == id);
        if attached {
            self.running = None;
        }
        attached
    }
}

/// The duty to end a computation, in the state and for those who wait. Dropped without [`land`](Self::land), it hands
/// over to one of them.
pub(crate) struct Computing<'a, T> {
    state: &'a Mutex<State<T>>,
    /// `None` once the flight has ended.
    leader: Option<Leader<Arc<T>>>,
    id: u64,
    deadline: Deadline,
}

impl<'a, T> Computing<'a, T> {
    pub(crate) fn new(state: &'a Mutex<State<T>>, leader: Leader<Arc<T>>, id: u64, deadline: Deadline) -> Self {
        Self { state, leader: Some(leader), id, deadline }
    }

    /// Keeps the value, unless it is stale or outdated, and gives it to all who wait for it.
    pub(crate) fn land(mut self, value: T, began: Duration, now: Duration) -> Arc<T> {
        let value = Arc::new(value);
        let leader = self.leader.take();
        let mut replaced = None;
        {
            let mut state = self.state.lock();
            state.stats.computations += 1;
            state.stats.last_duration = Some(now.saturating_sub(began));
            if state.end(self.id) && !self.deadline.is_past(now) {
                replaced = state.current.replace(Current { value: Arc::clone(&value), deadline: self.deadline });
            }
        }
        // Only now: who reads between the two finds the value in the state.
        if let Some(leader) = leader {
            leader.land(Arc::clone(&value));
        }
        drop(replaced);
        value
    }
}

impl<T> Drop for Computing<'_, T> {
    fn drop(&mut self) {
        if let Some(leader) = self.leader.take() {
            let mut state = self.state.lock();
            state.stats.failures += 1;
            state.end(self.id);
            drop(state);
            // Only now: who was waiting looks into the state again, and must not find this flight.
            drop(leader);
        }
    }
}
