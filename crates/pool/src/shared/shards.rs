//! One magazine per thread, found by the thread's number.
#![allow(unsafe_code, reason = "says who owns which magazine")]

use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use lagom_base::sync::Arc;
use lagom_base::sync::atomic::fence as std_fence;
use lagom_base::thread_index::{Exit, NEAR};
use lagom_base::{fence, thread_index};

use crate::shared::depot::Depot;
use crate::shared::engine::Engine;
use crate::shared::magazine::{Back, Held, Magazine, NO_WAY_BACK};
use crate::shared::node::{Object, Out};

/// Rows of magazines, each twice as long as the one before: more than a system has threads.
const ROWS: usize = 24;
/// Magazines in the first row.
const FIRST_ROW: usize = 8;

type Slot<T> = OnceLock<Box<Magazine<T>>>;

/// The magazines of the threads with [near](thread_index::near) numbers, where fences are [free](fence::is_free).
///
/// One more place than there are such numbers: the last one stays empty. A place is written and read by the thread alone
/// whose number it has. On cache lines of its own: every hit reads it, and the engine's counts are beside it.
#[repr(align(128))]
pub(crate) struct Near<T>([AtomicPtr<Magazine<T>>; NEAR + 1]);

/// What a pool that has no engine yet has.
static NOWHERE: Near<()> = Near::new();

impl<T> Near<T> {
    const fn new() -> Self {
        Self([const { AtomicPtr::new(ptr::null_mut()) }; NEAR + 1])
    }

    /// The idle object that came back last to the calling thread.
    ///
    /// # Safety
    ///
    /// `this` must be [`NOWHERE`] or the table of an engine that lives.
    #[inline]
    unsafe fn take<const OWNED: bool>(this: *const Self) -> Option<Out<T, OWNED>> {
        // SAFETY: by the caller's promise. All tables are alike, whatever the objects.
        let magazine = unsafe { Self::own(this) };
        if magazine.is_null() {
            return None;
        }
        // SAFETY: the engine keeps it. A thread's number belongs to one living thread at a time, the calling one here, and
        // passes on from a dead thread to a new one through a lock. Magazines are here only where fences are free.
        let object = unsafe { Magazine::take::<OWNED>(magazine, Ordering::Relaxed, fence::free) }?;
        // SAFETY: that is a magazine of the object's engine, where fences are free.
        Some(unsafe { Out::new(object, Magazine::way_back(magazine)) })
    }

    /// The magazine of the calling thread, or null.
    ///
    /// # Safety
    ///
    /// As for [`take`](Self::take).
    #[inline]
    unsafe fn own(this: *const Self) -> *mut Magazine<T> {
        // SAFETY: valid by the caller's promise.
        let table = unsafe { &(*this).0 };
        // SAFETY: a near number is never beyond `NEAR`.
        unsafe { table.get_unchecked(thread_index::near()) }.load(Ordering::Relaxed)
    }
}

/// The way from a pool to its engine, and, shorter, to the engine's table.
pub(crate) struct Link<T> {
    /// The table of the engine, or [`NOWHERE`] while there is none.
    near: AtomicPtr<Near<T>>,
    engine: OnceLock<Arc<Engine<T>>>,
}

impl<T> Link<T> {
    pub(crate) const fn new() -> Self {
        let nowhere = (&raw const NOWHERE).cast::<Near<T>>().cast_mut();
        Self { near: AtomicPtr::new(nowhere), engine: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> Option<&Arc<Engine<T>>> {
        self.engine.get()
    }

    /// The engine; if there is none yet, what `make` makes.
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> Arc<Engine<T>>) -> &Arc<Engine<T>> {
        let engine = self.engine.get_or_init(make);
        self.near.store((&raw const engine.shards.near).cast_mut(), Ordering::Release);
        engine
    }

    /// The idle object that came back last to the calling thread.
    #[inline]
    pub(crate) fn take_near<const OWNED: bool>(&self) -> Option<Out<T, OWNED>> {
        // SAFETY: it points to a static, or into the engine that `self` keeps.
        unsafe { Near::take(self.near.load(Ordering::Acquire)) }
    }
}

pub(crate) struct Shards<T> {
    pub(crate) near: Near<T>,
    /// Objects may be given unseen.
    unseen: bool,
    rows: [OnceLock<Box<[Slot<T>]>>; ROWS],
}

impl<T> Shards<T> {
    pub(crate) const fn new(unseen: bool) -> Self {
        Self { near: Near::new(), unseen, rows: [const { OnceLock::new() }; ROWS] }
    }

