//! What is counted.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::heap::SizeVisitor;
use crate::{HeapSize, engine};

/// A value that counts as a live one of its type, for [`instances`](super::instances()).
///
/// It takes no room beside the value, and nothing without the feature `enabled`. To create and to drop one costs a store each,
/// for threads beyond the first 32 at a time an atomic addition. A value that is forgotten or leaked stays counted.
///
/// ```
/// use lagom_profiler::heap::{self, Counted};
///
/// struct Order(u32);
///
/// let orders = vec![Counted::new(Order(1)), Counted::new(Order(2))];
/// assert_eq!(orders[1].0, 2);
/// # #[cfg(feature = "enabled")]
/// assert_eq!(heap::instances().get("Order").unwrap().live(), 2);
/// # assert_eq!(size_of::<Counted<Order>>(), size_of::<Order>());
/// ```
#[derive(Clone, Default)]
pub struct Counted<T: 'static> {
    value: T,
    counter: Counter<T>,
}

impl<T> Counted<T> {
    /// Counts a value.
    ///
    /// ```
    /// let text = lagom_profiler::heap::Counted::new("text");
    /// assert_eq!(text.len(), 4);
    /// ```
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { value, counter: Counter::new() }
    }

    /// The value, no more counted.
    ///
    /// ```
    /// use lagom_profiler::heap::Counted;
    ///
    /// assert_eq!(Counted::into_inner(Counted::new(7)), 7);
    /// ```
    #[must_use]
    pub fn into_inner(counted: Self) -> T {
        let Self { value, counter } = counted;
        drop(counter);
        value
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Counted<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> From<T> for Counted<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> AsRef<T> for Counted<T> {
    fn as_ref(&self) -> &T {
        &self.value
    }
}

impl<T> Borrow<T> for Counted<T> {
    fn borrow(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Counted<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Counted<T> {}

impl<T: PartialOrd> PartialOrd for Counted<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Ord> Ord for Counted<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl<T: Hash> Hash for Counted<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<T: HeapSize> HeapSize for Counted<T> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        self.value.visit_heap(visitor);
    }

    fn owns_nothing() -> bool {
        T::owns_nothing()
    }
}

/// A field that counts the values it is part of: [`Counted`] from within.
///
/// `T` names the type in the tables; it takes no room. A clone counts anew, all counters are equal.
///
/// ```
/// use lagom_profiler::heap::{self, Counter};
///
/// #[derive(Clone, Default)]
/// struct Session {
///     user: String,
///     counter: Counter<Session>,
/// }
///
/// let one = Session::default();
/// let other = Session { user: "B".to_owned(), ..Session::default() };
/// # #[cfg(feature = "enabled")]
/// assert_eq!(heap::instances().get("Session").unwrap().live(), 2);
/// # drop((one, other));
/// ```
pub struct Counter<T: 'static>(PhantomData<fn() -> T>);

impl<T> Counter<T> {
    /// Counts one more, until it is dropped.
    ///
    /// ```
    /// use lagom_profiler::heap::{self, Counter};
    ///
    /// enum Job {}
    ///
    /// let running = Counter::<Job>::new();
    /// # #[cfg(feature = "enabled")]
    /// assert_eq!(heap::instances().get("Job").unwrap().live(), 1);
    /// # drop(running);
    /// ```
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        engine::instance_created::<T>();
        Self(PhantomData)
    }
}

impl<T> Drop for Counter<T> {
    #[inline]
    fn drop(&mut self) {
        engine::instance_dropped::<T>();
    }
}

impl<T> Default for Counter<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Counter<T> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<T> PartialEq for Counter<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Counter<T> {}

impl<T> PartialOrd for Counter<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Counter<T> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl<T> Hash for Counter<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl<T> fmt::Debug for Counter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counter")
    }
}

impl<T> HeapSize for Counter<T> {
    fn visit_heap<'a>(&'a self, _: &mut SizeVisitor<'a>) {}

    fn owns_nothing() -> bool {
        true
    }
}
