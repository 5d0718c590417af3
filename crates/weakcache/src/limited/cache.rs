//! A map with a byte budget.

use core::borrow::Borrow;
use core::cell::Cell;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::mem;

use super::error::TooHeavy;
use crate::hasher::DefaultHashBuilder;
use crate::spread::spread;

/// Where a chain or the queue ends.
const END: u32 = u32::MAX;

struct Entry<K, V> {
    key: K,
    value: V,
    /// Of this entry in all, this block and what the weigher says.
    bytes: usize,
    hash: u32,
    /// The next entry whose hash leads to the same head.
    next: u32,
    /// Its neighbours in the queue, from the next to leave to the newest.
    older: u32,
    newer: u32,
    /// Found since it came to the end of the queue.
    is_used: Cell<bool>,
}

/// A cache of one owner that never takes more than `max_bytes` of memory: it lets go of what was not used lately before it
/// takes something new.
///
/// What counts, at every instant, also while the table grows: the block of each entry (key, value and 32 bytes or a
/// little more), what the `weigher` says that key and value own besides (the capacity of a `String`, say), and the table, 12 bytes for each
/// entry it has room for. What the allocator adds to each block, 16 bytes at most with most of them, does not. An entry is
/// weighed once, when it comes in. The table grows by a quarter; where that does not fit, entries leave instead, so that with
/// small entries up to a quarter of the limit stays unused. An entry that would not fit into the empty cache is refused.
///
/// The oldest leaves first, but one that was used since gets another turn; a hit sets a mark and moves nothing, so that
/// [`get`](Self::get) takes `&self`. Changes take `&mut self`: put a lock around it, or use one per thread. For entries that
/// live on while somebody uses them there are [`LocalCache`](crate::LocalCache) and [`WeakCache`](crate::WeakCache).
///
/// ```
/// use lagom_weakcache::MemoryLimited;
///
/// let mut pages = MemoryLimited::new(100_000, |url: &String, page: &String| url.capacity() + page.capacity());
/// for n in 0..1_000 {
///     pages.insert(format!("/{n}"), "page ".repeat(200)).unwrap();
///     assert!(pages.memory_usage() <= 100_000);
/// }
/// assert!(pages.len() > 80 && pages.len() < 100);
/// assert!(pages.get("/999").is_some() && pages.get("/1").is_none());
/// ```
pub struct MemoryLimited<K, V, S = DefaultHashBuilder> {
    entries: Vec<Box<Entry<K, V>>>,
    /// The first entry of each chain. As many as `entries` has room for.
    heads: Vec<u32>,
    /// Of all entries.
    bytes: usize,
    /// Both ends of the queue.
    oldest: u32,
    newest: u32,
    evictions: u64,
    max_bytes: usize,
    weigher: fn(&K, &V) -> usize,
    hasher: S,
}

/// Bytes of a table with room for so many entries.
const fn table_bytes(room: usize) -> usize {
    room * (size_of::<usize>() + size_of::<u32>())
}

/// The room of the table after this one.
const fn next_room(room: usize) -> usize {
    let next = room + room / 4 + 4;
    if next < END as usize { next } else { END as usize }
}

impl<K, V> MemoryLimited<K, V> {
    /// An empty cache that may take `max_bytes` of memory. `weigher` says how many bytes a key and a value own outside of
    /// themselves: 0 for an integer, [`capacity`](String::capacity) for a `String`. Allocates nothing.
    ///
    /// With a `max_bytes` of 0 everything is refused; `usize::MAX` is no limit.
    ///
    /// ```
    /// use lagom_weakcache::MemoryLimited;
    ///
    /// let mut cache = MemoryLimited::new(100 * 1024 * 1024, |_: &u64, bytes: &Vec<u8>| bytes.capacity());
    /// cache.insert(1, vec![0; 1000])?;
    /// assert!(cache.memory_usage() > 1000);
    /// # Ok::<(), lagom_weakcache::TooHeavy<(u64, Vec<u8>)>>(())
    /// ```
    #[must_use]
    pub fn new(max_bytes: usize, weigher: fn(&K, &V) -> usize) -> Self {
        Self::with_hasher(max_bytes, weigher, DefaultHashBuilder::default())
    }
}

