//! What can be computed with.

mod sealed {
    #[expect(unnameable_types, reason = "so that nobody else can implement it")]
    pub trait Sealed {}
}

/// A number that operations take: `f64`, `f32`, `i8` to `i64`, `u8` to `u64`.
///
/// All arithmetic is that of `f64`: other types are widened tile by tile on the way in. That is exact but for `i64` and
/// `u64` beyond 2^53, which are rounded to the nearest `f64`. Cannot be implemented elsewhere.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::mean(&[1_u8, 3, 8]), 4.0);
/// ```
pub trait Element: Copy + Send + Sync + sealed::Sealed + 'static {
    /// What results over such elements are: `f32` over `f32`, rounded once on the way out, and `f64` over all others.
    type Float: Float;

    #[doc(hidden)]
    fn widen(from: Self) -> f64;

    /// The elements themselves, where they need no widening.
    #[doc(hidden)]
    fn as_f64s(_from: &[Self]) -> Option<&[f64]> {
        None
    }
}

/// A number that results are: `f64` or `f32`.
///
/// Cannot be implemented elsewhere.
///
/// # Examples
///
/// ```
/// let mut out = [0.0_f32; 2]; // over `f32`s, so
/// lagom_vecproc::expanding_mean(&[1.0_f32, 3.0], &mut out)?;
/// assert_eq!(out, [1.0, 2.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub trait Float: Element {
    #[doc(hidden)]
    fn narrow(from: f64) -> Self;

    /// The place of results itself, where they need no narrowing.
    #[doc(hidden)]
    fn as_f64s_mut(_to: &mut [Self]) -> Option<&mut [f64]> {
        None
    }
}

macro_rules! element {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}

        impl Element for $type {
            type Float = f64;

            #[inline(always)]
            fn widen(from: Self) -> f64 {
                from as f64
            }
        }
    )*};
}

element!(i8, i16, i32, i64, u8, u16, u32, u64);

impl sealed::Sealed for f32 {}
impl sealed::Sealed for f64 {}

impl Element for f32 {
    type Float = f32;

    #[inline(always)]
    fn widen(from: Self) -> f64 {
        f64::from(from)
    }
}

impl Float for f32 {
    #[inline(always)]
    fn narrow(from: f64) -> Self {
        from as Self
    }
}

impl Element for f64 {
    type Float = f64;

    #[inline(always)]
    fn widen(from: Self) -> f64 {
        from
    }

    fn as_f64s(from: &[Self]) -> Option<&[f64]> {
        Some(from)
    }
}

impl Float for f64 {
    #[inline(always)]
    fn narrow(from: f64) -> Self {
        from
    }

    fn as_f64s_mut(to: &mut [Self]) -> Option<&mut [f64]> {
        Some(to)
    }
}
