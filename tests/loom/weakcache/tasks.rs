//! Single flight of tasks: nobody who waits is forgotten, whoever gives up, and whenever.

use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use lagom_base::sync::loom::{self, thread};
use lagom_base::sync::{Condvar, Mutex};
use lagom_weakcache::{Cached, LoadError};

use super::{Both, Cache, Ledger, Value, cache, of_three_threads};

/// Rings when a task is woken.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    condvar: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock() = true;
        self.condvar.notify_all();
    }
}

type Task<T> = Pin<Box<dyn Future<Output = T>>>;

fn poll<T>(task: &mut Task<T>, waker: &Waker) -> Option<T> {
    match task.as_mut().poll(&mut Context::from_waker(waker)) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls until it is ready, asleep meanwhile: a lost wake-up is a deadlock, which fails the model.
fn block_on<T>(mut task: Task<T>) -> T {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    loop {
        if let Some(output) = poll(&mut task, &waker) {
            return output;
        }
        let mut rung = bell.rung.lock();
        while !*rung {
            bell.condvar.wait(&mut rung);
        }
        *rung = false;
    }
}

/// Fills key 1 with what `make` gives.
fn fill(cache: &Cache, make: impl Future<Output = Value> + 'static) -> Task<Cached<Value>> {
    let cache = Arc::clone(cache);
    Box::pin(async move { cache.get_or_insert_async(1, make).await })
}

fn made(ledger: &Ledger) -> impl Future<Output = Value> + use<> {
    let ledger = ledger.clone();
    async move { ledger.value() }
}

/// As [`made`], at the second poll.
fn made_later(ledger: &Ledger) -> impl Future<Output = Value> + use<> {
    let (ledger, mut polled) = (ledger.clone(), false);
    poll_fn(move |context| {
        if polled {
            return Poll::Ready(ledger.value());
        }
        polled = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

fn ends(cache: &Cache, ledger: &Ledger) {
    assert_eq!((ledger.alive(), cache.len()), (0, 0));
}

/// A task and a thread want one key.
#[test]
fn one_load_for_a_task_and_a_thread() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.get_or_insert_with(1, || ledger.value()))
        };
        let mine = block_on(fill(&cache, made_later(&ledger)));
        mine.use_it();
        let other = other.join().unwrap();
        assert!(Cached::ptr_eq(&mine, &other) && ledger.made() == 1);
        drop((mine, other));
        ends(&cache, &ledger);
    });
}

/// Two tasks want one key.
#[test]
fn one_load_for_two_tasks() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || block_on(fill(&cache, made_later(&ledger))))
        };
        let mine = block_on(fill(&cache, made_later(&ledger)));
        mine.use_it();
        let other = other.join().unwrap();
        assert!(Cached::ptr_eq(&mine, &other) && ledger.made() == 1);
        drop((mine, other));
        ends(&cache, &ledger);
    });
}

/// A leader is dropped while a task or a thread may wait for it: that one loads.
fn dropped_leader(waits: fn(&Cache, &Ledger) -> Cached<Value>) {
    loom::model(move || {
        let (cache, ledger) = (cache(0), Ledger::default());
        let mut leader = fill(&cache, pending());
        assert!(poll(&mut leader, Waker::noop()).is_none());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || waits(&cache, &ledger).use_it())
        };
        drop(leader);
        other.join().unwrap();
        assert_eq!(ledger.made(), 1);
        ends(&cache, &ledger);
    });
}

#[test]
fn dropped_leader_hands_over_to_a_task() {
    dropped_leader(|cache, ledger| block_on(fill(cache, made_later(ledger))));
}

#[test]
fn dropped_leader_hands_over_to_a_thread() {
    dropped_leader(|cache, ledger| cache.get_or_insert_with(1, || ledger.value()));
}

/// One who waits gives up while the leader does, too: the other one who waits loads.
#[test]
fn a_waiter_gives_up_as_the_leader_does() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let mut leader = fill(&cache, pending());
        let mut gives_up = fill(&cache, made(&ledger));
        assert!(poll(&mut leader, Waker::noop()).is_none() && poll(&mut gives_up, Waker::noop()).is_none());
        let waits = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || block_on(fill(&cache, made(&ledger))).use_it())
        };
        drop(leader);
        drop(gives_up);
        waits.join().unwrap();
        assert_eq!(ledger.made(), 1);
        ends(&cache, &ledger);
    });
}

/// A waiter gives up while the leader lands.
#[test]
fn a_waiter_gives_up_as_the_leader_lands() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let mut leader = fill(&cache, made_later(&ledger));
        assert!(poll(&mut leader, Waker::noop()).is_none());
        let bell = Arc::new(Bell::default());
        let gives_up = {
            let (cache, ledger, waker) = (Arc::clone(&cache), ledger.clone(), Waker::from(Arc::clone(&bell)));
            thread::spawn(move || drop(poll(&mut fill(&cache, made(&ledger)), &waker)))
        };
        let landed = poll(&mut leader, Waker::noop()).expect("the second poll");
        landed.use_it();
        gives_up.join().unwrap();
        assert_eq!((Arc::strong_count(&bell), ledger.made()), (1, 1), "no waker is left");
        drop((landed, leader));
        ends(&cache, &ledger);
    });
}

