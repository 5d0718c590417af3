//! One thread: edge values, panics, drops, outdated computations.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use lagom_memo::{Memo, MemoBuilder, Stats};

fn assert_send_sync<T: Send + Sync>() {}

#[test]
fn auto_traits() {
    assert_send_sync::<Memo<String, Vec<u8>>>();
    assert_send_sync::<MemoBuilder<String, Vec<u8>>>();
    assert_send_sync::<Stats>();
    // Two ways to name it, were it `Send` or `Sync`: an error.
    trait NotSend<A> {
        fn yes() {}
    }
    impl<T: ?Sized> NotSend<()> for T {}
    impl<T: ?Sized + Send> NotSend<u8> for T {}
    trait NotSync<A> {
        fn yes() {}
    }
    impl<T: ?Sized> NotSync<()> for T {}
    impl<T: ?Sized + Sync> NotSync<u8> for T {}
    <Memo<u8, Rc<u8>> as NotSend<_>>::yes();
    <Memo<Rc<u8>, u8> as NotSend<_>>::yes();
    <Memo<u8, Cell<u8>> as NotSync<_>>::yes();
    <Memo<Cell<u8>, u8> as NotSync<_>>::yes();

    fn assert_unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    assert_unwind_safe::<Memo<String, Cell<u8>>>();
}

/// A clock that the test sets, in seconds.
fn clocked(ttl: Duration, capacity: usize) -> (Memo<u32, u32>, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(1_000));
    let clock = Arc::clone(&now);
    let clock = move || Duration::from_secs(clock.load(Relaxed));
    (Memo::builder().ttl(ttl).capacity(capacity).clock(clock).build(), now)
}

#[test]
fn least_recently_used_goes_first() {
    let memo = Memo::new(2);
    memo.insert(1, 1);
    memo.insert(2, 2);
    assert_eq!(memo.get(&1), Some(1));
    memo.get_or_insert_with(3, || 3);
    assert_eq!((memo.get(&1), memo.get(&2), memo.get(&3)), (Some(1), None, Some(3)));
    assert_eq!(memo.stats().evictions(), 1);
}

#[test]
fn capacity_edges() {
    let none = Memo::new(0);
    assert_eq!(none.get_or_insert_with(1, || 1), 1);
    none.insert(1, 1);
    assert_eq!((none.get(&1), none.len(), none.stats().evictions()), (None, 0, 0));

    let one = Memo::new(1);
    for n in 0..10 {
        assert_eq!(one.get_or_insert_with(n, || n), n);
        assert_eq!(one.len(), 1);
    }

    // Would abort if it allocated ahead.
    let all = Memo::new(usize::MAX);
    all.insert(1, 1);
    assert_eq!((all.get(&1), all.capacity()), (Some(1), usize::MAX));
}

#[test]
fn ttl_edges() {
    let (memo, _) = clocked(Duration::ZERO, 10);
    assert_eq!((memo.get_or_insert_with(1, || 1), memo.get_or_insert_with(1, || 2)), (1, 2));
    memo.insert(1, 3);
    assert_eq!((memo.get(&1), memo.len()), (None, 0));

    for ttl in [Duration::MAX, Duration::MAX - Duration::from_secs(1)] {
        let (memo, now) = clocked(ttl, 10);
        memo.insert(1, 1);
        now.store(u64::MAX, Relaxed);
        assert_eq!(memo.get(&1), Some(1));
        assert_eq!(memo.purge_expired(), 0);
    }
}

#[test]
fn age_counts_from_the_beginning_of_the_computation() {
    let (memo, now) = clocked(Duration::from_secs(10), 10);
    memo.get_or_insert_with(1, || {
        now.fetch_add(6, Relaxed);
        1
    });
    now.fetch_add(3, Relaxed);
    assert_eq!(memo.get(&1), Some(1));
    now.fetch_add(1, Relaxed);
    assert_eq!(memo.get(&1), None);
    assert_eq!((memo.len(), memo.stats().expired()), (0, 1));

    // Stale before it was there: returned, not kept, pushes nothing out.
    memo.get_or_insert_with(2, || {
        now.fetch_add(10, Relaxed);
        2
    });
    assert!(memo.is_empty());
}

