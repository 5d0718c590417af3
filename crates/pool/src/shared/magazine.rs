//! The idle objects of one thread: its owner takes and gives for a few plain loads and stores.
//!
//! The owner first writes what it is about to do, and then looks at the bounds. Who wants in from outside holds the pool's
//! lock, closes the bounds, fences every thread, and waits until the owner is outside. One of the two sees the other
//! (Dekker 1965; the asymmetric form as in Dice, Huang and Yang, "Asymmetric Dekker Synchronization", 2001). A closed
//! magazine looks empty to a taker and full to a giver: the look that the bounds need anyway is all there is.
//!
//! Outside, every slot from `len` on is empty. A taker lowers `len` first and empties the slot last, a giver fills the slot
//! first and raises `len` last: the slot at `len` is full exactly while the owner is inside. Only the owner ever writes
//! `len`, which it has read before it says that it is inside: who takes objects out from outside raises the floor below
//! them instead (as the thieves of Chase and Lev, "Dynamic Circular Work-Stealing Deque", 2005).
//!
//! Where the system cannot fence every thread, a fence costs the owner 5 ns, and a giver does without
//! ([`give_unseen`](Magazine::give_unseen)): taking excludes those outside, giving does not. Whoever is inside may not see
//! such gives yet, any number of them since the owner's last take. They change nothing for him: they fill slots from the
//! `len` on that he saw, raise `len`, and find a place, for as long as they may be under way nobody outside lowers the
//! limit. What leaves the magazine does so with its place: floor up by one, places down by one, limit as before. Only the
//! owner itself gives empty places back. A giver counts in a word of its own, not in the books.
#![allow(unsafe_code, reason = "the owner and the holder of the pool's lock share what is in here")]

use std::ptr;

use lagom_base::sync::atomic::{AtomicI64, AtomicIsize, AtomicPtr, Ordering};
use lagom_base::sync::cell::UnsafeCell;
use lagom_base::sync::wait_a_little;
use lagom_base::{fence, thread_index};

use crate::shared::node::Object;

/// Most objects that one thread keeps for itself. Few in models, so that they get to the ends.
pub(crate) const CAPACITY: usize = if cfg!(lagom_loom) { 2 } else { 32 };
/// After so many objects taken the owner looks after what is never used. Few in models, so that rounds end.
pub(crate) const ROUND: u32 = if cfg!(lagom_loom) { 4 } else { 1 << 16 };

/// A floor that no `len` is above.
const CLOSED: isize = isize::MAX;

/// A thread's number that no thread ever has, nor is without.
const NEVER: u32 = thread_index::NONE - 1;

/// Where an object goes back to straight from its guard: the number of the thread that may do so, at the beginning of that
/// thread's magazine; or that of nobody.
pub(crate) type Back = *const u32;

/// The way back of an object that has none.
pub(crate) const NO_WAY_BACK: Back = &raw const NOBODY;
static NOBODY: u32 = NEVER;

/// A stack of idle objects, on cache lines of its own. The first is read by every thread that an object of here was handed
/// to, and seldom written; to the others its owner writes all the time.
#[repr(C, align(128))]
pub(crate) struct Magazine<T> {
    /// The number of its owner, if objects may come back to it straight from their guards. Never changes.
    back: u32,
    /// The owner may take while `len` is above it. Written under the pool's lock.
    floor: AtomicIsize,
    /// The owner may give while `len` is below it: 0 when closed. Written under the pool's lock.
    limit: AtomicIsize,
    stack: Stack<T>,
}

#[repr(C, align(128))]
struct Stack<T> {
    /// Slots in use, those below the floor included. Written by the owner alone; -1 for a moment when it takes from
    /// nothing.
    len: AtomicIsize,
    books: UnsafeCell<Books>,
    /// One more than objects, which stays empty.
    slots: [AtomicPtr<T>; CAPACITY + 1],
    /// Owned guards that came back unseen. Written by the owner alone, between slot and `len`.
    unseen_back: AtomicI64,
}

