//! `ExpiringLazy`.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use lagom_lazy::{ExpiringLazy, ExpiringLazyBuilder, LazyRef, Stats};
use proptest::prelude::*;

/// Fails the test, instead of hanging it, if `f` does not end.
fn ends<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(f()));
    receiver.recv_timeout(Duration::from_secs(30)).expect("ends, and does not panic")
}

fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref().cloned()).unwrap()
}

/// A clock in seconds that the test sets.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn wait(&self, seconds: u64) {
        self.0.fetch_add(seconds, Relaxed);
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn lazy<T, F>(&self, ttl: u64, f: F) -> ExpiringLazy<T, F> {
        let clock = self.clone();
        ExpiringLazy::builder(f).ttl(Duration::from_secs(ttl)).clock(move || Duration::from_secs(clock.now())).build()
    }
}

#[test]
fn auto_traits() {
    fn assert_send_sync<T: Send + Sync>() {}
    fn assert_sync<T: Sync>() {}
    fn assert_unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    assert_send_sync::<ExpiringLazy<String>>();
    assert_send_sync::<ExpiringLazyBuilder<String, fn() -> String>>();
    assert_send_sync::<Stats>();
    assert_sync::<LazyRef<'static, String>>();
    assert_unwind_safe::<ExpiringLazy<Cell<u8>>>();

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
    <LazyRef<'static, u8> as NotSend<_>>::yes();
    <ExpiringLazy<Cell<u8>> as NotSend<_>>::yes();
    <ExpiringLazy<Cell<u8>> as NotSync<_>>::yes();
    <ExpiringLazy<Rc<u8>> as NotSend<_>>::yes();
    <ExpiringLazy<u8, Box<dyn Fn() -> u8>> as NotSync<_>>::yes();
}

#[test]
fn expires_and_is_invalidated() {
    let clock = Clock::default();
    let lazy = clock.lazy(10, || clock.now());
    assert!(!lazy.is_fresh());
    assert_eq!(*lazy.get(), 0);
    clock.set(9);
    assert!(lazy.is_fresh());
    assert_eq!((*lazy.get(), *lazy.arc(), lazy.with(|value| *value)), (0, 0, 0));
    clock.set(10);
    assert!(!lazy.is_fresh());
    assert_eq!(*lazy.get(), 10);
    clock.set(15);
    lazy.invalidate();
    assert!(!lazy.is_fresh());
    assert_eq!(*lazy.get(), 15);
    clock.set(24);
    assert_eq!(*lazy.get(), 15);
    assert_eq!(lazy.stats().computations(), 3);
}

#[test]
fn ttl_edges() {
    let clock = Clock::default();
    let runs = AtomicU32::new(0);
    let zero = clock.lazy(0, || runs.fetch_add(1, Relaxed));
    assert_eq!((*zero.get(), *zero.get(), zero.is_fresh()), (0, 1, false));

    for ttl in [Duration::MAX, Duration::MAX - Duration::from_secs(1)] {
        let (clock, runs) = (Clock::default(), AtomicU32::new(0));
        let at = clock.clone();
        let lazy = ExpiringLazy::builder(|| runs.fetch_add(1, Relaxed))
            .ttl(ttl)
            .clock(move || Duration::from_secs(at.now()))
            .build();
        clock.set(5);
        lazy.get();
        clock.set(u64::MAX);
        assert_eq!((*lazy.get(), lazy.is_fresh()), (0, true));
    }
}

#[test]
fn a_clock_may_jump_back() {
    let clock = Clock::default();
    clock.set(100);
    let lazy = clock.lazy(10, || clock.now());
    assert_eq!(*lazy.get(), 100);
    clock.set(3);
    assert_eq!(*lazy.get(), 100);
    clock.set(110);
    assert_eq!(*lazy.get(), 110);
}

