//! From a hash to nodes, read without a lock.
//!
//! Open addressing in groups of a cache line each: a word of [control bytes](crate::control), and the slots. Nothing is ever
//! moved, and nobody leaves a tombstone: a table through which millions have passed is as short as new, and what is in it is
//! always found.
//!
//! Writers hold the lock of the shard. What a reader finds it must check itself: the node may have died since. Who has found
//! nothing asks whether the slots were replaced in the meantime.
#![allow(unsafe_code, reason = "readers look at slots that writers change and replace")]

use core::alloc::Layout;
use core::array;
use core::ptr::{self, NonNull};
use std::alloc::{alloc, dealloc, handle_alloc_error};

use lagom_base::sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence};

use crate::control::{ONES, PASSED_MOST, PASSED_ONE, PASSED_SHIFT, SLOTS, most, zero_bytes};
use crate::shared::node::{Header, NodePtr};
use crate::shared::readers::Watched;

/// Those bits of a hash that its control byte shows; never 0, which says that the slot is empty.
#[inline]
fn tag(hash: u32) -> usize {
    (hash >> 24).max(1) as usize
}

/// A cache line of the table.
#[repr(C, align(64))]
struct Group {
    control: AtomicUsize,
    slots: [AtomicPtr<Header>; SLOTS],
    watched: Watched,
}

impl Group {
    fn new() -> Self {
        let slots = array::from_fn(|_| AtomicPtr::new(ptr::null_mut()));
        Self { control: AtomicUsize::new(0), slots, watched: Watched::new() }
    }
}

/// All groups: a power of two of them.
#[derive(Clone, Copy)]
struct Groups {
    first: *const Group,
    mask: usize,
}

impl Groups {
    /// The groups that `word` leads to: in its low bits, which their alignment leaves free, is the logarithm of their number.
    #[inline]
    fn of(word: *mut Group) -> Option<Self> {
        const LOW_BITS: usize = align_of::<Group>() - 1;

        if word.is_null() {
            return None;
        }
        let bits = word.addr() & LOW_BITS;
        Some(Self { first: word.map_addr(|address| address & !LOW_BITS), mask: (1 << bits) - 1 })
    }

    #[inline]
    fn to_word(self) -> *mut Group {
        let bits = self.len().trailing_zeros() as usize;
        self.first.cast_mut().map_addr(|address| address | bits)
    }

    #[inline]
    fn len(self) -> usize {
        self.mask + 1
    }

    fn layout(len: usize) -> Layout {
        Layout::array::<Group>(len).expect("a table is not longer than memory")
    }

    fn new(len: usize) -> Self {
        let layout = Self::layout(len);
        // SAFETY: the layout is longer than 0.
        let first = unsafe { alloc(layout) }.cast::<Group>();
        if first.is_null() {
            handle_alloc_error(layout);
        }
        for index in 0..len {
            // SAFETY: within the allocation.
            let group = unsafe { first.add(index) };
            // SAFETY: and so valid for writes.
            unsafe { group.write(Group::new()) };
        }
        Self { first, mask: len - 1 }
    }

    /// # Safety
    ///
    /// The caller must keep the groups from being freed, for as long as the reference lives.
    #[inline]
    unsafe fn group<'a>(self, index: usize) -> &'a Group {
        // SAFETY: the mask does not reach beyond the last one.
        let group = unsafe { self.first.add(index & self.mask) };
        // SAFETY: by the caller's promise.
        unsafe { &*group }
    }
}

/// Groups that nobody finds any more, to be freed when no reader can be looking at them.
pub(super) struct Retired(Groups);

// SAFETY: nobody else has them.
unsafe impl Send for Retired {}

impl Retired {
    pub(super) fn bytes(&self) -> usize {
        Groups::layout(self.0.len()).size()
    }

    /// Gives the memory back.
    ///
    /// # Safety
    ///
    /// Nobody may look at it any more.
    pub(super) unsafe fn free(self) {
        let first = self.0.first.cast_mut();
        let mut free = true;
        for index in 0..self.0.len() {
            // SAFETY: within the groups.
            let group = unsafe { first.add(index) };
            // SAFETY: nobody looks at it any more.
            free &= unsafe { (*group).watched.end() };
        }
        if free {
            // SAFETY: it was allocated with this layout; what is in it needs no drop.
            unsafe { dealloc(first.cast(), Groups::layout(self.0.len())) };
        }
    }
}

