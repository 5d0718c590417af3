//! The length of a slice or a vector, behind any reference.

use std::fmt;
use std::ops::Deref;

/// An argument whose type looked like a slice of numbers; if it is none after all, as another `Vec` was in scope, its size
/// is 0.
pub struct Length<'a, T: ?Sized>(&'a T, Unknown);

/// Something else.
#[derive(Debug)]
pub struct Unknown;

impl<'a, T: ?Sized> Length<'a, T> {
    /// Of an argument.
    #[inline(always)]
    pub fn of(value: &'a T) -> Self {
        Self(value, Unknown)
    }
}

impl<T: Numbers + ?Sized> Length<'_, T> {
    /// The number of its elements.
    #[inline(always)]
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.count()
    }
}

impl<T: ?Sized> Deref for Length<'_, T> {
    type Target = Unknown;
    #[inline(always)]
    fn deref(&self) -> &Unknown {
        &self.1
    }
}

impl Unknown {
    /// Not known.
    #[inline(always)]
    #[must_use]
    pub const fn length(&self) -> usize {
        0
    }
}

/// What has a length.
pub trait Numbers {
    /// The number of elements.
    fn count(&self) -> usize;
}

impl<T> Numbers for [T] {
    #[inline(always)]
    fn count(&self) -> usize {
        self.len()
    }
}

impl<T> Numbers for Vec<T> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.len()
    }
}

impl<T: Numbers + ?Sized> Numbers for &T {
    #[inline(always)]
    fn count(&self) -> usize {
        (**self).count()
    }
}

impl<T: Numbers + ?Sized> Numbers for &mut T {
    #[inline(always)]
    fn count(&self) -> usize {
        (**self).count()
    }
}

impl<T: ?Sized> fmt::Debug for Length<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Length")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_and_vectors_and_nothing_else() {
        assert_eq!(Length::of(&&[1, 2, 3][..]).length(), 3);
        assert_eq!(Length::of(&&mut vec![0.5; 4]).length(), 4);
        assert_eq!(Length::of(&"text").length(), 0);
    }
}