    /// As [`Near::take`].
    #[cfg(feature = "async")]
    #[inline]
    pub(crate) fn take_near<const OWNED: bool>(&self) -> Option<Out<T, OWNED>> {
        // SAFETY: `self` lives.
        unsafe { Near::take(&raw const self.near) }
    }

    /// As [`Near::take`], for a thread that is not near yet, or cannot be.
    pub(crate) fn take_far<const OWNED: bool>(&self) -> Option<Object<T>> {
        let magazine = self.far()?;
        // SAFETY: as for `Near::take`; `light` is a fence everywhere.
        unsafe { Magazine::take::<OWNED>(magazine, Ordering::Release, fence::light) }
    }

    /// An object comes back to the calling thread's magazine in its pool, if that is near and has a place.
    #[inline]
    pub(crate) fn give_near<const OWNED: bool>(object: Object<T>) -> Result<(), Object<T>> {
        let magazine = object.home().shards.near();
        if magazine.is_null() {
            return Err(object);
        }
        // SAFETY: as for `Near::take`. The object keeps the magazine until it lies in there, and nobody can take it out
        // until this thread is outside again. No reference to the engine is left.
        unsafe { Magazine::give::<OWNED>(magazine, fence::free, object) }
    }

    /// As [`give_near`](Self::give_near), for a thread that is not near yet, or cannot be.
    pub(crate) fn give_far<const OWNED: bool>(object: Object<T>) -> Result<(), Object<T>> {
        let shards = &object.home().shards;
        let Some(magazine) = shards.far() else {
            return Err(object);
        };
        if shards.unseen {
            // SAFETY: as for `give_near`; `hold_all` knows.
            unsafe { Magazine::give_unseen::<OWNED>(magazine, object) }
        } else {
            // SAFETY: as for `give_near`; `light` is a fence everywhere.
            unsafe { Self::give_seen::<OWNED>(magazine, object) }
        }
    }

    /// With a fence.
    ///
    /// # Safety
    ///
    /// As for [`Magazine::give`], but for the fence.
    #[cold]
    #[inline(never)]
    unsafe fn give_seen<const OWNED: bool>(magazine: *const Magazine<T>, object: Object<T>) -> Result<(), Object<T>> {
        // SAFETY: by the caller's promise.
        unsafe { Magazine::give::<OWNED>(magazine, fence::light, object) }
    }

    /// The magazine of the calling thread if it is near, or null.
    #[inline]
    fn near(&self) -> *const Magazine<T> {
        // SAFETY: `self` lives.
        unsafe { Near::own(&raw const self.near) }
    }

    /// The way back for an object that goes out to the calling thread.
    pub(crate) fn way_back(&self) -> Back {
        let near = self.near();
        if near.is_null() { NO_WAY_BACK } else { Magazine::way_back(near) }
    }

    /// The magazine of the calling thread, unless it is near: then it has been tried.
    fn far(&self) -> Option<*const Magazine<T>> {
        if !self.near().is_null() {
            return None;
        }
        let magazine = self.own()?;
        if fence::is_free() {
            self.draw_near(magazine);
        }
        Some(magazine)
    }

    /// From now on the calling thread finds its magazine at once, if its number is near.
    #[cold]
    #[inline(never)]
    fn draw_near(&self, magazine: &Magazine<T>) {
        if let Some(place) = self.near.0[..NEAR].get(thread_index::near()) {
            // Who sees this thread's next takes, which have no fence, sees what it gave unseen before.
            std_fence(Ordering::Release);
            // Only this thread's next uses read it, and those of later threads of its number: through a lock.
            place.store(ptr::from_ref(magazine).cast_mut(), Ordering::Relaxed);
        }
    }