#[test]
fn age_counts_from_the_beginning_of_the_computation() {
    let clock = Clock::default();
    let lazy = clock.lazy(10, || {
        let began = clock.now();
        clock.wait(6);
        began
    });
    assert_eq!(*lazy.get(), 0);
    assert_eq!(lazy.stats().last_duration(), Some(Duration::from_secs(6)));
    clock.set(9);
    assert_eq!(*lazy.get(), 0);
    clock.set(10);
    assert_eq!(*lazy.get(), 10);

    // Stale before it was there: returned, not kept.
    let slow = clock.lazy(6, || clock.wait(6));
    slow.get();
    assert!(!slow.is_fresh());
}

#[test]
fn what_was_handed_out_stays_valid_and_is_dropped_once() {
    struct Counted(u64, Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_add(1, Relaxed);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let dropped = || drops.load(Relaxed);
    let clock = Clock::default();
    let lazy = clock.lazy(10, || Counted(clock.now(), Arc::clone(&drops)));
    let (first, kept) = (lazy.get(), lazy.arc());
    clock.set(10);
    let second = lazy.get();
    lazy.invalidate();
    assert_eq!((first.0, kept.0, second.0, dropped()), (0, 0, 10, 0));
    drop(first);
    assert_eq!(dropped(), 0);
    drop(kept);
    assert_eq!(dropped(), 1);
    drop(second);
    assert_eq!(dropped(), 2);
    lazy.get();
    drop(lazy);
    assert_eq!(dropped(), 3);
}

#[test]
fn a_value_may_use_the_lazy_while_it_is_dropped() {
    // With the drop under the lock, this would never end.
    type Make = Box<dyn Fn() -> Nosy>;
    type Home = Rc<Cell<Option<Rc<ExpiringLazy<Nosy, Make>>>>>;
    struct Nosy(Home);
    impl Drop for Nosy {
        fn drop(&mut self) {
            if let Some(lazy) = self.0.take() {
                assert!(lazy.stats().computations() > 0);
                self.0.set(Some(lazy));
            }
        }
    }
    let home = Rc::new(Cell::new(None));
    let inner = Rc::clone(&home);
    let make: Make = Box::new(move || Nosy(Rc::clone(&inner)));
    let clock = Clock::default();
    let lazy = Rc::new(clock.lazy(1, make));
    home.set(Some(Rc::clone(&lazy)));
    lazy.get();
    lazy.invalidate();
    lazy.get();
    clock.wait(1);
    lazy.get();
    home.set(None);
}

#[test]
fn failures_are_retried() {
    let fail = Cell::new(true);
    let lazy = ExpiringLazy::new(Duration::MAX, || {
        assert!(!fail.get(), "not yet");
        7
    });
    for _ in 0..2 {
        assert_eq!(message(catch_unwind(AssertUnwindSafe(|| *lazy.get())).unwrap_err()), "not yet");
    }
    fail.set(false);
    assert_eq!((*lazy.get(), lazy.stats().failures(), lazy.stats().computations()), (7, 2, 1));

    let left = Cell::new(2);
    let lazy = ExpiringLazy::try_new(Duration::MAX, || match left.replace(left.get() - 1) {
        0 => Ok("fine"),
        left => Err(left),
    });
    assert_eq!(lazy.try_get().map(|_| ()), Err(2));
    assert_eq!(lazy.try_arc().map(|_| ()), Err(1));
    assert_eq!((lazy.try_with(|value| value.len()), *lazy.try_get().unwrap()), (Ok(4), "fine"));
    assert_eq!((lazy.stats().failures(), lazy.stats().computations()), (2, 1));
}

#[test]
fn a_value_that_needs_itself_panics() {
    ends(|| {
        static NEEDY: ExpiringLazy<u32> = ExpiringLazy::new(Duration::MAX, || *NEEDY.get() + 1);
        static FLEETING: ExpiringLazy<u32> = ExpiringLazy::new(Duration::ZERO, || *FLEETING.get() + 1);
        for lazy in [&NEEDY, &FLEETING] {
            let panic = catch_unwind(|| *lazy.get()).unwrap_err();
            assert!(message(panic).contains("a lazy value needs itself"));
            assert_eq!(lazy.stats().failures(), 1);
        }
        // Also when the computation has outlived its ttl, so that another one could start.
        let clock = Clock::default();
        type Needy = ExpiringLazy<u32, Box<dyn Fn() -> u32 + Send + Sync>>;
        let home = Arc::new(Mutex::new(None::<Arc<Needy>>));
        let (inner, at) = (Arc::clone(&home), clock.clone());
        let lazy: Arc<Needy> = Arc::new(clock.lazy(
            1,
            Box::new(move || {
                at.wait(5);
                let lazy = inner.lock().unwrap().clone();
                lazy.map_or(1, |lazy| *lazy.get() + 1)
            }),
        ));
        *home.lock().unwrap() = Some(Arc::clone(&lazy));
        let panic = catch_unwind(AssertUnwindSafe(|| *lazy.get())).unwrap_err();
        assert!(message(panic).contains("needs itself"));
        *home.lock().unwrap() = None;
        assert_eq!(*lazy.get(), 1);
    });
}

#[test]
fn a_crossed_need_panics_in_one_thread_and_ends() {
    static BARRIER: Barrier = Barrier::new(2);
    static MET: AtomicU32 = AtomicU32::new(0);
    fn meet() {
        // Only the first computation of each waits for the other.
        if MET.fetch_add(1, Relaxed) < 2 {
            BARRIER.wait();
        }
    }
    static A: ExpiringLazy<u32> = ExpiringLazy::new(Duration::MAX, || {
        meet();
        *B.get() + 1
    });
    static B: ExpiringLazy<u32> = ExpiringLazy::new(Duration::MAX, || {
        meet();
        *A.get() + 1
    });
    ends(|| {
        let threads = [thread::spawn(|| *A.get()), thread::spawn(|| *B.get())];
        for thread in threads {
            // Both need each other, so neither can have a value; the second is told when it computes both.
            assert!(message(thread.join().unwrap_err()).contains("needs itself"));
        }
        assert!(!A.is_fresh() && !B.is_fresh());
    });
}

#[test]
fn a_herd_computes_once_per_expiry() {
    ends(|| {
        let (clock, runs) = (Clock::default(), AtomicU32::new(0));
        let lazy = clock.lazy(10, || {
            thread::sleep(Duration::from_millis(30));
            runs.fetch_add(1, Relaxed)
        });
        for expiry in 0..3 {
            let barrier = Barrier::new(8);
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        barrier.wait();
                        assert_eq!(*lazy.get(), expiry);
                    });
                }
            });
            clock.wait(10);
        }
        assert_eq!(runs.load(Relaxed), 3);
    });
}

