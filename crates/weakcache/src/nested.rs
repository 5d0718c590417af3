//! Long chains of drops without deep stacks.
//!
//! A value may hold the last handle of another, which holds the next, and so on. Dropped naively, the stack grows with
//! the chain. Here only the first [`DEPTH_LIMIT`] drops nest; deeper ones wait in a queue of their thread, which the
//! outermost drop empties before it is over.

use core::any::Any;
use core::cell::{Cell, RefCell};
use core::mem::{self, ManuallyDrop};

/// So many drops nest on the stack before the next one is put off.
const DEPTH_LIMIT: usize = 64;

std::thread_local! {
    /// How many drops this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// What was put off. Without a destructor, so that it serves while the thread is torn down: the outermost drop
    /// leaves nothing behind, not even the memory of the list.
    static PUT_OFF: RefCell<ManuallyDrop<Vec<Box<dyn Any>>>> = const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// Drops `remains` now or, where drops nest too deeply, before the outermost of them returns.
pub(crate) fn drop_later_if_deep<T: 'static>(remains: T) {
    if DEPTH.get() >= DEPTH_LIMIT {
        PUT_OFF.with_borrow_mut(|waiting| waiting.push(Box::new(remains)));
        return;
    }
    DEPTH.set(DEPTH.get() + 1);
    let _end = End;
    drop(remains);
}

/// The end of one drop, also of one that panicked.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        /// Leaves the outermost level only when the queue is empty, so that the drops in there use it too.
        struct Leave;

        impl Drop for Leave {
            fn drop(&mut self) {
                DEPTH.set(DEPTH.get() - 1);
            }
        }

        let _leave = Leave;
        if DEPTH.get() == 1 {
            let _rest = Rest;
            Rest::drop_all();
        }
    }
}

/// What waits in the queue, dropped also when one of the drops panics.
struct Rest;

impl Rest {
    fn drop_all() {
        while let Some(remains) = PUT_OFF.with_borrow_mut(|waiting| waiting.pop()) {
            drop(remains);
        }
        drop(PUT_OFF.with_borrow_mut(|waiting| mem::take(&mut **waiting)));
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        Self::drop_all();
    }
}
