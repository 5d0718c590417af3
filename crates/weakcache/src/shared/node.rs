//! The block of an entry: what its handles count, what a lookup compares, what a user sees.
//!
//! The memory of a node stays a node's while anybody may hold a stale pointer to it (see `slab`): of a node that may be
//! dead, or another entry's by now, nothing but the header is looked at.
#![allow(unsafe_code, reason = "a block whose parts have different owners at different times")]

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::mem::{self, MaybeUninit};
use core::ptr::NonNull;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use lagom_base::sync::atomic::{AtomicU8, AtomicU32, Ordering, fence};

use crate::shared::slab::Chunk;

/// The value is there. Until then a load is under way.
pub(super) const LIVE: u32 = 1;
/// It is in the table. Changes under the lock of its shard.
pub(super) const LINKED: u32 = 2;
/// It is in the strong tier, which has a handle. Changes under the lock.
pub(super) const STRONG: u32 = 4;
/// It is kept by name, which is a handle. Changes under the lock.
pub(super) const KEPT: u32 = 8;
/// Somebody may have borrowed it without a handle. Stays as long as it lives.
pub(super) const LENT: u32 = 16;

/// One handle.
const HANDLE: u32 = 32;
/// More handles than this were leaked on purpose.
const MOST_HANDLES: u32 = (u32::MAX / HANDLE / 2) * HANDLE;

/// The most that `uses` counts to.
pub(super) const MOST_USES: u8 = 3;

/// What is known of an entry without the types of its key and value.
#[repr(C, align(8))]
pub(crate) struct Header {
    /// The states above, and the number of handles, in one word: so that it takes one step to find an entry alive and keep
    /// it so, and one to leave the strong tier. Without handles it is dead or free, and stays so until it is begun anew.
    life: AtomicU32,
    /// Enough of the key's hash to find the slot.
    hash: AtomicU32,
    /// Where the strong tier keeps it; in a free node the next free one. Under the lock.
    seat: AtomicU32,
    /// How often it was found since it came into the strong tier, or last was passed over; up to `MOST_USES`.
    uses: AtomicU8,
    /// How far behind its chunk it lies.
    place: Distance,
}

/// A multiple of 8 bytes, which may be as long as a key.
#[derive(Clone, Copy)]
pub(super) struct Distance([u8; 3]);

impl Distance {
    /// As long as there may be.
    pub(super) const MOST: usize = (1 << 24) * 8 - 1;

    #[inline]
    pub(super) const fn new(bytes: usize) -> Self {
        assert!(bytes <= Self::MOST && bytes.is_multiple_of(8), "a chunk is short");
        let [a, b, c, _] = ((bytes / 8) as u32).to_le_bytes();
        Self([a, b, c])
    }

    /// The distance that [`number`](Self::number) gave.
    #[inline]
    pub(super) fn of(number: u32) -> Self {
        let [a, b, c, _] = number.to_le_bytes();
        Self([a, b, c])
    }

    /// The same, as a number below `u32::MAX`.
    #[inline]
    pub(super) fn number(self) -> u32 {
        let [a, b, c] = self.0;
        u32::from_le_bytes([a, b, c, 0])
    }

    #[inline]
    pub(super) fn bytes(self) -> usize {
        self.number() as usize * 8
    }
}

impl Header {
    #[inline]
    pub(super) fn new(place: Distance) -> Self {
        Self {
            life: AtomicU32::new(0),
            hash: AtomicU32::new(0),
            seat: AtomicU32::new(0),
            uses: AtomicU8::new(0),
            place,
        }
    }

    /// Adds a handle unless there is none: what is dead stays dead.
    #[inline]
    pub(super) fn try_hold(&self) -> bool {
        let mut life = self.life.load(Ordering::Relaxed);
        while life >= HANDLE {
            // Acquire: what the handle shows was written before the life began.
            match self.life.compare_exchange_weak(life, life + HANDLE, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => {
                    if life > MOST_HANDLES {
                        too_many_handles();
                    }
                    return true;
                }
                Err(now) => life = now,
            }
        }
        false
    }

