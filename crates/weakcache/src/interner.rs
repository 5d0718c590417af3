//! One object per value, freed when unused.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::engine::Engine;
use crate::hasher::DefaultHashBuilder;
use crate::interned::Interned;
use crate::stats::Stats;
use crate::table::Slot;

/// Keeps one object per value, as long as somebody holds a handle of it: a purely weak table whose values are their own
/// keys.
///
/// For `str`, `[T]` and any sized type that is `Hash + Eq + Clone`; values must be `Send + Sync + 'static`.
///
/// One mutex; every operation is O(1) expected plus one hash of the value. `Hash`, `Clone` and `Drop` of the value run
/// outside of the lock, `Eq` under it: it must not use the same interner.
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
pub struct Interner<T: ?Sized, S = DefaultHashBuilder> {
    engine: std::sync::Arc<Engine<(), Box<T>>>,
    hasher: S,
}

impl<T: ?Sized> Interner<T> {
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
        InternerBuilder { hasher: DefaultHashBuilder::default(), values: PhantomData }
    }
}

impl<T: ?Sized, S> Interner<T, S> {
    /// How many values are live. Exact.
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
        self.engine.len()
    }

    /// Whether no value is live.
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

    /// The counters and sizes of this instant.
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
        self.engine.stats()
    }
}

impl<T, S> Interner<T, S>
where
    T: Hash + Eq + Send + Sync + ?Sized + 'static,
    S: BuildHasher,
{
    /// The handle of the object that equals `value`; makes one if there is none. Allocates only then.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let paths = Interner::<[u16]>::new();
    /// let path = paths.intern(&[1, 2, 3]);
    /// assert_eq!(path, paths.intern(&vec![1, 2, 3]));
    /// ```
    pub fn intern(&self, value: &T) -> Interned<T>
    where
        T: ToOwned,
        T::Owned: Into<Box<T>>,
    {
        let hash = self.hasher.hash_one(value);
        let handle = self.engine.get(hash, is(value)).unwrap_or_else(|| {
            let owned: Box<T> = value.to_owned().into();
            self.engine.admit(&(), hash, owned, is(value))
        });
        Interned::new(handle)
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
    pub fn get(&self, value: &T) -> Option<Interned<T>> {
        self.engine.get(self.hasher.hash_one(value), is(value)).map(Interned::new)
    }
}

/// Whether a slot is that of `value`.
fn is<T: Eq + ?Sized>(value: &T) -> impl Fn(&Slot<(), Box<T>>) -> bool {
    move |slot| slot.value().is_some_and(|held| **held == *value)
}

impl<T: ?Sized, S: Default> Default for Interner<T, S> {
    fn default() -> Self {
        Self { engine: Engine::new(0), hasher: S::default() }
    }
}

impl<T: ?Sized, S> Drop for Interner<T, S> {
    /// Handles stay valid, here and in other threads.
    fn drop(&mut self) {
        // The entries lead back to the engine: emptied, it goes with the last of them.
        self.engine.clear();
    }
}

impl<T: ?Sized, S> fmt::Debug for Interner<T, S> {
    /// The figures, not the values. Never waits for the lock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Interner");
        match self.engine.try_stats() {
            Some(stats) => debug.field("stats", &stats).finish(),
            None => debug.finish_non_exhaustive(),
        }
    }
}

// No panic leaves the table half changed.
impl<T: RefUnwindSafe + ?Sized, S: UnwindSafe> UnwindSafe for Interner<T, S> {}
impl<T: RefUnwindSafe + ?Sized, S: RefUnwindSafe> RefUnwindSafe for Interner<T, S> {}

/// The settings of an [`Interner`].
///
/// ```
/// use lagom_weakcache::{Interner, InternerBuilder};
///
/// let builder: InternerBuilder<str> = Interner::builder();
/// assert!(builder.build().is_empty());
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct InternerBuilder<T: ?Sized, S = DefaultHashBuilder> {
    hasher: S,
    values: PhantomData<fn(&T)>,
}

impl<T: ?Sized, S> InternerBuilder<T, S> {
    /// How values are hashed; [`DefaultHashBuilder`] unless told. A hasher that is not seeded at random lets whoever
    /// chooses the values slow the interner down.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use lagom_weakcache::Interner;
    ///
    /// let words = Interner::<str>::builder().hasher(BuildHasherDefault::<DefaultHasher>::new()).build();
    /// assert_eq!(&*words.intern("word"), "word");
    /// ```
    pub fn hasher<S2>(self, hasher: S2) -> InternerBuilder<T, S2> {
        InternerBuilder { hasher, values: PhantomData }
    }

    /// The interner.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let words = Interner::<str>::builder().build();
    /// assert!(words.is_empty());
    /// ```
    #[must_use]
    pub fn build(self) -> Interner<T, S> {
        Interner { engine: Engine::new(0), hasher: self.hasher }
    }
}

impl<T: ?Sized, S> fmt::Debug for InternerBuilder<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InternerBuilder").finish_non_exhaustive()
    }
}
