//! The handle of an interned value.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::interner::block::Held;
use crate::interner::place::Internable;

/// The handle of a value in an [`Interner`](crate::Interner).
///
/// One pointer wide, `Option<Interned<T>>` too, also for `str` and `[T]`. `==` and `Hash` look at the address, not at
/// the value: O(1), and right for handles of *one* interner. Handles of two interners are never equal. `Ord` compares
/// the values, and where handles of two interners have equal ones the addresses, so that it agrees with `==`.
///
/// Cloning counts, dropping counts back, both without a lock; reading follows one pointer. Dropping the last handle takes
/// the value off the interner, under the lock of its shard, and then drops and frees it before `drop` returns; the value
/// is neither hashed nor compared again. Of values that hold one another more than 64 deep, the deepest go last, before
/// the outermost `drop` returns. `Send` and `Sync` if `T` is both. Handles stay valid when their interner is dropped.
///
/// Since its `Hash` differs from that of `T` it is not `Borrow<T>`: to look for a `&T` in a map with interned keys, ask
/// [`Interner::get`](crate::Interner::get) for its handle first.
///
/// ```
/// use lagom_weakcache::{Interned, Interner};
///
/// let words = Interner::<str>::new();
/// let (a, b): (Interned<str>, Interned<str>) = (words.intern("a"), words.intern("b"));
/// assert!(a != b && a < b);
/// assert_eq!(a.len(), 1);
/// assert_eq!(size_of::<Option<Interned<str>>>(), size_of::<usize>());
/// ```
pub struct Interned<T: Internable + ?Sized>(Held<T>);

impl<T: Internable + ?Sized> Interned<T> {
    #[inline]
    pub(super) fn new(held: Held<T>) -> Self {
        Self(held)
    }
}

impl<T: Internable + ?Sized> Deref for Interned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Internable + ?Sized> Clone for Interned<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Internable + ?Sized> AsRef<T> for Interned<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: Internable + ?Sized> PartialEq for Interned<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.0.address() == other.0.address()
    }
}

impl<T: Internable + ?Sized> Eq for Interned<T> {}

impl<T: Internable + ?Sized> Hash for Interned<T> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.address().hash(state);
    }
}

impl<T: Internable + PartialOrd + ?Sized> PartialOrd for Interned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self == other {
            return Some(Ordering::Equal);
        }
        let by_value = (**self).partial_cmp(&**other)?;
        Some(by_value.then_with(|| self.0.address().cmp(&other.0.address())))
    }
}

impl<T: Internable + Ord + ?Sized> Ord for Interned<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other {
            return Ordering::Equal;
        }
        (**self).cmp(&**other).then_with(|| self.0.address().cmp(&other.0.address()))
    }
}

impl<T: Internable + fmt::Debug + ?Sized> fmt::Debug for Interned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: Internable + fmt::Display + ?Sized> fmt::Display for Interned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: Internable + RefUnwindSafe + ?Sized> UnwindSafe for Interned<T> {}
impl<T: Internable + RefUnwindSafe + ?Sized> RefUnwindSafe for Interned<T> {}
