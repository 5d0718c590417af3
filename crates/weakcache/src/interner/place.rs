//! What an interner can hold: `str`, slices, and everything sized.

use core::ptr::slice_from_raw_parts_mut;

/// What an [`Interner`](crate::Interner) can hold: `str`, `[T]` and every sized type, as long as they are `'static`.
///
/// Sealed, and without anything to call: a bound for code that is generic over interned values.
///
/// ```
/// use lagom_weakcache::{Internable, Interned};
///
/// fn shared<T: Internable + ?Sized>(handle: &Interned<T>) -> [Interned<T>; 2] {
///     [handle.clone(), handle.clone()]
/// }
/// let word = lagom_weakcache::Interner::<str>::new().intern("word");
/// assert_eq!(shared(&word)[0], word);
/// ```
pub trait Internable: Place {}

impl<T: Place + ?Sized> Internable for T {}

/// How a value lies in its block.
#[expect(unnameable_types, reason = "seals `Internable`")]
pub trait Place: 'static {
    /// What the pointer to a value knows beyond its address. Nothing, or a length.
    type Len: Copy;

    /// Whether the bytes of a value are all of it, so that to copy them is to clone it.
    const IS_BYTES: bool;

    /// The length that is kept in the block.
    fn length(&self) -> Self::Len;

    /// The pointer to a value of that length.
    fn pointer(address: *mut u8, len: Self::Len) -> *mut Self;
}

impl<T: 'static> Place for T {
    type Len = ();
    const IS_BYTES: bool = false;

    #[inline]
    fn length(&self) {}

    #[inline]
    fn pointer(address: *mut u8, (): ()) -> *mut T {
        address.cast()
    }
}

impl Place for str {
    type Len = u32;
    const IS_BYTES: bool = true;

    #[inline]
    fn length(&self) -> u32 {
        short(self.len())
    }

    #[inline]
    fn pointer(address: *mut u8, len: u32) -> *mut str {
        slice_from_raw_parts_mut(address, len as usize) as *mut str
    }
}

impl<T: 'static> Place for [T] {
    type Len = u32;
    const IS_BYTES: bool = false;

    #[inline]
    fn length(&self) -> u32 {
        short(self.len())
    }

    #[inline]
    fn pointer(address: *mut u8, len: u32) -> *mut [T] {
        slice_from_raw_parts_mut(address.cast(), len as usize)
    }
}

/// Half a word: four bytes of each text are worth more than texts of 4 GiB.
fn short(len: usize) -> u32 {
    u32::try_from(len).expect("a text or slice to be interned has at most `u32::MAX` elements")
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_length_beyond_four_bytes_panics() {
        assert_eq!(short(u32::MAX as usize), u32::MAX);
        std::panic::catch_unwind(|| short(u32::MAX as usize + 1)).unwrap_err();
    }
}
