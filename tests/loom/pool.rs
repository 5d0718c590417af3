//! The pool: no object in two hands, the bound at every instant, every object dropped exactly once, counts that agree.
//! Here one at a time behind the lock; what threads keep for themselves, who waits, and the end are in the files below.
//!
//! What the objects and callbacks count with is modelled too, so that a use of it inside the lock would add interleavings,
//! and one out of order would be seen.

mod closing;
mod exchange;
mod magazine;
mod unseen;
mod waiting;

use std::task::{Context, Wake, Waker};

use lagom_base::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use lagom_base::sync::loom::cell::UnsafeCell;
use lagom_base::sync::loom::{self, thread};
use lagom_base::sync::{Arc, Condvar, Mutex};
use lagom_pool::{Pool, Pooled, PooledOwned};

/// How many objects were built, and how many are alive.
#[derive(Clone)]
struct Ledger(Arc<[AtomicUsize; 2]>);

impl Ledger {
    fn new() -> Self {
        Self(Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]))
    }

    fn built(&self) -> usize {
        self.0[0].load(SeqCst)
    }

    fn alive(&self) -> usize {
        self.0[1].load(SeqCst)
    }
}

/// An object that loom watches: two threads that hold it at once, or one after the other without synchronization, fail.
struct Object {
    touched: UnsafeCell<()>,
    ledger: Ledger,
}

impl Object {
    fn new(ledger: &Ledger) -> Self {
        ledger.0[0].fetch_add(1, SeqCst);
        ledger.0[1].fetch_add(1, SeqCst);
        Self { touched: UnsafeCell::new(()), ledger: ledger.clone() }
    }

    fn touch(&self) {
        self.touched.with_mut(|_| ());
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.touch();
        let alive = self.ledger.0[1].fetch_sub(1, SeqCst);
        assert!(alive > 0, "dropped twice");
    }
}

fn pool(max_idle: usize, ledger: &Ledger) -> Pool<Object> {
    let births = ledger.clone();
    Pool::builder(move || Object::new(&births)).max_idle(max_idle).reset(|object| object.touch()).build()
}

/// Without hooks, so that guards give straight to the magazine that they came from; at most `max_live` objects.
fn plain(max_idle: usize, max_live: usize, ledger: &Ledger) -> Arc<Pool<Object>> {
    let births = ledger.clone();
    Arc::new(Pool::builder(move || Object::new(&births)).max_idle(max_idle).max_live(max_live).build())
}

/// Without a bound of those that live.
const ANY: usize = usize::MAX;

/// The calling thread has a magazine afterwards, with `n` idle objects and places in it if the pool's bound lends them.
fn keep(pool: &Pool<Object>, n: usize) {
    // The first time makes the magazine, the second one notes where it is, the third one goes straight.
    for _ in 0..3 {
        let guards: Vec<_> = (0..n).map(|_| pool.acquire()).collect();
        guards.iter().for_each(|guard| guard.touch());
    }
}

fn spawn<R: 'static>(pool: &Arc<Pool<Object>>, f: impl FnOnce(&Pool<Object>) -> R + 'static) -> thread::JoinHandle<R> {
    let pool = Arc::clone(pool);
    thread::spawn(move || f(&pool))
}

/// What rings when a task is woken, or when a thread has got somewhere.
struct Bell {
    rung: Mutex<usize>,
    condvar: Condvar,
}

impl Bell {
    fn new() -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self { rung: Mutex::new(0), condvar: Condvar::new() })
    }

    fn ring(&self) {
        *self.rung.lock() += 1;
        self.condvar.notify_all();
    }

    /// Blocks until it has rung so often.
    fn wait(&self, times: usize) {
        let mut rung = self.rung.lock();
        while *rung < times {
            self.condvar.wait(&mut rung);
        }
    }
}

impl Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        self.ring();
    }
}

/// Polls once; afterwards the bell rings when it is worth another one.
fn poll<F: Future + Unpin>(future: &mut F, bell: &std::sync::Arc<Bell>) -> Option<F::Output> {
    let waker = Waker::from(std::sync::Arc::clone(bell));
    match std::pin::Pin::new(future).poll(&mut Context::from_waker(&waker)) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

/// Polls until it is ready, asleep meanwhile.
fn block_on<F: Future + Unpin>(mut future: F) -> F::Output {
    let bell = Bell::new();
    for rings in 1.. {
        if let Some(output) = poll(&mut future, &bell) {
            return output;
        }
        bell.wait(rings);
    }
    unreachable!("it was ready")
}

/// Acquires, works, gives back.
fn use_once(pool: &Pool<Object>) {
    pool.acquire().touch();
}

#[test]
fn one_idle_object_goes_to_one_thread() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = Arc::new(pool(2, &ledger));
        pool.prewarm(1);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || use_once(&pool))
        };
        use_once(&pool);
        other.join().unwrap();

        let stats = pool.stats();
        assert_eq!(stats.created() + stats.reused(), 2);
        assert_eq!(ledger.built() as u64, 1 + stats.created());
        assert_eq!((stats.idle(), stats.in_use(), stats.discarded()), (ledger.alive(), 0, 0));
        drop(pool);
        assert_eq!(ledger.alive(), 0);
    });
}