#[test]
fn a_failing_leader_hands_over() {
    ends(|| {
        let (leading, runs) = (Barrier::new(4), AtomicU32::new(0));
        let lazy = ExpiringLazy::new(Duration::MAX, || {
            if runs.fetch_add(1, Relaxed) == 0 {
                leading.wait();
                thread::sleep(Duration::from_millis(50));
                panic!("the leader");
            }
            7
        });
        thread::scope(|scope| {
            let leader = scope.spawn(|| catch_unwind(AssertUnwindSafe(|| *lazy.get())));
            while runs.load(Relaxed) == 0 {
                thread::yield_now();
            }
            let waiters: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        leading.wait();
                        *lazy.get()
                    })
                })
                .collect();
            assert!(leader.join().unwrap().is_err());
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), 7);
            }
        });
        assert_eq!((runs.load(Relaxed), lazy.stats().failures(), lazy.stats().computations()), (2, 1, 1));
    });
}

#[test]
fn a_stale_value_may_read_the_lazy_value_while_it_is_dropped() {
    type Nosy = ExpiringLazy<Reader, Box<dyn Fn() -> Reader>>;
    struct Reader(u64, Rc<Cell<Option<u64>>>, Weak<Nosy>);
    impl Drop for Reader {
        fn drop(&mut self) {
            if let Some(lazy) = self.2.upgrade() {
                self.1.set(Some(lazy.get().0));
            }
        }
    }
    let (clock, read) = (Clock::default(), Rc::new(Cell::new(None)));
    let lazy = Rc::new_cyclic(|lazy| {
        let (clock, read, lazy) = (clock.clone(), Rc::clone(&read), Weak::clone(lazy));
        let now = clock.clone();
        clock.lazy(10, Box::new(move || Reader(now.now(), Rc::clone(&read), Weak::clone(&lazy))) as Box<dyn Fn() -> _>)
    });
    assert_eq!((lazy.get().0, read.get()), (0, None));
    clock.wait(10);
    assert_eq!((lazy.get().0, read.get()), (10, Some(10)));
    lazy.invalidate();
    assert_eq!((lazy.get().0, lazy.stats().computations()), (10, 3));
}