/// What readers see of a table.
pub(super) struct Table {
    /// See [`Groups::of`]. Null while there are none.
    groups: AtomicPtr<Group>,
    /// Goes up before the groups are replaced, and after: odd in between.
    versions: AtomicUsize,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { groups: AtomicPtr::new(ptr::null_mut()), versions: AtomicUsize::new(0) }
    }

    /// What [`is_as_of`](Self::is_as_of) is to be asked with.
    #[inline]
    pub(super) fn version(&self) -> usize {
        self.versions.load(Ordering::Acquire)
    }

    /// Whether the groups were the same all the time since then: if so, what was not found was not there.
    #[inline]
    pub(super) fn is_as_of(&self, version: usize) -> bool {
        fence(Ordering::Acquire);
        version.is_multiple_of(2) && self.versions.load(Ordering::Relaxed) == version
    }

    /// Looks for nodes with this hash.
    ///
    /// # Safety
    ///
    /// The caller must keep the slots from being freed as long as it uses what it gets: a pinned reader, or under the lock.
    #[inline]
    pub(super) unsafe fn probe(&self, hash: u32) -> Probe {
        let Some(groups) = Groups::of(self.groups.load(Ordering::Acquire)) else { return Probe::nothing() };
        let at = Place { index: hash as usize, left: 0 };
        let mut probe =
            Probe { groups, tags: tag(hash).wrapping_mul(ONES), control: 0, at, slot: 0, seen: ptr::null_mut() };
        probe.look();
        probe
    }
}

impl Table {
    /// What a [probe](Self::probe) finds first.
    ///
    /// # Safety
    ///
    /// As for [`probe`](Self::probe).
    #[inline(always)]
    pub(super) unsafe fn first(&self, hash: u32) -> Option<NodePtr> {
        let groups = Groups::of(self.groups.load(Ordering::Acquire))?;
        // SAFETY: by the caller's promise.
        let group = unsafe { groups.group(hash as usize) };
        group.watched.look();
        let control = group.control.load(Ordering::Acquire);
        let alike = zero_bytes(control ^ tag(hash).wrapping_mul(ONES));
        if alike != 0 {
            let slot = (alike.trailing_zeros() / 8) as usize;
            if let Some(node) = NonNull::new(group.slots[slot].load(Ordering::Acquire)) {
                return Some(node);
            }
        } else if control < PASSED_ONE {
            return None;
        }
        // SAFETY: by the caller's promise.
        unsafe { self.first_further(hash) }
    }

    /// # Safety
    ///
    /// As for [`probe`](Self::probe).
    #[inline(never)]
    unsafe fn first_further(&self, hash: u32) -> Option<NodePtr> {
        // SAFETY: by the caller's promise.
        unsafe { self.probe(hash) }.next(hash)
    }
}

/// Where a walk has come to.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The group, counted from group 0.
    index: usize,
    /// The bits of slots of it that are still to be looked at.
    left: usize,
}

/// A walk through the slots where nodes of a hash may be.
pub(super) struct Probe {
    groups: Groups,
    /// The tag of the hash, in the bytes of all slots.
    tags: usize,
    control: usize,
    at: Place,
    /// The slot last looked at, and what was in it.
    slot: usize,
    seen: *mut Header,
}

impl Probe {
    /// A walk through no slots.
    #[cold]
    fn nothing() -> Self {
        let groups = Groups { first: ptr::null(), mask: 0 };
        Self { groups, tags: 0, control: 0, at: Place { index: 0, left: 0 }, slot: 0, seen: ptr::null_mut() }
    }

    #[inline]
    fn group(&self) -> &Group {
        // SAFETY: whoever has `self` keeps the groups.
        let group = unsafe { self.groups.group(self.at.index) };
        group.watched.look();
        group
    }

    #[inline]
    fn look(&mut self) {
        self.control = self.group().control.load(Ordering::Acquire);
        self.at.left = zero_bytes(self.control ^ self.tags);
    }

