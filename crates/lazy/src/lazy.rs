//! A lazy value that has its initializer with it.

use core::fmt;
use core::ops::Deref;

use crate::LazyField;

/// A value that is computed when it is first used, and again after [`invalidate`](Self::invalidate).
///
/// Reads as fast as a [`LazyLock`](std::sync::LazyLock). Other than that one, it is not poisoned by a panic in the
/// initializer, panics instead of hanging if the value needs itself (but see the [crate](crate#which-one) on other
/// waits), and can be reset.
///
/// ```
/// use lagom_lazy::Lazy;
///
/// static GREETING: Lazy<String> = Lazy::new(|| "hello".to_owned());
/// assert_eq!(GREETING.len(), 5);
///
/// let base = 20;
/// let answer = Lazy::new(|| base + 22);
/// assert_eq!(*answer, 42);
/// ```
pub struct Lazy<T, F = fn() -> T> {
    field: LazyField<T>,
    f: F,
}

impl<T, F: Fn() -> T> Lazy<T, F> {
    /// A value that `f` will compute.
    ///
    /// ```
    /// static ANSWER: lagom_lazy::Lazy<u32> = lagom_lazy::Lazy::new(|| 42);
    /// assert_eq!(*ANSWER, 42);
    /// ```
    #[must_use]
    pub const fn new(f: F) -> Self {
        Self { field: LazyField::new(), f }
    }

    /// The value, computed if there is none yet; what `*` does.
    ///
    /// If another thread is computing it, waits for that. The initializer runs under no lock.
    ///
    /// # Panics
    ///
    /// If the initializer panics: the next access tries again. If the value needs itself: the initializer uses it, or
    /// waits for a thread that does.
    ///
    /// ```
    /// use lagom_lazy::Lazy;
    /// let lazy = Lazy::new(|| 42);
    /// assert_eq!(Lazy::force(&lazy), &42);
    /// ```
    #[inline]
    pub fn force(this: &Self) -> &T {
        this.field.get_or_init(&this.f)
    }
}

impl<T, F> Lazy<T, F> {
    /// The value, if it was computed. Never waits, never computes.
    ///
    /// ```
    /// use lagom_lazy::Lazy;
    /// let lazy = Lazy::new(|| 42);
    /// assert_eq!(Lazy::get(&lazy), None);
    /// Lazy::force(&lazy);
    /// assert_eq!(Lazy::get(&lazy), Some(&42));
    /// ```
    #[inline]
    pub fn get(this: &Self) -> Option<&T> {
        this.field.get()
    }

    /// Takes the value out, if it was computed: the next access computes it again.
    ///
    /// ```
    /// use lagom_lazy::Lazy;
    /// let mut lazy = Lazy::new(|| 42);
    /// Lazy::force(&lazy);
    /// assert_eq!(Lazy::invalidate(&mut lazy), Some(42));
    /// assert_eq!(Lazy::get(&lazy), None);
    /// ```
    pub fn invalidate(this: &mut Self) -> Option<T> {
        this.field.invalidate()
    }

    /// The value, by value, if it was computed.
    ///
    /// ```
    /// use lagom_lazy::Lazy;
    /// let lazy = Lazy::new(|| 42);
    /// assert_eq!(Lazy::into_inner(lazy), None);
    /// ```
    pub fn into_inner(this: Self) -> Option<T> {
        this.field.into_inner()
    }
}

impl<T, F: Fn() -> T> Deref for Lazy<T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T: Default> Default for Lazy<T> {
    /// A value that `T::default` will compute.
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for Lazy<T, F> {
    /// Shows the value or its absence. Never waits, never computes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::get(self) {
            Some(value) => f.debug_tuple("Lazy").field(value).finish(),
            None => f.write_str("Lazy(<none>)"),
        }
    }
}
