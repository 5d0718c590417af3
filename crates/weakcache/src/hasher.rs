//! The default hasher, behind opaque names.

use core::fmt;
use core::hash::{BuildHasher, Hasher};

/// The default hash builder: fast, and seeded at random in every process, so that outside keys cannot be aimed at one
/// bucket.
///
/// Which algorithm stands behind it is no part of the interface.
///
/// ```
/// use core::hash::BuildHasher;
/// use lagom_weakcache::DefaultHashBuilder;
///
/// let builder = DefaultHashBuilder::default();
/// assert_eq!(builder.hash_one("same"), builder.clone().hash_one("same"));
/// ```
#[derive(Clone, Default)]
pub struct DefaultHashBuilder(ahash::RandomState);

impl BuildHasher for DefaultHashBuilder {
    type Hasher = DefaultHasher;

    #[inline]
    fn build_hasher(&self) -> DefaultHasher {
        DefaultHasher(self.0.build_hasher())
    }
}

impl fmt::Debug for DefaultHashBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DefaultHashBuilder { .. }")
    }
}

/// The hasher that [`DefaultHashBuilder`] builds.
///
/// ```
/// use core::hash::{BuildHasher, Hash, Hasher};
/// use lagom_weakcache::{DefaultHashBuilder, DefaultHasher};
///
/// let builder = DefaultHashBuilder::default();
/// let mut hasher: DefaultHasher = builder.build_hasher();
/// 7_u64.hash(&mut hasher);
/// assert_eq!(hasher.finish(), builder.hash_one(7_u64));
/// ```
#[derive(Clone)]
pub struct DefaultHasher(ahash::AHasher);

/// Hands the given methods on, so that integers keep their short way.
macro_rules! forward {
    ($($method:ident: $type:ty),*) => {
        $(#[inline] fn $method(&mut self, value: $type) { self.0.$method(value) })*
    };
}

impl Hasher for DefaultHasher {
    forward! {
        write: &[u8], write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_u128: u128, write_usize: usize
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

impl fmt::Debug for DefaultHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DefaultHasher { .. }")
    }
}