    /// The next node that may have the hash; `None` at the end.
    #[inline]
    pub(super) fn next(&mut self, hash: u32) -> Option<NodePtr> {
        loop {
            while self.at.left != 0 {
                self.slot = (self.at.left.trailing_zeros() / 8) as usize;
                self.at.left &= self.at.left - 1;
                self.seen = self.group().slots[self.slot].load(Ordering::Acquire);
                if !self.seen.is_null() {
                    return NonNull::new(self.seen);
                }
            }
            let walked = self.at.index.wrapping_sub(hash as usize);
            if self.control < PASSED_ONE || walked >= self.groups.mask {
                return None;
            }
            self.at.index = self.at.index.wrapping_add(1);
            self.look();
        }
    }

    /// The node that took the place of the one seen last, if another one did by now.
    #[cold]
    pub(super) fn replacement(&mut self) -> Option<NodePtr> {
        // Whoever ended the node or used it again came after who replaced it.
        fence(Ordering::Acquire);
        let before = self.seen;
        self.seen = self.group().slots[self.slot].load(Ordering::Acquire);
        if self.seen == before { None } else { NonNull::new(self.seen) }
    }

    /// Where it is, to go on there another time.
    pub(super) fn place(&self) -> Place {
        self.at
    }

    /// Goes on where another walk of the same hash was, through the same groups.
    pub(super) fn go_on(&mut self, at: Place) {
        if !self.groups.first.is_null() {
            self.at = at;
            self.control = self.group().control.load(Ordering::Acquire);
        }
    }
}

/// What the writers of a table know of it, under the lock of the shard.
pub(super) struct Filling {
    len: usize,
    /// With more nodes the table grows.
    most: usize,
    /// With fewer it shrinks.
    least: usize,
}

impl Filling {
    pub(super) fn new() -> Self {
        Self { len: 0, most: 0, least: 0 }
    }

    #[inline]
    fn groups(table: &Table) -> Option<Groups> {
        Groups::of(table.groups.load(Ordering::Relaxed))
    }

    /// The group with this index, of groups that are in the table.
    #[inline]
    fn group<'a>(groups: Groups, index: usize) -> &'a Group {
        // SAFETY: only the holder of the lock, which the caller is, retires groups.
        unsafe { groups.group(index) }
    }

    /// Bytes of the groups.
    pub(super) fn bytes(table: &Table) -> usize {
        Self::groups(table).map_or(0, |groups| groups.len() * size_of::<Group>())
    }

    /// Adds a node that is not in.
    #[inline]
    pub(super) fn insert(&mut self, table: &Table, node: NodePtr) -> Option<Retired> {
        let retired = if self.len >= self.most { self.grow(table) } else { None };
        if let Some(groups) = Self::groups(table) {
            Self::put(groups, node);
        }
        self.len += 1;
        retired
    }

    #[cold]
    fn grow(&mut self, table: &Table) -> Option<Retired> {
        let len = Self::groups(table).map_or(0, Groups::len);
        self.resize(table, (2 * len).max(1))
    }

    #[inline]
    fn put(groups: Groups, node: NodePtr) {
        // SAFETY: the caller's node.
        let hash = unsafe { node.as_ref() }.hash();
        let mut index = hash as usize;
        loop {
            let group = Self::group(groups, index);
            let control = group.control.load(Ordering::Relaxed);
            let empty = zero_bytes(control);
            if empty != 0 {
                let slot = (empty.trailing_zeros() / 8) as usize;
                group.slots[slot].store(node.as_ptr(), Ordering::Release);
                group.control.store(control | tag(hash) << (8 * slot), Ordering::Release);
                return;
            }
            if control >> PASSED_SHIFT < PASSED_MOST {
                group.control.store(control + PASSED_ONE, Ordering::Release);
            }
            index = index.wrapping_add(1);
        }
    }

    /// Puts `new` where `old` is, of the same hash.
    pub(super) fn replace(table: &Table, old: NodePtr, new: NodePtr) {
        if let Some((group, slot, _)) = Self::find(table, old) {
            group.slots[slot].store(new.as_ptr(), Ordering::Release);
        }
    }

    /// Takes a node out.
    #[inline(always)]
    pub(super) fn remove(&mut self, table: &Table, node: NodePtr) -> Option<Retired> {
        let (group, slot, index) = Self::find(table, node)?;
        let control = group.control.load(Ordering::Relaxed);
        group.control.store(control & !(0xFF << (8 * slot)), Ordering::Release);
        group.slots[slot].store(ptr::null_mut(), Ordering::Release);
        // SAFETY: the caller's node.
        let hash = unsafe { node.as_ref() }.hash() as usize;
        if hash != index {
            Self::step_back(table, hash, index);
        }
        self.len -= 1;
        if self.len < self.least { self.resize_to_quarter(table) } else { None }
    }

