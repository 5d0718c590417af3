//! The table behind the lock: what is where, and what one operation changes. It runs no code of users but the equality
//! of keys, and hands back whatever has to be dropped.

use core::mem;

use hashbrown::HashTable;
use lagom_base::flight::{Flight, Leader};
use lagom_base::sync::Arc;

use crate::cached::Cached;
use crate::entry::Entry;
use crate::stats::Stats;
use crate::strong::Strong;

/// Smaller tables are not worth shrinking.
const SHRINK_ABOVE: usize = 64;

/// A key and what it stands for.
pub(crate) struct Slot<K, V> {
    hash: u64,
    pub(crate) key: K,
    content: Content<V>,
}

enum Content<V> {
    Live(Arc<Entry<V>>),
    /// A thread computes the value. Who takes the leader out decides how the flight ends.
    Loading(Leader<Cached<V>>),
}

impl<K, V> Slot<K, V> {
    fn entry(&self) -> Option<&Arc<Entry<V>>> {
        match &self.content {
            Content::Live(entry) => Some(entry),
            Content::Loading(_) => None,
        }
    }

    fn holds(&self, entry: &Arc<Entry<V>>) -> bool {
        self.entry().is_some_and(|held| Arc::ptr_eq(held, entry))
    }

    fn awaits(&self, flight: &Arc<Flight<Cached<V>>>) -> bool {
        matches!(&self.content, Content::Loading(leader) if Arc::ptr_eq(&leader.flight(), flight))
    }
}

/// What an operation took off the table. Dropping it runs code of users.
#[must_use = "to be dropped after the lock"]
pub(crate) struct Debris<K, V> {
    _slot: Option<Slot<K, V>>,
    _replaced: Option<Arc<Entry<V>>>,
    _evicted: Option<Arc<Entry<V>>>,
}

impl<K, V> Debris<K, V> {
    const NONE: Self = Self { _slot: None, _replaced: None, _evicted: None };
}

/// What a thread that wants to load a value finds.
pub(crate) enum Joined<K, V> {
    /// Somebody was faster.
    Live(Cached<V>, Debris<K, V>),
    /// Another thread loads it.
    Wait(Arc<Flight<Cached<V>>>),
    /// The calling thread is to load it, and then to call `land` or `abandon`.
    Lead(Arc<Flight<Cached<V>>>),
}

/// The leader of a flight whose value is in the table now, to be told outside of the lock.
pub(crate) type Landing<K, V> = (Leader<Cached<V>>, Debris<K, V>);

pub(crate) struct Table<K, V> {
    slots: HashTable<Slot<K, V>>,
    /// How many slots are `Live`.
    live: usize,
    strong: Strong<V>,
    /// Only the counters: `stats` fills the sizes in.
    counts: Stats,
}

impl<K: Clone, V> Table<K, V> {
    /// The entry of the slot with this hash that `is_it` says yes to, as a hit or a miss.
    pub(crate) fn get(&mut self, hash: u64, is_it: impl Fn(&Slot<K, V>) -> bool) -> (Option<Cached<V>>, Debris<K, V>) {
        let Some(handle) = self.find_live(hash, is_it) else {
            self.counts.misses += 1;
            return (None, Debris::NONE);
        };
        self.counts.hits += 1;
        let debris = self.touch(handle.entry());
        (Some(handle), debris)
    }

    /// Whether there is a live entry; counts and moves nothing.
    pub(crate) fn contains(&self, hash: u64, is_it: impl Fn(&Slot<K, V>) -> bool) -> bool {
        self.find(hash, is_it).is_some_and(|slot| slot.entry().is_some())
    }

    /// Puts the entry of `handle` in the slot of `key`, whatever is there. A load in progress ends with this entry.
    pub(crate) fn insert(&mut self, key: &K, handle: &Cached<V>, is_it: impl Fn(&Slot<K, V>) -> bool) -> Debris<K, V> {
        let entry = handle.entry();
        let hash = entry.hash();
        let content = Content::Live(Arc::clone(entry));
        let mut replaced = None;
        match self.slots.find_mut(hash, |slot| slot.hash == hash && is_it(slot)) {
            Some(slot) => match mem::replace(&mut slot.content, content) {
                Content::Live(old) => {
                    self.strong.discard(&old);
                    replaced = Some(old);
                }
                Content::Loading(leader) => {
                    self.live += 1;
                    // Under the lock, so that the loading thread finds its flight either in the table or landed. It
                    // drops nothing: that thread holds the flight too, and the caller the handle.
                    leader.land(handle.clone());
                }
            },
            None => {
                self.live += 1;
                self.slots.insert_unique(hash, Slot { hash, key: key.clone(), content }, |slot| slot.hash);
            }
        }
        Debris { _replaced: replaced, ..self.touch(entry) }
    }

    /// Takes the slot out. A load in progress goes on without the table.
    pub(crate) fn remove(
        &mut self,
        hash: u64,
        is_it: impl Fn(&Slot<K, V>) -> bool,
    ) -> (Option<Cached<V>>, Option<Slot<K, V>>) {
        let slot = self.take(hash, is_it);
        let handle = slot.as_ref().and_then(Slot::entry).map(|entry| {
            let handle = Cached::of(entry);
            self.strong.discard(entry);
            handle
        });
        (handle, slot)
    }

