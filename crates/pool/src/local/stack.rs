//! Where the idle objects of one thread lie.
#![allow(unsafe_code, reason = "with a `RefCell` a pair of acquire and release takes 74 instructions, not 54")]

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::mem;

/// A stack that is changed through a shared reference; not `Sync`. Its top is the warmest object.
///
/// No method runs code of others while it holds the vector: not `T::drop`, not the allocator. That is why there is never
/// a second reference to it.
pub(super) struct Stack<T>(UnsafeCell<Vec<Box<T>>>);

impl<T> Stack<T> {
    pub(super) const fn new() -> Self {
        Self(UnsafeCell::new(Vec::new()))
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        // SAFETY: one thread, and nobody else is inside: see `Stack`. The reference ends with this line.
        unsafe { &*self.0.get() }.len()
    }

    /// The warmest object, if more than `floor` are here.
    #[inline]
    pub(super) fn pop_above(&self, floor: usize) -> Option<Box<T>> {
        // SAFETY: one thread, and nobody else is inside: see `Stack`. What follows calls nothing of others.
        let objects = unsafe { &mut *self.0.get() };
        if objects.len() > floor { objects.pop() } else { None }
    }

    /// Puts an object on top, if fewer than `bound` are here and there is space for it without [growing](Self::grow).
    #[inline]
    pub(super) fn push_below(&self, bound: usize, object: Box<T>) -> Result<(), Box<T>> {
        // SAFETY: one thread, and nobody else is inside: see `Stack`. What follows calls nothing of others, for the
        // vector has space.
        let objects = unsafe { &mut *self.0.get() };
        if objects.len() >= bound || objects.len() == objects.capacity() {
            return Err(object);
        }
        objects.push(object);
        Ok(())
    }

    /// Makes space for more objects.
    pub(super) fn grow(&self) {
        // SAFETY: one thread, and nobody else is inside: see `Stack`. The reference ends with this line.
        let capacity = unsafe { &*self.0.get() }.capacity();
        let mut larger = Vec::with_capacity((2 * capacity).max(4));
        {
            // SAFETY: one thread, and nobody else is inside: see `Stack`. What follows calls nothing of others, for the
            // new vector has space for what the old one can hold.
            let objects = unsafe { &mut *self.0.get() };
            // An allocator that uses this pool may have been here first.
            if larger.capacity() > objects.capacity() {
                larger.append(objects);
                mem::swap(objects, &mut larger);
            }
        }
    }

    /// Leaves the warmest `keep` objects, in no more space than they need, and hands out the others.
    #[must_use]
    pub(super) fn trim(&self, keep: usize) -> Vec<Box<T>> {
        let mut kept = Vec::with_capacity(keep.min(self.len()));
        // SAFETY: one thread, and nobody else is inside: see `Stack`. What follows calls nothing of others, for no more
        // objects move than `kept` has space for.
        let objects = unsafe { &mut *self.0.get() };
        let surplus = objects.len().saturating_sub(kept.capacity());
        kept.extend(objects.drain(surplus..));
        mem::replace(objects, kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<T> Stack<T> {
        fn capacity(&mut self) -> usize {
            self.0.get_mut().capacity()
        }

        fn push(&self, value: T) {
            let mut object = Box::new(value);
            while let Err(back) = self.push_below(usize::MAX, object) {
                object = back;
                self.grow();
            }
        }
    }

    #[test]
    fn space_follows_what_is_kept() {
        let mut stack = Stack::new();
        assert_eq!(stack.capacity(), 0, "nothing ahead");
        (0..1000_usize).for_each(|value| stack.push(value));
        assert!((1000..=2048).contains(&stack.capacity()));
        for keep in [5000, 600, 3, 0] {
            let before = stack.len();
            let coldest: Vec<_> = stack.trim(keep).into_iter().map(|object| *object).collect();
            let kept = keep.min(before);
            assert_eq!(coldest, (1000 - before..1000 - kept).collect::<Vec<_>>());
            assert_eq!((stack.len(), stack.capacity()), (kept, kept));
        }
    }

    #[test]
    fn bounds_are_kept() {
        let stack = Stack::new();
        assert!(stack.push_below(9, Box::new(0)).is_err(), "no space yet");
        (0..3).for_each(|value| stack.push(value));
        assert!(stack.push_below(3, Box::new(9)).is_err());
        assert!(stack.push_below(4, Box::new(3)).is_ok());
        assert!(stack.pop_above(4).is_none());
        assert_eq!(stack.pop_above(3).as_deref(), Some(&3));
    }
}