    /// A node that passed the groups in between is gone.
    #[cold]
    fn step_back(table: &Table, from: usize, to: usize) {
        let Some(groups) = Self::groups(table) else { return };
        let mut passed = from;
        while passed != to {
            let group = Self::group(groups, passed);
            let control = group.control.load(Ordering::Relaxed);
            if control >> PASSED_SHIFT < PASSED_MOST {
                group.control.store(control - PASSED_ONE, Ordering::Release);
            }
            passed = passed.wrapping_add(1);
        }
    }

    #[cold]
    fn resize_to_quarter(&mut self, table: &Table) -> Option<Retired> {
        let len = Self::groups(table).map_or(0, Groups::len);
        self.resize(table, len / 4)
    }

    #[inline(always)]
    fn find(table: &Table, node: NodePtr) -> Option<(&Group, usize, usize)> {
        let groups = Self::groups(table)?;
        // SAFETY: the caller's node.
        let hash = unsafe { node.as_ref() }.hash();
        let mut index = hash as usize;
        for _ in 0..groups.len() {
            let group = Self::group(groups, index);
            let mut left = zero_bytes(group.control.load(Ordering::Relaxed) ^ tag(hash).wrapping_mul(ONES));
            while left != 0 {
                let slot = (left.trailing_zeros() / 8) as usize;
                if group.slots[slot].load(Ordering::Relaxed) == node.as_ptr() {
                    return Some((group, slot, index));
                }
                left &= left - 1;
            }
            index = index.wrapping_add(1);
        }
        debug_assert!(false, "a node that is linked is in the table");
        None
    }

    /// Takes all nodes out.
    pub(super) fn clear(&mut self, table: &Table) -> Option<Retired> {
        self.len = 0;
        self.publish(table, None)
    }

    /// A table with as few groups as do.
    pub(super) fn shrink(&mut self, table: &Table) -> Option<Retired> {
        let mut len = usize::from(self.len > 0);
        while self.len > most(len) {
            len *= 2;
        }
        if len < Self::groups(table).map_or(0, Groups::len) { self.resize(table, len) } else { None }
    }

    fn resize(&mut self, table: &Table, len: usize) -> Option<Retired> {
        let new = (len > 0).then(|| Groups::new(len));
        if let Some(new) = new {
            Self::visit(table, |node| Self::put(new, node));
        }
        self.publish(table, new)
    }

    fn publish(&mut self, table: &Table, new: Option<Groups>) -> Option<Retired> {
        let len = new.map_or(0, Groups::len);
        self.most = most(len);
        self.least = if len > 4 { self.most / 8 } else { 0 };
        let old = Self::groups(table);
        let version = table.versions.load(Ordering::Relaxed);
        table.versions.store(version.wrapping_add(1), Ordering::Relaxed);
        // Who finds the new groups sees the version above.
        table.groups.store(new.map_or(ptr::null_mut(), Groups::to_word), Ordering::Release);
        table.versions.store(version.wrapping_add(2), Ordering::Release);
        old.map(Retired)
    }

    /// The nodes of one group; the number of groups follows in a circle.
    pub(super) fn visit_group(table: &Table, index: usize, mut see: impl FnMut(NodePtr)) {
        if let Some(groups) = Self::groups(table) {
            for slot in &Self::group(groups, index).slots {
                if let Some(node) = NonNull::new(slot.load(Ordering::Relaxed)) {
                    see(node);
                }
            }
        }
    }

    /// All nodes.
    pub(super) fn visit(table: &Table, mut see: impl FnMut(NodePtr)) {
        let Some(groups) = Self::groups(table) else { return };
        for index in 0..groups.len() {
            for slot in &Self::group(groups, index).slots {
                if let Some(node) = NonNull::new(slot.load(Ordering::Relaxed)) {
                    see(node);
                }
            }
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        if let Some(groups) = Groups::of(self.groups.load(Ordering::Relaxed)) {
            // SAFETY: with the table its engine goes: nobody looks at it any more.
            unsafe { Retired(groups).free() };
        }
    }
}
