//! B-trees: how many nodes std's has, seen from where its keys lie.
//!
//! In order of the keys, the keys of a leaf come one after another, and lie so in memory, as in an array. Then comes one key
//! from the level above, from another node, and then the next leaf. The keys from above, taken alone, are such a sequence
//! again: that of a tree without its leaves. So each key belongs to the lowest level on which it either follows on the one before
//! or begins a node.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use super::{HeapSize, SizeVisitor};

/// Keys in a node.
const CAPACITY: usize = 11;
/// More levels than a tree of five keys a node can have in 64 bits of addresses.
const LEVELS: usize = 25;

/// A node of std's without children; the compiler orders its fields.
#[allow(dead_code, reason = "stands for its size")]
struct Leaf<K, V> {
    parent: Option<NonNull<()>>,
    keys: [MaybeUninit<K>; CAPACITY],
    values: [MaybeUninit<V>; CAPACITY],
    place_and_length: [u16; 2],
}

#[allow(dead_code, reason = "stands for its size")]
#[repr(C)]
struct Internal<K, V> {
    leaf: Leaf<K, V>,
    children: [MaybeUninit<NonNull<()>>; CAPACITY + 1],
}

/// Leaves and inner nodes of a tree with keys at these addresses, which are `size` bytes long.
fn nodes(keys: impl Iterator<Item = usize>, size: usize) -> (usize, usize) {
    let mut nodes = [0; LEVELS];
    // Where the key lies that would go on with the node begun last.
    let mut next = [None; LEVELS];
    for key in keys {
        for (nodes, next) in nodes.iter_mut().zip(&mut next) {
            match next {
                Some(expected) if *expected != key => {
                    // From above; behind it a node begins.
                    *next = None;
                    continue;
                }
                Some(_) => {}
                None => *nodes += 1,
            }
            *next = Some(key + size);
            break;
        }
    }
    (nodes[0], nodes[1..].iter().sum())
}

fn tree<K, V>(visitor: &mut SizeVisitor<'_>, keys: impl Iterator<Item = usize>) {
    let (leaves, inner) = nodes(keys, size_of::<K>());
    visitor.blocks(leaves, size_of::<Leaf<K, V>>());
    visitor.blocks(inner, size_of::<Internal<K, V>>());
}

impl<K: HeapSize, V: HeapSize> HeapSize for BTreeMap<K, V> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            tree::<K, V>(visitor, self.keys().map(|key| ptr::from_ref(key).addr()));
            visitor.entries(self);
        });
    }
}

impl<T: HeapSize> HeapSize for BTreeSet<T> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            tree::<T, ()>(visitor, self.iter().map(|value| ptr::from_ref(value).addr()));
            visitor.each(self);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of one byte, a node at each multiple of 100.
    #[test]
    fn every_level_is_counted() {
        let leaf = |at: usize| at..at + 3;
        assert_eq!(nodes([].into_iter(), 1), (0, 0));
        assert_eq!(nodes(leaf(100), 1), (1, 0));
        assert_eq!(nodes([5].into_iter(), 0), (1, 0));
        let two = leaf(300).chain([100]).chain(leaf(200));
        assert_eq!(nodes(two.clone(), 1), (2, 1));
        let four = leaf(400).chain([500]).chain(leaf(600));
        assert_eq!(nodes(two.chain([700]).chain(four), 1), (4, 3));
    }
}
