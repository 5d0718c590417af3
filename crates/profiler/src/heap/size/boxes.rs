//! Pointers with one owner, and values that hold others inside themselves.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::num::{Saturating, Wrapping};
use std::ops::{Bound, ControlFlow, Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};
use std::pin::Pin;
use std::task::Poll;

use super::{HeapSize, SizeVisitor};

impl<T: HeapSize + ?Sized> HeapSize for Box<T> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            visitor.block(size_of_val(&**self));
            (**self).visit_heap(visitor);
        });
    }
}

impl<T: HeapSize + ?Sized> HeapSize for Pin<Box<T>> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.deeper(self, |visitor| {
            visitor.block(size_of_val(&**self));
            (**self).visit_heap(visitor);
        });
    }
}

impl<T: ToOwned<Owned: HeapSize> + ?Sized> HeapSize for Cow<'_, T> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        if let Cow::Owned(value) = self {
            value.visit_heap(visitor);
        }
    }
}

impl<T: HeapSize> HeapSize for [T] {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.each(self);
    }
}

impl<T: HeapSize, const N: usize> HeapSize for [T; N] {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        visitor.each(self);
    }

    fn owns_nothing() -> bool {
        T::owns_nothing()
    }
}

/// Types of which a pattern shows all that is inside.
macro_rules! hold {
    ($([$($name:ident)*] $type:ty { $($pattern:pat => $($value:ident)*;)* })*) => {$(
        impl<$($name: HeapSize),*> HeapSize for $type {
            #[inline]
            fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
                let _ = &visitor;
                match self {
                    $($pattern => { $($value.visit_heap(visitor);)* })*
                }
            }

            fn owns_nothing() -> bool {
                true $(&& $name::owns_nothing())*
            }
        }
    )*};
}

hold! {
    [T] Option<T> { Some(value) => value; None => ; }
    [T E] Result<T, E> { Ok(value) => value; Err(error) => error; }
    [T] Poll<T> { Poll::Ready(value) => value; Poll::Pending => ; }
    [B C] ControlFlow<B, C> { ControlFlow::Break(value) => value; ControlFlow::Continue(value) => value; }
    [T] Bound<T> { Bound::Included(value) | Bound::Excluded(value) => value; Bound::Unbounded => ; }
    [T] Reverse<T> { Reverse(value) => value; }
    [T] Wrapping<T> { Wrapping(value) => value; }
    [T] Saturating<T> { Saturating(value) => value; }
    [T] Range<T> { Range { start, end } => start end; }
    [T] RangeFrom<T> { RangeFrom { start } => start; }
    [T] RangeTo<T> { RangeTo { end } => end; }
    [T] RangeToInclusive<T> { RangeToInclusive { end } => end; }
    [] () { () => ; }
    [A] (A,) { (a,) => a; }
    [A B] (A, B) { (a, b) => a b; }
    [A B C] (A, B, C) { (a, b, c) => a b c; }
    [A B C D] (A, B, C, D) { (a, b, c, d) => a b c d; }
    [A B C D E] (A, B, C, D, E) { (a, b, c, d, e) => a b c d e; }
    [A B C D E F] (A, B, C, D, E, F) { (a, b, c, d, e, f) => a b c d e f; }
    [A B C D E F G] (A, B, C, D, E, F, G) { (a, b, c, d, e, f, g) => a b c d e f g; }
    [A B C D E F G H] (A, B, C, D, E, F, G, H) { (a, b, c, d, e, f, g, h) => a b c d e f g h; }
    [A B C D E F G H I] (A, B, C, D, E, F, G, H, I) { (a, b, c, d, e, f, g, h, i) => a b c d e f g h i; }
    [A B C D E F G H I J] (A, B, C, D, E, F, G, H, I, J) {
        (a, b, c, d, e, f, g, h, i, j) => a b c d e f g h i j;
    }
    [A B C D E F G H I J K] (A, B, C, D, E, F, G, H, I, J, K) {
        (a, b, c, d, e, f, g, h, i, j, k) => a b c d e f g h i j k;
    }
    [A B C D E F G H I J K L] (A, B, C, D, E, F, G, H, I, J, K, L) {
        (a, b, c, d, e, f, g, h, i, j, k, l) => a b c d e f g h i j k l;
    }
}

impl<T: HeapSize> HeapSize for RangeInclusive<T> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        self.start().visit_heap(visitor);
        self.end().visit_heap(visitor);
    }

    fn owns_nothing() -> bool {
        T::owns_nothing()
    }
}
