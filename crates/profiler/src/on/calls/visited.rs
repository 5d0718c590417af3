//! A call that somebody else opens and closes, as `tracing` does with its spans: in between it is entered and left, on any
//! threads.

use super::call::Begin;
use super::control::{self, Mode};
use super::probe::Running;
use super::site::Site;
use super::slot::{Counter, Outcome, Slot};
use super::thread::{self, Thread};
use super::{clock, cost};

/// One such call. It counts from its first visit on, and lasts from there to the end of the last.
#[derive(Debug)]
pub(crate) struct VisitedCall {
    site: &'static Site,
    begin: Option<Begin>,
    open: Vec<Visit>,
    /// How many visits there were.
    visits: u64,
    /// What the first took, once it has ended.
    first: Option<u64>,
    /// The end of the last.
    end: u64,
    failed: bool,
    panicked: bool,
}

/// A stretch of it that runs now.
#[derive(Debug)]
struct Visit {
    thread: usize,
    running: Running,
    /// How many calls it is: one for the first visit.
    calls: u64,
}

impl VisitedCall {
    /// `None` if the profiler is off or at work itself.
    pub(crate) fn new(site: &'static Site) -> Option<Self> {
        if control::mode() == Mode::Off {
            return None;
        }
        let open = aside(|| Vec::with_capacity(1))?;
        Some(Self { site, begin: None, open, visits: 0, first: None, end: 0, failed: false, panicked: false })
    }

    pub(crate) fn enter(&mut self) {
        if self.begin.is_none() && control::mode() == Mode::Off {
            return;
        }
        cost::measure_once();
        thread::with(|thread| {
            let Some(slot) = thread.slot(self.site) else { return };
            if self.open.len() == self.open.capacity() && thread.work(|| self.open.reserve(1)).is_none() {
                return;
            }
            let calls = u64::from(self.begin.is_none());
            let begin = *self.begin.get_or_insert_with(|| Begin::now(thread, self.site, slot));
            self.visits += 1;
            self.count_polls(thread, slot, begin);
            let running = Running::begin(thread, self.site, slot, begin.weight).knowing_panics();
            self.open.push(Visit { thread: key(thread), running, calls });
        });
    }

    /// A call with one visit has no polls: it ran through. Only a second visit shows that the first was a poll.
    fn count_polls(&self, thread: &Thread, slot: &Slot, begin: Begin) {
        if self.visits < 2 || begin.is_void() {
            return;
        }
        slot.count(Counter::Polls);
        if self.visits == 2 {
            slot.count(Counter::Polls);
            if let Some(first) = self.first {
                begin.record_poll(thread, slot, first);
            }
        }
    }

    /// Ends this thread's last visit, at a time that was taken before anything else was done.
    pub(crate) fn exit(&mut self, end: Moment) {
        let Some(begin) = self.begin else { return };
        thread::with(|thread| {
            let key = key(thread);
            let Some(place) = self.open.iter().rposition(|visit| visit.thread == key) else { return };
            let Visit { running, calls, .. } = self.open.remove(place);
            self.panicked |= running.outcome(false) == Outcome::Panic;
            self.end = self.end.max(end.0);
            let Some(slot) = thread.slot(self.site) else { return };
            let Some(stay) = running.end(thread, self.site, slot, end.0, calls) else { return };
            if calls == 1 {
                self.first = Some(stay.ticks);
            }
            if self.visits > 1 {
                begin.record_poll(thread, slot, stay.ticks);
            }
        });
    }

    pub(crate) fn fail(&mut self) {
        self.failed = true;
    }

    pub(crate) fn close(self) {
        let Some(begin) = self.begin.filter(|begin| !begin.is_void()) else { return self.give_up() };
        let outcome = match (self.panicked, self.failed) {
            (true, _) => Outcome::Panic,
            (_, true) => Outcome::Error,
            _ => Outcome::Done,
        };
        // Of one visit its own time is known, with what the profiler took of it.
        let ticks = if self.visits == 1 { self.first } else { Some(begin.ticks_until(self.end)) };
        thread::with(|thread| {
            let Some(slot) = thread.slot(self.site) else { return };
            slot.outcome(outcome);
            if let Some(ticks) = ticks {
                begin.record(thread, slot, self.end, ticks, outcome);
            }
        });
        self.give_up();
    }

    /// What it frees was none of the program's.
    fn give_up(self) {
        aside(|| drop(self));
    }
}

/// Tells living threads apart.
fn key(thread: &Thread) -> usize {
    (&raw const *thread).addr()
}

/// A reading of the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(u64);

impl Moment {
    #[inline]
    pub(crate) fn now() -> Self {
        Self(clock::ticks())
    }
}

/// Does what is the profiler's own work: it is not profiled and none of its allocations counts. `None` if that is going on.
pub(crate) fn aside<R>(work: impl FnOnce() -> R) -> Option<R> {
    thread::with(|thread| thread.work(work))
}