#[test]
fn a_clock_may_stand_still_or_jump_back() {
    let (memo, now) = clocked(Duration::from_secs(10), 10);
    memo.insert(1, 1);
    now.store(0, Relaxed);
    memo.insert(2, 2);
    assert_eq!((memo.get(&1), memo.get(&2)), (Some(1), Some(2)));
    now.store(10, Relaxed);
    assert_eq!((memo.get(&1), memo.get(&2)), (Some(1), None));
}

#[test]
fn expired_values_are_freed_without_being_asked_for() {
    let drops = Arc::new(AtomicUsize::new(0));
    let now = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&now);
    let memo = Memo::builder()
        .ttl(Duration::from_secs(1))
        .clock(move || Duration::from_secs(clock.load(Relaxed)))
        .capacity(usize::MAX)
        .build();
    for n in 0..100 {
        memo.insert(n, Counted(Arc::clone(&drops)));
    }
    now.store(1, Relaxed);
    for n in 0..25 {
        assert!(memo.get(&(1000 + n)).is_none());
    }
    assert_eq!((drops.load(Relaxed), memo.len()), (100, 0), "four per miss");
    assert_eq!(memo.stats().expired(), 100);
}

#[test]
fn purging_frees_all_that_expired_and_nothing_else() {
    let (memo, now) = clocked(Duration::from_secs(10), 5000);
    for n in 0..1000 {
        memo.insert(n, n);
    }
    now.fetch_add(5, Relaxed);
    memo.insert(9999, 1);
    now.fetch_add(5, Relaxed);
    assert_eq!(memo.purge_expired(), 1000);
    assert_eq!((memo.len(), memo.get(&9999)), (1, Some(1)));
    assert_eq!(memo.purge_expired(), 0);
}

#[derive(Clone)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn every_value_is_dropped_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    let dropped = || drops.load(Relaxed);
    let value = || Counted(Arc::clone(&drops));
    let memo = Memo::new(2);
    memo.insert(1, value());
    memo.insert(1, value());
    assert_eq!(dropped(), 1, "replaced");
    memo.insert(2, value());
    memo.insert(3, value());
    assert_eq!(dropped(), 2, "evicted");
    drop(memo.remove(&2));
    assert_eq!(dropped(), 3, "removed, not cloned");
    memo.clear();
    assert_eq!(dropped(), 4, "cleared");
    memo.insert(1, value());
    memo.retain(|_, _| false);
    assert_eq!(dropped(), 5, "not retained");
    memo.insert(1, value());
    drop(memo);
    assert_eq!(dropped(), 6, "with the memo");
}

#[test]
fn keys_and_values_may_use_the_memo_while_they_are_dropped_or_cloned() {
    // With any of these under the lock, this would never end.
    struct Nosy(Rc<Memo<u32, Nosy>>);
    impl Clone for Nosy {
        fn clone(&self) -> Self {
            assert!(self.0.len() <= 2);
            Self(Rc::clone(&self.0))
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            assert!(self.0.len() <= 2);
        }
    }
    let memo = Rc::new(Memo::new(2));
    for n in 0..5 {
        memo.get_or_insert_with(n, || Nosy(Rc::clone(&memo)));
        memo.get(&n);
    }
    memo.insert(9, Nosy(Rc::clone(&memo)));
    memo.retain(|_, value| value.0.len() > 9);
    memo.insert(9, Nosy(Rc::clone(&memo)));
    memo.insert(9, Nosy(Rc::clone(&memo)));
    memo.remove(&9);
    memo.insert(9, Nosy(Rc::clone(&memo)));
    memo.clear();

    #[derive(Clone)]
    struct NosyKey(u32, Rc<Memo<NosyKey, u32>>);
    impl std::hash::Hash for NosyKey {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            assert!(self.1.len() <= 2);
            self.0.hash(state);
        }
    }
    impl PartialEq for NosyKey {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for NosyKey {}
    impl Drop for NosyKey {
        fn drop(&mut self) {
            assert!(self.1.len() <= 2);
        }
    }
    let memo = Rc::new(Memo::new(2));
    for n in [1, 2, 3, 3, 1] {
        memo.insert(NosyKey(n, Rc::clone(&memo)), n);
        memo.get_or_insert_with(NosyKey(n + 1, Rc::clone(&memo)), || n);
    }
    memo.clear();
}

