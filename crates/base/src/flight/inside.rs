//! For whom the calling thread works now.

use std::cell::RefCell;
use std::marker::PhantomData;

use smallvec::SmallVec;

use crate::flight::graph::{Parties, Party};
use crate::sync::thread_local;

thread_local! {
    /// The outermost first.
    static STACK: RefCell<SmallVec<[Party; 4]>> = RefCell::new(SmallVec::new());
}

impl Party {
    /// Until the guard drops, what the calling thread waits for, as a thread or as a task, is waited for by this party: to
    /// be held while its computation runs, is polled, or is dropped. Guards drop in the reverse order of their making.
    ///
    /// In a thread that is ending nothing is noted.
    pub fn enter(self) -> Inside {
        let entered = STACK.try_with(|stack| stack.borrow_mut().push(self)).is_ok();
        Inside { entered, of_this_thread: PhantomData }
    }
}

/// The calling thread works for a [`Party`], from [`Party::enter`].
#[must_use = "it ends when this is dropped"]
#[derive(Debug)]
pub struct Inside {
    entered: bool,
    of_this_thread: PhantomData<*const ()>,
}

impl Drop for Inside {
    fn drop(&mut self) {
        if self.entered {
            // In a thread that is ending there is nothing to take back.
            let _ = STACK.try_with(|stack| stack.borrow_mut().pop());
        }
    }
}

/// For whom the calling thread works: all of them wait when it does.
pub(super) fn all() -> Parties {
    STACK.try_with(|stack| stack.borrow().iter().copied().collect()).unwrap_or_default()
}