struct Books {
    /// Objects that may be taken from each slot before the round ends: one count for all would be a chain of loads that
    /// wait for stores wherever many are taken in a row.
    left: [u32; CAPACITY],
    /// Whether the thread that has it will give its objects back when it ends.
    owned: bool,
    /// The floor when open.
    floor: usize,
    /// Places that the pool's bound lends.
    lent: usize,
    /// Objects that were taken in the rounds that ended.
    taken_before: u64,
    /// Owned guards that went out from here, less those that came back to here, not unseen.
    owned_out: i64,
    /// The pool is closed: the owner is kept out for good.
    retired: bool,
}

// SAFETY: objects pass from thread to thread through the slots, and `books` is only reached by one thread at a time, see
// `take`, `give` and `hold`: as if all were sent.
unsafe impl<T: Send> Send for Magazine<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Magazine<T> {}

impl<T> Magazine<T> {
    /// The magazine of the thread with the number `owner`: empty, without places, closed. `straight` says whether
    /// objects may come back to it straight from their guards.
    pub(crate) fn new(owner: u32, straight: bool) -> Self {
        let books = Books {
            left: [ROUND; CAPACITY],
            owned: false,
            floor: 0,
            lent: 0,
            taken_before: 0,
            owned_out: 0,
            retired: false,
        };
        Self {
            back: if straight { owner } else { NEVER },
            floor: AtomicIsize::new(CLOSED),
            limit: AtomicIsize::new(0),
            stack: Stack {
                len: AtomicIsize::new(0),
                books: UnsafeCell::new(books),
                slots: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
                unseen_back: AtomicI64::new(0),
            },
        }
    }

    /// The object that came back last goes out to the owner; `None` when there is none, the magazine is closed, or the
    /// round ends.
    ///
    /// # Safety
    ///
    /// `this` must be valid. No other thread may be the owner at the same time, and whoever was it before must have
    /// happened before. `fence` must be the light side of a pair whose heavy side [`hold_closed`](Self::hold_closed) is
    /// called after. After an [unseen give](Self::give_unseen), `entry` must be `Release`, or a release fence be between.
    #[inline]
    pub(crate) unsafe fn take<const OWNED: bool>(
        this: *const Self,
        entry: Ordering,
        fence: impl FnOnce(),
    ) -> Option<Object<T>> {
        // SAFETY: valid by the caller's promise.
        let this = unsafe { &*this };
        let len = this.stack.len.load(Ordering::Relaxed);
        let last = len - 1;
        // Who sees this sees what came before it, also what was given unseen.
        this.stack.len.store(last, entry);
        fence();
        // SAFETY: at the end of the condition `last` is not below the floor, which is not below 0.
        if last < this.floor.load(Ordering::Acquire) || !unsafe { this.count::<OWNED>(last as usize) } {
            this.stack.len.store(len, Ordering::Release);
            return None;
        }
        // SAFETY: not below the floor, which is not below 0; and `len` is never above the capacity.
        let slot = unsafe { this.stack.slots.get_unchecked(last as usize) };
        let object = slot.load(Ordering::Relaxed);
        slot.store(ptr::null_mut(), Ordering::Release);
        // SAFETY: a slot below `len` and not below the floor holds an object; this one no longer does.
        Some(unsafe { Object::from_raw(object) })
    }

    /// The way back to here, for objects of this magazine's engine.
    #[inline]
    pub(crate) fn way_back(this: *const Self) -> Back {
        this.cast()
    }

    /// An object comes back straight from its guard, if that is the calling thread's way, and it has a place there.
    ///
    /// # Safety
    ///
    /// `back` must be [`NO_WAY_BACK`], or [that](Self::way_back) of a magazine of the object's engine, where fences are
    /// [free](fence::is_free).
    #[inline]
    pub(crate) unsafe fn give_straight<const OWNED: bool>(back: Back, object: Object<T>) -> Result<(), Object<T>> {
        // SAFETY: a static, or in a magazine that the object keeps.
        if unsafe { *back } != thread_index::current() {
            return Err(object);
        }
        // SAFETY: it is a magazine, for nobody has the number of nobody, and the calling thread's, for that has its
        // number. The object keeps it until it lies in there, and nobody can take it out until this thread is outside
        // again.
        unsafe { Self::give::<OWNED>(back.cast(), fence::free, object) }
    }

