//! The guard of a span and the books of an async call.

use std::cell::Cell;
use std::marker::PhantomData;
use std::task::Poll;

use super::clock;
use super::control;
use super::site::Site;
use super::slot::{Field, Outcome, Writer};
use super::thread::{self, Spent, Token};

/// An open span, recorded when it drops.
#[derive(Debug)]
pub(crate) struct Span {
    open: Option<Open>,
    /// The frame lies in the stack of its thread.
    not_send: PhantomData<*const ()>,
}

#[derive(Debug)]
struct Open {
    site: &'static Site,
    token: Token,
    epoch: u64,
    flags: Cell<u8>,
}

/// The thread was already unwinding: that panic is not this span's.
const PANICKING: u8 = 1;
const FAILED: u8 = 2;

impl Span {
    #[inline]
    pub(crate) fn enter(site: &'static Site) -> Self {
        if control::is_enabled() { Self::open(site) } else { Self { open: None, not_send: PhantomData } }
    }

    // Out of line, as `close` is: what a probe adds to its function stays small, and copies nothing.
    #[inline(never)]
    fn open(site: &'static Site) -> Self {
        let epoch = control::epoch();
        let flags = Cell::new(if std::thread::panicking() { PANICKING } else { 0 });
        let open = thread::open(site).map(|token| Open { site, token, epoch, flags });
        Self { open, not_send: PhantomData }
    }

    pub(crate) fn fail(&self) {
        if let Some(open) = &self.open {
            open.flags.set(open.flags.get() | FAILED);
        }
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.close();
        }
    }
}

impl Open {
    #[inline(never)]
    fn close(&self) {
        let now = clock::now();
        let flags = self.flags.get();
        let outcome = if flags & PANICKING == 0 && std::thread::panicking() {
            Outcome::Panic
        } else if flags & FAILED != 0 {
            Outcome::Error
        } else {
            Outcome::Done
        };
        let start = self.token.start;
        thread::close(self.token, self.site.number(), self.epoch, now, |writer, spent| {
            add(writer, spent);
            writer.call(start, now.saturating_sub(start), outcome);
        });
    }
}

fn add(writer: &Writer<'_>, spent: Spent) {
    writer.add(Field::Total, spent.total);
    writer.add(Field::Own, spent.own);
    // Most calls of most programs allocate nothing, or nothing counts them.
    if spent.heap.allocations != 0 || spent.heap_own.allocations != 0 {
        writer.add(Field::Allocations, spent.heap.allocations);
        writer.add(Field::Bytes, spent.heap.bytes);
        writer.add(Field::OwnAllocations, spent.heap_own.allocations);
        writer.add(Field::OwnBytes, spent.heap_own.bytes);
    }
}

/// One call of an async function, from its first poll to its end.
#[derive(Debug)]
pub(crate) struct AsyncCall {
    site: &'static Site,
    state: CallState,
}

#[derive(Clone, Copy, Debug)]
enum CallState {
    Unpolled,
    Waiting {
        start: u64,
        epoch: u64,
    },
    /// Seen at the drop only when the poll did not return.
    Polling {
        start: u64,
        epoch: u64,
    },
    Ready {
        start: u64,
        epoch: u64,
        end: u64,
    },
    /// Recorded, or never to be.
    Over,
}

impl AsyncCall {
    pub(crate) const fn new(site: &'static Site) -> Self {
        Self { site, state: CallState::Unpolled }
    }

    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let (start, epoch) = match self.state {
            CallState::Waiting { start, epoch } => (start, epoch),
            CallState::Unpolled if control::is_enabled() => (clock::now(), control::epoch()),
            _ => {
                self.state = CallState::Over;
                return poll();
            }
        };
        self.state = CallState::Polling { start, epoch };
        let scope = PollScope::enter(self.site, epoch);
        let result = poll();
        drop(scope);
        self.state = match &result {
            Poll::Ready(_) => CallState::Ready { start, epoch, end: clock::now() },
            Poll::Pending => CallState::Waiting { start, epoch },
        };
        result
    }

    pub(crate) fn finish(&mut self, failed: bool) {
        self.end(if failed { Outcome::Error } else { Outcome::Done });
    }

    fn end(&mut self, outcome: Outcome) {
        let (start, epoch, end) = match std::mem::replace(&mut self.state, CallState::Over) {
            CallState::Ready { start, epoch, end } => (start, epoch, end),
            CallState::Waiting { start, epoch } | CallState::Polling { start, epoch } => (start, epoch, clock::now()),
            CallState::Unpolled | CallState::Over => return,
        };
        let duration = end.saturating_sub(start);
        thread::record(self.site.number(), epoch, |writer| writer.call(start, duration, outcome));
    }
}

impl Drop for AsyncCall {
    fn drop(&mut self) {
        self.end(if matches!(self.state, CallState::Polling { .. }) { Outcome::Panic } else { Outcome::Cancelled });
    }
}

/// One poll: a span that is no call.
struct PollScope(Option<(&'static Site, Token, u64)>);

impl PollScope {
    fn enter(site: &'static Site, epoch: u64) -> Self {
        Self(thread::open(site).map(|token| (site, token, epoch)))
    }
}

impl Drop for PollScope {
    fn drop(&mut self) {
        let Some((site, token, epoch)) = self.0.take() else { return };
        let now = clock::now();
        thread::close(token, site.number(), epoch, now, |writer, spent| {
            add(writer, spent);
            writer.add(Field::Polls, 1);
            writer.raise(Field::LongestPoll, now.saturating_sub(token.start));
        });
    }
}
