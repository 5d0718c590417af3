//! A lazy value that expires.

use core::convert::Infallible;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;
use std::sync::Arc;

use lagom_base::clock::Clock;
use lagom_base::expiry::Deadline;
use lagom_base::flight::Outcome;
use lagom_base::sync::Mutex;

use crate::cycle::needs_itself;
use crate::state::{Computing, Role, State};
use crate::{ExpiringLazyBuilder, LazyRef, Stats};

/// A value that is computed when it is first read, and again when it is read after its time to live.
///
/// - A value older than `ttl` is never served: its age counts from when its computation *began*, and is judged when the
///   read begins. A `ttl` of 0 computes on every read, [`Duration::MAX`] only after [`invalidate`](Self::invalidate).
/// - Exactly one thread computes per expiry; the others that read meanwhile wait for it, unless the computation itself
///   takes longer than `ttl`. If it panics or fails, one of those who waited takes over.
/// - Values handed out stay valid after they expired.
/// - A value that needs itself, directly or crossed between threads, panics with a message instead of hanging. Other
///   waits are not seen: see the [crate](crate#which-one).
/// - One lock, held for a moment on every read. Computations, the clock, and drops of values run outside of it.
///
/// An initializer that can fail goes with [`try_new`](Self::try_new) and [`try_get`](Self::try_get).
///
/// ```
/// use core::time::Duration;
/// use lagom_lazy::ExpiringLazy;
///
/// static TOKEN: ExpiringLazy<String> = ExpiringLazy::new(Duration::from_secs(3600), || "fetched".to_owned());
/// assert_eq!(TOKEN.get().len(), 7);
/// TOKEN.invalidate();
/// assert!(!TOKEN.is_fresh());
/// ```
pub struct ExpiringLazy<T, F = fn() -> T> {
    state: Mutex<State<T>>,
    f: F,
    ttl: Duration,
    clock: Clock,
}

// Nothing is left half-done by a panic.
impl<T, F: UnwindSafe> UnwindSafe for ExpiringLazy<T, F> {}
impl<T, F: RefUnwindSafe> RefUnwindSafe for ExpiringLazy<T, F> {}

impl<T, F: Fn() -> T> ExpiringLazy<T, F> {
    /// A value that `f` computes, and that is served for `ttl`.
    ///
    /// ```
    /// use core::time::Duration;
    /// let lazy = lagom_lazy::ExpiringLazy::new(Duration::from_secs(1), || 42);
    /// assert_eq!(*lazy.get(), 42);
    /// ```
    #[must_use]
    pub const fn new(ttl: Duration, f: F) -> Self {
        Self::from_settings(ttl, Clock::SYSTEM, f)
    }

    /// The value, computed if there is no fresh one.
    ///
    /// # Panics
    ///
    /// If the initializer or the clock panics: the next read tries again. If the value needs itself: the initializer
    /// reads it, or waits for a thread that does.
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::new(core::time::Duration::MAX, || vec![1, 2]);
    /// assert_eq!(lazy.get().len(), 2);
    /// ```
    pub fn get(&self) -> LazyRef<'_, T> {
        LazyRef::new(self.arc())
    }

    /// The value, to be kept or sent elsewhere; computed if there is no fresh one.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::new(core::time::Duration::MAX, || vec![1, 2]);
    /// let kept = lazy.arc();
    /// drop(lazy);
    /// assert_eq!(*kept, [1, 2]);
    /// ```
    #[must_use]
    pub fn arc(&self) -> Arc<T> {
        let Ok(value) = self.obtain(|| Ok::<_, Infallible>((self.f)()));
        value
    }

    /// What `read` makes of the value, computed if there is no fresh one. `read` runs under no lock.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get), and if `read` panics.
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::new(core::time::Duration::MAX, || vec![1, 2]);
    /// assert_eq!(lazy.with(|list| list.len()), 2);
    /// ```
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.get())
    }
}

impl<T, E, F: Fn() -> Result<T, E>> ExpiringLazy<T, F> {
    /// A value that `f` computes or fails to, and that is served for `ttl`. A failure is not kept.
    ///
    /// In a `static`, its type is `ExpiringLazy<T, fn() -> Result<T, E>>`.
    ///
    /// ```
    /// use core::num::ParseIntError;
    /// use core::time::Duration;
    /// use lagom_lazy::ExpiringLazy;
    ///
    /// static NUMBER: ExpiringLazy<i32, fn() -> Result<i32, ParseIntError>> =
    ///     ExpiringLazy::try_new(Duration::from_secs(60), || "42".parse());
    /// assert_eq!(*NUMBER.try_get()?, 42);
    /// # Ok::<_, ParseIntError>(())
    /// ```
    #[must_use]
    pub const fn try_new(ttl: Duration, f: F) -> Self {
        Self::from_settings(ttl, Clock::SYSTEM, f)
    }

