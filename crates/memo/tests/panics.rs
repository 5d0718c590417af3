//! Panics in everything that a memo calls: nothing hangs, nothing leaks, the counts stay right.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use lagom_memo::Memo;

/// Fails the test, instead of hanging it, if `f` does not end.
fn ends<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(f()));
    receiver.recv_timeout(Duration::from_secs(10)).expect("ends, and does not panic")
}

/// Counts its drops; the one with a 13 panics in them.
#[derive(Clone)]
struct Bomb(u32, Arc<AtomicUsize>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.1.fetch_add(1, Relaxed);
        assert!(self.0 != 13 || thread::panicking(), "in drop");
    }
}

#[test]
fn a_panicking_drop_of_an_expired_value_ends_the_flight_of_the_key_that_swept_it() {
    let now = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&now);
    let memo =
        Memo::builder().ttl(Duration::from_secs(1)).clock(move || Duration::from_secs(clock.load(Relaxed))).build();
    let drops = Arc::new(AtomicUsize::new(0));
    let value = |n| Bomb(n, Arc::clone(&drops));
    memo.insert(1, value(13));
    now.store(5, Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| memo.get_or_insert_with(2, || value(0)))).is_err());
    assert_eq!((memo.stats().in_flight(), memo.len(), drops.load(Relaxed)), (0, 0, 1));
    ends(move || assert_eq!(memo.get_or_insert_with(2, || Bomb(7, drops)).0, 7));
}

#[test]
fn a_panicking_drop_leaks_no_other_value() {
    let drops = Arc::new(AtomicUsize::new(0));
    let full = || {
        let memo = Memo::new(100);
        for n in 0..100 {
            memo.insert(n, Bomb(n, Arc::clone(&drops)));
        }
        AssertUnwindSafe(memo)
    };

    let memo = full();
    assert!(catch_unwind(|| memo.clear()).is_err());
    assert_eq!((drops.swap(0, Relaxed), memo.len()), (100, 0), "cleared");

    let memo = full();
    assert!(catch_unwind(|| drop(memo)).is_err());
    assert_eq!(drops.swap(0, Relaxed), 100, "with the memo");

    let memo = full();
    assert!(catch_unwind(|| memo.retain(|_, _| false)).is_err());
    assert_eq!((drops.swap(0, Relaxed), memo.len()), (100, 0), "not retained");
}

thread_local! {
    /// How many more calls go well; the next one panics.
    static FUSE: Cell<Option<u32>> = const { Cell::new(None) };
    /// Keys and values that live.
    static ALIVE: Cell<isize> = const { Cell::new(0) };
}

/// Called by everything that a memo may call.
fn burn(what: &str) {
    match FUSE.get() {
        Some(0) if !thread::panicking() => {
            FUSE.set(None);
            panic!("in {what}");
        }
        Some(left) => FUSE.set(Some(left.saturating_sub(1))),
        None => {}
    }
}

/// A key of one hash with all others, or a value. Every trait of it may panic.
struct Fragile(u32);

impl Fragile {
    fn new(n: u32) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Self(n)
    }
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        burn("clone");
        Self::new(self.0)
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        burn("drop");
    }
}

impl Hash for Fragile {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn("hash");
        state.write_u8(1);
    }
}

impl PartialEq for Fragile {
    fn eq(&self, other: &Self) -> bool {
        burn("eq");
        self.0 == other.0
    }
}

impl Eq for Fragile {}

#[test]
fn whatever_call_panics_the_memo_stays_sound() {
    let key = Fragile::new;
    let mut fuse = 0;
    loop {
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let memo = Memo::builder()
            .capacity(4)
            .ttl(Duration::from_secs(10))
            .clock(move || {
                burn("the clock");
                Duration::from_secs(clock.load(Relaxed))
            })
            .build();
        let wait = |seconds| now.store(now.load(Relaxed) + seconds, Relaxed);
        let value = |n| {
            burn("the computation");
            Fragile::new(n)
        };
        let steps: [&dyn Fn(); 14] = [
            &|| (0..3).for_each(|n| memo.insert(key(n), value(n))),
            &|| wait(4),
            // Nested, so that flights of colliding keys are in the table.
            &|| {
                drop(memo.get_or_insert_with(key(5), || {
                    drop(memo.get_or_insert_with(key(6), || value(6)));
                    value(5)
                }));
            },
            &|| drop(memo.get_or_insert_with(key(6), || value(6))),
            &|| memo.insert(key(5), value(50)),
            &|| drop(memo.try_get_or_insert_with(key(7), || Err(value(7))).err()),
            &|| wait(6),
            &|| drop(memo.get(&key(1))),
            &|| drop(memo.get_or_insert_with(key(8), || value(8))),
            &|| {
                memo.with(&key(5), |_| burn("with"));
            },
            &|| drop(memo.remove(&key(6))),
            &|| {
                memo.retain(|key, _| {
                    burn("retain");
                    key.0 != 5
                });
            },
            &|| (20..23).for_each(|n| memo.insert(key(n), value(n))),
            &|| memo.clear(),
        ];
        FUSE.set(Some(fuse));
        let mut burnt = None;
        for (index, step) in steps.iter().enumerate() {
            if catch_unwind(AssertUnwindSafe(step)).is_err() {
                burnt = Some(index);
            }
        }
        FUSE.set(None);
        let case = format!("call {fuse}, step {burnt:?}");

        assert_eq!(memo.stats().in_flight(), 0, "{case}");
        assert!(memo.len() <= 4, "{case}");
        for n in 0..25 {
            let again = Fragile::new(n);
            assert_eq!(memo.get_or_insert_with(again, || value(n)).0 % 10, n % 10, "{case}");
        }
        // Entries and their deadlines are in step.
        wait(20);
        assert_eq!((memo.purge_expired(), memo.len()), (4, 0), "{case}");
        memo.insert(key(1), value(1));
        drop(memo);
        assert_eq!(ALIVE.get(), 0, "{case}: leaked");
        if burnt.is_none() {
            break;
        }
        fuse += 1;
    }
    assert!(fuse > 100, "{fuse} calls in all");
}
