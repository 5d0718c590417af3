//! A lazy value whose initializer is given where it is read.

use core::convert::Infallible;
use core::fmt;
use core::hash::{Hash, Hasher};
use std::sync::OnceLock;

use lagom_base::flight::Outcome;

use crate::cycle::needs_itself;
use crate::initializing::{self, Place, Role};

/// A field that is computed from its neighbours when it is first read: the lazy property of an instance.
///
/// It is as large and as fast to read as a [`OnceLock`]; to fill it costs more, because those who wait meet in a table of
/// the process (`cargo xtask bench lazy` says how much on your machine; some 100 ns on ours). What it has more than that
/// one: a fallible initializer, and a value that needs itself panics instead of hanging (but see the
/// [crate](crate#which-one) on other waits). Whoever changes what the value was computed from calls
/// [`invalidate`](Self::invalidate); that needs `&mut`, so no reference to the value is left then.
///
/// It is a cache, not part of the value of its struct: a clone starts empty (also in `Point { x: 1.0, ..old.clone() }`,
/// where a copied value would be wrong), all fields are equal, and hash to nothing.
///
/// ```
/// use lagom_lazy::LazyField;
///
/// #[derive(Clone, Debug, Default, PartialEq)]
/// struct Circle {
///     radius: f64,
///     area: LazyField<f64>,
/// }
///
/// impl Circle {
///     fn area(&self) -> &f64 {
///         self.area.get_or_init(|| 3.0 * self.radius * self.radius)
///     }
/// }
///
/// let circle = Circle { radius: 2.0, ..Default::default() };
/// assert_eq!(circle.area(), &12.0);
/// assert_eq!(circle, circle.clone());
/// ```
pub struct LazyField<T> {
    value: OnceLock<T>,
}

impl<T> LazyField<T> {
    /// A field without a value.
    ///
    /// ```
    /// static FIELD: lagom_lazy::LazyField<u32> = lagom_lazy::LazyField::new();
    /// assert_eq!(FIELD.get(), None);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { value: OnceLock::new() }
    }

    /// The value; computes it with `f` if there is none.
    ///
    /// If another thread is computing it, waits for that. `f` runs under no lock. Reading a value that is there is one
    /// atomic load.
    ///
    /// # Panics
    ///
    /// If `f` panics: the field stays empty then, and the next call tries again. If the value needs itself: `f` reads
    /// this field, or waits for a thread that does.
    ///
    /// ```
    /// let field = lagom_lazy::LazyField::new();
    /// assert_eq!(field.get_or_init(|| 1), &1);
    /// assert_eq!(field.get_or_init(|| 2), &1);
    /// ```
    #[inline]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => {
                let Ok(value) = self.init(|| Ok::<_, Infallible>(f()));
                value
            }
        }
    }

    /// As [`get_or_init`](Self::get_or_init), but `f` may fail: the field stays empty then. Who waited for it tries its own.
    ///
    /// # Errors
    ///
    /// What `f` returned.
    ///
    /// # Panics
    ///
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// ```
    /// let field = lagom_lazy::LazyField::new();
    /// assert!(field.try_get_or_init(|| "x".parse::<i32>()).is_err());
    /// assert_eq!(field.try_get_or_init(|| "7".parse::<i32>()), Ok(&7));
    /// ```
    #[inline]
    pub fn try_get_or_init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => self.init(f),
        }
    }

    #[cold]
    fn init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        loop {
            let role = initializing::join_or_lead(Place::of(self));
            // Between the look at the field and the table, another thread may have been through.
            if let Some(value) = self.get() {
                return Ok(value);
            }
            match role {
                Role::Lead(_initializing) => {
                    let value = f()?;
                    return Ok(self.value.get_or_init(|| value));
                }
                Role::Wait(flight) => {
                    let outcome = flight.wait();
                    if let Some(value) = self.get() {
                        return Ok(value);
                    }
                    if outcome == Outcome::Cycle {
                        needs_itself();
                    }
                }
            }
        }
    }

    /// The value, if it was computed. Never waits, never computes.
    ///
    /// ```
    /// let field = lagom_lazy::LazyField::new();
    /// assert_eq!(field.get(), None);
    /// field.get_or_init(|| 1);
    /// assert_eq!(field.get(), Some(&1));
    /// ```
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, to be changed, if it was computed.
    ///
    /// ```
    /// let mut field = lagom_lazy::LazyField::from(1);
    /// *field.get_mut().unwrap() += 1;
    /// assert_eq!(field.get(), Some(&2));
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Gives the field a value, if it has none. A computation in progress then yields to it.
    ///
    /// # Errors
    ///
    /// `value` itself, if there is one already.
    ///
    /// ```
    /// let field = lagom_lazy::LazyField::new();
    /// assert_eq!(field.set(1), Ok(()));
    /// assert_eq!(field.set(2), Err(2));
    /// ```
    pub fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)
    }

    /// Takes the value out, if it was computed: the next read computes it again.
    ///
    /// ```
    /// let mut field = lagom_lazy::LazyField::new();
    /// field.get_or_init(|| 1);
    /// assert_eq!(field.invalidate(), Some(1));
    /// assert_eq!(field.get_or_init(|| 2), &2);
    /// ```
    pub fn invalidate(&mut self) -> Option<T> {
        self.value.take()
    }

    /// The value, by value, if it was computed.
    ///
    /// ```
    /// assert_eq!(lagom_lazy::LazyField::from(1).into_inner(), Some(1));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

impl<T> Default for LazyField<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for LazyField<T> {
    fn from(value: T) -> Self {
        Self { value: OnceLock::from(value) }
    }
}

impl<T> Clone for LazyField<T> {
    /// An empty field: what it would be computed from may differ.
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<T> PartialEq for LazyField<T> {
    /// Always equal: whether a value was computed already makes no difference.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for LazyField<T> {}

impl<T> Hash for LazyField<T> {
    /// Hashes nothing, since all are equal.
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl<T: fmt::Debug> fmt::Debug for LazyField<T> {
    /// Shows the value or its absence. Never waits, never computes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(value) => f.debug_tuple("LazyField").field(value).finish(),
            None => f.write_str("LazyField(<none>)"),
        }
    }
}