    /// Counts an object taken from `slot`; false when the round ends.
    ///
    /// # Safety
    ///
    /// The owner must be inside and have found the magazine open. `slot` must be a slot.
    #[inline]
    unsafe fn count<const OWNED: bool>(&self, slot: usize) -> bool {
        self.stack.books.with_mut(|books| {
            // SAFETY: we are the owner, inside, and the magazine was open after the fence: anyone from outside sees that we
            // are inside after its own fence and waits, so that nobody else has this reference.
            let books = unsafe { &mut *books };
            // SAFETY: by the caller's promise.
            let left = unsafe { books.left.get_unchecked_mut(slot) };
            *left = left.wrapping_sub(1);
            let goes_on = *left != 0;
            books.owned_out += i64::from(OWNED && goes_on);
            goes_on
        })
    }

    /// An object comes back to the owner, unless all places are taken, or the magazine is closed.
    ///
    /// Takes a pointer, and holds no reference to the whole: when the owner is outside again, somebody else may take the
    /// object out, and with the last object the magazine may go before this function has returned.
    ///
    /// # Safety
    ///
    /// As for [`take`](Self::take); but `this` need be valid only until the object can be taken out by others.
    #[inline]
    pub(crate) unsafe fn give<const OWNED: bool>(
        this: *const Self,
        fence: impl FnOnce(),
        object: Object<T>,
    ) -> Result<(), Object<T>> {
        let count = || {
            if OWNED {
                // SAFETY: valid by the caller's promise: the owner is inside.
                let books = unsafe { &(*this).stack.books };
                books.with_mut(|books| {
                    // SAFETY: as in `count`.
                    unsafe { (*books).owned_out -= 1 };
                });
            }
        };
        // SAFETY: by the caller's promise.
        unsafe { Self::put(this, fence, object, count) }
    }

    /// As [`give`](Self::give), without a fence: for a magazine that is never [held](Self::hold_closed) as `exact` unless
    /// every thread was fenced. Who looks in meanwhile may not see the object yet, also where the magazine was closed for
    /// good.
    ///
    /// # Safety
    ///
    /// As for `give`, but for the fence.
    #[inline]
    pub(crate) unsafe fn give_unseen<const OWNED: bool>(this: *const Self, object: Object<T>) -> Result<(), Object<T>> {
        let count = || {
            if OWNED {
                // SAFETY: valid by the caller's promise: the object cannot be taken out yet.
                let back = unsafe { &(*this).stack.unseen_back };
                // See `outside`.
                back.store(back.load(Ordering::Relaxed) + 1, Ordering::Release);
            }
        };
        // SAFETY: by the caller's promise.
        unsafe { Self::put(this, fence::left_to_heavy, object, count) }
    }

    /// # Safety
    ///
    /// As for [`give`](Self::give). `count` runs while the owner is inside.
    #[inline]
    unsafe fn put(
        this: *const Self,
        fence: impl FnOnce(),
        object: Object<T>,
        count: impl FnOnce(),
    ) -> Result<(), Object<T>> {
        // SAFETY: valid by the caller's promise. Nothing of an atomic is outside of its cell, so that the reference may
        // outlive what it refers to; it is not used after the owner is outside.
        let len_cell = unsafe { &(*this).stack.len };
        let len = len_cell.load(Ordering::Relaxed);
        // SAFETY: valid by the caller's promise: the object is not in here yet.
        let slots = unsafe { &(*this).stack.slots };
        // SAFETY: outside `len` is not negative, and never above the capacity, for which there is a slot.
        let slot = unsafe { slots.get_unchecked(len as usize) };
        let object = object.into_raw();
        slot.store(object, Ordering::Relaxed);
        fence();
        // SAFETY: valid by the caller's promise: the owner is inside.
        let limit = unsafe { &(*this).limit };
        if len >= limit.load(Ordering::Acquire) {
            slot.store(ptr::null_mut(), Ordering::Release);
            // SAFETY: it was an object, and is nowhere else now.
            return Err(unsafe { Object::from_raw(object) });
        }
        count();
        len_cell.store(len + 1, Ordering::Release);
        Ok(())
    }

    /// Tells the owner to stay out. To be followed by a heavy fence and [`hold_closed`](Self::hold_closed).
    pub(crate) fn close(&self) {
        self.floor.store(CLOSED, Ordering::Relaxed);
        self.limit.store(0, Ordering::Relaxed);
    }

