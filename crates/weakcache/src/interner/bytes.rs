//! What an interner takes.

use core::alloc::Layout;
use core::fmt;
use core::iter::Sum;

use lagom_base::sync::Arc;

use crate::interner::place::Internable;
use crate::interner::shard::{Counts, Shard};

/// The memory of an [`Interner`](crate::Interner): what it asked its allocator for.
///
/// Not what the allocator adds, nor what values own elsewhere, such as the text of a `String`.
///
/// ```
/// use lagom_weakcache::{Interner, InternerBytes};
///
/// let words = Interner::<str>::new();
/// let held = words.intern("seventeen letters");
/// let bytes: InternerBytes = words.bytes();
/// assert_eq!((bytes.entries(), bytes.values()), (1, 17));
/// assert_eq!(bytes.total(), bytes.values() + bytes.overhead());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InternerBytes {
    entries: usize,
    values: usize,
    overhead: usize,
}

impl InternerBytes {
    pub(super) fn new<T: Internable + ?Sized>(shards: &[Arc<Shard<T>>], counts: Counts) -> Self {
        let Counts { len: entries, block_bytes, value_bytes: values, table_bytes, .. } = counts;
        let counted = Layout::new::<[usize; 2]>().extend(Layout::new::<Shard<T>>());
        let shard = counted.map_or(0, |(layout, _)| layout.pad_to_align().size());
        let overhead = block_bytes - values + table_bytes + shards.len() * shard + size_of_val(shards);
        Self { entries, values, overhead }
    }

    /// How many values are live.
    ///
    /// ```
    /// # use lagom_weakcache::Interner;
    /// assert_eq!(Interner::<str>::new().bytes().entries(), 0);
    /// ```
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.entries
    }

    /// The sizes of the values: the lengths of texts.
    ///
    /// ```
    /// # use lagom_weakcache::Interner;
    /// let words = Interner::<str>::new();
    /// let held = words.intern("word");
    /// assert_eq!(words.bytes().values(), 4);
    /// ```
    #[must_use]
    pub const fn values(&self) -> usize {
        self.values
    }

    /// Everything else: counts, lengths, hashes, the gaps that alignment leaves, tables and locks.
    ///
    /// ```
    /// # use lagom_weakcache::Interner;
    /// let words = Interner::<str>::new();
    /// let empty = words.bytes().overhead();
    /// let held: Vec<_> = (0..1000).map(|n| words.intern(&format!("{n:017}"))).collect();
    /// assert!(words.bytes().overhead() - empty < 1000 * 46);
    /// ```
    #[must_use]
    pub const fn overhead(&self) -> usize {
        self.overhead
    }

    /// Values and overhead.
    ///
    /// ```
    /// # use lagom_weakcache::Interner;
    /// let words = Interner::<str>::builder().shards(1).build();
    /// assert!(words.bytes().total() < 250);
    /// ```
    #[must_use]
    pub const fn total(&self) -> usize {
        self.values + self.overhead
    }
}

impl fmt::Display for InternerBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes for {} values of {} bytes", self.total(), self.entries, self.values)
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, each| Self {
            hits: sum.hits + each.hits,
            misses: sum.misses + each.misses,
            added: sum.added + each.added,
            len: sum.len + each.len,
            block_bytes: sum.block_bytes + each.block_bytes,
            value_bytes: sum.value_bytes + each.value_bytes,
            table_bytes: sum.table_bytes + each.table_bytes,
        })
    }
}