    fn own(&self) -> Option<&Magazine<T>> {
        let index = thread_index::current();
        if index == thread_index::NONE {
            return None;
        }
        let (row, column) = Self::place(index as usize);
        self.rows.get(row)?.get()?.get(column)?.get().map(|magazine| &**magazine)
    }

    /// Makes sure that the calling thread has a magazine; false when it cannot have one because it is ending.
    ///
    /// `straight`: see [`Magazine::new`]. `_depot` proves that the caller holds the pool's lock, without which no
    /// magazine comes into being.
    pub(crate) fn make_own(&self, _depot: &mut Depot<T>, straight: bool) -> bool {
        let Some(index) = thread_index::register() else {
            return false;
        };
        let (row, column) = Self::place(index as usize);
        let new_row = || (0..FIRST_ROW << row).map(|_| OnceLock::new()).collect();
        self.rows[row].get_or_init(new_row)[column].get_or_init(|| Box::new(Magazine::new(index, straight)));
        true
    }

    /// Runs `f` on the magazine of the calling thread, if it has one. `depot` proves that the caller holds the pool's lock.
    pub(crate) fn hold_own<R>(
        &self,
        depot: &mut Depot<T>,
        f: impl FnOnce(&mut Depot<T>, &mut Held<'_, T>) -> R,
    ) -> Option<R> {
        let magazine = self.own()?;
        // SAFETY: the lock is held, the calling thread is the owner, and nothing inside comes here.
        Some(unsafe { magazine.hold_own(|held| f(depot, held)) })
    }

    /// Runs `f` on every magazine, with its owner kept out. `depot` proves that the caller holds the pool's lock.
    ///
    /// An owner may yet be giving unseen if the fence has not reached it. One that gives with a count in the books has
    /// found fences free: then either the fence reaches it, or it finds the magazine closed (see [`fence`]). So what is
    /// exact is what this one fence says, whatever the threads found before, or find meanwhile.
    pub(crate) fn hold_all(&self, depot: &mut Depot<T>, mut f: impl FnMut(&mut Depot<T>, &mut Held<'_, T>)) {
        let mut any = false;
        for magazine in self.iter() {
            magazine.close();
            any = true;
        }
        if !any {
            return;
        }
        let exact = fence::heavy() || !self.unseen;
        let own = self.own().map_or(ptr::null(), ptr::from_ref);
        for magazine in self.iter() {
            let exact = exact || ptr::eq(magazine, own);
            // SAFETY: the lock is held; the magazine was closed before the fence, for magazines are only added under the
            // lock, so that these are the same; and nothing inside comes here.
            unsafe { magazine.hold_closed(exact, |held| f(depot, held)) };
        }
    }

    /// How many magazines there are.
    pub(crate) fn len(&self) -> usize {
        self.iter().count()
    }

    fn iter(&self) -> impl Iterator<Item = &Magazine<T>> {
        let slots = self.rows.iter().filter_map(OnceLock::get).flat_map(|row| row.iter());
        slots.filter_map(OnceLock::get).map(|magazine| &**magazine)
    }

    /// Where a number is: rows begin at 0, 8, 24, 56, …
    fn place(index: usize) -> (usize, usize) {
        let row = (index / FIRST_ROW + 1).ilog2() as usize;
        (row, index - FIRST_ROW * ((1 << row) - 1))
    }
}

/// Has `hook` run when the calling thread ends, of whatever lifetime its type is; false when the thread is ending already.
pub(crate) fn at_exit(hook: Box<dyn Exit + '_>) -> bool {
    // SAFETY: only the type's lifetime changes. The hook refers weakly to an engine. Where that outlives the borrows of its
    // objects' type, no object is left in it (its pool closed it, and objects count on it), or it is never dropped (its
    // pool or a guard was forgotten, or an object was given unseen). The hook moves objects from one place of the engine to
    // another and looks at none.
    let hook = unsafe { mem::transmute::<Box<dyn Exit + '_>, Box<dyn Exit>>(hook) };
    thread_index::at_exit(hook)
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for index in 0..FIRST_ROW << 8 {
            assert_eq!(Shards::<()>::place(index), expected);
            expected.1 += 1;
            if expected.1 == FIRST_ROW << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
    }
}