impl<K, V, S> MemoryLimited<K, V, S> {
    /// As [`new`](MemoryLimited::new), with a hasher of yours. One that is not seeded at random lets whoever chooses the keys
    /// slow the cache down.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use lagom_weakcache::MemoryLimited;
    ///
    /// let hasher = BuildHasherDefault::<DefaultHasher>::new();
    /// let mut cache = MemoryLimited::with_hasher(1_000, |_: &u64, _: &u64| 0, hasher);
    /// assert!(cache.insert(1, 2).is_ok());
    /// ```
    #[must_use]
    pub fn with_hasher(max_bytes: usize, weigher: fn(&K, &V) -> usize, hasher: S) -> Self {
        Self {
            entries: Vec::new(),
            heads: Vec::new(),
            bytes: 0,
            oldest: END,
            newest: END,
            evictions: 0,
            max_bytes,
            weigher,
            hasher,
        }
    }

    /// How many entries there are.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(1_000, |_: &u64, _: &u64| 0);
    /// cache.insert(1, 2).unwrap();
    /// assert_eq!(cache.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// assert!(MemoryLimited::new(1_000, |_: &u64, _: &u64| 0).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes that this cache takes, as described [above](Self); never more than [`max_bytes`](Self::max_bytes). O(1).
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(1_000, |_: &u64, text: &String| text.capacity());
    /// assert_eq!(cache.memory_usage(), 0);
    /// cache.insert(1, "x".repeat(500)).unwrap();
    /// assert!((500..1_000).contains(&cache.memory_usage()));
    /// ```
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        self.bytes + table_bytes(self.room())
    }

    /// How many bytes this cache may take.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// assert_eq!(MemoryLimited::new(1_000, |_: &u64, _: &u64| 0).max_bytes(), 1_000);
    /// ```
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// How many entries had to leave for others, or for a lower limit.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(2_000, |_: &u64, text: &String| text.capacity());
    /// for n in 0..3 {
    ///     cache.insert(n, "x".repeat(1_000)).unwrap();
    /// }
    /// assert_eq!((cache.len(), cache.evictions()), (1, 2));
    /// ```
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Changes how many bytes this cache may take; entries leave at once if that takes it. O(1) for each.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(10_000, |_: &u64, _: &u64| 0);
    /// (0..50).for_each(|n| drop(cache.insert(n, n)));
    /// cache.set_max_bytes(1_000);
    /// assert!(cache.memory_usage() <= 1_000 && cache.len() < 50);
    /// ```
    pub fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
        while self.memory_usage() > max_bytes {
            self.evict();
        }
    }

    /// All entries, in no particular order. None of them counts as used.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(1_000, |_: &u64, _: &u64| 0);
    /// cache.insert(1, 2).unwrap();
    /// assert_eq!(cache.iter().collect::<Vec<_>>(), [(&1, &2)]);
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.entries.iter().map(|entry| (&entry.key, &entry.value))
    }

    /// Forgets every entry, and gives their memory back.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(1_000, |_: &u64, _: &u64| 0);
    /// cache.insert(1, 2).unwrap();
    /// cache.clear();
    /// assert_eq!((cache.len(), cache.memory_usage()), (0, 0));
    /// ```
    pub fn clear(&mut self) {
        self.bytes = 0;
        (self.oldest, self.newest) = (END, END);
        self.heads = Vec::new();
        drop(mem::take(&mut self.entries));
    }

    fn room(&self) -> usize {
        self.heads.len()
    }

    /// The head of the chain of a hash.
    fn chain(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.heads.len() as u64) >> 32) as usize
    }

    /// Whether an entry of so many bytes can be taken now.
    fn has_room_for(&self, bytes: usize) -> bool {
        let grown = if self.len() < self.room() { 0 } else { table_bytes(next_room(self.room())) };
        // Old table and new are there together.
        let all = self.memory_usage().checked_add(grown).and_then(|own| own.checked_add(bytes));
        all.is_some_and(|all| all <= self.max_bytes) && self.len() < END as usize
    }

    /// Moves into a table with room for so many entries.
    fn rebuild(&mut self, room: usize) {
        let mut entries = Vec::with_capacity(room);
        entries.append(&mut self.entries);
        self.entries = entries;
        self.heads = vec![END; room];
        for at in 0..self.len() {
            self.enter(at);
        }
    }

    /// Puts the entry at `at` into its chain.
    fn enter(&mut self, at: usize) {
        let chain = self.chain(self.entries[at].hash);
        self.entries[at].next = mem::replace(&mut self.heads[chain], at as u32);
    }

    /// Makes whatever leads to `at` lead to `to`.
    fn redirect(&mut self, at: usize, to: u32) {
        let chain = self.chain(self.entries[at].hash);
        if self.heads[chain] as usize == at {
            self.heads[chain] = to;
            return;
        }
        let mut before = self.heads[chain] as usize;
        while self.entries[before].next as usize != at {
            before = self.entries[before].next as usize;
        }
        self.entries[before].next = to;
    }

    /// Puts the entry at `at` at the end of the queue.
    fn queue(&mut self, at: usize) {
        let before = mem::replace(&mut self.newest, at as u32);
        (self.entries[at].older, self.entries[at].newer) = (before, END);
        self.set_newer(before, at as u32);
    }

    /// Makes its neighbours in the queue lead past the entry at `at`.
    fn unqueue(&mut self, at: usize) {
        let (older, newer) = (self.entries[at].older, self.entries[at].newer);
        self.set_newer(older, newer);
        self.set_older(newer, older);
    }

    fn set_newer(&mut self, of: u32, to: u32) {
        *(if of == END { &mut self.oldest } else { &mut self.entries[of as usize].newer }) = to;
    }

    fn set_older(&mut self, of: u32, to: u32) {
        *(if of == END { &mut self.newest } else { &mut self.entries[of as usize].older }) = to;
    }

    /// Takes the entry at `at` out; the last one moves there.
    fn take(&mut self, at: usize) -> Box<Entry<K, V>> {
        self.redirect(at, self.entries[at].next);
        self.unqueue(at);
        let last = self.len() - 1;
        if at != last {
            self.redirect(last, at as u32);
            self.set_newer(self.entries[last].older, at as u32);
            self.set_older(self.entries[last].newer, at as u32);
        }
        let entry = self.entries.swap_remove(at);
        self.bytes -= entry.bytes;
        entry
    }

    /// Gives back the memory of a table that is much too large, where there is room for a smaller one beside it.
    fn shrink(&mut self) {
        let room = next_room(self.len());
        if self.is_empty() {
            self.clear();
        } else if room < self.room() / 2 && self.memory_usage().saturating_add(table_bytes(room)) <= self.max_bytes {
            self.rebuild(room);
        }
    }

    /// Lets go of one entry, if there is one. At most one round of the queue: then all marks are gone.
    fn evict(&mut self) {
        while self.oldest != END {
            let at = self.oldest as usize;
            if !self.entries[at].is_used.take() {
                let entry = self.take(at);
                self.evictions += 1;
                drop(entry);
                break;
            }
            self.unqueue(at);
            self.queue(at);
        }
        self.shrink();
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> MemoryLimited<K, V, S> {
    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u32 {
        (spread(self.hasher.hash_one(key)) >> 32) as u32
    }

    fn find<Q>(&self, hash: u32, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let mut at = *self.heads.get(self.chain(hash))?;
        while at != END {
            let entry = &self.entries[at as usize];
            if entry.hash == hash && entry.key.borrow() == key {
                return Some(at as usize);
            }
            at = entry.next;
        }
        None
    }

    fn use_at(&self, at: usize) -> &V {
        let entry = &self.entries[at];
        entry.is_used.set(true);
        &entry.value
    }

    /// The value of `key`, which counts as used now.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(1_000, |key: &String, _: &u64| key.capacity());
    /// cache.insert("one".to_owned(), 1).unwrap();
    /// assert_eq!(cache.get("one"), Some(&1));
    /// assert_eq!(cache.get("two"), None);
    /// ```
    #[must_use]
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.use_at(self.find(self.hash(key), key)?))
    }

    /// Whether there is an entry of `key`, which does not count as used.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(1_000, |_: &u64, _: &u64| 0);
    /// cache.insert(1, 2).unwrap();
    /// assert!(cache.contains_key(&1) && !cache.contains_key(&2));
    /// ```
    #[must_use]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.find(self.hash(key), key).is_some()
    }

    /// Makes `value` the value of `key`; lets go of others if that takes it. Returns the former value.
    ///
    /// # Errors
    ///
    /// Gives both back if they are heavier than the limit by themselves. Then nothing has changed: a former value of the key
    /// is still there.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(1_000, |_: &u64, text: &String| text.capacity());
    /// assert_eq!(cache.insert(1, "one".to_owned())?, None);
    /// assert_eq!(cache.insert(1, "uno".to_owned())?.as_deref(), Some("one"));
    /// assert!(cache.insert(1, "x".repeat(1_000)).is_err());
    /// assert_eq!(cache.get(&1).unwrap(), "uno");
    /// # Ok::<(), lagom_weakcache::TooHeavy<(u64, String)>>(())
    /// ```
    pub fn insert(&mut self, key: K, value: V) -> Result<Option<V>, TooHeavy<(K, V)>> {
        let hash = self.hash(&key);
        self.put(hash, key, value)
    }

    fn put(&mut self, hash: u32, key: K, value: V) -> Result<Option<V>, TooHeavy<(K, V)>> {
        let bytes = size_of::<Entry<K, V>>().saturating_add((self.weigher)(&key, &value));
        if bytes.saturating_add(table_bytes(next_room(0))) > self.max_bytes {
            return Err(TooHeavy::new((key, value), self.max_bytes));
        }
        // From here on no code of users runs but the drop of what leaves, which the cache is ready for.
        let former = self.find(hash, &key).map(|at| self.take(at).value);
        while !self.has_room_for(bytes) {
            self.evict();
        }
        if self.len() == self.room() {
            self.rebuild(next_room(self.room()));
        }
        let is_used = Cell::new(false);
        self.entries.push(Box::new(Entry { key, value, bytes, hash, next: END, older: END, newer: END, is_used }));
        self.bytes += bytes;
        self.enter(self.len() - 1);
        self.queue(self.len() - 1);
        Ok(former)
    }

    /// The value of `key`, which counts as used now, or a new one: what `make` returns.
    ///
    /// # Errors
    ///
    /// Gives key and value back if they are heavier than the limit by themselves.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(1_000, |_: &u64, text: &String| text.capacity());
    /// assert_eq!(cache.get_or_insert_with(1, || "one".to_owned())?, "one");
    /// assert_eq!(cache.get_or_insert_with(1, || unreachable!())?, "one");
    /// # Ok::<(), lagom_weakcache::TooHeavy<(u64, String)>>(())
    /// ```
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> Result<&V, TooHeavy<(K, V)>> {
        let hash = self.hash(&key);
        if let Some(at) = self.find(hash, &key) {
            return Ok(self.use_at(at));
        }
        self.put(hash, key, make())?;
        Ok(&self.entries[self.len() - 1].value)
    }

    /// Takes the entry of `key` out.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimited;
    /// let mut cache = MemoryLimited::new(1_000, |_: &u64, _: &u64| 0);
    /// cache.insert(1, 2).unwrap();
    /// assert_eq!(cache.remove(&1), Some(2));
    /// assert_eq!(cache.remove(&1), None);
    /// ```
    pub fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let at = self.find(self.hash(key), key)?;
        let value = self.take(at).value;
        self.shrink();
        Some(value)
    }
}

impl<K, V, S> fmt::Debug for MemoryLimited<K, V, S> {
    /// The figures, not the entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLimited")
            .field("len", &self.len())
            .field("memory_usage", &self.memory_usage())
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
