//! What a thread knows of its open spans: enough for self time, recursion and guards that do not drop in order.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use super::block::{self, Block};
use super::counters::{self, Counts};
use super::site::Site;
use super::slot::{Slot, Writer};
use super::{clock, control};

/// How many guards that outlived their parent a thread remembers; of older ones only the call and its duration count.
const DETACHED: usize = 64;

/// An open span.
#[derive(Debug)]
struct Frame {
    serial: u64,
    number: u32,
    /// No other activation of the same site is open below.
    outermost: bool,
    start: u64,
    /// From when on this frame's time belongs to its site's total: its start, or later if a detached guard covered that.
    total_from: u64,
    children: u64,
    heap: Counts,
    heap_children: Counts,
}

/// A span whose parent ended first: its self time ended with the parent, its total goes on.
#[derive(Debug)]
struct Detached {
    serial: u64,
    number: u32,
    outermost: bool,
    total_from: u64,
    /// The part of its time that other activations of its site have put into the total meanwhile.
    covered: u64,
    own: u64,
    heap: Counts,
    heap_own: Counts,
}

/// What a guard remembers of its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    serial: u64,
    depth: usize,
    pub(crate) start: u64,
}

/// What an ended span adds to its site.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) total: u64,
    pub(crate) own: u64,
    pub(crate) heap: Counts,
    pub(crate) heap_own: Counts,
}

#[derive(Debug)]
struct State {
    block: Option<&'static Block>,
    /// The thread's destructors have run: hand the block back whenever no span is open.
    ending: bool,
    serial: u64,
    stack: Vec<Frame>,
    detached: Vec<Detached>,
    /// Per site: how many frames of the stack are its.
    open: Vec<u32>,
    /// Allocations of the profiler itself, which belong to no span.
    overhead: Counts,
}

thread_local! {
    // Without a destructor it can be reached until the very end of the thread; `Exit` frees what it holds.
    static STATE: ManuallyDrop<RefCell<State>> = const { ManuallyDrop::new(RefCell::new(State::new())) };
    static EXIT: Exit = const { Exit };
}

/// Gives the block back when the thread ends.
struct Exit;

impl Drop for Exit {
    fn drop(&mut self) {
        with(State::retire);
    }
}

/// `None` if the state is in use further up this stack, as when the allocator itself is profiled.
fn with<R>(f: impl FnOnce(&mut State) -> R) -> Option<R> {
    STATE.try_with(|state| state.try_borrow_mut().ok().map(|mut state| f(&mut state))).ok().flatten()
}

/// Opens a span.
#[inline]
pub(crate) fn open(site: &'static Site) -> Option<Token> {
    with(|state| state.open(site))
}

