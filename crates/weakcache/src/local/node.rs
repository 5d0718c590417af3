//! The block of an entry, and who may point to it: one [`Link`], that of the table, and any number of handles.
//!
//! The block is freed when there is neither. What is counted are the handles; when the last one goes, the entry takes its
//! link off the table.
#![allow(unsafe_code, reason = "a counted pointer that forgets the type of the key")]

use core::borrow::Borrow;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;
use std::rc::Rc;

use super::engine::Engine;
use crate::nested;

/// What [`Held::seat`] is of an entry outside of the strong tier.
pub(super) const NO_SEAT: u32 = u32::MAX;

/// What is known of an entry without the types of its key and value.
struct Header {
    handles: Cell<u32>,
    hash: u32,
    seat: Cell<u32>,
    /// Found since it came into the strong tier, or since it was last passed over there.
    is_used: Cell<bool>,
    /// There is a value. Until then a load is under way.
    is_live: Cell<bool>,
    /// There is a [`Link`].
    is_linked: Cell<bool>,
    /// The start of a [`Home<K, V>`], which the entry has a count of.
    home: NonNull<Ends>,
}

/// The prefix of a node does not depend on `K`, so that it is also a `Node<V, ()>`; nor on whether there is a value.
#[repr(C)]
struct Node<V, K> {
    header: Header,
    value: V,
    key: K,
}

/// What is to be done with a node in the end, whatever its types.
struct Ends {
    /// Nobody has a handle any more.
    bury: unsafe fn(NonNull<Header>),
    /// Nobody points to it any more.
    free: unsafe fn(NonNull<Header>),
}

/// An engine that nodes can find.
#[repr(C)]
pub(super) struct Home<K, V> {
    ends: Ends,
    engine: Engine<K, V>,
}

impl<K, V> Home<K, V> {
    pub(super) fn new(engine: Engine<K, V>) -> Rc<Self> {
        Rc::new(Self { ends: Ends { bury: bury::<K, V>, free: free::<K, V> }, engine })
    }

    pub(super) fn engine(&self) -> &Engine<K, V> {
        &self.engine
    }
}

/// # Safety
///
/// The node is of these types, and its last handle has just gone. It may be freed.
unsafe fn bury<K, V>(node: NonNull<Header>) {
    // SAFETY: there is a node until it is freed below.
    let header = unsafe { node.as_ref() };
    if !header.is_linked.get() {
        return nested::drop_later_if_deep(Corpse(node));
    }
    // SAFETY: the node has a count of its home, which is of these types.
    let home = unsafe { header.home.cast::<Home<K, V>>().as_ref() };
    drop(home.engine.bury(header.hash, node.cast()));
}

/// # Safety
///
/// The node is of these types, and nobody else knows it.
unsafe fn free<K, V>(node: NonNull<Header>) {
    // SAFETY: there is a node until it is freed below.
    let header = unsafe { node.as_ref() };
    let is_live = header.is_live.get();
    let home = header.home.cast::<Home<K, V>>().as_ptr();
    // SAFETY: the count that the node has, made by `into_raw`. It is given back last, also if a drop panics.
    let _home = unsafe { Rc::from_raw(home) };
    if is_live {
        // SAFETY: made by `Box::into_raw`, and the value is there, so that it is a `V`.
        drop(unsafe { Box::from_raw(node.cast::<Node<V, K>>().as_ptr()) });
    } else {
        // SAFETY: made by `Box::into_raw`.
        drop(unsafe { Box::from_raw(node.cast::<Node<MaybeUninit<V>, K>>().as_ptr()) });
    }
}

/// A node that nobody points to. Freed when dropped.
pub(super) struct Corpse(NonNull<Header>);

impl Drop for Corpse {
    fn drop(&mut self) {
        // SAFETY: there is a node until it is freed below.
        let home = unsafe { self.0.as_ref() }.home;
        // SAFETY: the node has a count of its home.
        let free = unsafe { home.as_ref() }.free;
        // SAFETY: the home's nodes are of its types, and nobody else knows a corpse.
        unsafe { free(self.0) };
    }
}

