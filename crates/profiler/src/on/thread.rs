//! What a thread keeps: its block, and its open spans.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use super::block::{self, Block};
use super::counters::{self, Counts};
use super::frames::Frames;
pub(crate) use super::frames::{Spent, Token};
use super::site::Site;
use super::slot::{Slot, Writer};
use super::{clock, control};

#[derive(Debug)]
struct State {
    block: Option<&'static Block>,
    /// The thread's destructors have run: hand the block back whenever no span is open.
    ending: bool,
    frames: Frames,
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
#[inline]
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
        Self { block: None, ending: false, frames: Frames::new(0), overhead: Counts::ZERO }
    }

    /// The slot of a site in this thread's block.
    #[inline]
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

    #[inline]
    fn open(&mut self, site: &'static Site) -> Token {
        let before = counters::thread();
        let number = site.number();
        self.slot(number);
        self.frames.open(number, control::epoch(), || {
            let heap = counters::thread();
            self.overhead = self.overhead + (heap - before);
            (clock::now(), heap - self.overhead)
        })
    }

    #[inline]
    fn close(&mut self, token: Token, number: u32, now: u64) -> Spent {
        let before = counters::thread();
        let spent = self.frames.close(token, number, now, before - self.overhead);
        self.overhead = self.overhead + (counters::thread() - before);
        spent
    }

    #[inline]
    fn record(&mut self, number: u32, epoch: u64, change: impl FnOnce(&Writer<'_>)) {
        if epoch == control::epoch() {
            let before = counters::thread();
            self.slot(number).update(epoch, change);
            self.overhead = self.overhead + (counters::thread() - before);
        }
        if self.ending && self.frames.is_empty() {
            self.retire();
        }
    }

    /// Frees everything; guards that are still open somewhere count their call and its duration only.
    fn retire(&mut self) {
        if let Some(block) = self.block.take() {
            block::release(block);
        }
        *self = Self { ending: true, frames: Frames::new(self.frames.serial()), ..Self::new() };
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
