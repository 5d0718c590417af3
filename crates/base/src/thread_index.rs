//! Small numbers for threads: dense, one per living thread, used again when a thread has ended.

use smallvec::SmallVec;

/// The number of a thread that has none: not yet, or no more.
pub const NONE: u32 = u32::MAX;

/// Numbers below this one are near: a table of so many places serves the threads that have them, see [`near`].
pub const NEAR: usize = 32;

/// What is to be done when a thread ends; see [`at_exit`].
pub trait Exit {
    /// Runs when the thread ends, while it still has its number.
    fn exit(&self, index: u32);

    /// Whether nothing will be left to do: then it may be forgotten early.
    fn is_obsolete(&self) -> bool;
}

#[cfg(lagom_loom)]
pub use model::{at_exit, current, near, register};
#[cfg(not(lagom_loom))]
pub use native::{at_exit, current, near, register};

/// A thread mostly works with few structures that want to know of its end.
type Hooks = SmallVec<[Box<dyn Exit>; 4]>;

/// The exits of one thread, and its number.
struct Exits {
    index: u32,
    hooks: Hooks,
    /// When so many hooks are there, the obsolete ones are forgotten.
    prune_at: usize,
}

impl Exits {
    fn new(index: u32) -> Self {
        Self { index, hooks: Hooks::new(), prune_at: 16 }
    }

    /// Adds a hook; amortized, the obsolete ones never outnumber the others for long.
    fn push(&mut self, hook: Box<dyn Exit>) -> Hooks {
        let mut obsolete = Hooks::new();
        if self.hooks.len() >= self.prune_at {
            let (dead, alive) = std::mem::take(&mut self.hooks).into_iter().partition(|hook| hook.is_obsolete());
            (obsolete, self.hooks) = (dead, alive);
            self.prune_at = 16.max(2 * self.hooks.len());
        }
        self.hooks.push(hook);
        obsolete
    }
}

#[cfg(not(lagom_loom))]
mod native {
    use std::cell::{Cell, RefCell};
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::{Exit, Exits, NEAR, NONE};

    thread_local! {
        /// Without a destructor, so that reading it is one load and it can be read while others are torn down.
        static INDEX: Cell<u32> = const { Cell::new(NONE) };
        /// Never beyond [`NEAR`].
        static NEAR_INDEX: Cell<usize> = const { Cell::new(NEAR) };
        static EXITS: Leaving = const { Leaving(RefCell::new(None)) };
    }

    /// Numbers that no thread has, and the first that none has ever had.
    static FREE: parking_lot::Mutex<(BinaryHeap<Reverse<u32>>, u32)> = parking_lot::const_mutex((BinaryHeap::new(), 0));

    /// The number of the calling thread, or [`NONE`].
    #[inline]
    pub fn current() -> u32 {
        INDEX.get()
    }

    /// The number of the calling thread, or [`NEAR`] if it is not below that, or the thread has none. Never beyond.
    #[inline]
    pub fn near() -> usize {
        NEAR_INDEX.get()
    }

    /// The number of the calling thread, which gets the smallest free one if it has none yet.
    ///
    /// `None` when the thread is ending.
    pub fn register() -> Option<u32> {
        let index = INDEX.get();
        if index != NONE {
            return Some(index);
        }
        EXITS
            .try_with(|exits| {
                let mut exits = exits.0.borrow_mut();
                let mut free = FREE.lock();
                let index = match free.0.pop() {
                    Some(Reverse(index)) => index,
                    None => {
                        free.1 += 1;
                        free.1 - 1
                    }
                };
                *exits = Some(Exits::new(index));
                INDEX.set(index);
                NEAR_INDEX.set(NEAR.min(index as usize));
                index
            })
            .ok()
    }

    /// Has `hook` run when the calling thread ends; false when it is ending already or has no number.
    pub fn at_exit(hook: Box<dyn Exit>) -> bool {
        let pushed = EXITS.try_with(|exits| exits.0.borrow_mut().as_mut().map(|exits| exits.push(hook)));
        // What is obsolete is dropped here, outside of the borrow.
        matches!(pushed, Ok(Some(_)))
    }

    struct Leaving(RefCell<Option<Exits>>);

