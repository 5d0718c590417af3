//! Caches whose values live as long as someone holds them, and caches that hold them.
//!
//! A payload is 64 bytes behind a `u64` key. All get the hasher that lagom uses, so that structures are compared and not
//! hashers; quick_cache keeps its own, which is as fast.

use std::collections::HashSet;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use ahash::RandomState;
use dashmap::DashMap;
use lagom_weakcache::{Interner, WeakCache};
use weak_table::{WeakHashSet, WeakValueHashMap};

use super::Scale;
use crate::case::{Case, Contender, Found};

/// Live entries.
const LIVE: u64 = 10_000;
/// Keys that short-lived entries go through, so that no contender grows without bound while it is timed.
const PASSING: u64 = 1 << 16;
/// Short-lived entries made before looking at what is left.
const MADE: u64 = 100_000;
/// Room of the strong tier that goes with weak values.
const TIER: usize = 1_000;

type Payload = [u64; 8];

pub(super) fn cases(_: Scale) -> Vec<Case> {
    let mut cases = Vec::new();
    for threads in [1, 2] {
        cases.push(weak_hit(threads));
        cases.push(tiered_hit(threads));
        cases.push(make_and_die(threads));
        cases.push(strong_hit(threads));
        cases.push(interner_hit(threads));
    }
    cases
}

fn payload(key: u64) -> Payload {
    [key; 8]
}

/// Keys in no order, each equally often.
fn key(i: u64) -> u64 {
    (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % LIVE
}

fn right(found: Option<impl std::ops::Deref<Target = Payload>>, key: u64) -> u64 {
    found.map_or(0, |payload| u64::from(black_box(payload[7]) == key))
}

type Locked = RwLock<WeakValueHashMap<u64, Weak<Payload>, RandomState>>;
type Dashed = DashMap<u64, Weak<Payload>, RandomState>;

fn locked() -> Locked {
    RwLock::new(WeakValueHashMap::with_hasher(RandomState::new()))
}

fn dashed() -> Dashed {
    DashMap::with_hasher(RandomState::new())
}

/// A cache and what keeps its entries alive.
struct Held<C, H>(C, #[expect(dead_code, reason = "held, not read")] Vec<H>);

fn held<C, H>(cache: C, insert: impl Fn(&C, u64) -> H) -> Held<C, H> {
    let handles = (0..LIVE).map(|key| insert(&cache, key)).collect();
    Held(cache, handles)
}

fn held_locked() -> Held<Locked, Arc<Payload>> {
    held(locked(), |map, key| {
        let value = Arc::new(payload(key));
        map.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&value));
        value
    })
}

fn held_dashed() -> Held<Dashed, Arc<Payload>> {
    held(dashed(), |map, key| {
        let value = Arc::new(payload(key));
        map.insert(key, Arc::downgrade(&value));
        value
    })
}

fn weak_hit(threads: usize) -> Case {
    Case::new("weakcache", "weak", "weak hit, handle, 10k live", |n| n)
        .note(
            "ns per get and drop of the handle; ours with capacity 0, that is without its strong tier. In favour of the \
               others: they count nothing, and a handle that is dropped takes nothing out of them.",
        )
        .threads(threads)
        .with(Contender::shared(
            "lagom",
            || {
                held(WeakCache::new(0), |cache: &WeakCache<u64, Payload>, key| {
                    cache.get_or_insert_with(key, || payload(key))
                })
            },
            |Held(cache, _), i| right(cache.get(&key(i)), key(i)),
        ))
        .with(Contender::shared("RwLock<weak-table>", held_locked, |Held(map, _), i| {
            right(map.read().unwrap_or_else(PoisonError::into_inner).get(&key(i)), key(i))
        }))
        .with(Contender::shared("dashmap of Weak", held_dashed, |Held(map, _), i| {
            right(map.get(&key(i)).and_then(|weak| weak.upgrade()), key(i))
        }))
}