    /// Joins the load of `key`, or starts it.
    pub(crate) fn join(&mut self, key: &K, hash: u64, is_it: impl Fn(&Slot<K, V>) -> bool) -> Joined<K, V> {
        match self.find(hash, is_it).map(|slot| &slot.content) {
            Some(Content::Live(entry)) => {
                let handle = Cached::of(entry);
                let debris = self.touch(handle.entry());
                Joined::Live(handle, debris)
            }
            Some(Content::Loading(leader)) => Joined::Wait(leader.flight()),
            None => {
                let leader = Flight::start();
                let flight = leader.flight();
                let content = Content::Loading(leader);
                self.slots.insert_unique(hash, Slot { hash, key: key.clone(), content }, |slot| slot.hash);
                Joined::Lead(flight)
            }
        }
    }

    /// The load of `flight` gave the entry of `handle`: puts it in, unless somebody took the slot away. Then the
    /// outcome of the flight is decided already.
    pub(crate) fn land(&mut self, flight: &Arc<Flight<Cached<V>>>, handle: &Cached<V>) -> Option<Landing<K, V>> {
        self.counts.loads += 1;
        let entry = handle.entry();
        let hash = entry.hash();
        let slot = self.slots.find_mut(hash, |slot| slot.hash == hash && slot.awaits(flight))?;
        let Content::Loading(leader) = mem::replace(&mut slot.content, Content::Live(Arc::clone(entry))) else {
            unreachable!("a slot that awaits a flight is loading");
        };
        self.live += 1;
        Some((leader, self.touch(entry)))
    }

    /// The load of `flight` gave nothing.
    pub(crate) fn abandon(&mut self, hash: u64, flight: &Arc<Flight<Cached<V>>>) -> Option<Slot<K, V>> {
        self.take(hash, |slot| slot.awaits(flight))
    }

    /// Takes the slot of `entry` out if it is still there and nobody holds the entry.
    pub(crate) fn bury(&mut self, entry: &Arc<Entry<V>>) -> Option<Slot<K, V>> {
        // Between the drop of the last handle and this lock a lookup may have handed the entry out again.
        if entry.is_held() {
            return None;
        }
        let slot = self.unlink(entry);
        self.counts.deaths += u64::from(slot.is_some());
        slot
    }

    /// Takes the slot of `entry` out, and the entry off the strong tier. The caller holds the entry.
    pub(crate) fn discard(&mut self, entry: &Arc<Entry<V>>) -> Option<Slot<K, V>> {
        let slot = self.unlink(entry);
        if slot.is_some() {
            self.strong.discard(entry);
        }
        slot
    }

    /// All live entries with their keys, held.
    pub(crate) fn snapshot(&self) -> Vec<(K, Cached<V>)> {
        let mut all = Vec::with_capacity(self.live);
        all.extend(self.slots.iter().filter_map(|slot| Some((slot.key.clone(), Cached::of(slot.entry()?)))));
        all
    }

    fn find(&self, hash: u64, is_it: impl Fn(&Slot<K, V>) -> bool) -> Option<&Slot<K, V>> {
        self.slots.find(hash, |slot| slot.hash == hash && is_it(slot))
    }

    fn find_live(&self, hash: u64, is_it: impl Fn(&Slot<K, V>) -> bool) -> Option<Cached<V>> {
        self.find(hash, is_it)?.entry().map(Cached::of)
    }

    fn unlink(&mut self, entry: &Arc<Entry<V>>) -> Option<Slot<K, V>> {
        self.take(entry.hash(), |slot| slot.holds(entry))
    }

    fn take(&mut self, hash: u64, is_it: impl Fn(&Slot<K, V>) -> bool) -> Option<Slot<K, V>> {
        let found = self.slots.find_entry(hash, |slot| slot.hash == hash && is_it(slot)).ok()?;
        let (slot, _) = found.remove();
        self.live -= usize::from(slot.entry().is_some());
        if self.slots.capacity() > SHRINK_ABOVE && self.slots.len() < self.slots.capacity() / 8 {
            // Half the room at least is gone then, so that the next such step is far away.
            self.slots.shrink_to(2 * self.slots.len(), |slot| slot.hash);
        }
        Some(slot)
    }

    /// `entry`, which is held, was used: moves it to the front of the strong tier.
    fn touch(&mut self, entry: &Arc<Entry<V>>) -> Debris<K, V> {
        let Some(evicted) = self.strong.touch(entry) else { return Debris::NONE };
        self.counts.evictions += 1;
        // Held by nobody but the tier, it leaves in the same step: no lookup sees it on its way out.
        let slot = if evicted.release() { self.unlink(&evicted) } else { None };
        self.counts.deaths += u64::from(slot.is_some());
        Debris { _slot: slot, _evicted: Some(evicted), ..Debris::NONE }
    }
}

