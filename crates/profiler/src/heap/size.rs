//! What a value owns on the heap, asked of the value itself: no allocator has to watch.

mod boxes;
mod collections;
#[cfg(any(feature = "hashbrown", feature = "smallvec"))]
mod foreign;
mod plain;
mod shared;
mod tables;
mod trees;
mod visitor;

pub use self::visitor::SizeVisitor;

use super::Amount;

/// Values that can tell how much heap memory they own.
///
/// In bytes as they are requested from the allocator, so the figures are those of a counting allocator: exact for what std
/// offers, with these exceptions. A `HashMap` that was full and lost most of its entries may be taken for a smaller one. A
/// `BTreeMap` from which the last entry was removed keeps a node that nobody can see. What a `Mutex`, `RwLock` or `RefCell` holds
/// is left out while somebody has it for writing ([`Measured::locked`] counts them): asking never waits and never panics.
///
/// What is borrowed is not owned: references count as nothing, and so do raw and function pointers. What is shared by `Rc` or
/// `Arc` counts whole, but once in a walk, however often the value refers to it; also if others share it. A `Weak` owns the empty
/// block of a value that is gone. What the system keeps for a value (files, threads, on some systems locks) is not seen.
///
/// The walk is as long as what it passes. Elements of a type that [owns nothing](Self::owns_nothing), such as `u64`, are not
/// visited, but those of a `BTreeMap` and of a small `HashMap`, since only the places of the keys tell how large it is. It needs no
/// more stack for a deep value than for a flat one: beyond a few levels what comes next waits in a list. It allocates for that list
/// and to remember what is shared, else nothing.
///
/// Implement it by `#[derive(HeapSize)]`, with the feature `macros`.
///
/// ```
/// # use lagom_profiler as profiler;
/// use profiler::HeapSize;
///
/// assert_eq!(String::from("four").heap_size(), 4);
/// assert_eq!(Vec::<u64>::with_capacity(10).heap_size(), 80);
/// assert_eq!(vec![Box::new(1_u8)].total_size(), size_of::<Vec<Box<u8>>>() + size_of::<Box<u8>>() + 1);
///
/// // By hand, for a type with memory of its own:
/// struct Arena {
///     chunks: Vec<String>,
///     mapped: usize,
/// }
///
/// impl HeapSize for Arena {
///     fn visit_heap<'a>(&'a self, visitor: &mut profiler::heap::SizeVisitor<'a>) {
///         self.chunks.visit_heap(visitor);
///         visitor.block(self.mapped);
///     }
/// }
/// assert_eq!(Arena { chunks: Vec::new(), mapped: 4096 }.heap_size(), 4096);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell how much heap memory it owns",
    label = "`HeapSize` is not implemented for `{Self}`",
    note = "a type of yours: `#[derive(HeapSize)]`",
    note = "a field of another's: `#[heap_size(skip)]` or `#[heap_size(with = function)]`, a `fn(&Field) -> usize`"
)]
pub trait HeapSize {
    /// Tells the visitor the blocks that this value owns, and sends it on to the values inside.
    ///
    /// ```
    /// use lagom_profiler::{HeapSize, heap};
    ///
    /// struct Pair(String, Vec<u8>);
    ///
    /// impl HeapSize for Pair {
    ///     fn visit_heap<'a>(&'a self, visitor: &mut heap::SizeVisitor<'a>) {
    ///         self.0.visit_heap(visitor);
    ///         self.1.visit_heap(visitor);
    ///     }
    /// }
    /// assert_eq!(Pair("a".to_owned(), vec![1, 2]).heap_size(), 3);
    /// ```
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>);

    /// Whether no value of this type can own anything; then collections do not visit their elements of it.
    ///
    /// The derive asks the fields. By hand it is only worth its line for what is held in great numbers.
    ///
    /// ```
    /// use lagom_profiler::HeapSize;
    ///
    /// assert!(<(u8, Option<[f64; 3]>)>::owns_nothing());
    /// assert!(!String::owns_nothing());
    /// ```
    #[must_use]
    fn owns_nothing() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// Bytes on the heap that this value owns.
    ///
    /// ```
    /// use lagom_profiler::HeapSize;
    ///
    /// let texts = vec![String::from("ab"), String::new()];
    /// assert_eq!(texts.heap_size(), 2 * size_of::<String>() + 2);
    /// ```
    fn heap_size(&self) -> usize {
        measure_value(self).bytes
    }

    /// Bytes of the value itself and of all it owns on the heap.
    ///
    /// ```
    /// use lagom_profiler::HeapSize;
    ///
    /// assert_eq!(7_u32.total_size(), 4);
    /// assert_eq!(String::from("ab").total_size(), size_of::<String>() + 2);
    /// ```
    fn total_size(&self) -> usize {
        size_of_val(self) + self.heap_size()
    }
}

/// What a value owns on the heap, in blocks and bytes, and whether all of it could be seen.
///
/// ```
/// let words = vec!["a".to_owned(), "bc".to_owned()];
/// let measured = lagom_profiler::heap::measure_value(&words);
/// assert_eq!(measured.amount().blocks(), 3);
/// assert_eq!(measured.locked(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Measured {
    blocks: usize,
    bytes: usize,
    locked: usize,
}

impl Measured {
    /// Blocks and bytes.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::measure_value(&Box::new(1_u64)).amount().bytes(), 8);
    /// ```
    #[must_use]
    pub const fn amount(&self) -> Amount {
        Amount { blocks: self.blocks as u64, bytes: self.bytes as u64 }
    }

    /// How many cells and locks could not be looked into, since somebody had them for writing.
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use lagom_profiler::heap;
    ///
    /// let text = Mutex::new("abc".to_owned());
    /// let guard = text.lock();
    /// assert_eq!(heap::measure_value(&text).locked(), 1);
    /// drop(guard);
    /// assert_eq!((heap::measure_value(&text).locked(), heap::measure_value(&text).amount().bytes()), (0, 3));
    /// ```
    #[must_use]
    pub const fn locked(&self) -> usize {
        self.locked
    }
}

/// What a value owns on the heap; [`HeapSize::heap_size`] with more to tell.
///
/// ```
/// let measured = lagom_profiler::heap::measure_value(&vec![0_u16; 5]);
/// assert_eq!((measured.amount().blocks(), measured.amount().bytes()), (1, 10));
/// ```
#[must_use]
pub fn measure_value<T: HeapSize + ?Sized>(value: &T) -> Measured {
    let mut visitor = SizeVisitor::new(None);
    value.visit_heap(&mut visitor);
    visitor.finish().0
}

/// What several values own together: what they share counts once.
///
/// ```
/// use std::sync::Arc;
/// use lagom_profiler::{HeapSize, heap};
///
/// let name: Arc<str> = "shared by both".into();
/// let (one, other) = (vec![name.clone()], vec![name.clone()]);
/// let both = heap::measure_values([&one as &dyn HeapSize, &other]);
/// assert_eq!(both.amount().bytes() as usize, 2 * size_of::<Arc<str>>() + name.heap_size());
/// ```
#[must_use]
pub fn measure_values<'a>(values: impl IntoIterator<Item = &'a dyn HeapSize>) -> Measured {
    let mut visitor = SizeVisitor::new(None);
    for value in values {
        value.visit_heap(&mut visitor);
    }
    visitor.finish().0
}
