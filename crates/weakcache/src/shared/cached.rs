//! The handle of an entry.
#![allow(unsafe_code, reason = "a counted pointer")]

use core::borrow::Borrow;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use crate::shared::node::{Header, NodePtr, Valued};

/// A handle that keeps the value of a [`WeakCache`](crate::WeakCache) entry alive, and findable.
///
/// It is one pointer wide, `Option<Cached<V>>` too. Cloning takes an atomic addition and no lock. Dropping the last
/// handle of an entry that is not in the strong tier takes the entry off its cache and drops the value before `drop`
/// returns. (Where two threads drop the last two handles at the same time, or another one looks at the entry just then, that holds
/// once both have returned.)
/// Handles stay valid when their cache is dropped. More than 67 million of one entry at once end the process.
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
    node: NonNull<Valued<V>>,
    /// The last handle drops the value.
    value: PhantomData<V>,
}

// SAFETY: as `Arc`: handles share the value, and the last one drops it, in whatever thread.
unsafe impl<V: Send + Sync> Send for Cached<V> {}
// SAFETY: as above.
unsafe impl<V: Send + Sync> Sync for Cached<V> {}

impl<V> Cached<V> {
    /// # Safety
    ///
    /// One handle of the node, whose value is a `V`, must be the caller's; it passes to the result. The value must not
    /// be looked at before it is live.
    #[inline]
    pub(super) unsafe fn from_node(node: NodePtr) -> Self {
        Self { node: node.cast(), value: PhantomData }
    }

    #[inline]
    pub(super) fn node(&self) -> NodePtr {
        self.node.cast()
    }

    #[inline]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: a handle keeps its node.
        unsafe { self.node.as_ref() }.header()
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
        this.node == other.node
    }
}

impl<V> Deref for Cached<V> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        // SAFETY: a handle keeps its node.
        let valued = unsafe { self.node.as_ref() };
        // SAFETY: no user gets a handle of a node that is not live.
        unsafe { valued.value() }
    }
}

impl<V> Clone for Cached<V> {
    #[inline]
    fn clone(&self) -> Self {
        self.header().hold();
        Self { node: self.node, value: PhantomData }
    }
}

impl<V> Drop for Cached<V> {
    #[inline]
    fn drop(&mut self) {
        if self.header().release() {
            // SAFETY: a node that is not given back yet has a chunk, this part of which never changes.
            let bury = unsafe { (*Header::chunk(self.node()).as_ptr()).bury };
            // SAFETY: the count came to 0 just now, by us.
            unsafe { bury(self.node()) };
        }
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
