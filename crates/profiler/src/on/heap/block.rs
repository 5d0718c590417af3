//! What one thread at a time writes to, and the list of all of it.
#![allow(unsafe_code, reason = "blocks lie in memory of their own, and go to the next thread when one ends")]

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

use super::names;
use super::sites::{Exact, Sampled};
use super::table::Table;
use super::tally::Tally;
use super::trace::ThreadTrace;
use crate::on::memory;
use crate::on::stack::StackCache;

/// The figures of one thread at a time. All zero is a valid one, as [`memory::reserve`] gives them; what a mode does not touch
/// takes no memory.
#[repr(C, align(128))]
pub(super) struct Block {
    pub(super) tally: Tally,
    /// Of the live bytes what the global figure knows already.
    pub(super) settled: AtomicI64,
    /// Bytes until the next sample.
    pub(super) left: AtomicI64,
    /// What the thread records no allocations for: the profiler's own work.
    aside: AtomicU32,
    pub(super) random: AtomicU64,
    pub(super) interval: AtomicU64,
    /// The number of the owner's name plus one; 0 until somebody asks.
    name: AtomicU32,
    /// Its place in the list, from 1.
    pub(super) number: AtomicU32,
    owned: AtomicBool,
    next: AtomicPtr<Block>,
    pub(super) exact: Table<Exact>,
    pub(super) sampled: Table<Sampled>,
    pub(super) trace: ThreadTrace,
    pub(super) stacks: StackCache,
}

// SAFETY: what is no atomic (`trace`, `stacks`) is used by the owner alone, and owning goes from thread to thread by `owned`.
unsafe impl Sync for Block {}

/// Blocks are never freed: there are as many as threads allocated at the same time.
static ALL: AtomicPtr<Block> = AtomicPtr::new(ptr::null_mut());
static COUNT: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// Without a destructor it can be reached until the very end of the thread.
    static OWN: Cell<Option<&'static Block>> = const { Cell::new(None) };
}

/// The calling thread's; `None` if the system has no memory for one.
#[inline(always)]
pub(super) fn own() -> Option<&'static Block> {
    match OWN.get() {
        None => claim(),
        block => block,
    }
}

/// The calling thread's, if it has allocated already.
#[inline(always)]
pub(super) fn own_if_any() -> Option<&'static Block> {
    OWN.get()
}

/// Takes a block that nobody owns, or makes one.
#[cold]
#[inline(never)]
fn claim() -> Option<&'static Block> {
    let block = match all().find(|block| block.take()) {
        Some(block) => {
            // Who reads what this thread will count reads what the one before it had carried over (see `tally`).
            fence(Ordering::Release);
            block
        }
        None => make()?,
    };
    OWN.set(Some(block));
    at_thread_end(block);
    Some(block)
}

fn make() -> Option<&'static Block> {
    let memory = memory::reserve(size_of::<Block>())?.cast::<Block>();
    // SAFETY: fresh zeroed memory of the block's size, page-aligned, for ever; all zero is a valid block.
    let block: &'static Block = unsafe { memory.as_ref() };
    block.owned.store(true, Ordering::Relaxed);
    block.number.store(COUNT.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
    let mut first = ALL.load(Ordering::Acquire);
    loop {
        block.next.store(first, Ordering::Relaxed);
        match ALL.compare_exchange_weak(first, memory.as_ptr(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return Some(block),
            Err(now) => first = now,
        }
    }
}

impl Block {
    fn take(&self) -> bool {
        !self.owned.load(Ordering::Relaxed)
            && self.owned.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// The number of the owner's name.
    #[inline(always)]
    pub(super) fn name(&self) -> u32 {
        match self.name.load(Ordering::Relaxed) {
            0 => {
                let name = names::own();
                self.name.store(name + 1, Ordering::Relaxed);
                name
            }
            known => known - 1,
        }
    }

    pub(super) fn is_aside(&self) -> bool {
        self.aside.load(Ordering::Relaxed) != 0
    }
}

/// Every block there is.
pub(super) fn all() -> impl Iterator<Item = &'static Block> {
    let mut next = &ALL;
    std::iter::from_fn(move || {
        // SAFETY: what is in the list was made by `make` and is never freed.
        let block: &'static Block = unsafe { next.load(Ordering::Acquire).as_ref() }?;
        next = &block.next;
        Some(block)
    })
}

/// Runs something of which no allocation is recorded; it is counted.
pub(crate) fn aside<R>(f: impl FnOnce() -> R) -> R {
    /// Also when `f` panics.
    struct Back(Option<&'static Block>);
    impl Drop for Back {
        fn drop(&mut self) {
            if let Some(block) = self.0 {
                block.aside.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
    let block = own();
    if let Some(block) = block {
        block.aside.fetch_add(1, Ordering::Relaxed);
    }
    let _back = Back(block);
    f()
}

fn give_back(block: &'static Block) {
    OWN.set(None);
    super::trace::flush(&block.trace);
    block.stacks.forget_thread();
    block.name.store(0, Ordering::Relaxed);
    block.owned.store(false, Ordering::Release);
}

/// A key of the threads library, not a thread-local of Rust: its destructors run after those of all thread-locals, and
/// setting one up allocates nothing. If something allocates even later, the block is claimed anew and this runs again.
#[cfg(unix)]
fn at_thread_end(block: &'static Block) {
    /// The key plus one, 0 as long as there is none.
    static KEY: AtomicU64 = AtomicU64::new(0);

    /// # Safety
    ///
    /// `block` was set for the key.
    unsafe extern "C" fn end(block: *mut libc::c_void) {
        // SAFETY: what was set for the key is a block, and they live for ever.
        if let Some(block) = unsafe { block.cast::<Block>().as_ref() } {
            give_back(block);
        }
    }

    let mut key = KEY.load(Ordering::Acquire);
    if key == 0 {
        let mut made: libc::pthread_key_t = 0;
        // SAFETY: writes the key; the destructor takes what is set for it.
        if unsafe { libc::pthread_key_create(&raw mut made, Some(end)) } != 0 {
            return;
        }
        key = u64::from(made as u32) + 1;
        if let Err(first) = KEY.compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: made above, and nobody knows it.
            unsafe { libc::pthread_key_delete(made) };
            key = first;
        }
    }
    // SAFETY: the key was created and is never deleted.
    unsafe { libc::pthread_setspecific((key - 1) as libc::pthread_key_t, ptr::from_ref(block).cast()) };
}

#[cfg(not(unix))]
fn at_thread_end(block: &'static Block) {
    struct End(&'static Block);
    impl Drop for End {
        fn drop(&mut self) {
            give_back(self.0);
        }
    }
    thread_local! {
        static END: Cell<Option<End>> = const { Cell::new(None) };
    }
    let _ = END.try_with(|end| end.set(Some(End(block))));
}