fn tiered_hit(threads: usize) -> Case {
    Case::new("weakcache", "weak", "hit, handle, 10k live, strong tier of 1k", |n| n)
        .note("as above with 1,000 entries kept strongly as well; quick_cache in front of dashmap is what users build.")
        .threads(threads)
        .with(Contender::shared(
            "lagom",
            || {
                held(WeakCache::new(TIER), |cache: &WeakCache<u64, Payload>, key| {
                    cache.get_or_insert_with(key, || payload(key))
                })
            },
            |Held(cache, _), i| right(cache.get(&key(i)), key(i)),
        ))
        .with(Contender::shared(
            "quick_cache + dashmap of Weak",
            || Held((quick_cache::sync::Cache::new(TIER), held_dashed()), Vec::<()>::new()),
            |Held((strong, Held(weak, _)), _), i| {
                let key = key(i);
                let found = strong.get(&key).or_else(|| {
                    let value = weak.get(&key).and_then(|weak| weak.upgrade())?;
                    strong.insert(key, Arc::clone(&value));
                    Some(value)
                });
                right(found, key)
            },
        ))
        .with(Contender::shared(
            "Mutex<lru> + RwLock<weak-table>",
            || {
                Held(
                    (Mutex::new(lru::LruCache::with_hasher(size(TIER), RandomState::new())), held_locked()),
                    Vec::<()>::new(),
                )
            },
            |Held((strong, Held(weak, _)), _), i| {
                let key = key(i);
                let cached = strong.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
                let found = cached.or_else(|| {
                    let value = weak.read().unwrap_or_else(PoisonError::into_inner).get(&key)?;
                    strong.lock().unwrap_or_else(PoisonError::into_inner).put(key, Arc::clone(&value));
                    Some(value)
                });
                right(found, key)
            },
        ))
}

fn make_and_die(threads: usize) -> Case {
    Case::new("weakcache", "weak", "make and die", |n| n)
        .note(
            "ns per insertion under a key that is not live, and drop of the only handle; `left` is the entries that \
               the map still holds after 100,000 under keys never used before. In favour of the others: they leave the \
               dead to be found, and here 65,536 keys take turns.",
        )
        .threads(threads)
        .with(
            Contender::new(
                "lagom",
                || WeakCache::new(0),
                base,
                |cache: &WeakCache<u64, Payload>, base, i| {
                    let key = *base + i % PASSING;
                    right(Some(cache.get_or_insert_with(key, || payload(key))), key)
                },
            )
            .figure("left", "entries", MADE, |n| {
                let cache = WeakCache::new(0);
                let made = |key| right(Some(cache.get_or_insert_with(key, || payload(key))), key);
                found((0..n).map(made).sum(), cache.len())
            }),
        )
        .with(
            Contender::new("RwLock<weak-table>", locked, base, |map, base, i| make_locked(map, *base + i % PASSING))
                .figure("left", "entries", MADE, |n| {
                    let map = locked();
                    let made = (0..n).map(|key| make_locked(&map, key)).sum();
                    found(made, map.into_inner().unwrap_or_else(PoisonError::into_inner).len())
                }),
        )
        .with(
            Contender::new("dashmap of Weak", dashed, base, |map, base, i| make_dashed(map, *base + i % PASSING))
                .figure("left", "entries", MADE, |n| {
                    let map = dashed();
                    let made = (0..n).map(|key| make_dashed(&map, key)).sum();
                    found(made, map.len())
                }),
        )
}

/// Each thread has its own keys.
fn base(thread: usize) -> u64 {
    (thread as u64) << 32
}

fn make_locked(map: &Locked, key: u64) -> u64 {
    let value =
        map.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert_with(|| Arc::new(payload(key)));
    right(Some(value), key)
}

fn make_dashed(map: &Dashed, key: u64) -> u64 {
    use dashmap::Entry;
    let value = match map.entry(key) {
        Entry::Occupied(mut entry) => entry.get().upgrade().unwrap_or_else(|| {
            let value = Arc::new(payload(key));
            entry.insert(Arc::downgrade(&value));
            value
        }),
        Entry::Vacant(entry) => {
            let value = Arc::new(payload(key));
            entry.insert(Arc::downgrade(&value));
            value
        }
    };
    right(Some(value), key)
}

fn found(answer: u64, left: usize) -> Found {
    Found { value: left as f64, answer }
}