#[test]
fn a_key_unequal_to_itself_is_evicted_like_any_other() {
    struct Unequal;
    impl std::hash::Hash for Unequal {
        fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
    }
    impl PartialEq for Unequal {
        fn eq(&self, _: &Self) -> bool {
            false
        }
    }
    impl Eq for Unequal {}
    let memo = Memo::new(2);
    for n in 0..10 {
        assert_eq!(memo.get_or_insert_with(Unequal, || n), n);
    }
    assert_eq!((memo.len(), memo.stats().evictions()), (2, 8));
}

#[test]
fn a_panic_in_the_computation_leaves_it_usable() {
    let memo: Memo<u32, u32> = Memo::new(2);
    assert!(catch_unwind(|| memo.get_or_insert_with(1, || panic!("in f"))).is_err());
    assert_eq!((memo.len(), memo.stats().in_flight(), memo.stats().misses()), (0, 0, 1));
    assert_eq!(memo.get_or_insert_with(1, || 5), 5);
}

#[test]
fn a_panic_in_clone_leaves_it_usable() {
    static FAIL: AtomicBool = AtomicBool::new(false);
    #[derive(Debug)]
    struct Fragile(u32);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(!FAIL.load(Relaxed), "in clone");
            Self(self.0)
        }
    }
    let memo = Memo::new(2);
    memo.insert(1, Fragile(7));
    FAIL.store(true, Relaxed);
    assert!(catch_unwind(|| memo.get(&1)).is_err());
    assert!(catch_unwind(|| memo.get_or_insert_with(1, || unreachable!())).is_err());
    assert!(catch_unwind(|| memo.get_or_insert_with(2, || Fragile(8))).is_err(), "of the first caller too");
    FAIL.store(false, Relaxed);
    assert_eq!((memo.get(&1).unwrap().0, memo.get(&2).unwrap().0), (7, 8));
    assert_eq!(memo.stats().in_flight(), 0);
}

#[test]
fn a_panic_in_a_drop_a_hash_an_eq_or_the_clock_leaves_it_usable() {
    static FAIL: AtomicBool = AtomicBool::new(false);
    #[derive(Clone)]
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            assert!(!FAIL.swap(false, Relaxed), "in drop");
        }
    }
    let memo = Memo::new(1);
    memo.insert(1, Fragile);
    FAIL.store(true, Relaxed);
    assert!(catch_unwind(|| memo.insert(2, Fragile)).is_err());
    memo.with(&2, |_| ()).expect("was kept before the old one was dropped");

    struct Key(u32);
    static FAIL_KEY: AtomicBool = AtomicBool::new(false);
    impl std::hash::Hash for Key {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            state.write_u8(1);
        }
    }
    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            assert!(!FAIL_KEY.load(Relaxed), "in eq");
            self.0 == other.0
        }
    }
    impl Eq for Key {}
    let memo = Memo::new(3);
    for n in 0..5 {
        memo.insert(Key(n), n);
    }
    FAIL_KEY.store(true, Relaxed);
    assert!(catch_unwind(|| memo.get(&Key(3))).is_err());
    assert!(catch_unwind(|| memo.insert(Key(3), 0)).is_err());
    assert!(catch_unwind(|| memo.get_or_insert_with(Key(7), || 0)).is_err());
    FAIL_KEY.store(false, Relaxed);
    for n in 0..9 {
        assert_eq!(memo.get_or_insert_with(Key(n), || n), n);
        assert!(memo.len() <= 3);
    }
    assert_eq!(memo.stats().in_flight(), 0);

    static FAIL_CLOCK: AtomicBool = AtomicBool::new(false);
    let memo = Memo::builder()
        .ttl(Duration::from_secs(1))
        .clock(|| {
            assert!(!FAIL_CLOCK.load(Relaxed), "in the clock");
            Duration::ZERO
        })
        .build();
    let failing = AssertUnwindSafe(|| {
        memo.get_or_insert_with(1, || {
            FAIL_CLOCK.store(true, Relaxed);
            1
        })
    });
    assert!(catch_unwind(failing).is_err());
    FAIL_CLOCK.store(false, Relaxed);
    assert_eq!((memo.stats().in_flight(), memo.get_or_insert_with(1, || 2)), (0, 2));
}