impl<K, V> Table<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { slots: HashTable::new(), live: 0, strong: Strong::new(capacity), counts: Stats::default() }
    }

    /// Empties the table, loads in progress included; the counters stay.
    pub(crate) fn take_all(&mut self) -> Emptied<K, V> {
        self.live = 0;
        let strong = Strong::new(self.strong.capacity());
        Emptied { strong: mem::replace(&mut self.strong, strong), slots: mem::take(&mut self.slots) }
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn stats(&self) -> Stats {
        let (strong_len, capacity) = (self.strong.len(), self.strong.capacity());
        Stats { len: self.live, strong_len, capacity, ..self.counts }
    }
}

/// All that was in a table.
#[must_use = "to be dropped after the lock"]
pub(crate) struct Emptied<K, V> {
    strong: Strong<V>,
    slots: HashTable<Slot<K, V>>,
}

impl<K, V> Emptied<K, V> {
    /// Drops the slots one by one: when a drop panics the others still follow.
    pub(crate) fn dispose(self) {
        // First, while the slots still own the entries. From here on the last handle of an entry knows that it is.
        self.strong.disband();
        for slot in self.slots {
            drop(slot);
        }
    }
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use super::*;
    use crate::entry::Home;

    /// A home that buries nobody: the tests do, when they like.
    struct Nowhere;

    impl Home<u32> for Nowhere {
        fn bury(&self, _: &Arc<Entry<u32>>) {}
    }

    fn handle(value: u32) -> Cached<u32> {
        Cached::new(0, Arc::new(Nowhere), value)
    }

    fn is(key: u8) -> impl Fn(&Slot<u8, u32>) -> bool {
        move |slot| slot.key == key
    }

    #[test]
    fn a_lookup_before_the_burial_brings_back() {
        let mut table = Table::new(0);
        let first = handle(1);
        let entry = Arc::clone(first.entry());
        drop(table.insert(&b'a', &first, is(b'a')));
        drop(first); // On its way to the burial, …
        let (found, _) = table.get(0, is(b'a')); // … when the entry is handed out again.
        assert!(table.bury(&entry).is_none());
        assert_eq!((table.len(), table.stats().deaths), (1, 0));
        drop(found);
        assert!(table.bury(&entry).is_some());
        assert!(table.bury(&entry).is_none(), "two drops came to 0, one of them buries");
        assert_eq!((table.len(), table.stats().deaths), (0, 1));
    }

    #[test]
    fn a_late_burial_leaves_the_new_entry() {
        let mut table = Table::new(0);
        let (old, new) = (handle(1), handle(2));
        let entry = Arc::clone(old.entry());
        drop(table.insert(&b'a', &old, is(b'a')));
        drop(old);
        drop(table.insert(&b'a', &new, is(b'a')));
        assert!(table.bury(&entry).is_none());
        drop(new); // At 0 too now, and still not the one to bury.
        assert!(table.bury(&entry).is_none());
        assert_eq!((table.len(), table.stats().deaths), (1, 0));
    }

    #[test]
    fn a_dying_entry_is_replaced_by_a_load_only_after_its_burial() {
        let mut table = Table::new(0);
        let first = handle(1);
        let entry = Arc::clone(first.entry());
        drop(table.insert(&b'a', &first, is(b'a')));
        drop(first);
        assert!(matches!(table.join(&b'a', 0, is(b'a')), Joined::Live(..)), "brought back");
        assert!(table.bury(&entry).is_some());
        let Joined::Lead(flight) = table.join(&b'a', 0, is(b'a')) else { panic!("gone") };
        assert!(matches!(table.join(&b'a', 0, is(b'a')), Joined::Wait(_)));
        assert_eq!((table.len(), table.contains(0, is(b'a'))), (0, false));
        let second = handle(2);
        let (leader, _) = table.land(&flight, &second).expect("nobody took the slot");
        leader.land(second.clone());
        assert_eq!((table.len(), table.stats().loads), (1, 1));
        assert!(table.abandon(0, &flight).is_none() && table.land(&flight, &second).is_none());
    }

    #[test]
    fn a_flight_ends_only_the_load_that_it_is_of() {
        let mut table = Table::new(0);
        let Joined::Lead(former) = table.join(&b'a', 0, is(b'a')) else { panic!("empty") };
        table.take_all().dispose();
        let Joined::Lead(latter) = table.join(&b'a', 0, is(b'a')) else { panic!("cleared") };
        let value = handle(1);
        assert!(table.land(&former, &value).is_none() && table.abandon(0, &former).is_none());
        assert_eq!(table.len(), 0);
        assert!(table.abandon(0, &latter).is_some());
    }

    #[test]
    fn the_room_follows_the_crowd() {
        let mut table = Table::new(0);
        let handles: Vec<_> = (0..=255).map(handle).collect();
        for (key, handle) in handles.iter().enumerate() {
            let key = key as u8;
            drop(table.insert(&key, handle, is(key)));
        }
        assert!(table.slots.capacity() >= 256);
        for key in 0..=250 {
            drop(table.remove(0, is(key)));
        }
        assert!(table.slots.capacity() <= SHRINK_ABOVE, "{} for {}", table.slots.capacity(), table.len());
        for key in 251..=255 {
            assert!(table.contains(0, is(key)));
        }
    }
}
