//! The handle of an interned value.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::cached::Cached;

/// The handle of a value in an [`Interner`](crate::Interner).
///
/// One pointer wide, `Option<Interned<T>>` too, also for `str` and `[T]`. `==` and `Hash` look at the address, not at
/// the value: O(1), and right for handles of *one* interner. Handles of two interners are never equal. `Ord` compares
/// the values, and where handles of two interners have equal ones the addresses, so that it agrees with `==`.
///
/// Dropping the last handle takes the value off the interner and frees it before `drop` returns; the value is not
/// hashed again. `Send` and `Sync` if `T` is both. Handles stay valid when their interner is dropped.
///
/// Since its `Hash` differs from that of `T` it is not `Borrow<T>`: to look for a `&T` in a map with interned keys, ask
/// [`Interner::get`](crate::Interner::get) for its handle first.
///
/// Handles are good keys of maps, yet clippy takes them for mutable ones (`mutable_key_type`), since the count of handles
/// is. Neither `Hash` nor `Eq` nor `Ord` looks at it. This line of your `clippy.toml` says so:
///
/// ```toml
/// ignore-interior-mutability = ["lagom_weakcache::Interned"]
/// ```
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
pub struct Interned<T: ?Sized>(Cached<Box<T>>);

impl<T: ?Sized> Interned<T> {
    pub(crate) fn new(handle: Cached<Box<T>>) -> Self {
        Self(handle)
    }

    /// That of the entry, not of the value: values of size 0 share theirs.
    fn address(&self) -> *const Box<T> {
        core::ptr::from_ref::<Box<T>>(&self.0)
    }
}

impl<T: ?Sized> Deref for Interned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Clone for Interned<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized> AsRef<T> for Interned<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> PartialEq for Interned<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        Cached::ptr_eq(&self.0, &other.0)
    }
}

impl<T: ?Sized> Eq for Interned<T> {}

impl<T: ?Sized> Hash for Interned<T> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

impl<T: PartialOrd + ?Sized> PartialOrd for Interned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self == other {
            return Some(Ordering::Equal);
        }
        let by_value = (**self).partial_cmp(&**other)?;
        Some(by_value.then_with(|| self.address().cmp(&other.address())))
    }
}

impl<T: Ord + ?Sized> Ord for Interned<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other {
            return Ordering::Equal;
        }
        (**self).cmp(&**other).then_with(|| self.address().cmp(&other.address()))
    }
}

impl<T: fmt::Debug + ?Sized> fmt::Debug for Interned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Display + ?Sized> fmt::Display for Interned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: RefUnwindSafe + ?Sized> UnwindSafe for Interned<T> {}
impl<T: RefUnwindSafe + ?Sized> RefUnwindSafe for Interned<T> {}