#[test]
fn errors_are_not_kept() {
    let memo = Memo::new(2);
    assert_eq!(memo.try_get_or_insert_with(1, || Err("no")), Err("no"));
    assert_eq!((memo.len(), memo.stats().in_flight()), (0, 0));
    assert_eq!(memo.try_get_or_insert_with(1, || Ok::<_, ()>(3)), Ok(3));
    assert_eq!(memo.try_get_or_insert_with(1, || Err("no")), Ok(3));
}

#[test]
fn outdated_computations_are_not_kept() {
    type Outdate = fn(&Memo<u32, u32>);
    let outdates: [(Outdate, Option<u32>); 5] = [
        (|memo| memo.clear(), None),
        (|memo| assert_eq!(memo.remove(&1), None), None),
        (|memo| memo.retain(|_, _| true), None),
        (|memo| memo.insert(1, 50), Some(50)),
        (|memo| memo.insert(2, 50), Some(10)),
    ];
    for (index, (outdate, left)) in outdates.into_iter().enumerate() {
        let memo = Memo::new(5);
        let value = memo.get_or_insert_with(1, || {
            outdate(&memo);
            10
        });
        assert_eq!((value, memo.get(&1)), (10, left), "case {index}");
        assert_eq!(memo.stats().in_flight(), 0);
    }
}

#[test]
fn a_value_that_needs_itself_is_computed_again() {
    let memo = Memo::new(5);
    let depth = Cell::new(0);
    fn nested(memo: &Memo<u32, u32>, depth: &Cell<u32>) -> u32 {
        memo.get_or_insert_with(1, || {
            depth.set(depth.get() + 1);
            if depth.get() < 4 { nested(memo, depth) + 1 } else { 0 }
        })
    }
    assert_eq!((nested(&memo, &depth), depth.get()), (3, 4));
    assert_eq!((memo.get(&1), memo.stats().in_flight(), memo.stats().misses()), (Some(3), 0, 4));
}

#[test]
fn retaining() {
    let memo = Memo::new(10);
    for n in 0..10 {
        memo.insert(n, n * n);
    }
    memo.retain(|key, value| {
        assert_eq!(key * key, *value);
        memo.len() == 10 && key % 2 == 0
    });
    assert_eq!(memo.len(), 5);
    let panicking = AssertUnwindSafe(|| memo.retain(|key, _| if *key == 4 { panic!("in retain") } else { false }));
    assert!(catch_unwind(panicking).is_err());
    assert_eq!(memo.len(), 5);
}

#[test]
fn formats() {
    let memo = Memo::builder().capacity(7).ttl(Duration::from_millis(1500)).build();
    memo.insert(1, 1);
    memo.get(&1);
    memo.get(&2);
    memo.get(&3);
    let stats = memo.stats();
    assert_eq!(stats.to_string(), "1 hit and 2 misses (33.3 %), 1 of 7 kept, ttl 1.5s, 0 evicted, 0 expired");
    assert!((stats.hit_ratio() - 1.0 / 3.0).abs() < 1e-12);
    assert!(format!("{memo:?}").contains("hits: 1"));
    assert!(format!("{:?}", Memo::<u8, u8>::builder().capacity(7)).contains("capacity: 7"));
}

#[cfg(feature = "serde")]
#[test]
fn stats_serialize() {
    let memo: Memo<u8, u8> = Memo::builder().capacity(7).ttl(Duration::from_millis(1500)).build();
    for _ in 0..4 {
        memo.get_or_insert_with(1, || 1);
    }
    let expected = serde_json::json!({
        "hits": 3, "misses": 1, "hit_ratio": 0.75, "len": 1, "capacity": 7,
        "ttl": { "secs": 1, "nanos": 500_000_000 }, "evictions": 0, "expired": 0, "in_flight": 0,
    });
    assert_eq!(serde_json::to_value(memo.stats()).unwrap(), expected);
}
