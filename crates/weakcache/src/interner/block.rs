//! One block per value: the count of its handles, its hash, the way home, and the value in place.
//!
//! A block is made with one handle and freed by the drop of the last. The count never leaves 0: what is dead stays
//! dead. The table of the home knows a block by its bare address, a [`Slot`]; the last handle takes it out, under the
//! lock, before anything of the block goes, so that what lies in a table under its lock may be read.
#![allow(unsafe_code, reason = "a pointer one word wide to a value of any length")]

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ops::Deref;
use core::ptr::{self, NonNull};
use std::alloc;
use std::process::abort;

use lagom_base::sync::Arc;
use lagom_base::sync::atomic::AtomicU32;
use lagom_base::sync::atomic::Ordering::{AcqRel, Relaxed};

use crate::interner::hash::ShortHash;
use crate::interner::place::Place;
use crate::interner::shard::Shard;
use crate::nested;

/// More handles than this end the process, before the count can wrap: leaked ones, for they do not fit into memory.
const MOST_HANDLES: u32 = u32::MAX / 2;

/// The begin of a block.
#[repr(C)]
struct Head<T: Place + ?Sized> {
    handles: AtomicU32,
    hash: ShortHash,
    home: Arc<Shard<T>>,
}

/// A block, as it lies in memory.
#[repr(C)]
struct Block<T: Place + ?Sized> {
    head: Head<T>,
    /// Right behind the head, see [`whole`].
    len: T::Len,
    value: T,
}

/// The way from the begin of a block to all of it.
///
/// # Safety
/// `head` points to a block that is not freed, with the provenance of all of it.
#[inline]
unsafe fn whole<T: Place + ?Sized>(head: NonNull<Head<T>>) -> *mut Block<T> {
    const { assert!(align_of::<T::Len>() <= align_of::<Head<T>>(), "no gap before the length") };
    // SAFETY: the length lies at the end of the head, and a block has both.
    let len = unsafe { head.add(1) }.cast::<T::Len>();
    // SAFETY: it was written when the block was made, and never again.
    let len = unsafe { len.read() };
    // The value is the last field: its length is that of the pointer to the block.
    T::pointer(head.as_ptr().cast(), len) as *mut Block<T>
}

/// One of those that keep a block alive.
pub(super) struct Held<T: Place + ?Sized> {
    head: NonNull<Head<T>>,
    owned: PhantomData<T>,
}

// SAFETY: a handle gives `&T` away, and with the last one `T` is dropped by whoever has it: the same as `Arc<T>`.
unsafe impl<T: Place + Send + Sync + ?Sized> Send for Held<T> {}
// SAFETY: as above; whoever has `&Held<T>` can clone it.
unsafe impl<T: Place + Send + Sync + ?Sized> Sync for Held<T> {}

impl<T: Place + ?Sized> Held<T> {
    /// A block of its own for `value`, which the home does not know yet.
    pub(super) fn new(value: Box<T>, hash: ShortHash, home: &Arc<Shard<T>>) -> Self {
        // SAFETY: the bytes are the value's only home from here on: the box is freed without dropping it.
        let held = unsafe { Self::from_bytes(&value, hash, home) };
        let moved = Box::into_raw(value) as *mut ManuallyDrop<T>;
        // SAFETY: it comes from a box of the same layout.
        drop(unsafe { Box::from_raw(moved) });
        held
    }

    /// The same for a copy of `value`, if that takes no more than to copy bytes.
    pub(super) fn copy(value: &T, hash: ShortHash, home: &Arc<Shard<T>>) -> Option<Self> {
        // SAFETY: the type says that a copy of the bytes is a value.
        T::IS_BYTES.then(|| unsafe { Self::from_bytes(value, hash, home) })
    }

    /// Panics, if at all, before anything is copied.
    ///
    /// # Safety
    /// The bytes of `value` are a value that the block may own.
    unsafe fn from_bytes(value: &T, hash: ShortHash, home: &Arc<Shard<T>>) -> Self {
        const TOO_LARGE: &str = "a value in memory and a few bytes fit into memory";
        let len = value.length();
        let (layout, _) = Layout::new::<Head<T>>().extend(Layout::new::<T::Len>()).expect(TOO_LARGE);
        let (layout, offset) = layout.extend(Layout::for_value(value)).expect(TOO_LARGE);
        let layout = layout.pad_to_align();
        // SAFETY: not empty: it has a head.
        let memory = unsafe { alloc::alloc(layout) };
        let Some(head) = NonNull::new(memory.cast::<Head<T>>()) else { alloc::handle_alloc_error(layout) };
        let new = Head { handles: AtomicU32::new(1), hash, home: Arc::clone(home) };
        // SAFETY: within the new memory, and aligned as the layout is.
        unsafe { head.write(new) };
        // SAFETY: the length comes right after the head, where `whole` looks for it.
        let behind = unsafe { head.add(1) };
        // SAFETY: within the new memory; no more aligned than the head is.
        unsafe { behind.cast::<T::Len>().write(len) };
        // SAFETY: within the new memory, where a block has its value.
        let place = unsafe { memory.add(offset) };
        // SAFETY: new memory overlaps with nothing.
        unsafe { ptr::copy_nonoverlapping(ptr::from_ref(value).cast::<u8>(), place, size_of_val(value)) };
        Self { head, owned: PhantomData }
    }

