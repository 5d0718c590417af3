//! Where elements come from: slices, and every so-manieth of one.

use std::fmt;

use crate::element::Element;

pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "so that nobody else can implement it")]
    pub trait Sealed {}
}

/// What operations read: a slice, an array or a vector of [`Element`]s by reference, or a [`Strided`] view.
///
/// Cannot be implemented elsewhere.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Strided, sum};
///
/// let rows = vec![1.0, 10.0, 2.0, 20.0];
/// assert_eq!(sum(&rows), 33.0);
/// assert_eq!(sum(Strided::new(&rows, 0, 2)?), 3.0);
/// # Ok::<(), lagom_vecproc::ZeroStep>(())
/// ```
pub trait Input: Copy + sealed::Sealed {
    /// The type of the elements.
    type Element: Element;

    #[doc(hidden)]
    fn count(self) -> usize;

    /// All elements, where they lie side by side and need no widening.
    #[doc(hidden)]
    fn contiguous<'a>(self) -> Option<&'a [f64]>
    where
        Self: 'a;

    /// Widens the elements from `start` on.
    #[doc(hidden)]
    fn read(self, start: usize, to: &mut [f64]);
}

/// The type of results over an input: `f32` over `f32`s, otherwise `f64`.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Input, Output, ProcessError, expanding_mean};
///
/// fn last_mean<I: Input>(x: I, buffer: &mut [Output<I>]) -> Result<Option<Output<I>>, ProcessError> {
///     expanding_mean(x, buffer)?;
///     Ok(buffer.last().copied())
/// }
/// assert_eq!(last_mean(&[1.0, 3.0], &mut [0.0; 2])?, Some(2.0));
/// # Ok::<(), ProcessError>(())
/// ```
pub type Output<I> = <<I as Input>::Element as Element>::Float;

impl<T> sealed::Sealed for &[T] {}

impl<T: Element> Input for &[T] {
    type Element = T;

    fn count(self) -> usize {
        self.len()
    }

    fn contiguous<'a>(self) -> Option<&'a [f64]>
    where
        Self: 'a,
    {
        T::as_f64s(self)
    }

    fn read(self, start: usize, to: &mut [f64]) {
        for (to, &from) in to.iter_mut().zip(&self[start..]) {
            *to = T::widen(from);
        }
    }
}

macro_rules! as_slice {
    ($(($($generics:tt)*) $type:ty),*) => {$(
        impl<T, $($generics)*> sealed::Sealed for &$type {}

        impl<T: Element, $($generics)*> Input for &$type {
            type Element = T;

            fn count(self) -> usize {
                self.len()
            }

            fn contiguous<'a>(self) -> Option<&'a [f64]>
            where
                Self: 'a,
            {
                self.as_slice().contiguous()
            }

            fn read(self, start: usize, to: &mut [f64]) {
                self.as_slice().read(start, to);
            }
        }
    )*};
}

as_slice!(() Vec<T>, (const N: usize) [T; N]);

/// Every so-manieth element of a slice, such as a column of a matrix that is stored by rows. Copies nothing.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Strided, expanding_mean};
///
/// let rows = [1.0, 10.0, 3.0, 20.0, 8.0, 30.0]; // two columns
/// let mut out = [0.0; 3];
/// expanding_mean(Strided::new(&rows, 1, 2)?, &mut out)?; // the second
/// assert_eq!(out, [10.0, 15.0, 20.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Strided<'a, T> {
    elements: &'a [T],
    step: usize,
}

impl<'a, T: Element> Strided<'a, T> {
    /// The elements `first`, `first + step`, `first + 2 * step`, …; none if there is no `first`.
    ///
    /// # Errors
    ///
    /// [`ZeroStep`] when `step` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let x = [1.0, 2.0, 3.0];
    /// assert_eq!(lagom_vecproc::sum(lagom_vecproc::Strided::new(&x, 0, 2)?), 4.0);
    /// # Ok::<(), lagom_vecproc::ZeroStep>(())
    /// ```
    pub fn new(elements: &'a [T], first: usize, step: usize) -> Result<Self, ZeroStep> {
        if step == 0 {
            return Err(ZeroStep(()));
        }
        Ok(Self { elements: elements.get(first..).unwrap_or_default(), step })
    }
}

impl<T> sealed::Sealed for Strided<'_, T> {}

impl<T: Element> Input for Strided<'_, T> {
    type Element = T;

    fn count(self) -> usize {
        self.elements.len().div_ceil(self.step)
    }

    fn contiguous<'a>(self) -> Option<&'a [f64]>
    where
        Self: 'a,
    {
        if self.step == 1 { self.elements.contiguous() } else { None }
    }

    fn read(self, start: usize, to: &mut [f64]) {
        if to.is_empty() {
            return;
        }
        for (to, &from) in to.iter_mut().zip(self.elements[start * self.step..].iter().step_by(self.step)) {
            *to = T::widen(from);
        }
    }
}

/// A view of every zeroth element was asked for.
///
/// # Examples
///
/// ```
/// let error = lagom_vecproc::Strided::new(&[1.0], 0, 0).unwrap_err();
/// assert_eq!(error.to_string(), "a step of 0 elements; the next element is a step of 1 away");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZeroStep(());

impl fmt::Display for ZeroStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step of 0 elements; the next element is a step of 1 away")
    }
}

impl std::error::Error for ZeroStep {}