    /// The value, computed if there is no fresh one. Those who waited for a failure try again, one at a time.
    ///
    /// # Errors
    ///
    /// What the initializer returned.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::try_new(core::time::Duration::MAX, || "42".parse::<i32>());
    /// assert_eq!(*lazy.try_get()?, 42);
    /// # Ok::<_, std::num::ParseIntError>(())
    /// ```
    pub fn try_get(&self) -> Result<LazyRef<'_, T>, E> {
        self.try_arc().map(LazyRef::new)
    }

    /// The value, to be kept or sent elsewhere; computed if there is no fresh one.
    ///
    /// # Errors
    ///
    /// What the initializer returned.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::try_new(core::time::Duration::MAX, || "x".parse::<i32>());
    /// assert!(lazy.try_arc().is_err());
    /// ```
    pub fn try_arc(&self) -> Result<Arc<T>, E> {
        self.obtain(&self.f)
    }

    /// What `read` makes of the value, computed if there is no fresh one. `read` runs under no lock.
    ///
    /// # Errors
    ///
    /// What the initializer returned.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get), and if `read` panics.
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::try_new(core::time::Duration::MAX, || "42".parse::<i32>());
    /// assert_eq!(lazy.try_with(|number| number + 1), Ok(43));
    /// ```
    pub fn try_with<R>(&self, read: impl FnOnce(&T) -> R) -> Result<R, E> {
        self.try_get().map(|value| read(&value))
    }
}

impl<T, F> ExpiringLazy<T, F> {
    /// The settings of a value that `f` computes: by default it never expires. `f` may return a `Result`.
    ///
    /// ```
    /// use core::time::Duration;
    /// use lagom_lazy::ExpiringLazy;
    ///
    /// let lazy = ExpiringLazy::builder(|| 42).ttl(Duration::from_secs(60)).build();
    /// assert_eq!(*lazy.get(), 42);
    /// ```
    pub fn builder(f: F) -> ExpiringLazyBuilder<T, F> {
        ExpiringLazyBuilder::new(f)
    }

    pub(crate) const fn from_settings(ttl: Duration, clock: Clock, f: F) -> Self {
        Self { state: Mutex::new(State::new()), f, ttl, clock }
    }

    /// Gives the value up: the next read computes it again. What was handed out stays valid.
    ///
    /// A computation in progress is outdated by this: its value goes to those who wait for it, but is not kept.
    ///
    /// ```
    /// use core::cell::Cell;
    /// let calls = Cell::new(0);
    /// let lazy = lagom_lazy::ExpiringLazy::new(core::time::Duration::MAX, || calls.replace(calls.get() + 1));
    /// assert_eq!((*lazy.get(), *lazy.get()), (0, 0));
    /// lazy.invalidate();
    /// assert_eq!(*lazy.get(), 1);
    /// ```
    pub fn invalidate(&self) {
        let value = self.state.lock().invalidate();
        drop(value);
    }

    /// Whether a read would find a value that is not yet stale.
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::new(core::time::Duration::MAX, || 42);
    /// assert!(!lazy.is_fresh());
    /// lazy.get();
    /// assert!(lazy.is_fresh());
    /// ```
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        let now = self.now();
        self.state.lock().fresh(now).is_some()
    }

    /// How long a value is served; [`Duration::MAX`] is for ever.
    ///
    /// ```
    /// use core::time::Duration;
    /// assert_eq!(lagom_lazy::ExpiringLazy::new(Duration::MAX, || 42).ttl(), Duration::MAX);
    /// ```
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// What the value has cost so far. O(1).
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::new(core::time::Duration::MAX, || 42);
    /// lazy.get();
    /// assert_eq!(lazy.stats().computations(), 1);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.state.lock().stats
    }

    fn obtain<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        loop {
            let now = self.now();
            let deadline = Deadline::after(now, self.ttl);
            let role = self.state.lock().join_or_lead(now, deadline);
            match role {
                Role::Serve(value) => return Ok(value),
                Role::Cycle => needs_itself(),
                Role::Wait(flight) => match flight.wait() {
                    Outcome::Landed(value) => return Ok(value),
                    Outcome::Abandoned => {}
                    Outcome::Cycle => needs_itself(),
                },
                Role::Discard(stale) => drop(stale),
                Role::Lead(leader, id) => {
                    let computing = Computing::new(&self.state, leader, id, deadline);
                    let began = self.clock.now();
                    let value = f()?;
                    return Ok(computing.land(value, began, self.clock.now()));
                }
            }
        }
    }

    /// The time, if it matters.
    fn now(&self) -> Duration {
        match self.ttl {
            Duration::ZERO | Duration::MAX => Duration::ZERO,
            _ => self.clock.now(),
        }
    }
}

impl<T, F> fmt::Debug for ExpiringLazy<T, F> {
    /// Shows the counts, never the value. Does not wait for the lock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpiringLazy")
            .field("ttl", &self.ttl)
            .field("stats", &self.state.try_lock().map(|state| state.stats))
            .finish_non_exhaustive()
    }
}
