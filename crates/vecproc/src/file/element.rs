//! Elements as they stand in files, and their way to f64 and back.

use std::fmt;

/// How an element stands in a file: its type, and the order of its bytes, little-endian unless told otherwise.
///
/// Values become f64s when they are read: floats of 32 bits and integers of up to 53 bits exactly, longer integers
/// rounded to the nearest f64 (ties to even), as `as` does.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::ElementType;
///
/// assert_eq!(ElementType::I16.size(), 2);
/// assert_eq!(ElementType::I16.big_endian().to_string(), "big-endian i16");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ElementType {
    scalar: Scalar,
    is_big: bool,
}

impl ElementType {
    /// The same type with its most significant byte first.
    ///
    /// ```
    /// use lagom_vecproc::file::ElementType;
    /// assert!(ElementType::F32.big_endian().is_big_endian());
    /// ```
    #[must_use]
    pub const fn big_endian(self) -> Self {
        Self { scalar: self.scalar, is_big: true }
    }

    /// Whether the most significant byte comes first.
    ///
    /// ```
    /// assert!(!lagom_vecproc::file::ElementType::F32.is_big_endian());
    /// ```
    #[must_use]
    pub const fn is_big_endian(self) -> bool {
        self.is_big
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.is_big { "big-endian " } else { "" };
        write!(f, "{order}{}", self.name())
    }
}

/// The types, from one list: name, number, and its way to f64.
macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident $number:ident $to_f64:expr;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        enum Scalar { $($name),* }

        impl ElementType {
            $($(#[$doc])* pub const $name: Self = Self { scalar: Scalar::$name, is_big: false };)*

            /// Its name in Rust.
            ///
            /// ```
            /// assert_eq!(lagom_vecproc::file::ElementType::U8.name(), "u8");
            /// ```
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.scalar { $(Scalar::$name => stringify!($number)),* }
            }

            /// Its length in bytes.
            ///
            /// ```
            /// assert_eq!(lagom_vecproc::file::ElementType::F64.size(), 8);
            /// ```
            #[must_use]
            pub const fn size(self) -> usize {
                match self.scalar { $(Scalar::$name => size_of::<$number>()),* }
            }

            /// The values of elements that stand one after the other, as many as `out` takes.
            ///
            /// The type is chosen once, outside of the loop, which the compiler turns into vector instructions; for
            /// little-endian f64s into a plain copy.
            pub(super) fn decode(self, bytes: &[u8], out: &mut [f64]) {
                match (self.scalar, self.is_big) {
                    $((Scalar::$name, false) => each(bytes, out, |b| $to_f64($number::from_le_bytes(b))),
                    (Scalar::$name, true) => each(bytes, out, |b| $to_f64($number::from_be_bytes(b))),)*
                }
            }

            /// The values of elements that stand `stride` bytes apart, the first at the start of `bytes`.
            pub(super) fn gather(self, bytes: &[u8], stride: usize, out: &mut [f64]) {
                match (self.scalar, self.is_big) {
                    $((Scalar::$name, false) => every(bytes, stride, out, |b| $to_f64($number::from_le_bytes(b))),
                    (Scalar::$name, true) => every(bytes, stride, out, |b| $to_f64($number::from_be_bytes(b))),)*
                }
            }
        }
    };
}

scalars! {
    /// 64-bit floats.
    F64 f64 f64::from;
    /// 32-bit floats.
    F32 f32 f64::from;
    /// Signed bytes.
    I8 i8 f64::from;
    /// Unsigned bytes.
    U8 u8 f64::from;
    /// Signed integers of 16 bits.
    I16 i16 f64::from;
    /// Unsigned integers of 16 bits.
    U16 u16 f64::from;
    /// Signed integers of 32 bits.
    I32 i32 f64::from;
    /// Unsigned integers of 32 bits.
    U32 u32 f64::from;
    /// Signed integers of 64 bits, rounded to the nearest f64.
    I64 i64 (|x| x as f64);
    /// Unsigned integers of 64 bits, rounded to the nearest f64.
    U64 u64 (|x| x as f64);
}

fn each<const N: usize>(bytes: &[u8], out: &mut [f64], value: impl Fn([u8; N]) -> f64) {
    for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
        *out = value(*bytes);
    }
}

fn every<const N: usize>(bytes: &[u8], stride: usize, out: &mut [f64], value: impl Fn([u8; N]) -> f64) {
    for (out, bytes) in out.iter_mut().zip(bytes.chunks(stride).filter_map(<[u8]>::first_chunk)) {
        *out = value(*bytes);
    }
}

/// A float as it is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StoredFloat {
    pub(super) is_f32: bool,
    pub(super) is_big: bool,
}

impl StoredFloat {
    pub(super) fn size(self) -> usize {
        if self.is_f32 { 4 } else { 8 }
    }

    /// Replaces `bytes` by the elements of `values`; f32s are rounded to nearest, ties to even.
    pub(super) fn encode(self, values: &[f64], bytes: &mut Vec<u8>) {
        bytes.resize(values.len() * self.size(), 0);
        match (self.is_f32, self.is_big) {
            (false, false) => put(values, bytes, f64::to_le_bytes),
            (false, true) => put(values, bytes, f64::to_be_bytes),
            (true, false) => put(values, bytes, |x| (x as f32).to_le_bytes()),
            (true, true) => put(values, bytes, |x| (x as f32).to_be_bytes()),
        }
    }
}

fn put<const N: usize>(values: &[f64], bytes: &mut [u8], stored: impl Fn(f64) -> [u8; N]) {
    for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
        *bytes = stored(*value);
    }
}