    impl Drop for Leaving {
        fn drop(&mut self) {
            if let Some(exits) = self.0.take() {
                for hook in &exits.hooks {
                    hook.exit(exits.index);
                }
                INDEX.set(NONE);
                NEAR_INDEX.set(NEAR);
                FREE.lock().0.push(Reverse(exits.index));
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
        use std::sync::{Arc, Barrier};
        use std::thread;

        use super::*;

        struct Note(Arc<AtomicU32>, bool);

        impl Exit for Note {
            fn exit(&self, index: u32) {
                assert_eq!(current(), index);
                self.0.fetch_add(1, Relaxed);
            }

            fn is_obsolete(&self) -> bool {
                self.1
            }
        }

        #[test]
        fn living_threads_have_different_numbers_and_dead_ones_give_theirs_back() {
            for _ in 0..20 {
                let barrier = Barrier::new(8);
                let mut indices: Vec<u32> = thread::scope(|scope| {
                    let thread = || {
                        assert_eq!(current(), NONE);
                        let index = register().unwrap();
                        assert_eq!((current(), register()), (index, Some(index)));
                        assert_eq!(near(), NEAR.min(index as usize));
                        barrier.wait();
                        index
                    };
                    let threads: Vec<_> = (0..8).map(|_| scope.spawn(thread)).collect();
                    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
                });
                indices.sort_unstable();
                indices.dedup();
                assert_eq!(indices.len(), 8);
                assert!(indices[7] < 200, "numbers are used again: {indices:?}");
            }
        }

        #[test]
        fn exits_run_once_each_and_obsolete_ones_may_not() {
            let (kept, obsolete) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
            let notes = (Arc::clone(&kept), Arc::clone(&obsolete));
            thread::spawn(move || {
                assert!(!at_exit(Box::new(Note(Arc::clone(&notes.0), false))), "no number yet");
                register();
                for _ in 0..50 {
                    assert!(at_exit(Box::new(Note(Arc::clone(&notes.0), false))));
                    assert!(at_exit(Box::new(Note(Arc::clone(&notes.1), true))));
                }
            })
            .join()
            .unwrap();
            assert_eq!(kept.load(Relaxed), 50);
            assert!(obsolete.load(Relaxed) < 50);
            assert_eq!(Arc::strong_count(&obsolete), 1);
        }
    }
}

#[cfg(lagom_loom)]
mod model {
    use std::cell::{Cell, RefCell};

    use super::{Exit, Exits, NEAR, NONE};

    loom::thread_local! {
        static INDEX: Cell<u32> = Cell::new(NONE);
        static EXITS: Leaving = Leaving(RefCell::new(None));
    }

    loom::lazy_static! {
        /// Not modelled: it only numbers threads, anew in every execution.
        static ref NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    }

    /// The number of the calling thread, or [`NONE`].
    pub fn current() -> u32 {
        INDEX.try_with(Cell::get).unwrap_or(NONE)
    }

    /// The number of the calling thread, or [`NEAR`] if it is not below that, or the thread has none. Never beyond.
    pub fn near() -> usize {
        NEAR.min(current() as usize)
    }

    /// The number of the calling thread, which gets one if it has none yet.
    ///
    /// `None` when the thread is ending.
    pub fn register() -> Option<u32> {
        let index = current();
        if index != NONE {
            return Some(index);
        }
        let index = EXITS.try_with(|exits| {
            let index = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            *exits.0.borrow_mut() = Some(Exits::new(index));
            index
        });
        let index = index.ok()?;
        INDEX.try_with(|current| current.set(index)).ok()?;
        Some(index)
    }

    /// Has `hook` run when the calling thread ends; false when it is ending already or has no number.
    pub fn at_exit(hook: Box<dyn Exit>) -> bool {
        let pushed = EXITS.try_with(|exits| exits.0.borrow_mut().as_mut().map(|exits| exits.push(hook)));
        matches!(pushed, Ok(Some(_)))
    }

    struct Leaving(RefCell<Option<Exits>>);

    impl Drop for Leaving {
        fn drop(&mut self) {
            if let Some(exits) = self.0.take() {
                for hook in &exits.hooks {
                    hook.exit(exits.index);
                }
                let _ = INDEX.try_with(|index| index.set(NONE));
            }
        }
    }
}
