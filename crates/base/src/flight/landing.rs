//! Waiting for a flight as a task.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::flight::graph::{Parties, Waiting};
use crate::flight::{Flight, Outcome, State, inside};
use crate::sync::Arc;

/// The end of a flight, for a task: [`Flight::wait`] as a future. Dropped, it leaves nothing behind.
///
/// All who wait are woken when the flight ends, so a wake-up that one of them does not follow is not missed by another.
/// Wakers are cloned, woken and dropped outside of all locks.
///
/// ```
/// use lagom_base::flight::{Flight, Landing, Outcome};
/// use std::pin::Pin;
/// use std::task::{Context, Poll, Waker};
///
/// let leader = Flight::start();
/// let mut landing = Landing::of(leader.flight());
/// let mut poll = || Pin::new(&mut landing).poll(&mut Context::from_waker(Waker::noop()));
/// assert_eq!(poll(), Poll::Pending);
/// leader.land(42);
/// assert_eq!(poll(), Poll::Ready(Outcome::Landed(42)));
/// ```
#[must_use = "a future does nothing unless it is polled"]
#[derive(Debug)]
pub struct Landing<T> {
    flight: Arc<Flight<T>>,
    /// Its place among the tasks of the flight.
    place: Option<u64>,
    edges: Option<Waiting>,
}

impl<T> Landing<T> {
    /// The end of `flight`.
    pub fn of(flight: Arc<Flight<T>>) -> Self {
        Self { flight, place: None, edges: None }
    }
}

impl<T: Clone> Future for Landing<T> {
    type Output = Outcome<T>;

    /// Who waits is whoever the calling thread is [inside](crate::flight::Inside) of. Else nobody can wait for this task.
    ///
    /// `T::clone` runs under the lock of the flight, as in [`Flight::wait`].
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let this = &mut *self;
        let mut waker = Some(context.waker().clone());
        let parties = inside::all();
        let mut state = this.flight.state.lock();
        let poll = match &mut *state {
            State::Landed(value) => Poll::Ready(Outcome::Landed(value.clone())),
            State::Abandoned => Poll::Ready(Outcome::Abandoned),
            State::Flying(tasks) => {
                if !may_wait(&mut this.edges, parties, &this.flight) {
                    Poll::Ready(Outcome::Cycle)
                } else {
                    waker = tasks.put(&mut this.place, waker.take().expect("cloned above"));
                    Poll::Pending
                }
            }
        };
        drop(state);
        drop(waker);
        poll
    }
}

/// Keeps `edges` true, the edges from `parties` to a flight. Not if that would be for ever.
fn may_wait<T>(edges: &mut Option<Waiting>, parties: Parties, flight: &Flight<T>) -> bool {
    let known = edges.as_ref().map_or(&[][..], Waiting::parties);
    if *known != parties[..] {
        *edges = None;
    }
    if edges.is_some() || parties.is_empty() {
        return true;
    }
    *edges = Waiting::add(parties, flight.leader, &flight.progress);
    edges.is_some()
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut state = self.flight.state.lock();
        let waker = if let State::Flying(tasks) = &mut *state { tasks.wakers.remove(&place) } else { None };
        drop(state);
        drop(waker);
    }
}

/// The tasks that wait for a flight.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    next: u64,
    wakers: BTreeMap<u64, Waker>,
}

impl Tasks {
    /// Has `waker` woken for a place, a new one if there is none; gives back the one that no longer is.
    fn put(&mut self, place: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        let place = *place.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        self.wakers.insert(place, waker)
    }

    /// Wakes everyone, also when a waker panics; then goes on with the first of these panics.
    pub(super) fn wake_all(self) {
        let mut panic = None;
        for waker in self.wakers.into_values() {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                panic.get_or_insert(payload);
            }
        }
        if let Some(payload) = panic
            && !thread::panicking()
        {
            resume_unwind(payload);
        }
    }
}