    #[inline]
    fn head(&self) -> &Head<T> {
        // SAFETY: a handle keeps its block.
        unsafe { self.head.as_ref() }
    }

    /// Of the block, not of the value: values of size 0 have one too.
    #[inline]
    pub(super) fn address(&self) -> *const () {
        self.head.as_ptr().cast()
    }

    #[inline]
    pub(super) fn hash(&self) -> ShortHash {
        self.head().hash
    }

    pub(super) fn slot(&self) -> Slot<T> {
        Slot(self.head)
    }
}

impl<T: Place + ?Sized> Deref for Held<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: a handle keeps its block.
        let block = unsafe { whole(self.head) };
        // SAFETY: the value is shared from its making until its last handle is gone.
        unsafe { &(*block).value }
    }
}

impl<T: Place + ?Sized> Clone for Held<T> {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: who has a handle knows of the value already.
        if self.head().handles.fetch_add(1, Relaxed) > MOST_HANDLES {
            abort();
        }
        Self { head: self.head, owned: PhantomData }
    }
}

impl<T: Place + ?Sized> Drop for Held<T> {
    #[inline]
    fn drop(&mut self) {
        // What was done with the value by way of any handle happens before its end. Not with a fence, as `Arc` does it:
        // it costs the same here, and the thread sanitizer understands this.
        if self.head().handles.fetch_sub(1, AcqRel) == 1 {
            // SAFETY: this handle was the last, and the count stays at 0.
            unsafe { die(self.head) };
        }
    }
}

/// The end of a block.
///
/// # Safety
/// Its last handle is gone, and this is called once.
#[inline(never)]
unsafe fn die<T: Place + ?Sized>(head: NonNull<Head<T>>) {
    // SAFETY: the block is still there.
    let home = unsafe { &raw const (*head.as_ptr()).home };
    // SAFETY: nobody takes it but this, and what remains of the block does not use it.
    let home = unsafe { home.read() };
    home.erase(Slot(head));
    let remains = Remains(head);
    if mem::needs_drop::<T>() { nested::drop_later_if_deep(remains) } else { drop(remains) }
}

/// A block that no table knows and no handle holds, and whose home is taken.
struct Remains<T: Place + ?Sized>(NonNull<Head<T>>);

impl<T: Place + ?Sized> Drop for Remains<T> {
    fn drop(&mut self) {
        struct Free(*mut u8, Layout);

        impl Drop for Free {
            fn drop(&mut self) {
                // SAFETY: allocated with this layout, and used no more.
                unsafe { alloc::dealloc(self.0, self.1) };
            }
        }

        // SAFETY: not freed yet.
        let block = unsafe { whole(self.0) };
        // SAFETY: the value is not dropped yet.
        let layout = Layout::for_value(unsafe { &*block });
        // Also when the drop of the value panics.
        let _free = Free(block.cast(), layout);
        // SAFETY: nobody but this holds the block.
        let value = unsafe { &raw mut (*block).value };
        // SAFETY: as above; it is dropped once.
        unsafe { value.drop_in_place() };
    }
}

/// The address of a block, in the table of its home.
pub(super) struct Slot<T: Place + ?Sized>(NonNull<Head<T>>);

// SAFETY: a table reads what all may read, and makes handles, which are sent under the same condition.
unsafe impl<T: Place + Send + Sync + ?Sized> Send for Slot<T> {}

impl<T: Place + ?Sized> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Place + ?Sized> Copy for Slot<T> {}

impl<T: Place + ?Sized> PartialEq for Slot<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Place + ?Sized> Slot<T> {
    /// What the block was placed by.
    ///
    /// # Safety
    /// The block is not freed: the slot lies in a table whose lock is held, or the caller has the block.
    #[inline]
    pub(super) unsafe fn hash(self) -> ShortHash {
        // SAFETY: not freed, says the caller; the hash is never written again.
        unsafe { (*self.0.as_ptr()).hash }
    }

    /// A handle, unless the block is dying.
    ///
    /// # Safety
    /// The slot lies in a table whose lock is held.
    #[inline]
    pub(super) unsafe fn hold(self) -> Option<Held<T>> {
        // SAFETY: not freed, says the caller.
        let handles = unsafe { &(*self.0.as_ptr()).handles };
        // Relaxed: the lock hands on what the maker of the value wrote.
        match handles.fetch_add(1, Relaxed) {
            0 => {
                // Dying, and nobody can see the count in between: others look at it under the same lock.
                handles.store(0, Relaxed);
                None
            }
            count if count > MOST_HANDLES => abort(),
            _ => Some(Held { head: self.0, owned: PhantomData }),
        }
    }

    /// Whether the last handle is gone; then this remains so.
    ///
    /// # Safety
    /// The slot lies in a table whose lock is held.
    pub(super) unsafe fn is_dying(self) -> bool {
        // SAFETY: not freed, says the caller.
        let handles = unsafe { &(*self.0.as_ptr()).handles };
        handles.load(Relaxed) == 0
    }

    /// The bytes of the block, and those of the value in it.
    ///
    /// # Safety
    /// As for [`hash`](Self::hash); the value is not dropped.
    pub(super) unsafe fn bytes(self) -> (usize, usize) {
        // SAFETY: not freed, says the caller.
        let block = unsafe { whole(self.0) };
        // SAFETY: nor is its value dropped; whoever dies has shared access until then as well.
        let block = unsafe { &*block };
        (size_of_val(block), size_of_val(&block.value))
    }
}
