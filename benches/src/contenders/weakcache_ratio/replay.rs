//! Who is asked, and how: a cache is a way to replay a trace.

use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroUsize;

use ahash::RandomState;
use lagom_weakcache::WeakCache;

/// Replays a trace at a capacity and returns the number of hits. Keys are values too: who answers wrongly is not counted.
pub(super) type Replay = fn(&[u32], usize) -> usize;

/// Seeds that are the same in each run, and so are the figures.
fn hasher() -> RandomState {
    RandomState::with_seeds(1, 2, 3, 4)
}

fn keys(trace: &[u32]) -> usize {
    trace.iter().max().map_or(0, |most| *most as usize + 1)
}

pub(super) fn lagom(trace: &[u32], capacity: usize) -> usize {
    let cache = WeakCache::builder().capacity(capacity).hasher(hasher()).build();
    let mut hits = 0;
    for &key in trace {
        if cache.with(&key, |value| *value) == Some(key) {
            hits += 1;
        } else {
            cache.insert(key, key);
            assert!(cache.len() <= capacity, "the bound is strict");
        }
    }
    hits
}

pub(super) fn quick_cache(trace: &[u32], capacity: usize) -> usize {
    let mut cache = quick_cache::unsync::Cache::with(
        capacity,
        capacity as u64,
        quick_cache::UnitWeighter,
        hasher(),
        quick_cache::unsync::DefaultLifecycle::default(),
    );
    trace
        .iter()
        .filter(|&&key| {
            let hit = cache.get(&key) == Some(&key);
            if !hit {
                cache.insert(key, key);
            }
            hit
        })
        .count()
}

fn moka_cache(capacity: usize) -> moka::sync::Cache<u32, u32, RandomState> {
    moka::sync::Cache::builder().max_capacity(capacity as u64).build_with_hasher(hasher())
}

/// After each access it does what it would leave for later, so that it holds no more than it may.
pub(super) fn moka(trace: &[u32], capacity: usize) -> usize {
    let cache = moka_cache(capacity);
    let mut hits = 0;
    for &key in trace {
        if cache.get(&key) == Some(key) {
            hits += 1;
        } else {
            cache.insert(key, key);
        }
        cache.run_pending_tasks();
    }
    hits
}

/// As it comes: it holds some 50 entries more than it may.
pub(super) fn moka_beyond(trace: &[u32], capacity: usize) -> usize {
    let cache = moka_cache(capacity);
    trace
        .iter()
        .filter(|&&key| {
            let hit = cache.get(&key) == Some(key);
            if !hit {
                cache.insert(key, key);
            }
            hit
        })
        .count()
}

pub(super) fn lru(trace: &[u32], capacity: usize) -> usize {
    let capacity = NonZeroUsize::new(capacity).expect("not zero");
    let mut cache = ::lru::LruCache::with_hasher(capacity, hasher());
    trace
        .iter()
        .filter(|&&key| {
            let hit = cache.get(&key) == Some(&key);
            if !hit {
                cache.put(key, key);
            }
            hit
        })
        .count()
}

/// S3-FIFO as it was published (Yang and others, SOSP 2023): a tenth for the small queue, as many ghosts as main has
/// entries, from the small queue to main with two uses.
pub(super) fn s3_fifo(trace: &[u32], capacity: usize) -> usize {
    let most_small = (capacity / 10).max(1);
    let most_main = capacity - most_small;
    let (mut small, mut main, mut ghosts) = (VecDeque::new(), VecDeque::<u32>::new(), BTreeSet::new());
    // By time of eviction, and back.
    let mut evicted_at = vec![0; keys(trace)];
    let (mut uses, mut resident) = (vec![0_u8; keys(trace)], vec![false; keys(trace)]);
    let mut hits = 0;
    for (now, &key) in trace.iter().enumerate() {
        let at = key as usize;
        if resident[at] {
            hits += 1;
            uses[at] = (uses[at] + 1).min(3);
            continue;
        }
        while small.len() + main.len() >= capacity {
            if small.len() < most_small
                && let Some(oldest) = main.pop_front()
            {
                let old = oldest as usize;
                if uses[old] > 0 {
                    uses[old] -= 1;
                    main.push_back(oldest);
                } else {
                    resident[old] = false;
                }
            } else if let Some(oldest) = small.pop_front() {
                let old: usize = oldest as usize;
                if uses[old] > 1 {
                    uses[old] = 0;
                    main.push_back(oldest);
                    continue;
                }
                resident[old] = false;
                evicted_at[old] = now + 1;
                ghosts.insert((now + 1, oldest));
                if ghosts.len() > most_main {
                    ghosts.pop_first();
                }
            }
        }
        (uses[at], resident[at]) = (0, true);
        if ghosts.remove(&(evicted_at[at], key)) { main.push_back(key) } else { small.push_back(key) }
    }
    hits
}

/// Belady's: who is needed last goes, or does not come in. It takes knowing the future.
pub(super) fn opt(trace: &[u32], capacity: usize) -> usize {
    let mut next = vec![usize::MAX; trace.len()];
    let mut last = vec![usize::MAX; keys(trace)];
    for (now, &key) in trace.iter().enumerate().rev() {
        next[now] = std::mem::replace(&mut last[key as usize], now);
    }
    let (mut needed, mut resident, mut hits) = (BTreeSet::new(), vec![None; keys(trace)], 0);
    for (now, &key) in trace.iter().enumerate() {
        if let Some(was) = resident[key as usize] {
            hits += 1;
            needed.remove(&(was, key));
        }
        resident[key as usize] = Some(next[now]);
        needed.insert((next[now], key));
        if needed.len() > capacity
            && let Some((_, gone)) = needed.pop_last()
        {
            resident[gone as usize] = None;
        }
    }
    hits
}
