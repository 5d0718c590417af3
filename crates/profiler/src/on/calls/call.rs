//! One call of an async function: it runs in polls, on any thread, and waits between them.

use std::task::Poll;

use super::control::{self, Mode};
use super::heap::Counts;
use super::probe::{Details, Running};
use super::site::Site;
use super::slot::{Counter, Ended, Outcome, Slot, Sum};
use super::thread::{self, Thread};
use super::{clock, cost, histogram};

/// One call of an async function, from its first poll to its end.
#[derive(Debug)]
pub(crate) struct AsyncCall {
    site: &'static Site,
    state: State,
    size: Option<u64>,
    hash: Option<u64>,
    repeated: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Unpolled,
    Waiting(Begin),
    /// Seen at the drop only when the poll did not return.
    Polling(Begin),
    Ready(Begin, u64),
    /// Recorded, or never to be.
    Over,
}

/// How the call began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin {
    pub(super) start: u64,
    epoch: u64,
    /// How many calls it stands for; 0 if it is not timed.
    pub(super) weight: u32,
}

impl Begin {
    /// Counts a call and decides whether it is timed.
    pub(super) fn now(thread: &Thread, site: &'static Site, slot: &Slot) -> Self {
        let weight = thread.begin(site, slot);
        Self { start: if weight > 0 { clock::ticks() } else { 0 }, epoch: control::epoch(), weight }
    }

    /// Whether the figures were reset since.
    pub(super) fn is_void(self) -> bool {
        self.epoch != control::epoch()
    }

    /// Counts what was one poll of a call, and took so long.
    pub(super) fn record_poll(self, thread: &Thread, slot: &Slot, ticks: u64) {
        if self.weight == 0 || self.is_void() || thread.block().is_none() {
            return;
        }
        slot.begin(self.epoch);
        slot.raise(Sum::LongestPoll, ticks);
        if ticks as f64 > cost::ticks_of_ns(LONG_POLL) {
            slot.add(Sum::LongPolls, 1);
            slot.add(Sum::LongPollTime, ticks);
        }
    }

    /// What a call took that was interrupted.
    pub(super) fn ticks_until(self, end: u64) -> u64 {
        end.saturating_sub(self.start).saturating_sub(cost::inside_ticks(self.weight))
    }

    /// Enters the duration of a call.
    pub(super) fn record(self, thread: &Thread, slot: &Slot, end: u64, ticks: u64, outcome: Outcome) -> Option<Ended> {
        if self.weight == 0 || self.is_void() || thread.block().is_none() {
            return None;
        }
        let ended = Ended { start: self.start, end, ticks, weight: self.weight, outcome };
        thread.work(|| {
            slot.begin(self.epoch);
            slot.record(ended, histogram::index(ticks), control::since());
            ended
        })
    }
}

/// A poll took long if it took more nanoseconds.
const LONG_POLL: f64 = 1_000_000.0;

impl AsyncCall {
    pub(crate) const fn new(site: &'static Site) -> Self {
        Self { site, state: State::Unpolled, size: None, hash: None, repeated: false }
    }

    pub(crate) fn size(&mut self, size: u64) {
        self.size = Some(size);
    }

    pub(crate) fn arguments(&mut self, hash: u64) {
        self.hash = Some(hash);
    }

    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let first = matches!(self.state, State::Unpolled);
        let begin = match self.state {
            State::Waiting(begin) => Some(begin),
            State::Unpolled if control::mode() != Mode::Off => self.begin(),
            _ => None,
        };
        let Some(begin) = begin else {
            self.state = State::Over;
            return poll();
        };
        let scope = PollScope::enter(self.site, begin, u64::from(first));
        self.state = State::Polling(begin);
        let result = poll();
        drop(scope);
        self.state = match &result {
            Poll::Ready(_) => State::Ready(begin, if begin.weight > 0 { clock::ticks() } else { 0 }),
            Poll::Pending => State::Waiting(begin),
        };
        result
    }

    /// Counts the call and decides whether it is timed.
    fn begin(&mut self) -> Option<Begin> {
        cost::measure_once();
        thread::with(|thread| {
            let slot = thread.slot(self.site)?;
            let begin = Begin::now(thread, self.site, slot);
            if let Some(hash) = self.hash {
                self.repeated = thread.work(|| slot.details().repeats.lock().see(hash)).unwrap_or(false);
            }
            Some(begin)
        })
    }

    pub(crate) fn finish(&mut self, failed: bool) {
        self.end(if failed { Outcome::Error } else { Outcome::Done }, None);
    }

    pub(crate) fn finish_with(&mut self, failed: bool, error: impl FnOnce() -> Option<String>) {
        let timed = matches!(self.state, State::Ready(begin, _) if begin.weight > 0);
        let error = if failed && timed { error() } else { None };
        self.end(if failed { Outcome::Error } else { Outcome::Done }, error);
    }

    fn end(&mut self, outcome: Outcome, error: Option<String>) {
        let (begin, end) = match std::mem::replace(&mut self.state, State::Over) {
            State::Ready(begin, end) => (begin, end),
            State::Waiting(begin) | State::Polling(begin) => (begin, clock::ticks()),
            State::Unpolled | State::Over => return,
        };
        if begin.is_void() {
            return;
        }
        thread::with(|thread| {
            let Some(slot) = thread.slot(self.site) else { return };
            slot.outcome(outcome);
            let Some(ended) = begin.record(thread, slot, end, begin.ticks_until(end), outcome) else { return };
            if self.site.has_details() {
                // Between its polls other calls allocate.
                let heap = Counts::ZERO;
                let details = Details { site: self.site, size: self.size, repeated: self.repeated, heap, error };
                thread.work(|| details.record(slot, &ended));
            }
        });
    }
}

impl Drop for AsyncCall {
    fn drop(&mut self) {
        let outcome = if matches!(self.state, State::Polling(_)) { Outcome::Panic } else { Outcome::Cancelled };
        self.end(outcome, None);
    }
}

/// One poll: a span that is no call, but for the first.
struct PollScope(Option<OpenPoll>);

struct OpenPoll {
    site: &'static Site,
    slot: &'static Slot,
    running: Running,
    begin: Begin,
    /// How many calls it is: one for the first poll.
    calls: u64,
}

impl PollScope {
    fn enter(site: &'static Site, begin: Begin, calls: u64) -> Self {
        thread::with(|thread| {
            let Some(slot) = thread.slot(site) else { return Self(None) };
            slot.count(Counter::Polls);
            Self(Some(OpenPoll { site, slot, running: Running::begin(thread, site, slot, begin.weight), begin, calls }))
        })
    }
}

impl Drop for PollScope {
    fn drop(&mut self) {
        let Some(OpenPoll { site, slot, running, begin, calls }) = self.0.take() else { return };
        thread::with(|thread| {
            let Some(stay) = running.end(thread, site, slot, clock::ticks(), calls) else { return };
            begin.record_poll(thread, slot, stay.ticks);
        });
    }
}
