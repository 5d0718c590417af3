//! The settings of an interner.

use core::fmt;
use core::marker::PhantomData;

use lagom_base::fence;
use lagom_base::sync::Arc;

use crate::hasher::DefaultHashBuilder;
use crate::interner::Interner;
use crate::interner::place::Internable;
use crate::interner::shard::Shard;

/// The settings of an [`Interner`].
///
/// ```
/// use lagom_weakcache::{Interner, InternerBuilder};
///
/// let builder: InternerBuilder<str> = Interner::builder();
/// assert!(builder.build().is_empty());
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct InternerBuilder<T: ?Sized, S = DefaultHashBuilder> {
    hasher: S,
    shards: Option<usize>,
    values: PhantomData<fn(&T)>,
}

impl<T: ?Sized> InternerBuilder<T> {
    pub(super) fn new() -> Self {
        Self { hasher: DefaultHashBuilder::default(), shards: None, values: PhantomData }
    }
}

impl<T: ?Sized, S> InternerBuilder<T, S> {
    /// How values are hashed; [`DefaultHashBuilder`] unless told. A hasher that is not seeded at random lets whoever
    /// chooses the values slow the interner down.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use lagom_weakcache::Interner;
    ///
    /// let words = Interner::<str>::builder().hasher(BuildHasherDefault::<DefaultHasher>::new()).build();
    /// assert_eq!(&*words.intern("word"), "word");
    /// ```
    pub fn hasher<S2>(self, hasher: S2) -> InternerBuilder<T, S2> {
        InternerBuilder { hasher, shards: self.shards, values: PhantomData }
    }

    /// Into how many parts with locks of their own the table is split; at least one, and eight for each processor unless
    /// told. Each takes 192 bytes when it is empty.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let small = Interner::<str>::builder().shards(1).build();
    /// assert!(small.bytes().total() < Interner::<str>::new().bytes().total());
    /// ```
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = Some(shards);
        self
    }

    /// The interner.
    ///
    /// ```
    /// use lagom_weakcache::Interner;
    ///
    /// let words = Interner::<str>::builder().build();
    /// assert!(words.is_empty());
    /// ```
    #[must_use]
    pub fn build(self) -> Interner<T, S>
    where
        T: Internable,
    {
        let shards = self.shards.unwrap_or_else(enough).max(1);
        // For the locks.
        fence::prepare();
        Interner { shards: (0..shards).map(|_| Arc::new(Shard::new())).collect(), hasher: self.hasher }
    }
}

/// So many that two threads seldom meet in one.
#[cfg(not(lagom_loom))]
fn enough() -> usize {
    static ENOUGH: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    // Asking takes the system longer than all the rest.
    *ENOUGH.get_or_init(|| (8 * std::thread::available_parallelism().map_or(1, usize::from)).min(256))
}

/// A model is small.
#[cfg(lagom_loom)]
fn enough() -> usize {
    1
}

impl<T: ?Sized, S> fmt::Debug for InternerBuilder<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InternerBuilder").field("shards", &self.shards).finish_non_exhaustive()
    }
}