/// A handle that keeps the value of a [`LocalCache`](crate::LocalCache) entry alive, and findable.
///
/// It is one pointer wide, `Option<LocalCached<V>>` too. Dropping the last handle of an entry that is not in the strong
/// tier takes the entry off its cache, drops key and value and frees their memory before `drop` returns. Handles stay
/// valid when their cache is dropped. Neither `Send` nor `Sync`.
///
/// A value may hold handles of other entries, also in chains of any length: only the first 64 deaths nest on the stack,
/// the deeper ones follow before the outermost drop returns. Values that hold handles of each other in a ring never die,
/// as with `Rc`.
///
/// Cloning panics when there are 2³² − 1 handles of one entry, which takes leaking them.
///
/// ```
/// use lagom_weakcache::{LocalCache, LocalCached};
///
/// let cache = LocalCache::new(0);
/// let a: LocalCached<String> = cache.insert(1, "one".to_owned());
/// let b = cache.get(&1).unwrap();
/// assert!(LocalCached::ptr_eq(&a, &b));
/// assert_eq!(a.len(), 3);
///
/// drop(a);
/// assert_eq!(cache.len(), 1);
/// drop(b);
/// assert_eq!(cache.len(), 0);
/// ```
pub struct LocalCached<V> {
    node: NonNull<Node<V, ()>>,
    /// The last handle drops the value.
    value: PhantomData<V>,
}

impl<V> LocalCached<V> {
    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: a handle keeps its node.
        let node = unsafe { &raw const (*self.node.as_ptr()).header };
        // SAFETY: as above; the header is only ever shared.
        unsafe { &*node }
    }

    #[inline]
    fn another(&self) -> Self {
        let handles = &self.header().handles;
        assert!(handles.get() < u32::MAX, "too many handles of one entry");
        handles.set(handles.get() + 1);
        Self { node: self.node, value: PhantomData }
    }

    /// Whether two handles are of the same entry.
    ///
    /// ```
    /// use lagom_weakcache::{LocalCache, LocalCached};
    ///
    /// let cache = LocalCache::new(0);
    /// let (one, other) = (cache.insert("a", 7), cache.insert("b", 7));
    /// assert!(LocalCached::ptr_eq(&one, &one.clone()));
    /// assert!(!LocalCached::ptr_eq(&one, &other));
    /// ```
    #[inline]
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        this.node == other.node
    }
}

impl<V> Deref for LocalCached<V> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        // SAFETY: a handle keeps its node.
        let value = unsafe { &raw const (*self.node.as_ptr()).value };
        // SAFETY: as above, and only `Held`, which does not ask for the value, is a handle of a node without.
        unsafe { &*value }
    }
}

impl<V> Clone for LocalCached<V> {
    #[inline]
    fn clone(&self) -> Self {
        self.another()
    }
}

impl<V> Drop for LocalCached<V> {
    #[inline]
    fn drop(&mut self) {
        let handles = &self.header().handles;
        handles.set(handles.get() - 1);
        if handles.get() == 0 {
            // SAFETY: the node has a count of its home.
            let bury = unsafe { self.header().home.as_ref() }.bury;
            // SAFETY: the home's nodes are of its types, and this was the last handle.
            unsafe { bury(self.node.cast()) };
        }
    }
}

/// A handle that knows its key, and may be of an entry without a value.
pub(super) struct Held<K, V> {
    handle: LocalCached<V>,
    key: PhantomData<K>,
}

impl<K: 'static, V: 'static> Held<K, V> {
    /// The first handle of a new entry, which is in no table. `'static`: whoever drops the last handle, whenever, runs the
    /// drop of the key.
    pub(super) fn new(home: &Rc<Home<K, V>>, hash: u32, key: K, value: Option<V>) -> Self {
        let home = Rc::into_raw(Rc::clone(home)).cast_mut().cast::<Ends>();
        let header = Header {
            handles: Cell::new(1),
            hash,
            seat: Cell::new(NO_SEAT),
            is_used: Cell::new(false),
            is_live: Cell::new(value.is_some()),
            is_linked: Cell::new(false),
            // SAFETY: an `Rc` is not null.
            home: unsafe { NonNull::new_unchecked(home) },
        };
        let value = value.map_or(MaybeUninit::uninit(), MaybeUninit::new);
        let node = Box::into_raw(Box::new(Node { header, value, key }));
        // SAFETY: a box is not null.
        let node = unsafe { NonNull::new_unchecked(node.cast()) };
        Self { handle: LocalCached { node, value: PhantomData }, key: PhantomData }
    }
}

