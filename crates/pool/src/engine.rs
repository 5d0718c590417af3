//! What a pool and its guards share: the idle objects behind one lock, and the rules of going out and coming back.
//!
//! No code of a user runs under the lock: not the factory, not the hooks, not `T::drop`.

use std::mem;
use std::panic::RefUnwindSafe;

use lagom_base::sync::Mutex;
use lagom_base::sync::atomic::{AtomicBool, Ordering};

use crate::builder::{Factory, PoolBuilder, Reset, RetainIf};
use crate::stats::Stats;

pub(crate) struct Engine<T> {
    factory: Factory<T>,
    reset: Option<Reset<T>>,
    retain_if: Option<RetainIf<T>>,
    max_idle: usize,
    /// Set once, under the lock of `shelf`, when the pool is dropped. Read without it only to spare the hooks.
    gone: AtomicBool,
    shelf: Mutex<Shelf<T>>,
}

/// The idle objects, and the counts that must agree with them.
struct Shelf<T> {
    /// The last one is the warmest. Boxed, so that a push or a pop under the lock moves a pointer, whatever `T` is.
    idle: Vec<Box<T>>,
    in_use: usize,
    created: u64,
    reused: u64,
    prewarmed: u64,
    discarded: u64,
}

/// A panic in a hook discards the object, and no hook runs under the lock: an engine is never seen half changed.
impl<T> RefUnwindSafe for Engine<T> {}

impl<T> Engine<T> {
    pub(crate) fn new(builder: PoolBuilder<T>) -> Self {
        let PoolBuilder { factory, reset, retain_if, max_idle } = builder;
        let shelf = Shelf { idle: Vec::new(), in_use: 0, created: 0, reused: 0, prewarmed: 0, discarded: 0 };
        Self { factory, reset, retain_if, max_idle, gone: AtomicBool::new(false), shelf: Mutex::new(shelf) }
    }

    /// The object that came back last, or a new one.
    pub(crate) fn take(&self) -> Box<T> {
        let idle = self.shelf.lock().take();
        idle.unwrap_or_else(|| {
            let object = self.build();
            self.shelf.lock().count_created();
            object
        })
    }

    /// An object of the caller goes out as if it came from here.
    pub(crate) fn adopt(&self, value: T) -> Box<T> {
        let object = Box::new(value);
        self.shelf.lock().in_use += 1;
        object
    }

    /// An object that was out leaves for good.
    pub(crate) fn count_detached(&self) {
        self.shelf.lock().in_use -= 1;
    }

    /// An object comes back: reset and kept, or dropped.
    pub(crate) fn give_back(&self, mut object: Box<T>) {
        let panicking_hook = Discard(self);
        let fit = self.make_fit(&mut object);
        mem::forget(panicking_hook);
        let surplus = {
            let mut shelf = self.shelf.lock();
            let keep = fit && self.has_room(&shelf);
            shelf.give_back(object, keep)
        };
        drop(surplus);
    }

    pub(crate) fn prewarm(&self, n: usize) {
        // Counted once, so that threads that take the objects away do not keep this one here for ever.
        let missing = n.min(self.max_idle).saturating_sub(self.len());
        for _ in 0..missing {
            let object = self.build();
            let surplus = {
                let mut shelf = self.shelf.lock();
                let keep = self.has_room(&shelf);
                shelf.stock(object, keep)
            };
            if surplus.is_some() {
                return;
            }
        }
    }

    /// Drops the coldest idle objects, all but `keep`, and the memory that held them.
    pub(crate) fn trim(&self, keep: usize) {
        let surplus = self.shelf.lock().trim(keep);
        drop(surplus);
    }

    /// The pool is dropped: from now on nothing is kept.
    pub(crate) fn close(&self) {
        let idle = {
            let mut shelf = self.shelf.lock();
            self.gone.store(true, Ordering::Relaxed);
            mem::take(&mut shelf.idle)
        };
        drop(idle);
    }

    pub(crate) fn len(&self) -> usize {
        self.shelf.lock().idle.len()
    }

    pub(crate) fn max_idle(&self) -> usize {
        self.max_idle
    }

    pub(crate) fn stats(&self) -> Stats {
        let shelf = self.shelf.lock();
        Stats {
            created: shelf.created,
            reused: shelf.reused,
            prewarmed: shelf.prewarmed,
            discarded: shelf.discarded,
            idle: shelf.idle.len(),
            in_use: shelf.in_use,
            max_idle: self.max_idle,
        }
    }

    fn build(&self) -> Box<T> {
        Box::new(self.factory.build())
    }

    /// Runs the hooks; whether the object may be kept.
    fn make_fit(&self, object: &mut T) -> bool {
        // In an unwinding thread the object may be half written, and a panic in a hook would abort the process.
        if std::thread::panicking() || self.gone.load(Ordering::Relaxed) {
            return false;
        }
        if let Some(reset) = &self.reset {
            reset(object);
        }
        self.retain_if.as_ref().is_none_or(|retain_if| retain_if(object))
    }

    fn has_room(&self, shelf: &Shelf<T>) -> bool {
        !self.gone.load(Ordering::Relaxed) && shelf.idle.len() < self.max_idle
    }
}

impl<T> Shelf<T> {
    fn take(&mut self) -> Option<Box<T>> {
        let object = self.idle.pop()?;
        self.reused += 1;
        self.in_use += 1;
        Some(object)
    }

    fn count_created(&mut self) {
        self.created += 1;
        self.in_use += 1;
    }

    fn count_discarded(&mut self) {
        self.in_use -= 1;
        self.discarded += 1;
    }

    /// Keeps the object or hands it back, to be dropped outside of the lock.
    fn give_back(&mut self, object: Box<T>, keep: bool) -> Option<Box<T>> {
        if !keep {
            self.count_discarded();
            return Some(object);
        }
        self.in_use -= 1;
        self.idle.push(object);
        None
    }

    /// As [`give_back`](Self::give_back), for an object that was never out.
    fn stock(&mut self, object: Box<T>, keep: bool) -> Option<Box<T>> {
        self.prewarmed += 1;
        if !keep {
            self.discarded += 1;
            return Some(object);
        }
        self.idle.push(object);
        None
    }

    fn trim(&mut self, keep: usize) -> Vec<Box<T>> {
        let surplus = self.idle.len().saturating_sub(keep);
        if surplus == 0 {
            return Vec::new();
        }
        let kept = self.idle.split_off(surplus);
        mem::replace(&mut self.idle, kept)
    }
}

/// Counts an object as discarded if a hook unwinds past it; who gets by forgets this.
struct Discard<'a, T>(&'a Engine<T>);

impl<T> Drop for Discard<'_, T> {
    fn drop(&mut self) {
        self.0.shelf.lock().count_discarded();
    }
}
