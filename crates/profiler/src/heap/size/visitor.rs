//! The walk through a value.
#![allow(unsafe_code, reason = "a guard keeps what it guards for longer than the compiler sees")]

use std::cell::Ref;
use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Deref;
use std::sync::{MutexGuard, RwLockReadGuard};

use super::{HeapSize, Measured};
use crate::heap::StringCensus;

/// How deep the walk goes by calls; what is deeper waits until it is back at the top.
const DEPTH: usize = 32;

/// Goes through a value and adds up the blocks it owns; what [`HeapSize::visit_heap`] is given.
///
/// ```
/// use lagom_profiler::HeapSize;
/// use lagom_profiler::heap::SizeVisitor;
///
/// struct Table(Vec<u32>);
///
/// impl HeapSize for Table {
///     fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
///         self.0.visit_heap(visitor);
///     }
/// }
/// assert_eq!(Table(vec![1, 2]).heap_size(), 8);
/// ```
pub struct SizeVisitor<'a> {
    measured: Measured,
    depth: usize,
    /// What was too deep to be visited at once.
    later: Vec<&'a (dyn HeapSize + 'a)>,
    /// Keep what `later` refers to. Users never hold a visitor of their own, so they cannot part the one from the other.
    guards: Vec<Box<dyn Held + 'a>>,
    /// Addresses of shared values that were met.
    seen: HashSet<usize, BuildHasherDefault<Address>>,
    census: Option<StringCensus<'static>>,
}

impl<'a> SizeVisitor<'a> {
    pub(in crate::heap) fn new(census: Option<StringCensus<'static>>) -> Self {
        let measured = Measured { blocks: 0, bytes: 0, locked: 0 };
        Self { measured, depth: 0, later: Vec::new(), guards: Vec::new(), seen: HashSet::default(), census }
    }

    /// Visits what has waited.
    pub(in crate::heap) fn finish(mut self) -> (Measured, Option<StringCensus<'static>>) {
        while let Some(value) = self.later.pop() {
            self.depth = 0;
            value.visit_heap(&mut self);
        }
        (self.measured, self.census)
    }

    /// Counts a block of so many requested bytes; of none there is no block.
    ///
    /// ```
    /// # use lagom_profiler::{HeapSize, heap::{self, SizeVisitor}};
    /// struct Mapped(usize);
    ///
    /// impl HeapSize for Mapped {
    ///     fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
    ///         visitor.block(self.0);
    ///     }
    /// }
    /// assert_eq!(heap::measure_value(&[Mapped(8), Mapped(0)]).amount().blocks(), 1);
    /// ```
    pub fn block(&mut self, bytes: usize) {
        self.blocks(usize::from(bytes > 0), bytes);
    }

    /// Counts several equal blocks.
    pub(super) fn blocks(&mut self, count: usize, bytes: usize) {
        self.measured.blocks += count;
        self.measured.bytes += count * bytes;
    }

    /// Whether this is the first time in the walk that the shared value at this address is met: count it then only.
    ///
    /// ```
    /// # use lagom_profiler::{HeapSize, heap::{self, SizeVisitor}};
    /// struct Leaked(*const u64);
    ///
    /// impl HeapSize for Leaked {
    ///     fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
    ///         if visitor.first(self.0) {
    ///             visitor.block(size_of::<u64>());
    ///         }
    ///     }
    /// }
    /// let value = 7;
    /// assert_eq!([Leaked(&value), Leaked(&value)].map(Some).heap_size(), 8);
    /// ```
    pub fn first<T: ?Sized>(&mut self, shared: *const T) -> bool {
        self.seen.insert(shared.addr())
    }

    /// Visits what lies behind a pointer, at once or, if the walk is deep already, by another call of `value.visit_heap`.
    ///
    /// Whoever may be nested without end calls it around the visit of what is inside, and counts its own blocks there, too. The
    /// pointers and collections of std all do, so only types with pointers of their own need it.
    ///
    /// ```
    /// # use lagom_profiler::{HeapSize, heap::{self, SizeVisitor}};
    /// struct Node(&'static [Node]);
    ///
    /// impl HeapSize for Node {
    ///     fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
    ///         visitor.deeper(self, |visitor| {
    ///             visitor.block(size_of_val(self.0));
    ///             self.0.visit_heap(visitor);
    ///         });
    ///     }
    /// }
    /// assert_eq!(Node(&[Node(&[])]).heap_size(), size_of::<Node>());
    /// ```
    pub fn deeper<V: HeapSize>(&mut self, value: &'a V, visit: impl FnOnce(&mut Self)) {
        if self.depth == DEPTH {
            self.later.push(value);
            return;
        }
        self.depth += 1;
        visit(self);
        self.depth -= 1;
    }

    /// Visits elements, unless their type cannot own anything.
    pub(super) fn each<T: HeapSize + 'a>(&mut self, values: impl IntoIterator<Item = &'a T>) {
        if !T::owns_nothing() {
            for value in values {
                value.visit_heap(self);
            }
        }
    }

    /// The same for a map.
    pub(super) fn entries<K: HeapSize + 'a, V: HeapSize + 'a>(
        &mut self,
        entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    ) {
        if !<(K, V)>::owns_nothing() {
            for (key, value) in entries {
                key.visit_heap(self);
                value.visit_heap(self);
            }
        }
    }

    /// A text was met.
    pub(super) fn text(&mut self, text: &[u8]) {
        if let Some(census) = &mut self.census {
            census.add_copy(text);
        }
    }

    /// Something could not be looked into.
    pub(super) const fn locked(&mut self) {
        self.measured.locked += 1;
    }

    /// Visits what a guard gives access to, and lets go of it as soon as nothing in there waits to be visited.
    pub(super) fn guarded<G: Guard + 'a>(&mut self, guard: G)
    where
        G::Target: HeapSize + 'a,
    {
        let content: *const G::Target = &raw const *guard;
        let (guards, later) = (self.guards.len(), self.later.len());
        self.guards.push(Box::new(guard));
        // SAFETY: while the guard lives the content stays where it is and nobody writes to it. It is dropped below, when nothing
        // waits that was pushed since, or together with what waits, at the end. Nobody else can keep the reference, as
        // `visit_heap` takes a visitor of any lifetime.
        let content: &'a G::Target = unsafe { &*content };
        content.visit_heap(self);
        if self.later.len() == later {
            self.guards.truncate(guards);
        }
    }
}

impl fmt::Debug for SizeVisitor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SizeVisitor").field("measured", &self.measured).finish_non_exhaustive()
    }
}

/// Guards whose content stays where it is when they are moved.
pub(super) trait Guard: Deref {}

impl<T: ?Sized> Guard for Ref<'_, T> {}
impl<T: ?Sized> Guard for MutexGuard<'_, T> {}
impl<T: ?Sized> Guard for RwLockReadGuard<'_, T> {}

/// Any guard, to be dropped one day.
trait Held {}

impl<G: Guard> Held for G {}

/// Hashes an address. Nobody chooses those to make them collide.
#[derive(Default)]
struct Address(u64);

impl Hasher for Address {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize((*byte).into());
        }
    }

    fn write_usize(&mut self, address: usize) {
        // The upper bits of the product depend on all of the address, the table takes its place from the lower ones.
        self.0 = (self.0 ^ address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }
}