impl<K, V> Held<K, V> {
    #[inline]
    pub(super) fn key(&self) -> &K {
        let node = self.handle.node.cast::<Node<V, K>>().as_ptr();
        // SAFETY: a handle keeps its node, and nobody makes one of these with another type of key.
        let key = unsafe { &raw const (*node).key };
        // SAFETY: as above.
        unsafe { &*key }
    }

    /// The value comes in; given back if there is one.
    pub(super) fn fill(&self, value: V) -> Result<(), V> {
        let header = self.handle.header();
        if header.is_live.get() {
            return Err(value);
        }
        // SAFETY: a handle keeps its node.
        let place = unsafe { &raw mut (*self.handle.node.as_ptr()).value };
        // SAFETY: nobody looks at a value that is not there yet.
        unsafe { place.write(value) };
        header.is_live.set(true);
        Ok(())
    }

    #[inline]
    pub(super) fn is_live(&self) -> bool {
        self.handle.header().is_live.get()
    }

    #[inline]
    pub(super) fn is_linked(&self) -> bool {
        self.handle.header().is_linked.get()
    }

    pub(super) fn hash(&self) -> u32 {
        self.handle.header().hash
    }

    /// Where the strong tier keeps it.
    #[inline]
    pub(super) fn seat(&self) -> u32 {
        self.handle.header().seat.get()
    }

    pub(super) fn set_seat(&self, seat: u32) {
        self.handle.header().seat.set(seat);
    }

    #[inline]
    pub(super) fn set_used(&self) {
        self.handle.header().is_used.set(true);
    }

    pub(super) fn take_used(&self) -> bool {
        self.handle.header().is_used.take()
    }

    pub(super) fn address(&self) -> NonNull<()> {
        self.handle.node.cast()
    }

    /// For the user; the entry must be live.
    #[inline]
    pub(super) fn handle(&self) -> &LocalCached<V> {
        assert!(self.is_live(), "no user sees an entry without a value");
        &self.handle
    }

    /// As [`handle`](Self::handle).
    #[inline]
    pub(super) fn into_handle(self) -> LocalCached<V> {
        assert!(self.is_live(), "no user sees an entry without a value");
        self.handle
    }
}

impl<K, V> Clone for Held<K, V> {
    #[inline]
    fn clone(&self) -> Self {
        Self { handle: self.handle.another(), key: PhantomData }
    }
}

/// The table's pointer to an entry: no handle, but the block stays until it is dropped.
pub(super) struct Link<K, V> {
    /// Not counted.
    held: ManuallyDrop<Held<K, V>>,
}

impl<K, V> Link<K, V> {
    /// The link of an entry that has none.
    pub(super) fn new(held: &Held<K, V>) -> Self {
        let is_linked = held.handle.header().is_linked.replace(true);
        assert!(!is_linked, "an entry is in its table once");
        let handle = LocalCached { node: held.handle.node, value: PhantomData };
        Self { held: ManuallyDrop::new(Held { handle, key: PhantomData }) }
    }

    /// A handle.
    #[inline]
    pub(super) fn hold(&self) -> Held<K, V> {
        Held::clone(&self.held)
    }

    #[inline]
    pub(super) fn hash(&self) -> u32 {
        self.held.hash()
    }

    pub(super) fn is_live(&self) -> bool {
        self.held.is_live()
    }

    pub(super) fn seat(&self) -> u32 {
        self.held.seat()
    }

    pub(super) fn address(&self) -> NonNull<()> {
        self.held.address()
    }
}

impl<K, V> Drop for Link<K, V> {
    fn drop(&mut self) {
        let header = self.held.handle.header();
        header.is_linked.set(false);
        if header.handles.get() == 0 {
            nested::drop_later_if_deep(Corpse(self.held.handle.node.cast()));
        }
    }
}

/// Bytes of the block of an entry.
pub(super) fn block_size<K, V>() -> usize {
    size_of::<Node<V, K>>()
}

impl<V> AsRef<V> for LocalCached<V> {
    fn as_ref(&self) -> &V {
        self
    }
}

impl<V> Borrow<V> for LocalCached<V> {
    fn borrow(&self) -> &V {
        self
    }
}

impl<V: fmt::Debug> fmt::Debug for LocalCached<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<V: fmt::Display> fmt::Display for LocalCached<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

// A panic leaves the cache usable; what it can do to `V` is what it can do through an `Rc`.
impl<V: RefUnwindSafe> UnwindSafe for LocalCached<V> {}
impl<V: RefUnwindSafe> RefUnwindSafe for LocalCached<V> {}
