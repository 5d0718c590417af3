//! The handle of an entry.

use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};

use lagom_base::sync::Arc;

use crate::entry::{Entry, Home};

/// A handle that keeps the value of a [`WeakCache`](crate::WeakCache) entry alive, and findable.
///
/// It is one pointer wide, `Option<Cached<V>>` too. Cloning takes two atomic additions and no lock. Dropping the last
/// handle of an entry that is not in the strong tier takes the entry off its cache and drops the value before `drop`
/// returns. (Where two threads drop the last two handles at the same time, that holds once both drops have returned.)
/// Handles stay valid when their cache is dropped.
///
/// A value may hold handles of other entries, also in chains of any length: only the first 64 deaths nest on the stack,
/// the deeper ones follow before the outermost drop returns. (Keys that hold handles nest as deep as they go.) Values
/// that hold handles of each other in a ring never die, as with `Arc`.
///
/// `Send` and `Sync` if `V` is both, like `Arc`.
///
/// ```
/// use lagom_weakcache::{Cached, WeakCache};
///
/// let cache = WeakCache::new(0);
/// let a: Cached<String> = cache.insert(1, "one".to_owned());
/// let b = cache.get(&1).unwrap();
/// assert!(Cached::ptr_eq(&a, &b));
/// assert_eq!(a.len(), 3);
///
/// drop(a);
/// assert_eq!(cache.len(), 1);
/// drop(b);
/// assert_eq!(cache.len(), 0);
/// ```
pub struct Cached<V> {
    entry: Arc<Entry<V>>,
}

impl<V> Cached<V> {
    /// The first handle of a new entry, which is in no table yet.
    pub(crate) fn new(hash: u64, home: std::sync::Arc<dyn Home<V>>, value: V) -> Self {
        Self { entry: Arc::new(Entry::new(hash, home, value)) }
    }

    /// Another handle of `entry`; see [`Entry::hold`] for who may ask.
    pub(crate) fn of(entry: &Arc<Entry<V>>) -> Self {
        entry.hold();
        Self { entry: Arc::clone(entry) }
    }

    pub(crate) fn entry(&self) -> &Arc<Entry<V>> {
        &self.entry
    }

    /// Whether two handles are of the same entry.
    ///
    /// ```
    /// use lagom_weakcache::{Cached, WeakCache};
    ///
    /// let cache = WeakCache::new(0);
    /// let (one, other) = (cache.insert("a", 7), cache.insert("b", 7));
    /// assert!(Cached::ptr_eq(&one, &one.clone()));
    /// assert!(!Cached::ptr_eq(&one, &other));
    /// ```
    #[inline]
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        Arc::ptr_eq(&this.entry, &other.entry)
    }
}

impl<V> Deref for Cached<V> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        self.entry.value()
    }
}

impl<V> Clone for Cached<V> {
    #[inline]
    fn clone(&self) -> Self {
        Self::of(&self.entry)
    }
}

impl<V> Drop for Cached<V> {
    #[inline]
    fn drop(&mut self) {
        if self.entry.release() {
            self.entry.home().bury(&self.entry);
        }
        // The memory goes with the field: its count is what keeps the value in place.
    }
}

impl<V> AsRef<V> for Cached<V> {
    fn as_ref(&self) -> &V {
        self
    }
}

impl<V> Borrow<V> for Cached<V> {
    fn borrow(&self) -> &V {
        self
    }
}

impl<V: fmt::Debug> fmt::Debug for Cached<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<V: fmt::Display> fmt::Display for Cached<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

// A panic leaves the table of the cache usable; what it can do to `V` is what it can do through an `Arc`.
impl<V: RefUnwindSafe> UnwindSafe for Cached<V> {}
impl<V: RefUnwindSafe> RefUnwindSafe for Cached<V> {}
