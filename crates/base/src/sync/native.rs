//! The real primitives.

pub use parking_lot::{Condvar, Mutex, MutexGuard};
pub use std::sync::{Arc, atomic};
pub use std::thread::ThreadId;
pub use std::thread_local;

std::thread_local! {
    /// Without a destructor: one load, where `thread::current` counts a handle up and down.
    static CURRENT: core::cell::Cell<Option<ThreadId>> = const { core::cell::Cell::new(None) };
}

/// The identity of the calling thread.
#[inline]
pub fn current_thread() -> ThreadId {
    CURRENT.get().unwrap_or_else(|| {
        let id = std::thread::current().id();
        CURRENT.set(Some(id));
        id
    })
}

/// A reference that does not keep its value alive.
#[derive(Debug)]
pub struct Weak<T>(std::sync::Weak<T>);

impl<T> Weak<T> {
    /// A weak reference to what `strong` refers to.
    pub fn new(strong: &Arc<T>) -> Self {
        Self(Arc::downgrade(strong))
    }

    /// A strong reference, if the value is alive.
    pub fn upgrade(&self) -> Option<Arc<T>> {
        self.0.upgrade()
    }

    /// Whether the value is gone.
    pub fn is_dangling(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// Lets other threads run, in the `round`th round of waiting: later rounds also those of lower priority.
pub fn wait_a_little(round: u32) {
    if round < 100 {
        std::thread::yield_now();
    } else {
        std::thread::sleep(core::time::Duration::from_micros(50));
    }
}

/// A cell whose uses a model can watch.
pub mod cell {
    /// [`core::cell::UnsafeCell`] with the surface of loom's.
    #[derive(Debug, Default)]
    pub struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// A cell that holds `value`.
        pub const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// Calls `f` with a pointer to read from.
        #[inline]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Calls `f` with a pointer to write to.
        #[inline]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}
