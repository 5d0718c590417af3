//! What each thread says of what it looks at, so that nothing is freed under its eyes.
//!
//! A reader writes what it is about to look at, and then checks that it is still there. Who wants to free something makes
//! sure first that it is found no more, then fences every thread, and then looks at what the readers have written (hazard
//! pointers, Michael 2004, with the reader's fence left to the rare side, as in Dice, Herlihy and Kogan 2016).

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use core::ptr;

use lagom_base::fence;
use lagom_base::per_thread::PerThread;
use lagom_base::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use lagom_base::sync::cell::UnsafeCell;

use crate::shared::node::{Header, NodePtr};

/// Memory that readers look at. For the models, which see by it whether it is freed under somebody's eyes; takes no room.
pub(super) struct Watched(UnsafeCell<()>);

impl Watched {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(()))
    }

    /// A reader is about to look at it.
    #[inline]
    pub(super) fn look(&self) {
        self.0.with(|_| ());
    }

    /// It is about to be freed; whether that is to be done: a model needs it to tell who looks at it afterwards.
    pub(super) fn end(&self) -> bool {
        self.0.with_mut(|_| ());
        !cfg!(lagom_loom)
    }
}

/// Nodes that a thread may have borrowed at once; who wants more takes handles.
const BORROWS: usize = if cfg!(lagom_loom) { 1 } else { 4 };

/// What one thread says and counts. Written by that thread alone.
#[repr(align(128))]
pub(super) struct Reader {
    /// Whether it is looking through a table.
    pinned: AtomicUsize,
    /// Nodes that it has borrowed.
    borrowed: [AtomicPtr<Header>; BORROWS],
    /// Whether others wait for the end of one of its borrows. Set by them.
    told: AtomicUsize,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Reader {
    fn new() -> Self {
        Self {
            pinned: AtomicUsize::new(0),
            borrowed: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            told: AtomicUsize::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Until the end of `f`, which must not come back here, no memory of tables and nodes is freed.
    #[inline]
    pub(super) fn pinned<R>(&self, f: impl FnOnce() -> R) -> R {
        self.pinned.store(1, Ordering::Relaxed);
        fence::light();
        let result = f();
        self.pinned.store(0, Ordering::Release);
        result
    }

    /// A place for a borrowed node, if one is free.
    #[inline]
    pub(super) fn place(&self) -> Option<&AtomicPtr<Header>> {
        self.borrowed.iter().find(|place| place.load(Ordering::Relaxed).is_null())
    }

    /// Whether somebody waits for the end of a borrow that has just ended.
    #[inline]
    pub(super) fn is_told(&self) -> bool {
        fence::light();
        self.told.load(Ordering::Relaxed) != 0
    }

    pub(super) fn set_told(&self, told: bool) {
        self.told.store(usize::from(told), Ordering::Relaxed);
    }

    pub(super) fn has(&self, node: NodePtr) -> bool {
        self.borrowed.iter().any(|place| place.load(Ordering::Acquire) == node.as_ptr())
    }

    fn name(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    #[inline]
    pub(super) fn count_hit(&self) {
        Self::count(&self.hits);
    }

    #[inline]
    pub(super) fn count_miss(&self) {
        Self::count(&self.misses);
    }

    /// No other thread writes to it.
    #[inline]
    fn count(count: &AtomicU64) {
        count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
    }
}

/// The readers of a cache.
pub(super) struct Readers(PerThread<Reader>);

impl Readers {
    pub(super) fn new() -> Self {
        fence::prepare();
        Self(PerThread::new())
    }

    /// That of the calling thread; `None` when it is ending.
    #[inline]
    pub(super) fn own(&self) -> Option<&Reader> {
        self.0.get_or_init(Reader::new)
    }

    /// The readers that were under way before this was called, or are. What is to be freed must be unfindable already.
    pub(super) fn pinned(&self) -> Vec<usize> {
        fence::heavy();
        let pinned = self.0.iter().filter(|reader| reader.pinned.load(Ordering::Acquire) != 0);
        pinned.map(Reader::name).collect()
    }

    /// Those of them that are not seen at an end.
    pub(super) fn still_pinned(&self, readers: &[usize]) -> Vec<usize> {
        let named = self.0.iter().filter(|reader| readers.contains(&reader.name()));
        named.filter(|reader| reader.pinned.load(Ordering::Acquire) != 0).map(Reader::name).collect()
    }

    /// Makes sure that [`has_borrowed`](Self::has_borrowed) sees what was borrowed before this was called.
    pub(super) fn look(&self) {
        fence::heavy();
    }

    /// Whether a thread has borrowed the node. To be asked after [`look`](Self::look).
    pub(super) fn has_borrowed(&self, node: NodePtr) -> bool {
        self.0.iter().any(|reader| reader.has(node))
    }

    /// Tells the threads that have borrowed the node that somebody waits; whether there are any.
    pub(super) fn tell(&self, node: NodePtr) -> bool {
        self.look();
        let mut any = false;
        for reader in self.0.iter().filter(|reader| reader.has(node)) {
            reader.set_told(true);
            any = true;
        }
        any
    }

    /// Whether there are threads that have borrowed the node, and all of them know that somebody waits.
    pub(super) fn all_told(&self, node: NodePtr) -> bool {
        self.look();
        let mut any = false;
        for reader in self.0.iter().filter(|reader| reader.has(node)) {
            if reader.told.load(Ordering::Relaxed) == 0 {
                return false;
            }
            any = true;
        }
        any
    }

    /// Lookups that hit, and that missed.
    pub(super) fn counts(&self) -> (u64, u64) {
        let add = |(hits, misses): (u64, u64), reader: &Reader| {
            (hits + reader.hits.load(Relaxed), misses + reader.misses.load(Relaxed))
        };
        self.0.iter().fold((0, 0), add)
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.0.allocated_bytes()
    }
}