/// An `insert` while a task waits for a load that never ends.
#[test]
fn an_insert_ends_the_wait_of_a_task() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        let mut leader = fill(&cache, pending());
        assert!(poll(&mut leader, Waker::noop()).is_none());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || block_on(fill(&cache, made(&ledger))))
        };
        let inserted = cache.insert(1, ledger.value());
        assert!(Cached::ptr_eq(&inserted, &other.join().unwrap()));
        drop((leader, inserted));
        assert_eq!((ledger.made(), ledger.alive(), cache.len()), (1, 1, 1));
        cache.clear();
        ends(&cache, &ledger);
    });
}

/// The loads of two tasks need each other: at least one is told, none waits for ever.
#[test]
fn crossed_tasks() {
    fn needs(cache: &Cache, key: u8, other: u8) -> bool {
        let cache = Arc::clone(cache);
        block_on(Box::pin(async move {
            let inner = async { cache.load_async(other, ready(Err(()))).await.map(drop) };
            let mut told = false;
            let outer = cache.load_async(key, async {
                told = matches!(inner.await, Err(LoadError::NeedsItself(_)));
                Err::<Value, _>(())
            });
            let _ = outer.await;
            told
        }))
    }
    of_three_threads(|| {
        let cache = cache(0);
        let other = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || needs(&cache, 2, 1))
        };
        let _ = (needs(&cache, 1, 2), other.join().unwrap());
        assert_eq!(cache.len(), 0);
    });
}

/// A load panics while another task may wait for it: that one loads.
#[test]
fn panicking_load_hands_over_to_a_task() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let panicking = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || {
                let make = async { std::panic::resume_unwind(Box::new("in the load")) };
                catch_unwind(AssertUnwindSafe(|| block_on(fill(&cache, make)).use_it())).is_err()
            })
        };
        block_on(fill(&cache, made(&ledger))).use_it();
        panicking.join().unwrap();
        assert_eq!(ledger.made(), 1);
        ends(&cache, &ledger);
    });
}

/// A load of a task fails while another task, or a thread, may wait for it: nobody is forgotten, and the error is not kept.
fn failing_load_is_shared(waits: fn(Cache, Ledger) -> Arc<Value>) {
    let shared = Both::default();
    let note = shared.clone();
    loom::model(move || {
        let (cache, ledger) = (cache(0), Ledger::default());
        let mut leader = fail(&cache, &ledger);
        assert!(poll(&mut leader, Waker::noop()).is_none());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || waits(cache, ledger))
        };
        let mine = poll(&mut leader, Waker::noop()).expect("the second poll");
        let other = other.join().unwrap();
        mine.use_it();
        other.use_it();
        let is_one = Arc::ptr_eq(&mine, &other);
        note.note(is_one);
        assert_eq!(ledger.made(), if is_one { 1 } else { 2 });
        drop((mine, other));
        ends(&cache, &ledger);
    });
    assert!(shared.came());
}

/// Fails to fill key 1, at the second poll.
fn fail(cache: &Cache, ledger: &Ledger) -> Task<Arc<Value>> {
    let (cache, made) = (Arc::clone(cache), made_later(ledger));
    Box::pin(async move {
        let Err(error) = cache.try_get_or_insert_shared_async(1, async { Err(made.await) }).await else {
            unreachable!("it fails")
        };
        error
    })
}

#[test]
fn failing_load_is_shared_with_a_task() {
    failing_load_is_shared(|cache, ledger| block_on(fail(&cache, &ledger)));
}

#[test]
fn failing_load_is_shared_with_a_thread() {
    failing_load_is_shared(|cache, ledger| {
        let Err(error) = cache.try_get_or_insert_shared(1, || Err(ledger.value())) else { unreachable!("it fails") };
        error
    });
}

/// A waiter gives up while the leader fails: the error ends with those who have it.
#[test]
fn a_waiter_gives_up_as_the_leader_fails() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let mut leader = fail(&cache, &ledger);
        assert!(poll(&mut leader, Waker::noop()).is_none());
        let gives_up = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || drop(fail_now(&cache, &ledger)))
        };
        let error = poll(&mut leader, Waker::noop()).expect("the second poll");
        gives_up.join().unwrap();
        assert_eq!((Arc::strong_count(&error), ledger.alive()), (1, 1), "nobody else has it");
        drop(error);
        ends(&cache, &ledger);
    });
}

/// One poll of a load that fails, and what that gave, if anything.
fn fail_now(cache: &Cache, ledger: &Ledger) -> Option<Arc<Value>> {
    let (cache, ledger) = (Arc::clone(cache), ledger.clone());
    let mut task: Task<_> = Box::pin(async move {
        let load = cache.try_get_or_insert_shared_async(1, async { Err::<Value, _>(ledger.value()) });
        load.await.err()
    });
    poll(&mut task, Waker::noop()).flatten()
}

/// An `insert` before a load fails that may be waited for: who waits has that, and no error.
#[test]
fn an_insert_wins_over_a_load_that_fails() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let mut leader = fail(&cache, &ledger);
        assert!(poll(&mut leader, Waker::noop()).is_none());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.try_get_or_insert_shared(1, || Err(ledger.value())).ok())
        };
        let inserted = cache.insert(1, ledger.value());
        let error = poll(&mut leader, Waker::noop()).expect("the second poll");
        match other.join().unwrap() {
            Some(value) => assert!(Cached::ptr_eq(&value, &inserted)),
            None => unreachable!("it waited for nothing that failed, and made nothing"),
        }
        assert_eq!((Arc::strong_count(&error), ledger.made(), cache.len()), (1, 2, 1));
        drop((error, inserted));
        ends(&cache, &ledger);
    });
}