fn strong_hit(threads: usize) -> Case {
    let room = usize::try_from(2 * LIVE).unwrap_or(usize::MAX);
    Case::new("weakcache", "strong", "strong hit, 10k entries in room for 20k", |n| n)
        .note(
            "ns per get; values are held by the cache alone. `lagom with` borrows, the others hand out an Arc or a \
               handle: in its favour. moka and lru hash with ahash as ours does, quick_cache with its own foldhash.",
        )
        .threads(threads)
        .with(Contender::shared("lagom", move || filled(room), |cache, i| right(cache.get(&key(i)), key(i))))
        .with(Contender::shared(
            "lagom with",
            move || filled(room),
            |cache, i| {
                let key = key(i);
                cache.with(&key, |payload| u64::from(black_box(payload[7]) == key)).unwrap_or(0)
            },
        ))
        .with(Contender::shared(
            "quick_cache",
            move || {
                let cache = quick_cache::sync::Cache::new(room);
                (0..LIVE).for_each(|key| cache.insert(key, Arc::new(payload(key))));
                cache
            },
            |cache, i| right(cache.get(&key(i)), key(i)),
        ))
        .with(Contender::shared(
            "moka",
            move || {
                let builder = moka::sync::Cache::builder().max_capacity(2 * LIVE);
                let cache = builder.build_with_hasher(RandomState::new());
                (0..LIVE).for_each(|key| cache.insert(key, Arc::new(payload(key))));
                cache.run_pending_tasks();
                cache
            },
            |cache, i| right(cache.get(&key(i)), key(i)),
        ))
        .with(Contender::shared(
            "Mutex<lru>",
            move || {
                let mut cache = lru::LruCache::with_hasher(size(room), RandomState::new());
                (0..LIVE).for_each(|key| drop(cache.put(key, Arc::new(payload(key)))));
                Mutex::new(cache)
            },
            |cache, i| right(cache.lock().unwrap_or_else(PoisonError::into_inner).get(&key(i)).cloned(), key(i)),
        ))
}

fn filled(room: usize) -> WeakCache<u64, Payload> {
    let cache = WeakCache::new(room);
    (0..LIVE).for_each(|key| drop(cache.get_or_insert_with(key, || payload(key))));
    cache
}

fn size(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("not zero")
}

/// Texts of 17 bytes and a table of interned ones.
struct Texts<T, H> {
    texts: Vec<String>,
    table: T,
    #[expect(dead_code, reason = "held, not read")]
    live: Vec<H>,
}

impl<T, H> Texts<T, H> {
    fn new(table: T, intern: impl Fn(&T, &str) -> H) -> Self {
        let texts: Vec<String> = (0..LIVE).map(|i| format!("carrier/tail/{i:04}")).collect();
        let live = texts.iter().map(|text| intern(&table, text)).collect();
        Self { texts, table, live }
    }

    fn text(&self, i: u64) -> &str {
        &self.texts[usize::try_from(key(i)).unwrap_or(0)]
    }
}

fn interner_hit(threads: usize) -> Case {
    Case::new("weakcache", "interner", "interner hit, 10k texts of 17 bytes", |n| 17 * n)
        .note(
            "ns per look-up of a text that is live, and drop of the handle. In favour of the others: they look up and \
               would add nothing; the plain set never frees a text.",
        )
        .threads(threads)
        .with(Contender::shared(
            "lagom",
            || Texts::new(Interner::new(), |table: &Interner<str>, text| table.intern(text)),
            |texts, i| black_box(texts.table.intern(texts.text(i))).len() as u64,
        ))
        .with(Contender::shared(
            "RwLock<weak-table>",
            || {
                let table = WeakHashSet::<Weak<str>, RandomState>::with_hasher(RandomState::new());
                Texts::new(RwLock::new(table), |table, text| {
                    let text: Arc<str> = text.into();
                    table.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(&text));
                    text
                })
            },
            |texts, i| {
                let found = texts.table.read().unwrap_or_else(PoisonError::into_inner).get(texts.text(i));
                black_box(found).map_or(0, |text| text.len() as u64)
            },
        ))
        .with(Contender::shared(
            "RwLock<HashSet<Arc<str>>>",
            || {
                let table = HashSet::<Arc<str>, RandomState>::with_hasher(RandomState::new());
                Texts::new(RwLock::new(table), |table, text| {
                    let text: Arc<str> = text.into();
                    table.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(&text));
                    text
                })
            },
            |texts, i| {
                let found = texts.table.read().unwrap_or_else(PoisonError::into_inner).get(texts.text(i)).cloned();
                black_box(found).map_or(0, |text| text.len() as u64)
            },
        ))
}
