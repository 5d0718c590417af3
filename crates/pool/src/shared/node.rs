//! An object at its stable address, and where it belongs.
#![allow(unsafe_code, reason = "an object has one owner at a time, who has the pointer to it")]

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, offset_of};
use std::panic::Location;
use std::ptr::NonNull;

use lagom_base::sync::Arc;

use crate::shared::engine::Engine;
use crate::shared::magazine::{Back, Magazine};
use crate::shared::outstanding::Whereabouts;

/// An object of a pool, owned: as a `Box`, but one that may be moved while somebody has a reference to the object.
///
/// Points to the value of a node, not to its beginning: the value is what the user works with. Invariant in `T`, as its
/// home is: who could take it for one of a shorter-lived type could leave a dangling reference in the pool.
pub(crate) struct Object<T>(NonNull<T>, PhantomData<Arc<Engine<T>>>);

#[repr(C)]
struct Node<T> {
    value: T,
    /// Dropped after the value, also when dropping that panics.
    home: Home<T>,
    /// Read from outside while the value is in use.
    whereabouts: Whereabouts,
}

/// An object that is in somebody's hands: it goes back when this is dropped.
pub(crate) struct Out<T, const OWNED: bool> {
    object: ManuallyDrop<Object<T>>,
    back: Back,
}

// SAFETY: the way back is read alone, and means something to one thread only, whose number is there.
unsafe impl<T: Send, const OWNED: bool> Send for Out<T, OWNED> {}
// SAFETY: as above, and what is shared is the object.
unsafe impl<T: Send + Sync, const OWNED: bool> Sync for Out<T, OWNED> {}

/// Counts the object on its engine as long as it exists.
///
/// Guards need no count of their own: the one of the object is taken when it is made. A pool that goes drops its idle
/// objects, which ends the circle.
pub(crate) struct Home<T> {
    pub(crate) engine: Arc<Engine<T>>,
    /// Whether the pool has already given it up. Of the object's owner.
    leaves: Cell<bool>,
}

// SAFETY: as a box of the node: the value and the engine, which holds others like it, go along.
unsafe impl<T: Send> Send for Object<T> {}
// SAFETY: a shared one gives access to `&T` and to the engine.
unsafe impl<T: Send + Sync> Sync for Object<T> {}

impl<T> Object<T> {
    /// An object that `home` has counted as living.
    pub(crate) fn new(value: T, home: Arc<Engine<T>>, whereabouts: Whereabouts) -> Self {
        let node = Node { value, home: Home { engine: home, leaves: Cell::new(false) }, whereabouts };
        let node = NonNull::from(Box::leak(Box::new(node)));
        // SAFETY: the value lies in the node, at that offset.
        Self(unsafe { node.byte_add(offset_of!(Node<T>, value)) }.cast(), PhantomData)
    }

    /// The one owner's pointer to the value.
    #[inline]
    pub(crate) fn into_raw(self) -> *mut T {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// # Safety
    ///
    /// `object` must be of [`into_raw`](Self::into_raw), once.
    #[inline]
    pub(crate) unsafe fn from_raw(object: *mut T) -> Self {
        // SAFETY: by the caller's promise; an object has an address.
        Self(unsafe { NonNull::new_unchecked(object) }, PhantomData)
    }

    #[inline]
    fn node(&self) -> *mut Node<T> {
        // SAFETY: the value lies in a node, at that offset.
        unsafe { self.0.byte_sub(offset_of!(Node<T>, value)).cast().as_ptr() }
    }

    /// The box that the node came from.
    fn into_box(self) -> Box<Node<T>> {
        let node = ManuallyDrop::new(self).node();
        // SAFETY: it came from a box, and `self` is not used again.
        unsafe { Box::from_raw(node) }
    }

    #[inline]
    pub(crate) fn value(&self) -> &T {
        // SAFETY: the node lives as long as `self`.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    pub(crate) fn value_mut(&mut self) -> &mut T {
        // SAFETY: the node lives as long as `self`, and nobody else has access to the value.
        unsafe { self.0.as_mut() }
    }

    #[inline]
    pub(crate) fn home(&self) -> &Arc<Engine<T>> {
        // SAFETY: the node lives as long as `self`; its home never changes.
        unsafe { &(*self.node()).home.engine }
    }

    #[inline]
    pub(crate) fn whereabouts(&self) -> &Whereabouts {
        // SAFETY: the node lives as long as `self`.
        unsafe { &(*self.node()).whereabouts }
    }

    /// The value and its home at once.
    pub(crate) fn value_and_home(&mut self) -> (&mut T, &Home<T>) {
        let node = self.node();
        // SAFETY: the node lives as long as `self`, and nobody else has access to the value.
        let value = unsafe { &mut (*node).value };
        // SAFETY: another field of the same node.
        let home = unsafe { &(*node).home };
        (value, home)
    }

    /// Notes that the pool has given it up, and counted so; it is to be dropped.
    pub(crate) fn set_leaves(&self) {
        // SAFETY: the node lives as long as `self`.
        unsafe { &(*self.node()).home }.set_leaves();
    }

    /// The value alone, which no longer counts as the pool's.
    pub(crate) fn into_value(self) -> T {
        self.into_box().value
    }
}

impl<T> Drop for Object<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and this is its last use.
        drop(unsafe { Box::from_raw(self.node()) });
    }
}

impl<T> Home<T> {
    /// As [`Object::set_leaves`].
    pub(crate) fn set_leaves(&self) {
        self.leaves.set(true);
    }
}

impl<T> Drop for Home<T> {
    fn drop(&mut self) {
        Engine::count_gone(&self.engine, self.leaves.get());
    }
}

impl<T, const OWNED: bool> Out<T, OWNED> {
    /// # Safety
    ///
    /// As for [`Magazine::give_straight`].
    #[inline]
    pub(crate) unsafe fn new(object: Object<T>, back: Back) -> Self {
        Self { object: ManuallyDrop::new(object), back }
    }

    /// It goes back to where it came from.
    pub(crate) fn from_home(object: Object<T>) -> Self {
        let back = object.home().shards.way_back();
        // SAFETY: that is one of its home.
        unsafe { Self::new(object, back) }
    }

    #[inline]
    pub(crate) fn value(&self) -> &T {
        self.object.value()
    }

    #[inline]
    pub(crate) fn value_mut(&mut self) -> &mut T {
        self.object.value_mut()
    }

    /// Notes where it was acquired.
    #[inline]
    pub(crate) fn at(self, place: &'static Location<'static>) -> Self {
        self.object.whereabouts().set_out(place, OWNED);
        self
    }

    pub(crate) fn into_object(self) -> Object<T> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is neither used again nor dropped.
        unsafe { ManuallyDrop::take(&mut this.object) }
    }
}

impl<T, const OWNED: bool> Drop for Out<T, OWNED> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this is the last use.
        let object = unsafe { ManuallyDrop::take(&mut self.object) };
        object.whereabouts().set_back();
        // SAFETY: `new` had the promise.
        if let Err(object) = unsafe { Magazine::give_straight::<OWNED>(self.back, object) } {
            Engine::give_back::<OWNED>(object);
        }
    }
}