#[test]
fn an_outdated_computation_is_not_kept() {
    type Outdated = ExpiringLazy<u32, Box<dyn Fn() -> u32>>;
    let runs = Cell::new(0);
    let lazy = Rc::new(Cell::new(None::<Rc<Outdated>>));
    let inner = Rc::clone(&lazy);
    let value: Rc<Outdated> = Rc::new(ExpiringLazy::new(
        Duration::MAX,
        Box::new(move || {
            if let Some(lazy) = inner.take() {
                lazy.invalidate();
            }
            runs.replace(runs.get() + 1)
        }),
    ));
    lazy.set(Some(Rc::clone(&value)));
    assert_eq!((*value.get(), value.is_fresh()), (0, false));
    assert_eq!((*value.get(), *value.get(), value.is_fresh()), (1, 1, true));
}

#[test]
fn readers_that_wait_for_an_outdated_computation_are_served() {
    /// What a read got that was to wait for the outdated computation, if it was scheduled in time.
    fn waiter_gets() -> u32 {
        let (runs, computing, go_on) = (AtomicU32::new(0), Barrier::new(2), Barrier::new(2));
        let lazy = ExpiringLazy::new(Duration::MAX, || {
            let run = runs.fetch_add(1, Relaxed);
            if run == 0 {
                computing.wait();
                go_on.wait();
            }
            run
        });
        thread::scope(|scope| {
            let older = scope.spawn(|| *lazy.get());
            computing.wait();
            let waiter = scope.spawn(|| *lazy.get());
            thread::sleep(Duration::from_millis(20));
            lazy.invalidate();
            assert_eq!(*lazy.get(), 1, "a new read computes anew");
            go_on.wait();
            assert_eq!(older.join().unwrap(), 0);
            assert_eq!(*lazy.get(), 1, "the older value is not kept");
            waiter.join().unwrap()
        })
    }
    ends(|| assert!((0..50).any(|_| waiter_gets() == 0)));
}

#[test]
fn a_computation_older_than_the_ttl_is_not_joined_and_does_not_end_the_newer_one() {
    ends(|| {
        let clock = Clock::default();
        let barriers: [Barrier; 4] = std::array::from_fn(|_| Barrier::new(2));
        let [older_runs, older_ends, newer_runs, newer_ends] = &barriers;
        let runs = AtomicU32::new(0);
        let lazy = clock.lazy(10, || {
            let run = runs.fetch_add(1, Relaxed);
            let (running, ending) = if run == 0 { (older_runs, older_ends) } else { (newer_runs, newer_ends) };
            running.wait();
            ending.wait();
            run
        });
        thread::scope(|scope| {
            let older = scope.spawn(|| *lazy.get());
            older_runs.wait();
            clock.wait(10);
            let newer = scope.spawn(|| *lazy.get());
            newer_runs.wait();
            older_ends.wait();
            assert_eq!(older.join().unwrap(), 0);
            assert!(!lazy.is_fresh());
            newer_ends.wait();
            assert_eq!(newer.join().unwrap(), 1);
            assert_eq!(*lazy.get(), 1);
        });
    });
}