/// Ends a span and lets `change` enter it in the books of its site, unless a reset came between.
#[inline]
pub(crate) fn close(token: Token, number: u32, epoch: u64, now: u64, change: impl FnOnce(&Writer<'_>, Spent)) {
    with(|state| {
        let spent = state.close(token, number, now);
        state.record(number, epoch, |writer| change(writer, spent));
    });
}

/// Enters something that is no span of this thread.
pub(crate) fn record(number: u32, epoch: u64, change: impl FnOnce(&Writer<'_>)) {
    with(|state| state.record(number, epoch, change));
}

impl State {
    const fn new() -> Self {
        Self {
            block: None,
            ending: false,
            serial: 0,
            stack: Vec::new(),
            detached: Vec::new(),
            open: Vec::new(),
            overhead: Counts::ZERO,
        }
    }

    /// The slot of a site in this thread's block.
    fn slot(&mut self, number: u32) -> &'static Slot {
        let block = match self.block {
            Some(block) => block,
            None => {
                // Fails once the thread's destructors have run; then nobody will come to collect the block.
                self.ending |= EXIT.try_with(|_| ()).is_err();
                *self.block.insert(block::acquire())
            }
        };
        block.slot(number)
    }

    /// The thread's allocations without the profiler's own.
    fn heap(&self) -> Counts {
        counters::thread() - self.overhead
    }

    fn open(&mut self, site: &'static Site) -> Token {
        let before = counters::thread();
        let number = site.number();
        self.slot(number);
        let index = number as usize;
        if self.open.len() <= index {
            self.open.resize(index + 1, 0);
        }
        let depth = self.stack.len();
        let serial = self.serial;
        self.serial += 1;
        self.stack.push(Frame {
            serial,
            number,
            outermost: self.open[index] == 0,
            start: 0,
            total_from: 0,
            children: 0,
            heap: Counts::ZERO,
            heap_children: Counts::ZERO,
        });
        self.open[index] += 1;
        self.overhead = self.overhead + (counters::thread() - before);
        let heap = self.heap();
        let start = clock::now();
        let frame = &mut self.stack[depth];
        (frame.heap, frame.start, frame.total_from) = (heap, start, start);
        Token { serial, depth, start }
    }

    fn close(&mut self, token: Token, number: u32, now: u64) -> Spent {
        let before = counters::thread();
        let on_stack = self.stack.get(token.depth).is_some_and(|frame| frame.serial == token.serial);
        let spent = if on_stack {
            while self.stack.len() > token.depth + 1 {
                self.detach_top(now);
            }
            self.pop(now)
        } else {
            self.close_detached(token, number, now)
        };
        self.overhead = self.overhead + (counters::thread() - before);
        spent
    }

    /// Takes the top frame off and books its time with the frame below.
    fn take_top(&mut self, now: u64) -> Option<(Frame, Spent)> {
        let heap_now = self.heap();
        let frame = self.stack.pop()?;
        self.open[frame.number as usize] -= 1;
        let elapsed = now.saturating_sub(frame.start);
        let heap = heap_now - frame.heap;
        if let Some(parent) = self.stack.last_mut() {
            parent.children += elapsed;
            parent.heap_children = parent.heap_children + heap;
        }
        let spent = Spent {
            total: if frame.outermost { now.saturating_sub(frame.total_from) } else { 0 },
            own: elapsed.saturating_sub(frame.children),
            heap: if frame.outermost { heap } else { Counts::ZERO },
            heap_own: heap - frame.heap_children,
        };
        Some((frame, spent))
    }

    fn pop(&mut self, now: u64) -> Spent {
        let Some((frame, spent)) = self.take_top(now) else { return Spent::default() };
        for other in &mut self.detached {
            if other.number == frame.number {
                other.covered += spent.total;
            }
        }
        spent
    }

    #[cold]
    fn detach_top(&mut self, now: u64) {
        let Some((frame, spent)) = self.take_top(now) else { return };
        if self.detached.len() == DETACHED {
            self.detached.remove(0);
        }
        self.detached.push(Detached {
            serial: frame.serial,
            number: frame.number,
            outermost: frame.outermost,
            total_from: frame.total_from,
            covered: 0,
            own: spent.own,
            heap: spent.heap,
            heap_own: spent.heap_own,
        });
    }

    #[cold]
    fn close_detached(&mut self, token: Token, number: u32, now: u64) -> Spent {
        let Some(place) = self.detached.iter().position(|frame| frame.serial == token.serial) else {
            return Spent::default();
        };
        let ended = self.detached.remove(place);
        let mut total = 0;
        if ended.outermost {
            total = now.saturating_sub(ended.total_from).saturating_sub(ended.covered);
            // What this one has covered is no other's: the site's total stays within the wall time.
            for frame in &mut self.stack {
                if frame.number == number && frame.outermost {
                    frame.total_from = now;
                }
            }
            for other in &mut self.detached {
                if other.number == number {
                    other.covered += now.saturating_sub(ended.total_from.max(other.total_from));
                }
            }
        }
        Spent { total, own: ended.own, heap: ended.heap, heap_own: ended.heap_own }
    }

    fn record(&mut self, number: u32, epoch: u64, change: impl FnOnce(&Writer<'_>)) {
        if epoch == control::epoch() {
            let before = counters::thread();
            self.slot(number).update(epoch, change);
            self.overhead = self.overhead + (counters::thread() - before);
        }
        if self.ending && self.stack.is_empty() {
            self.retire();
        }
    }

    /// Frees everything; guards that are still open somewhere count their call and its duration only.
    fn retire(&mut self) {
        if let Some(block) = self.block.take() {
            block::release(block);
        }
        *self = Self { ending: true, serial: self.serial, ..Self::new() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SITE: Site = Site::new("in a thread", "", "", 0);

    struct Late;

    impl Drop for Late {
        fn drop(&mut self) {
            let token = open(&SITE).expect("the state can be reached to the end");
            close(token, SITE.number(), control::epoch(), clock::now(), |_, _| ());
        }
    }

    thread_local!(static LATE: Late = const { Late });

    #[test]
    fn blocks_go_from_thread_to_thread_also_after_the_destructors() {
        let before = block::all().len();
        for round in 0..200 {
            let run = move || {
                // In one order the profiler's destructor comes first, in the other last.
                if round % 2 == 0 {
                    LATE.with(|_| ());
                }
                let token = open(&SITE).expect("open");
                close(token, SITE.number(), control::epoch(), clock::now(), |_, _| ());
                LATE.with(|_| ());
            };
            std::thread::spawn(run).join().expect("no panic");
        }
        // Some more than one, since a thread that was joined may still be running its destructors.
        let after = block::all().len();
        assert!(after <= before + 20, "{before} blocks, then {after}");
    }
}