    /// Adds a handle; the caller has one.
    #[inline]
    pub(super) fn hold(&self) {
        if self.life.fetch_add(HANDLE, Ordering::Relaxed) > MOST_HANDLES {
            too_many_handles();
        }
    }

    /// Adds a handle and states, which it must not have; the caller has a handle.
    #[inline]
    pub(super) fn gain(&self, states: u32) {
        // Release: who sees the state sees what it stands for.
        if self.life.fetch_add(HANDLE + states, Ordering::Release) > MOST_HANDLES {
            too_many_handles();
        }
    }

    /// Takes a handle back; true if it was the last: then the caller is to bury the node.
    #[inline]
    pub(super) fn release(&self) -> bool {
        self.lose(0)
    }

    /// Takes a handle back, and states, which it must have; true if it was the last.
    #[inline]
    pub(super) fn lose(&self, states: u32) -> bool {
        if self.life.fetch_sub(HANDLE + states, Ordering::Release) >= 2 * HANDLE {
            return false;
        }
        fence(Ordering::Acquire);
        true
    }

    /// Whether anybody has a handle.
    #[inline]
    pub(super) fn is_held(&self) -> bool {
        self.life.load(Ordering::Relaxed) >= HANDLE
    }

    /// All states, and more.
    #[inline]
    pub(super) fn states(&self) -> u32 {
        self.life.load(Ordering::Acquire)
    }

    #[inline]
    pub(super) fn is(&self, states: u32) -> bool {
        self.states() & states == states
    }

    #[inline]
    pub(super) fn set(&self, states: u32) {
        self.life.fetch_or(states, Ordering::Release);
    }

    #[inline]
    pub(super) fn clear(&self, states: u32) {
        self.life.fetch_and(!states, Ordering::Release);
    }

    /// As [`clear`](Self::clear), of a dead node, whose states only the holder of the lock changes.
    #[inline]
    pub(super) fn clear_dead(&self, states: u32) {
        self.life.store(self.life.load(Ordering::Relaxed) & !states, Ordering::Release);
    }

