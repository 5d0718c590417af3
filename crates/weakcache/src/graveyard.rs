//! Long chains of deaths without deep stacks.
//!
//! A value may hold the last handle of another entry, whose value holds the next, and so on. Dropped naively, the stack
//! grows with the chain. Here only the first [`DEPTH_LIMIT`] deaths nest; deeper ones wait in a queue of their thread,
//! which the outermost death empties before it is over.

use core::any::Any;
use core::cell::{Cell, RefCell};

/// So many deaths nest on the stack before the next one is put off.
const DEPTH_LIMIT: usize = 64;

std::thread_local! {
    /// How many values of entries are being dropped right now by this thread, one inside the other.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// The last owners of entries whose drop was put off.
    static WAITING: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps `owner` until the outermost death of this thread is over, if deaths nest too deeply to drop it now.
pub(crate) fn defer_if_deep<T: 'static>(owner: impl FnOnce() -> T) {
    if DEPTH.get() >= DEPTH_LIMIT {
        let owner: Box<dyn Any> = Box::new(owner());
        // While the thread itself is torn down there is no queue any more: drop at once then.
        let _ = WAITING.try_with(move |waiting| waiting.borrow_mut().push(owner));
    }
}

/// Declared as the field before a value: its drop marks the begin of the value's drop.
pub(crate) struct Opening;

impl Drop for Opening {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() + 1);
    }
}

/// Declared as the field after a value: its drop marks the end of the value's drop, also when that panicked.
pub(crate) struct Closing;

impl Drop for Closing {
    fn drop(&mut self) {
        let _end = End;
        if DEPTH.get() == 1 {
            // Still at depth 1, so that the deaths in here leave the queue to this loop.
            let _rest = Rest;
            Rest::drop_all();
        }
    }
}

/// Leaves one level of deaths, also when a drop put off until now panics.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// What waits in the queue, dropped also when one of the drops panics.
struct Rest;

impl Rest {
    fn drop_all() {
        while let Some(owner) = WAITING.try_with(|waiting| waiting.borrow_mut().pop()).ok().flatten() {
            drop(owner);
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        Self::drop_all();
    }
}
