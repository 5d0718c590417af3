//! The same for models: few threads, whose values are found by modelled pointers, so that it shows who may miss whom.

use std::ptr;

use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::thread_index;

/// No model has more threads.
const THREADS: usize = 5;

/// A value for each thread that asked for one. A value stays when its thread ends.
#[derive(Debug)]
pub struct PerThread<T> {
    places: [AtomicPtr<T>; THREADS],
    /// The same, for the thread itself: not modelled, as it finds its own value always.
    own: [std::sync::atomic::AtomicPtr<T>; THREADS],
}

// SAFETY: it owns its values, and lets every thread look at them.
unsafe impl<T: Send + Sync> Send for PerThread<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for PerThread<T> {}

impl<T> PerThread<T> {
    /// No values yet.
    pub fn new() -> Self {
        Self {
            places: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            own: [const { std::sync::atomic::AtomicPtr::new(ptr::null_mut()) }; THREADS],
        }
    }

    /// The value of the calling thread, if it has one.
    pub fn get(&self) -> Option<&T> {
        let own = self.own.get(thread_index::current() as usize)?;
        // SAFETY: null, or from a box that `self` keeps.
        unsafe { own.load(Ordering::Relaxed).as_ref() }
    }

    /// The value of the calling thread, from `make` if it has none yet; `None` when the thread is ending.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> Option<&T> {
        if let Some(own) = self.get() {
            return Some(own);
        }
        let index = thread_index::register()? as usize;
        let value = Box::into_raw(Box::new(make()));
        self.own[index].store(value, Ordering::Relaxed);
        self.places[index].store(value, Ordering::Release);
        self.get()
    }

    /// The values of all threads, also of those that have ended.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        // SAFETY: as in `get`.
        self.places.iter().filter_map(|place| unsafe { place.load(Ordering::Acquire).as_ref() })
    }

    /// Nothing that a model would ask for.
    pub fn allocated_bytes(&self) -> usize {
        0
    }
}

impl<T> Default for PerThread<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for PerThread<T> {
    fn drop(&mut self) {
        for place in &mut self.places {
            let value = place.with_mut(|value| *value);
            if !value.is_null() {
                // SAFETY: it came from a box, and nobody looks at it any more.
                drop(unsafe { Box::from_raw(value) });
            }
        }
    }
}