    /// After [`close`](Self::close) and a heavy fence: waits until the owner is outside, and runs `f` on what is in here.
    /// Opens the magazine. If not `exact`, there may be [unseen](Self::give_unseen) gives, and empty places stay.
    ///
    /// # Safety
    ///
    /// The caller must have closed and fenced under the pool's lock, and hold it still. `exact` only if every thread was
    /// fenced, or no object is given unseen, or the caller is the owner. `f` must not come back here.
    pub(crate) unsafe fn hold_closed<R>(&self, exact: bool, f: impl FnOnce(&mut Held<'_, T>) -> R) -> R {
        let mut rounds = 0;
        let seen = loop {
            match self.outside() {
                Some((len, unseen_back)) => break Seen { len, unseen_back, exact },
                // The owner is a few instructions from its end, unless it was preempted there.
                None => wait_a_little(rounds),
            }
            rounds += 1;
        };
        // SAFETY: the owner was outside after the fence, and what it does while the magazine is closed changes nothing, or
        // is an unseen give, which changes nothing that is reached in here if not `exact`; others are kept out by the lock.
        unsafe { self.hold(seen, f) }
    }

    /// `len`, and how many owned guards came back unseen; `None` while the owner is inside.
    ///
    /// The two are of one instant: who sees `len` after a give sees its count too, and who sees its count, but not `len`,
    /// sees the slot full.
    fn outside(&self) -> Option<(usize, i64)> {
        let len = usize::try_from(self.stack.len.load(Ordering::Acquire)).ok()?;
        let unseen_back = self.stack.unseen_back.load(Ordering::Acquire);
        self.stack.slots[len].load(Ordering::Acquire).is_null().then_some((len, unseen_back))
    }

    /// Runs `f` on what is in here, for the owner. Opens the magazine.
    ///
    /// # Safety
    ///
    /// The caller must be the owner and hold the pool's lock. `f` must not come back here.
    pub(crate) unsafe fn hold_own<R>(&self, f: impl FnOnce(&mut Held<'_, T>) -> R) -> R {
        let len = self.stack.len.load(Ordering::Relaxed).cast_unsigned();
        let seen = Seen { len, unseen_back: self.stack.unseen_back.load(Ordering::Relaxed), exact: true };
        let hold = |held: &mut Held<'_, T>| {
            let result = f(held);
            held.move_to_front();
            result
        };
        // SAFETY: the caller is the owner and so outside; others are kept out by the lock.
        unsafe { self.hold(seen, hold) }
    }

    /// # Safety
    ///
    /// The owner must be outside, and stay there or find the magazine closed, or, if not `seen.exact`, give unseen. Others
    /// must be kept out by the lock.
    unsafe fn hold<R>(&self, seen: Seen, f: impl FnOnce(&mut Held<'_, T>) -> R) -> R {
        let (result, limit, floor) = self.stack.books.with_mut(|books| {
            // SAFETY: nobody else is here, by the caller's promise.
            let books = unsafe { &mut *books };
            let end = books.floor + books.lent;
            let mut held = Held { slots: &self.stack.slots, books, len: seen.len, seen };
            let result = f(&mut held);
            debug_assert!(seen.exact || end <= held.books.floor + held.books.lent, "unseen gives need their places");
            if held.len != seen.len {
                self.stack.len.store(held.len.cast_signed(), Ordering::Relaxed);
            }
            if held.books.retired {
                return (result, 0, CLOSED);
            }
            // Beyond the slots the owner finds no place, and moves what it has to the front.
            let limit = CAPACITY.min(held.books.floor + held.books.lent);
            (result, limit.cast_signed(), held.books.floor.cast_signed())
        });
        // With the first of these the owner may be back in the books.
        self.limit.store(limit, Ordering::Release);
        self.floor.store(floor, Ordering::Release);
        result
    }
}

/// What was in a magazine when its owner was outside.
#[derive(Clone, Copy)]
struct Seen {
    len: usize,
    unseen_back: i64,
    /// Nothing is being given unseen.
    exact: bool,
}

/// A magazine in the hands of who holds the pool's lock. Invariant: the slots from the floor to `len` hold objects, and
/// those from `len` on are empty, but for what is given unseen.
pub(crate) struct Held<'a, T> {
    slots: &'a [AtomicPtr<T>; CAPACITY + 1],
    books: &'a mut Books,
    /// Changed by the owner only.
    len: usize,
    seen: Seen,
}

impl<T> Held<'_, T> {
    /// How many objects are here.
    pub(crate) fn len(&self) -> usize {
        self.len - self.books.floor
    }