    /// Notes that it may be borrowed, unless it is not in the strong tier any more.
    #[inline]
    pub(super) fn lend(&self) {
        let life = self.life.load(Ordering::Relaxed);
        if life & STRONG != 0 && life & LENT == 0 {
            // Lost to another change: the next one who finds it tries again.
            let _ = self.life.compare_exchange(life, life | LENT, Ordering::Release, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(super) fn hash(&self) -> u32 {
        self.hash.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn seat(&self) -> u32 {
        self.seat.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn set_seat(&self, seat: u32) {
        self.seat.store(seat, Ordering::Relaxed);
    }

    /// Notes a use; how many there were before. Two at once may count as one.
    #[inline]
    pub(super) fn use_once(&self) -> u8 {
        let uses = self.uses.load(Ordering::Relaxed);
        if uses < MOST_USES {
            self.uses.store(uses + 1, Ordering::Relaxed);
        }
        uses
    }

    #[inline]
    pub(super) fn uses(&self) -> u8 {
        self.uses.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn set_uses(&self, uses: u8) {
        self.uses.store(uses, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn place(&self) -> Distance {
        self.place
    }

    /// The header of a node that may be dead. For readers.
    ///
    /// # Safety
    ///
    /// The caller must keep the memory of the node from being freed, for as long as the reference lives.
    #[inline]
    pub(super) unsafe fn look<'a>(this: NonNull<Self>) -> &'a Self {
        // SAFETY: by the caller's promise.
        unsafe { (*Self::chunk(this).as_ptr()).watched.look() };
        // SAFETY: by the caller's promise.
        unsafe { this.as_ref() }
    }

    /// The chunk that it lies in.
    #[inline]
    pub(super) fn chunk(this: NonNull<Self>) -> NonNull<Chunk> {
        // SAFETY: a pointer to a header is one into its chunk, which is there as long as anybody may have the pointer.
        let place = unsafe { (*this.as_ptr()).place };
        // SAFETY: the chunk lies so far before its node in one allocation.
        unsafe { this.byte_sub(place.bytes()).cast() }
    }
}

#[cold]
fn too_many_handles() -> ! {
    // As `Arc` does: to go on would end in a count of 0 with handles left.
    std::process::abort()
}

/// A value where handles expect it, whatever the key.
#[repr(C)]
pub(crate) struct Valued<V> {
    header: Header,
    value: UnsafeCell<MaybeUninit<V>>,
}

impl<V> Valued<V> {
    #[inline]
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// # Safety
    ///
    /// It must be live, and the caller have a handle or have it borrowed.
    #[inline]
    pub(crate) unsafe fn value(&self) -> &V {
        // SAFETY: a live node has a value, which nobody changes while somebody may look at it.
        unsafe { &*self.value.get().cast::<V>() }
    }
}

/// An entry. The key lies next to the header, since a lookup reads both.
#[repr(C)]
pub(super) struct Node<K, V> {
    key: UnsafeCell<MaybeUninit<K>>,
    valued: Valued<V>,
}

/// What lies behind the nodes of caches whose entries expire or weigh differently.
pub(super) struct Extra {
    /// When the entry expires, in nanoseconds of the cache's clock; `u64::MAX` is never, 0 is always.
    pub(super) expires: AtomicU64,
    /// As `expires`, unless it is used before.
    pub(super) idles: AtomicU64,
    pub(super) weight: AtomicU64,
}

impl Extra {
    #[inline]
    pub(super) fn new(expires: u64, idles: u64, weight: u64) -> Self {
        Self { expires: AtomicU64::new(expires), idles: AtomicU64::new(idles), weight: AtomicU64::new(weight) }
    }

    /// Takes over what another one says.
    #[inline]
    pub(super) fn set(&self, other: &Self) {
        for (mine, theirs) in
            [(&self.expires, &other.expires), (&self.idles, &other.idles), (&self.weight, &other.weight)]
        {
            mine.store(theirs.load(Relaxed), Relaxed);
        }
    }
}

/// A pointer to the header of a node, and so to all of it.
pub(super) type NodePtr = NonNull<Header>;

impl<K, V> Node<K, V> {
    const EXTENDED: (Layout, usize) = match Layout::new::<Self>().extend(Layout::new::<Extra>()) {
        Ok((layout, offset)) => (layout.pad_to_align(), offset),
        Err(_) => panic!("a node is not longer than memory"),
    };

    /// That of a node, with what lies behind it if it is extended.
    pub(super) const fn layout(extended: bool) -> Layout {
        if extended { Self::EXTENDED.0 } else { Layout::new::<Self>() }
    }

    /// What lies behind an extended node.
    ///
    /// # Safety
    ///
    /// The node must be in use, and one of a slab of extended ones.
    #[inline]
    pub(super) unsafe fn extra<'a>(node: NodePtr) -> &'a Extra {
        let extra = Self::of(node).wrapping_byte_add(Self::EXTENDED.1).cast::<Extra>();
        // SAFETY: it was put there when the node was begun, and is all atomic.
        unsafe { &*extra }
    }

    /// # Safety
    ///
    /// The node must be free, the caller's, and one of a slab of extended ones.
    pub(super) unsafe fn put_extra(node: NodePtr, extra: &Extra) {
        let own = Extra::new(0, 0, 0);
        own.set(extra);
        // SAFETY: the place is behind the node.
        unsafe { Self::of(node).wrapping_byte_add(Self::EXTENDED.1).cast::<Extra>().write(own) };
    }

    /// How far behind the beginning of a node its header lies.
    pub(super) const HEADER: usize = mem::offset_of!(Self, valued);

    /// How far behind the header of an extended node its weight lies.
    pub(super) const WEIGHT: usize = Self::EXTENDED.1 + mem::offset_of!(Extra, weight) - Self::HEADER;

    /// The whole node.
    fn of(node: NodePtr) -> *mut Self {
        node.as_ptr().wrapping_byte_sub(Self::HEADER).cast()
    }

    /// Where its key is, if it has one.
    fn key_of(node: NodePtr) -> *mut K {
        Self::of(node).wrapping_byte_add(mem::offset_of!(Self, key)).cast()
    }

    /// Where its value is, if it has one.
    fn value_of(node: NodePtr) -> *mut V {
        node.as_ptr().wrapping_byte_add(mem::offset_of!(Valued<V>, value)).cast()
    }

    /// A free node's parts in place.
    ///
    /// # Safety
    ///
    /// `at` must be where the header of a node is to be, which nobody else looks at.
    pub(super) unsafe fn write_free(at: NodePtr, place: Distance) {
        // SAFETY: by the caller's promise; the rest of a free node is uninitialized.
        unsafe { at.write(Header::new(place)) };
    }

    /// Makes a free node one of `key`, in these states, with so many handles of the caller, and one of the strong tier if that
    /// is one of the states; at least one.
    ///
    /// # Safety
    ///
    /// The node must be free and the caller's.
    pub(super) unsafe fn begin(node: NodePtr, hash: u32, key: K, states: u32, handles: u32) {
        // SAFETY: it is the caller's; nobody looks at the key of a free node.
        unsafe { Self::key_of(node).write(key) };
        // SAFETY: a header is there always.
        let header = unsafe { node.as_ref() };
        // Release: who sees that it is another node now sees also what took its place before.
        header.hash.store(hash, Ordering::Release);
        header.uses.store(0, Ordering::Relaxed);
        let handles = handles + (states & STRONG) / STRONG;
        // With this others may take handles.
        header.life.store(handles * HANDLE + states, Ordering::Release);
    }

    /// Puts the value in. To be followed by setting `LIVE`.
    ///
    /// # Safety
    ///
    /// The node must have no value yet, and the caller be the only one to give it one.
    pub(super) unsafe fn put_value(node: NodePtr, value: V) {
        // SAFETY: it has room for it; nobody looks there before it is live.
        unsafe { Self::value_of(node).write(value) };
    }

    /// # Safety
    ///
    /// The caller must have a handle of the node or have it borrowed, for as long as the reference lives.
    #[inline]
    pub(super) unsafe fn key<'a>(node: NodePtr) -> &'a K {
        // SAFETY: a node has a key as long as it has handles or is borrowed, which nobody changes.
        unsafe { &*Self::key_of(node) }
    }

    /// As [`Valued::value`].
    ///
    /// # Safety
    ///
    /// It must be live, and the caller have a handle or have it borrowed, for as long as the reference lives.
    #[inline]
    pub(super) unsafe fn value<'a>(node: NodePtr) -> &'a V {
        // SAFETY: a live node has a value, which nobody changes while somebody may look at it.
        unsafe { &*Self::value_of(node) }
    }

    /// # Safety
    ///
    /// The node must have a key and be the caller's alone. It has none afterwards.
    pub(super) unsafe fn drop_key(node: NodePtr) {
        // SAFETY: by the caller's promise.
        unsafe { Self::key_of(node).drop_in_place() };
    }

    /// # Safety
    ///
    /// The node must have a value and be the caller's alone. It has none afterwards.
    pub(super) unsafe fn drop_value(node: NodePtr) {
        // SAFETY: by the caller's promise.
        unsafe { Self::value_of(node).drop_in_place() };
    }
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_small() {
        assert_eq!(size_of::<Header>(), 16);
        assert_eq!(size_of::<Node<u64, u64>>(), 32);
    }
}