#[test]
fn a_storm_never_serves_what_is_too_old() {
    const TTL: u64 = 20;
    ends(|| {
        let clock = Clock::default();
        let lazy = clock.lazy(TTL, || clock.now());
        thread::scope(|scope| {
            for me in 0..4_u64 {
                let (lazy, clock) = (&lazy, &clock);
                scope.spawn(move || {
                    for turn in 0..20_000_u64 {
                        match (turn + me * 7) % 50 {
                            0 => lazy.invalidate(),
                            1..8 => clock.wait(1),
                            _ => {
                                let asked = clock.now();
                                let began = *lazy.get();
                                assert!(began + TTL > asked, "asked at {asked}, got what began at {began}");
                            }
                        }
                    }
                });
            }
        });
        assert!(lazy.stats().computations() > 100);
    });
}

#[test]
fn formats() {
    let lazy = ExpiringLazy::builder(|| 42).clock(|| Duration::ZERO).ttl(Duration::from_secs(1)).build();
    assert_eq!(lazy.stats().to_string(), "0 computed, 0 failed");
    let value = lazy.get();
    assert_eq!((format!("{value:?}"), format!("{value}")), ("42".to_owned(), "42".to_owned()));
    assert!(format!("{lazy:?}").contains("computations: 1"));
    assert!(format!("{:?}", ExpiringLazy::<u8, _>::builder(|| 1)).contains("ttl"));
    assert_eq!(lazy.ttl(), Duration::from_secs(1));
}

#[cfg(feature = "serde")]
#[test]
fn stats_serialize() {
    let lazy = ExpiringLazy::new(Duration::MAX, || 42);
    lazy.get();
    assert_eq!(serde_json::to_value(lazy.stats()).unwrap()["computations"], 1);
}

#[derive(Clone, Debug)]
enum Step {
    Get,
    /// Read with a computation that takes this long, if it runs.
    Slow(u64),
    Fail,
    Invalidate,
    IsFresh,
    Wait(u64),
    JumpBack(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Get),
        1 => (1..15_u64).prop_map(Step::Slow),
        1 => Just(Step::Fail),
        1 => Just(Step::Invalidate),
        1 => Just(Step::IsFresh),
        4 => (0..6_u64).prop_map(Step::Wait),
        1 => (0..30_u64).prop_map(Step::JumpBack),
    ]
}

proptest! {
    /// Against a model that is too simple to be wrong: the value, and when its computation began.
    #[test]
    fn behaves_like_the_model(
        ttl in prop_oneof![Just(u64::MAX), Just(0), 1..12_u64],
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let clock = Clock::default();
        clock.set(50);
        // What the next computation returns, and how long it takes.
        let next = Cell::new((Ok(0), 0));
        let lazy = clock.lazy(ttl, || {
            let (result, long) = next.get();
            clock.wait(long);
            result
        });
        let mut model: Option<(u32, u64)> = None;
        let is_fresh = |began: u64, now: u64| ttl > 0 && began.saturating_add(ttl) > now;
        let mut computed = 0;
        for (number, step) in (0..).zip(steps) {
            let now = clock.now();
            let fresh = model.filter(|(_, began)| is_fresh(*began, now)).map(|(value, _)| value);
            match step {
                Step::Get | Step::Slow(_) => {
                    let long = if let Step::Slow(long) = step { long } else { 0 };
                    next.set((Ok(number), long));
                    let got = lazy.try_get().map(|value| *value);
                    prop_assert_eq!(got, Ok(fresh.unwrap_or(number)));
                    if fresh.is_none() {
                        computed += 1;
                        model = is_fresh(now, now + long).then_some((number, now));
                    }
                }
                Step::Fail => {
                    next.set((Err(number), 0));
                    let got = lazy.try_get().map(|value| *value);
                    prop_assert_eq!(got, fresh.ok_or(number));
                    if fresh.is_none() {
                        model = None;
                    }
                }
                Step::Invalidate => {
                    lazy.invalidate();
                    model = None;
                }
                Step::IsFresh => prop_assert_eq!(lazy.is_fresh(), fresh.is_some()),
                Step::Wait(long) => clock.wait(long),
                Step::JumpBack(long) => clock.set(now.saturating_sub(long)),
            }
            prop_assert_eq!(lazy.stats().computations(), computed);
        }
    }
}
