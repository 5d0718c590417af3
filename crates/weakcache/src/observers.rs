//! Listeners that vanish with their owner.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::set::{Member, WeakSet};

type Listener<E> = Box<dyn Fn(&E) + Send + Sync>;

/// A list of listeners, each of which vanishes with its owner: a [`WeakSet`] of functions.
///
/// Listeners are called in the order of their coming, on the thread that notifies, and without a lock held: they may
/// subscribe and drop others or themselves, and notify again. A call allocates nothing.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use std::sync::Arc;
/// use lagom_weakcache::Observers;
///
/// let changed = Observers::<str>::new();
/// let count = Arc::new(AtomicU32::new(0));
/// let seen = Arc::clone(&count);
/// let observer = changed.subscribe(move |key| assert_eq!((key, seen.fetch_add(1, Relaxed)), ("JFK", 0)));
///
/// changed.notify("JFK");
/// drop(observer);
/// changed.notify("LGA"); // Nobody listens.
/// assert_eq!((count.load(Relaxed), changed.len()), (1, 0));
/// ```
pub struct Observers<E: ?Sized>(WeakSet<Listener<E>>);

impl<E: ?Sized> Observers<E> {
    /// A list without listeners.
    ///
    /// ```
    /// use lagom_weakcache::Observers;
    ///
    /// assert!(Observers::<u32>::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self(WeakSet::new())
    }

    /// Calls `listener` with every event, for as long as the [`Observer`] lives.
    ///
    /// ```
    /// use lagom_weakcache::Observers;
    ///
    /// let ticks = Observers::<u32>::new();
    /// let _printer = ticks.subscribe(|tick| println!("tick {tick}"));
    /// ticks.notify(&1);
    /// ```
    pub fn subscribe(&self, listener: impl Fn(&E) + Send + Sync + 'static) -> Observer<E> {
        Observer { _member: self.0.insert(Box::new(listener)) }
    }

    /// Calls every listener. Those subscribed meanwhile are not called, those dropped before their turn neither.
    ///
    /// # Panics
    /// If a listener does; those after it are not called then.
    ///
    /// ```
    /// use lagom_weakcache::Observers;
    ///
    /// Observers::<[u8]>::new().notify(&[1, 2]);
    /// ```
    pub fn notify(&self, event: &E) {
        self.0.for_each(|listener| listener(event));
    }

    /// How many listeners there are. Exact, O(1).
    ///
    /// ```
    /// use lagom_weakcache::Observers;
    ///
    /// let ticks = Observers::<u32>::new();
    /// let _observers = [ticks.subscribe(|_| ()), ticks.subscribe(|_| ())];
    /// assert_eq!(ticks.len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody listens, so that there is no need to make an event.
    ///
    /// ```
    /// use lagom_weakcache::Observers;
    ///
    /// let ticks = Observers::<u32>::new();
    /// assert!(ticks.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<E: ?Sized> Default for Observers<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: ?Sized> fmt::Debug for Observers<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observers").field(&self.0).finish()
    }
}

// A listener that panicked is the concern of whoever wrote it; the list is whole.
impl<E: ?Sized> UnwindSafe for Observers<E> {}
impl<E: ?Sized> RefUnwindSafe for Observers<E> {}

/// The owner of a listener of [`Observers`].
///
/// When it is dropped the listener is called no more. One that is just being called, by this or another thread, ends in
/// peace; it is dropped with the `Observer`, or after that call.
///
/// ```
/// use lagom_weakcache::{Observer, Observers};
///
/// struct Window {
///     _resized: Observer<(u32, u32)>,
/// }
///
/// let resized = Observers::new();
/// let window = Window { _resized: resized.subscribe(|(width, height)| println!("{width} x {height}")) };
/// resized.notify(&(80, 25));
/// drop(window);
/// assert!(resized.is_empty());
/// ```
#[must_use = "the listener is called as long as its observer lives"]
pub struct Observer<E: ?Sized> {
    _member: Member<Listener<E>>,
}

impl<E: ?Sized> fmt::Debug for Observer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

impl<E: ?Sized> UnwindSafe for Observer<E> {}
impl<E: ?Sized> RefUnwindSafe for Observer<E> {}
