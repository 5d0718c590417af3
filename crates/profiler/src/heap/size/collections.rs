//! Collections in one block, texts, and linked lists.

use std::collections::{BinaryHeap, LinkedList, VecDeque};
use std::ffi::{CString, OsString};
use std::path::PathBuf;
use std::ptr::NonNull;

use super::{HeapSize, SizeVisitor};

/// Whatever tells its capacity.
macro_rules! in_one_block {
    ($($type:ident)*) => {$(
        impl<T: HeapSize> HeapSize for $type<T> {
            fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
                visitor.deeper(self, |visitor| {
                    visitor.block(self.capacity() * size_of::<T>());
                    visitor.each(self);
                });
            }
        }
    )*};
}

in_one_block!(Vec VecDeque BinaryHeap);

impl HeapSize for String {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.block(self.capacity());
        self.as_str().visit_heap(visitor);
    }
}

impl HeapSize for OsString {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.block(self.capacity());
        self.as_os_str().visit_heap(visitor);
    }
}

impl HeapSize for PathBuf {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.block(self.capacity());
        self.as_path().visit_heap(visitor);
    }
}

impl HeapSize for CString {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.block(self.as_bytes_with_nul().len());
        self.as_c_str().visit_heap(visitor);
    }
}

/// What std's list has for each element.
#[allow(dead_code, reason = "stands for its size")]
struct Link<T> {
    neighbours: [Option<NonNull<()>>; 2],
    element: T,
}

impl<T: HeapSize> HeapSize for LinkedList<T> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            visitor.blocks(self.len(), size_of::<Link<T>>());
            visitor.each(self);
        });
    }
}
