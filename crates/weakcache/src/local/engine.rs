//! The table, the strong tier and the counts of a local cache, and how entries come and go.
//!
//! No code of a user runs while the state is borrowed. Where keys are to be compared, the candidates (entries of the same
//! hash, nearly always one) are held first and compared afterwards; whoever then changes something looks whether what
//! it found is still so.

use core::cell::{Cell, RefCell, RefMut};
use core::mem;
use core::ptr::NonNull;
use std::rc::Rc;

use hashbrown::HashTable;
use smallvec::SmallVec;

use super::node::{Held, Home, Link, NO_SEAT, block_size};
use super::tier::Tier;
use crate::stats::Stats;

/// Tables of up to so many entries do not give memory back by themselves.
const SHRINK_ABOVE: usize = 64;

pub(super) struct Engine<K, V> {
    state: RefCell<State<K, V>>,
    hits: Cell<u64>,
    misses: Cell<u64>,
    loads: Cell<u64>,
    evictions: Cell<u64>,
    deaths: Cell<u64>,
}

struct State<K, V> {
    table: HashTable<Link<K, V>>,
    /// How many of the entries in the table have a value.
    live: usize,
    /// How many entries ever came into the table: who looked for one and found none asks whether one came since.
    arrivals: u64,
    tier: Tier<K, V>,
}

/// What was taken off a table, to be dropped when that is no longer borrowed.
struct Removed<K, V> {
    _link: Link<K, V>,
    _seat: Option<Held<K, V>>,
}

/// The entry of a key, if there is one, and the state in which that is so.
type Found<'a, K, V> = (Option<Held<K, V>>, RefMut<'a, State<K, V>>);

/// A load asks for what it is to load.
pub(super) struct NeedsItself;

fn wide(hash: u32) -> u64 {
    // The table wants well spread bits at both ends.
    u64::from(hash) << 32 | u64::from(hash)
}

fn add(count: &Cell<u64>, n: usize) {
    count.set(count.get() + n as u64);
}

impl<K, V> State<K, V> {
    #[inline]
    fn first(&self, hash: u32) -> Option<Held<K, V>> {
        self.table.find(wide(hash), |link| link.hash() == hash).map(Link::hold)
    }

    fn twins(&self, hash: u32) -> SmallVec<[Held<K, V>; 2]> {
        self.table.iter_hash(wide(hash)).filter(|link| link.hash() == hash).map(Link::hold).collect()
    }

    /// A new entry comes in.
    fn link(&mut self, held: &Held<K, V>) {
        self.table.insert_unique(wide(held.hash()), Link::new(held), |link| wide(link.hash()));
        self.arrivals += 1;
        self.live += usize::from(held.is_live());
    }

    fn unlink(&mut self, hash: u32, address: NonNull<()>) -> Option<Removed<K, V>> {
        let found = self.table.find_entry(wide(hash), |link| link.address() == address).ok()?;
        let (link, _) = found.remove();
        self.live -= usize::from(link.is_live());
        let seat = self.tier.remove(link.seat());
        if self.table.capacity() > SHRINK_ABOVE && self.table.len() < self.table.capacity() / 8 {
            // Half the room at least is gone then, so that the next such step is far away.
            self.table.shrink_to(2 * self.table.len(), |link| wide(link.hash()));
        }
        Some(Removed { _link: link, _seat: seat })
    }
}

