//! Types of other crates, each behind a feature.

#[cfg(feature = "hashbrown")]
use std::hash::{BuildHasher, Hash};

use super::{HeapSize, SizeVisitor};

#[cfg(feature = "smallvec")]
impl<A: smallvec::Array<Item: HeapSize>> HeapSize for smallvec::SmallVec<A> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            if self.spilled() {
                visitor.block(self.capacity() * size_of::<A::Item>());
            }
            visitor.each(self);
        });
    }
}

#[cfg(feature = "hashbrown")]
impl<K: HeapSize + Hash + Eq, V: HeapSize, S: BuildHasher> HeapSize for hashbrown::HashMap<K, V, S> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            visitor.block(self.allocation_size());
            visitor.entries(self);
        });
    }
}

#[cfg(feature = "hashbrown")]
impl<T: HeapSize + Hash + Eq, S: BuildHasher> HeapSize for hashbrown::HashSet<T, S> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            visitor.block(self.allocation_size());
            visitor.each(self);
        });
    }
}

#[cfg(feature = "hashbrown")]
impl<T: HeapSize> HeapSize for hashbrown::HashTable<T> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            visitor.block(self.allocation_size());
            visitor.each(self);
        });
    }
}
