//! What has several owners, or is changed behind a shared reference.

use std::alloc::Layout;
use std::cell::{OnceCell, RefCell};
use std::rc::{self, Rc};
use std::sync::Weak as ArcWeak;
use std::sync::{Arc, Mutex, OnceLock, RwLock, TryLockError};

use super::{HeapSize, SizeVisitor};

/// The block behind an `Rc` or `Arc`: two counts, then the value.
fn counted(value: Layout) -> usize {
    Layout::new::<[usize; 2]>().extend(value).map_or(0, |(layout, _)| layout.pad_to_align().size())
}

macro_rules! shared {
    ($($pointer:ident, $weak:path;)*) => {$(
        impl<T: HeapSize + ?Sized> HeapSize for $pointer<T> {
            fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
                visitor.deeper(self, |visitor| {
                    // An only owner is met once anyway.
                    if $pointer::strong_count(self) == 1 || visitor.first($pointer::as_ptr(self)) {
                        visitor.block(counted(Layout::for_value(&**self)));
                        (**self).visit_heap(visitor);
                    }
                });
            }
        }

        impl<T> HeapSize for $weak {
            fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
                // As long as the value lives the block is its owners'.
                if self.strong_count() == 0 && !self.ptr_eq(&Self::new()) && visitor.first(self.as_ptr()) {
                    visitor.block(counted(Layout::new::<T>()));
                }
            }
        }
    )*};
}

shared! {
    Rc, rc::Weak<T>;
    Arc, ArcWeak<T>;
}

macro_rules! filled_once {
    ($($type:ident)*) => {$(
        impl<T: HeapSize> HeapSize for $type<T> {
            fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
                if let Some(value) = self.get() {
                    value.visit_heap(visitor);
                }
            }

            fn owns_nothing() -> bool {
                T::owns_nothing()
            }
        }
    )*};
}

filled_once!(OnceCell OnceLock);

impl<T: HeapSize + ?Sized> HeapSize for RefCell<T> {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        match self.try_borrow() {
            Ok(guard) => visitor.guarded(guard),
            Err(_) => visitor.locked(),
        }
    }
}

macro_rules! locks {
    ($($type:ident: $try_lock:ident;)*) => {$(
        impl<T: HeapSize + ?Sized> HeapSize for $type<T> {
            fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
                match self.$try_lock() {
                    Ok(guard) => visitor.guarded(guard),
                    Err(TryLockError::Poisoned(error)) => visitor.guarded(error.into_inner()),
                    Err(TryLockError::WouldBlock) => visitor.locked(),
                }
            }
        }
    )*};
}

locks! {
    Mutex: try_lock;
    RwLock: try_read;
}
