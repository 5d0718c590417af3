//! One object per value, freed when unused.

mod block;
mod builder;
mod bytes;
mod hash;
mod interned;
mod place;
mod shard;
mod slots;

use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::mem;
use core::panic::{RefUnwindSafe, UnwindSafe};

use lagom_base::sync::Arc;

pub use self::builder::InternerBuilder;
pub use self::bytes::InternerBytes;
pub use self::interned::Interned;
pub use self::place::Internable;

use self::block::Held;
use self::hash::ShortHash;
use self::shard::{Counts, Shard, Version};
use crate::hasher::DefaultHashBuilder;
use crate::stats::Stats;

/// Keeps one object per value, as long as somebody holds a handle of it.
///
/// For `str`, `[T]` and any sized type that is `Hash + Eq`; values must be `Send + Sync + 'static`. A value lies in one
/// block of memory, behind the count of its handles, 32 bits of its hash, a pointer back and its length: 16 bytes before a
/// sized value, 20 before a text. 10 to 21 bytes more are its part in the table.
///
/// The table is split into shards, each behind a mutex of its own. A hit takes one of them once, for a few nanoseconds,
/// and allocates nothing; every operation on a value is O(1) expected plus one hash of it. No code of yours runs under a
/// lock: not `Hash`, `Eq`, `Clone` or `Drop` of values, which may all use the same interner, and may panic.
///
/// ```
/// use lagom_weakcache::{Interned, Interner};
///
/// let codes: Interner<str> = Interner::new();
/// let jfk: Interned<str> = codes.intern("JFK");
/// let same = codes.intern(&String::from("JFK"));
/// assert!(jfk == same && std::ptr::eq(&*jfk, &*same));
///
/// drop((jfk, same));
/// assert!(codes.is_empty());
/// ```
pub struct Interner<T: Internable + ?Sized, S = DefaultHashBuilder> {
    shards: Box<[Arc<Shard<T>>]>,
    hasher: S,
}

impl<T: Internable + ?Sized> Interner<T> {
    /// An empty interner.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// assert_eq!(Interner::<str>::new().len(), 0);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings for an interner that differs from the default one.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use lagom_weakcache::Interner;
    ///
    /// let names = Interner::<str>::builder().hasher(BuildHasherDefault::<DefaultHasher>::new()).build();
    /// assert_eq!(names.intern("a"), names.intern("a"));
    /// ```
    pub fn builder() -> InternerBuilder<T> {
        InternerBuilder::new()
    }
}

impl<T: Internable + ?Sized, S> Interner<T, S> {
    /// How many values are live. Exact, at one instant. O(shards), the locks of all of which it holds together.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let words = Interner::<str>::new();
    /// let held = [words.intern("to"), words.intern("be"), words.intern("to")];
    /// assert_eq!(words.len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts().len
    }

    /// Whether no value is live. As [`len`](Self::len).
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// assert!(Interner::<str>::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The counters and sizes of one instant. O(shards), as [`len`](Self::len).
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let words = Interner::<str>::new();
    /// let held = [words.intern("to"), words.intern("be"), words.intern("to")];
    /// assert_eq!((words.stats().hits(), words.stats().misses()), (1, 2));
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        stats(self.counts())
    }

    /// The memory that the interner and its live values take, at one instant. O(shards), as [`len`](Self::len).
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let words = Interner::<str>::new();
    /// let held = [words.intern("to"), words.intern("be"), words.intern("to")];
    /// assert_eq!(words.bytes().values(), 4);
    /// assert!(words.bytes().overhead() > 0);
    /// ```
    #[must_use]
    pub fn bytes(&self) -> InternerBytes {
        InternerBytes::new(&self.shards, self.counts())
    }

    /// Frees what the tables hold beyond their need. By itself a table that is filled to less than an eighth gives half
    /// of its room or more back. O(n), one shard after the other.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let numbers = Interner::<u32>::new();
    /// let held: Vec<_> = (0..1000).map(|n| numbers.intern(&n)).collect();
    /// drop(held);
    /// let before = numbers.bytes().total();
    /// numbers.shrink_to_fit();
    /// assert!(numbers.bytes().total() < before);
    /// ```
    pub fn shrink_to_fit(&self) {
        self.shards.iter().for_each(|shard| shard.shrink_to_fit());
    }

    /// All shards at one instant: locked together, in their order.
    fn counts(&self) -> Counts {
        let locked: Vec<_> = self.shards.iter().map(|shard| shard.lock()).collect();
        locked.iter().map(|table| table.counts()).sum()
    }

    /// As [`counts`](Self::counts), if no lock is taken.
    fn try_counts(&self) -> Option<Counts> {
        let locked: Vec<_> = self.shards.iter().map(|shard| shard.try_lock()).collect::<Option<_>>()?;
        Some(locked.iter().map(|table| table.counts()).sum())
    }
}