    /// Frees the slots below the floor. For the owner.
    fn move_to_front(&mut self) {
        let floor = std::mem::take(&mut self.books.floor);
        if floor == 0 {
            return;
        }
        for from in floor..self.len {
            self.put(from - floor, self.get(from));
        }
        let len = self.len - floor;
        for empty in len..self.len {
            self.put(empty, ptr::null_mut());
        }
        self.len = len;
    }

    fn get(&self, slot: usize) -> *mut T {
        self.slots[slot].load(Ordering::Relaxed)
    }

    fn put(&self, slot: usize, object: *mut T) {
        self.slots[slot].store(object, Ordering::Relaxed);
    }

    /// The warmest object. For the owner.
    pub(crate) fn take(&mut self) -> Option<Object<T>> {
        if self.len() == 0 {
            return None;
        }
        self.len -= 1;
        let object = self.get(self.len);
        self.put(self.len, ptr::null_mut());
        // SAFETY: by the invariant it was one; the slot is empty now.
        Some(unsafe { Object::from_raw(object) })
    }

    /// Adds an object, the warmest now. For the owner. There must be a place for it.
    pub(crate) fn stock(&mut self, object: Object<T>) {
        debug_assert!(self.len() < self.books.lent);
        if self.len == CAPACITY {
            self.move_to_front();
        }
        self.put(self.len, object.into_raw());
        self.len += 1;
    }

    /// Takes out the coldest `n`, coldest first. `into` must have room for them.
    pub(crate) fn take_coldest(&mut self, n: usize, into: &mut Vec<Object<T>>) {
        for _ in 0..n.min(self.len()) {
            let object = self.get(self.books.floor);
            self.books.floor += 1;
            // SAFETY: by the invariant it was one; it is below the floor now.
            into.push(unsafe { Object::from_raw(object) });
        }
    }

    pub(crate) fn lent(&self) -> usize {
        self.books.lent
    }

    /// Places that are empty and stay so until the magazine is opened.
    pub(crate) fn spare(&self) -> usize {
        if self.seen.exact { self.lent() - self.len() } else { 0 }
    }

    /// Closes it for good.
    pub(crate) fn retire(&mut self) {
        self.books.retired = true;
    }

    /// Changes the number of places; never below the objects that are here.
    pub(crate) fn set_lent(&mut self, lent: usize) {
        debug_assert!(self.len() <= lent && lent <= CAPACITY);
        self.books.lent = lent;
    }

    pub(crate) fn is_owned(&self) -> bool {
        self.books.owned
    }

    /// Whether it was owned before.
    pub(crate) fn own(&mut self) -> bool {
        std::mem::replace(&mut self.books.owned, true)
    }

    pub(crate) fn disown(&mut self) {
        self.books.owned = false;
    }

    /// Objects that went out by [`Magazine::take`].
    pub(crate) fn taken(&self) -> u64 {
        self.books.taken_before + self.taken_in_round()
    }

    fn taken_in_round(&self) -> u64 {
        // What ends a round does not go out.
        self.books.left.iter().map(|left| u64::from((ROUND - left).min(ROUND - 1))).sum()
    }

    /// Owned guards that went out from here, less those that came back to here.
    pub(crate) fn owned_out(&self) -> i64 {
        self.books.owned_out - self.seen.unseen_back
    }

    /// Begins a new round if one has ended; whether it has.
    ///
    /// For all slots: else a thread that takes several in a row would end as many rounds at once, and what it is about
    /// to take would look unused.
    pub(crate) fn end_round(&mut self) -> bool {
        let ended = self.books.left.contains(&0);
        if ended {
            self.books.taken_before += self.taken_in_round();
            self.books.left = [ROUND; CAPACITY];
        }
        ended
    }
}