#[test]
fn a_guard_from_another_thread_comes_back_whole() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = pool(1, &ledger);
        let guard = pool.acquire_owned();
        let other = thread::spawn(move || guard.touch());
        use_once(&pool);
        other.join().unwrap();
        assert_eq!((pool.len(), ledger.alive(), pool.stats().in_use()), (1, 1, 0));
    });
}

#[test]
fn the_bound_holds_at_every_instant_of_concurrent_returns() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = pool(1, &ledger);
        let [first, second] = [pool.acquire_owned(), pool.acquire_owned()];
        let threads = [thread::spawn(move || drop(first)), thread::spawn(move || drop(second))];

        let before = pool.stats();
        assert!(before.idle() <= 1 && before.idle() + before.in_use() + before.discarded() as usize == 2);
        let after = pool.stats();
        assert!(after.idle() <= 1 && after.idle() + after.in_use() + after.discarded() as usize == 2);
        assert!(after.in_use() <= before.in_use() && after.discarded() >= before.discarded());

        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.discarded(), ledger.alive()), (1, 0, 1, 1));
    });
}

#[test]
fn an_object_on_its_way_out_is_counted_once() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = Arc::new(pool(1, &ledger));
        pool.prewarm(1);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.acquire_owned())
        };
        let stats = pool.stats();
        assert_eq!(stats.idle() + stats.in_use(), 1);
        assert_eq!(stats.in_use() as u64, stats.reused());
        drop(other.join().unwrap());
        assert_eq!((pool.len(), pool.stats().reused(), ledger.alive()), (1, 1, 1));
    });
}

#[test]
fn the_bound_holds_while_prewarm_meets_a_return() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = pool(1, &ledger);
        let guard = pool.acquire_owned();
        let other = thread::spawn(move || drop(guard));
        pool.prewarm(1);
        assert_eq!(pool.len(), 1, "one of the two is there, and only one");
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), ledger.alive()), (1, 0, 1));
        assert_eq!(stats.created() + stats.prewarmed(), 1 + stats.discarded());
    });
}

#[test]
fn a_late_return_drops_its_object_once() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = pool(2, &ledger);
        let (late, later) = (pool.acquire_owned(), pool.acquire_owned());
        use_once(&pool);
        let other = thread::spawn(move || {
            late.touch();
            drop(late);
        });
        drop(pool);
        other.join().unwrap();
        // The last guard is alive: were an object kept in a closed pool, it would be too.
        assert_eq!((ledger.built(), ledger.alive()), (3, 1));
        drop(PooledOwned::detach(later));
        assert_eq!(ledger.alive(), 0);
    });
}

#[test]
fn clear_and_trim_against_a_return() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = Arc::new(pool(4, &ledger));
        let guards = [pool.acquire_owned(), pool.acquire_owned()];
        let trimming = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.trim(1))
        };
        drop(guards);
        trimming.join().unwrap();
        assert!(!pool.is_empty(), "trim keeps one");
        assert_eq!((pool.len(), pool.stats().in_use()), (ledger.alive(), 0));
        pool.clear();
        assert_eq!((pool.len(), ledger.alive(), pool.stats().discarded()), (0, 0, 0));
    });
}

#[test]
fn detach_and_attach_against_an_acquisition() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = Arc::new(pool(1, &ledger));
        pool.prewarm(1);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mine = Pooled::detach(pool.acquire());
                mine.touch();
                drop(pool.attach(mine));
            })
        };
        use_once(&pool);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.created() + stats.reused(), stats.in_use()), (2, 0));
        assert_eq!((stats.idle(), ledger.alive()), (1, 1));
    });
}

#[test]
fn a_thread_that_ends_gives_its_objects_back_while_another_acquires() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = Arc::new(pool(2, &ledger));
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || use_once(&pool))
        };
        use_once(&pool);
        // Loom ends a thread's locals after `join` may have returned: the giving back runs beside what follows.
        other.join().unwrap();
        let (first, second) = (pool.acquire(), pool.acquire());
        first.touch();
        second.touch();
        drop((first, second));
        let stats = pool.stats();
        assert_eq!(stats.created() as usize, ledger.built());
        assert_eq!((stats.idle(), stats.in_use()), (ledger.alive(), 0));
        assert!(stats.idle() <= 2);
        drop(pool);
    });
}

#[test]
fn places_taken_back_from_a_thread_are_not_used_by_it() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = Arc::new(pool(1, &ledger));
        // The place is lent to this thread, and empty.
        let mine = pool.acquire();
        let other = pool.acquire_owned();
        drop(pool.acquire());
        let held = pool.acquire();
        let thread = thread::spawn(move || drop(other));
        drop(mine);
        drop(held);
        thread.join().unwrap();
        assert_eq!((pool.len(), ledger.alive()), (1, 1), "the bound of one holds");
    });
}