impl<T, S> Interner<T, S>
where
    T: Internable + Hash + Eq + Send + Sync + ?Sized,
    S: BuildHasher,
{
    /// The handle of the object that equals `value`; makes one if there is none.
    ///
    /// A `str` is copied straight into its block. Anything else is cloned by way of `T::Owned`: in all, one more
    /// allocation, only when something is made.
    ///
    /// # Panics
    /// If a text or slice to be added has more than `u32::MAX` elements.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let paths = Interner::<[u16]>::new();
    /// let path = paths.intern(&[1, 2, 3]);
    /// assert_eq!(path, paths.intern(&vec![1, 2, 3]));
    /// ```
    #[inline]
    pub fn intern(&self, value: &T) -> Interned<T>
    where
        T: ToOwned,
        T::Owned: Into<Box<T>>,
    {
        let place = self.place_of(value);
        Interned::new(place.find(value).unwrap_or_else(|seen| {
            let new = Held::copy(value, place.hash, place.shard);
            place.admit(new.unwrap_or_else(|| place.held(value.to_owned().into())), seen)
        }))
    }

    /// The handle of the object that equals `value`, which it becomes if there is none: for values that cannot be cloned,
    /// or should not be.
    ///
    /// A value that is no `Box<T>` yet is put into one on its way, only when something is made.
    ///
    /// # Panics
    /// If a text or slice to be added has more than `u32::MAX` elements.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let paths = Interner::<[String]>::new();
    /// let path = paths.intern_owned(vec!["usr".to_owned(), "bin".to_owned()]);
    /// assert_eq!(paths.intern_owned(vec!["usr".to_owned(), "bin".to_owned()]), path);
    /// ```
    pub fn intern_owned<O>(&self, value: O) -> Interned<T>
    where
        O: Borrow<T> + Into<Box<T>>,
    {
        let place = self.place_of(value.borrow());
        let found = place.find(value.borrow());
        Interned::new(found.unwrap_or_else(|seen| place.admit(place.held(value.into()), seen)))
    }

    /// The handle of the object that equals `value`, if there is one.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let words = Interner::<str>::new();
    /// let held = words.intern("here");
    /// assert_eq!(words.get("here"), Some(held));
    /// assert_eq!(words.get("there"), None);
    /// ```
    #[inline]
    pub fn get(&self, value: &T) -> Option<Interned<T>> {
        self.place_of(value).find(value).ok().map(Interned::new)
    }

    #[inline]
    fn place_of(&self, value: &T) -> Place<'_, T> {
        let hash = ShortHash::of(self.hasher.hash_one(value));
        Place { hash, shard: &self.shards[hash.below(self.shards.len())] }
    }
}

/// Where a value belongs.
struct Place<'a, T: Internable + ?Sized> {
    hash: ShortHash,
    shard: &'a Arc<Shard<T>>,
}

// Values are compared by way of handles, outside of the lock. Whoever then finds that a value is not there tells what it
// has seen: if something was added since, it looks again. Handles are dropped before one is returned: a drop may panic.
impl<T: Internable + Eq + ?Sized> Place<'_, T> {
    /// The live object that equals `value`.
    #[inline]
    fn find(&self, value: &T) -> Result<Held<T>, Version> {
        let first = self.shard.first(self.hash)?;
        let guess = Guess(self.shard);
        if *first == *value {
            guess.was_right();
            return Ok(first);
        }
        drop(first);
        self.find_behind(value, guess)
    }

    /// The first that was found has but the same hash.
    #[cold]
    fn find_behind(&self, value: &T, guess: Guess<'_, T>) -> Result<Held<T>, Version> {
        let (all, seen) = self.shard.all(self.hash);
        let found = all.iter().find(|held| ***held == *value).cloned();
        drop(all);
        let found = found.ok_or(seen)?;
        guess.was_right();
        Ok(found)
    }

    /// Adds `new`, unless its equal was added since `seen`.
    fn admit(&self, new: Held<T>, mut seen: Version) -> Held<T> {
        // Those that do not equal it. Held, so that they stay known: `Eq` itself may add and drop values for ever.
        let mut others = Vec::new();
        while let Err((fresh, now)) = self.shard.add(&new, seen, &others) {
            if let Some(at) = fresh.iter().position(|other| **other == *new) {
                let found = fresh[at].clone();
                drop((new, fresh, others));
                return found;
            }
            others.extend(fresh);
            seen = now;
        }
        drop(others);
        new
    }

    fn held(&self, value: Box<T>) -> Held<T> {
        Held::new(value, self.hash, self.shard)
    }
}

/// A look-up that was counted as a hit, since a hash was found: dropped before it was right, it is counted as a miss.
struct Guess<'a, T: Internable + ?Sized>(&'a Shard<T>);

impl<T: Internable + ?Sized> Guess<'_, T> {
    #[inline]
    fn was_right(self) {
        mem::forget(self);
    }
}

impl<T: Internable + ?Sized> Drop for Guess<'_, T> {
    fn drop(&mut self) {
        self.0.recount_as_miss();
    }
}

fn stats(Counts { hits, misses, added, len, .. }: Counts) -> Stats {
    Stats { hits, misses, loads: added, deaths: added - len as u64, len, ..Stats::default() }
}

impl<T: Internable + ?Sized, S: Default> Default for Interner<T, S> {
    fn default() -> Self {
        InternerBuilder::new().hasher(S::default()).build()
    }
}

impl<T: Internable + ?Sized, S> Drop for Interner<T, S> {
    /// Handles stay valid, here and in other threads; the tables are freed now, each lock with its last handle.
    fn drop(&mut self) {
        self.shards.iter().for_each(|shard| shard.close());
    }
}

impl<T: Internable + ?Sized, S> fmt::Debug for Interner<T, S> {
    /// The figures, not the values. Never waits for a lock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Interner");
        match self.try_counts() {
            Some(counts) => debug.field("stats", &stats(counts)).finish(),
            None => debug.finish_non_exhaustive(),
        }
    }
}

// No panic leaves a table half changed.
impl<T: Internable + RefUnwindSafe + ?Sized, S: UnwindSafe> UnwindSafe for Interner<T, S> {}
impl<T: Internable + RefUnwindSafe + ?Sized, S: RefUnwindSafe> RefUnwindSafe for Interner<T, S> {}