impl<K, V> Engine<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        let tier = Tier::new(capacity);
        Self {
            state: RefCell::new(State { table: HashTable::new(), live: 0, arrivals: 0, tier }),
            hits: Cell::new(0),
            misses: Cell::new(0),
            loads: Cell::new(0),
            evictions: Cell::new(0),
            deaths: Cell::new(0),
        }
    }

    /// The entry in the table whose key `is` says yes to, with or without a value. It may have left when this returns:
    /// an `Eq` may do anything.
    #[inline]
    fn find(&self, hash: u32, is: impl Fn(&K) -> bool) -> Option<Held<K, V>> {
        let first = self.state.borrow().first(hash)?;
        if is(first.key()) {
            return Some(first);
        }
        // What is dropped at the end of a function and panics there would leak its result: so not there, here as below.
        let twin = self.find_twin(hash, &first, is);
        drop(first);
        twin
    }

    #[cold]
    fn find_twin(&self, hash: u32, first: &Held<K, V>, is: impl Fn(&K) -> bool) -> Option<Held<K, V>> {
        let mut twins = self.state.borrow().twins(hash).into_iter();
        let found = twins.find(|twin| twin.address() != first.address() && is(twin.key()));
        drop(twins);
        found
    }

    /// The live entry, as a hit or a miss.
    #[inline]
    pub(super) fn get(&self, hash: u32, is: impl Fn(&K) -> bool) -> Option<Held<K, V>> {
        match self.find(hash, is) {
            Some(held) if held.is_live() => {
                add(&self.hits, 1);
                self.touch(&held);
                Some(held)
            }
            _ => {
                add(&self.misses, 1);
                None
            }
        }
    }

    /// Whether there is a live entry; counts and marks nothing.
    pub(super) fn contains(&self, hash: u32, is: impl Fn(&K) -> bool) -> bool {
        self.find(hash, is).is_some_and(|held| held.is_live())
    }

    /// The entry was used.
    #[inline]
    fn touch(&self, held: &Held<K, V>) {
        if held.seat() == NO_SEAT {
            self.admit(held);
        } else {
            held.set_used();
        }
    }

    fn admit(&self, held: &Held<K, V>) {
        let out = {
            let mut state = self.state.borrow_mut();
            if held.is_linked() { state.tier.admit(held) } else { None }
        };
        add(&self.evictions, usize::from(out.is_some()));
        drop(out);
    }

    /// Takes the entry off the table; whether it was there.
    fn unlink(&self, held: &Held<K, V>) -> bool {
        let removed = self.state.borrow_mut().unlink(held.hash(), held.address());
        removed.is_some()
    }

    pub(super) fn remove(&self, hash: u32, is: impl Fn(&K) -> bool) -> Option<Held<K, V>> {
        while let Some(found) = self.find(hash, &is) {
            if self.unlink(&found) {
                return found.is_live().then_some(found);
            }
        }
        None
    }

    pub(super) fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        for held in self.live() {
            if !keep(held.key(), held.handle()) {
                self.unlink(&held);
            }
        }
    }

    /// Handles of all live entries.
    pub(super) fn live(&self) -> Vec<Held<K, V>> {
        let state = self.state.borrow();
        let mut all = Vec::with_capacity(state.live);
        all.extend(state.table.iter().filter(|link| link.is_live()).map(Link::hold));
        all
    }

    /// Nobody has a handle of the node at `address` any more. To be dropped is what comes back.
    pub(super) fn bury(&self, hash: u32, address: NonNull<()>) -> Option<impl Sized + use<K, V>> {
        let mut state = self.state.borrow_mut();
        let live = state.live;
        let removed = state.unlink(hash, address);
        // A load that failed dies too, and is none of the dead.
        add(&self.deaths, live - state.live);
        removed
    }

    pub(super) fn clear(&self) {
        let (table, tier) = {
            let mut state = self.state.borrow_mut();
            state.live = 0;
            (mem::take(&mut state.table), state.tier.take_all())
        };
        // First: every entry has a handle still, so that nothing dies, and the last handle finds no link.
        drop(table);
        drop(tier);
    }

    pub(super) fn set_capacity(&self, capacity: usize) {
        let out = self.state.borrow_mut().tier.set_capacity(capacity);
        add(&self.evictions, out.len());
        drop(out);
    }

    pub(super) fn shrink_to_fit(&self) {
        let mut state = self.state.borrow_mut();
        state.table.shrink_to_fit(|link| wide(link.hash()));
        state.tier.shrink_to_fit();
    }

    pub(super) fn len(&self) -> usize {
        self.state.borrow().live
    }

    pub(super) fn capacity(&self) -> usize {
        self.state.borrow().tier.capacity()
    }

    pub(super) fn memory_usage(&self) -> usize {
        let state = self.state.borrow();
        let blocks = state.table.len() * block_size::<K, V>();
        size_of::<Home<K, V>>() + state.table.allocation_size() + state.tier.bytes() + blocks
    }

    pub(super) fn stats(&self) -> Stats {
        let state = self.state.borrow();
        Stats {
            hits: self.hits.get(),
            misses: self.misses.get(),
            loads: self.loads.get(),
            evictions: self.evictions.get(),
            deaths: self.deaths.get(),
            len: state.live,
            strong_len: state.tier.len(),
            strong_weight: state.tier.len() as u64,
            capacity: state.tier.capacity(),
            ..Stats::default()
        }
    }
}

impl<K: Eq + 'static, V: 'static> Engine<K, V> {
    /// Looks for `key`. Where it is there, or where it is not, the state comes along as it is then.
    fn find_now(&self, hash: u32, key: &K) -> Found<'_, K, V> {
        loop {
            let arrivals = self.state.borrow().arrivals;
            let found = self.find(hash, |other| other == key);
            let state = self.state.borrow_mut();
            if found.as_ref().map_or(state.arrivals == arrivals, Held::is_linked) {
                return (found, state);
            }
            // The `Eq` of the key has changed that. Not under the borrow may `found` be dropped.
            drop(state);
        }
    }

    pub(super) fn insert(home: &Rc<Home<K, V>>, hash: u32, key: K, value: V) -> Held<K, V> {
        let engine = home.engine();
        let (old, mut state) = engine.find_now(hash, &key);
        let (new, debris) = match &old {
            // A load is under way: this is its value, as it will find when it is done.
            Some(loading) if !loading.is_live() => {
                let surplus = loading.fill(value).err();
                state.live += 1;
                (loading.clone(), (Some(key), surplus, None))
            }
            _ => {
                let new = Held::new(home, hash, key, Some(value));
                let replaced = old.as_ref().and_then(|old| state.unlink(hash, old.address()));
                state.link(&new);
                (new, (None, None, replaced))
            }
        };
        drop(state);
        engine.touch(&new);
        drop((debris, old));
        new
    }

    /// The live entry, or one of the value that `load` returns.
    pub(super) fn get_or_load<E>(
        home: &Rc<Home<K, V>>,
        hash: u32,
        key: K,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<Result<Held<K, V>, E>, NeedsItself> {
        let engine = home.engine();
        let (found, mut state) = engine.find_now(hash, &key);
        if let Some(found) = found {
            drop(state);
            if !found.is_live() {
                return Err(NeedsItself);
            }
            add(&engine.hits, 1);
            engine.touch(&found);
            drop((key, load));
            return Ok(Ok(found));
        }
        let held = Held::new(home, hash, key, None);
        state.link(&held);
        drop(state);
        add(&engine.misses, 1);
        // If it fails, the only handle of the entry goes, and with it the entry.
        let value = match load() {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        };
        add(&engine.loads, 1);
        let surplus = {
            let mut state = engine.state.borrow_mut();
            let surplus = held.fill(value).err();
            // It may have been removed meanwhile, or filled by an `insert`, which comes first.
            state.live += usize::from(surplus.is_none() && held.is_linked());
            surplus
        };
        drop(surplus);
        engine.touch(&held);
        Ok(Ok(held))
    }
}
