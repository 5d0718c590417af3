//! Every callback uses the pool that calls it. Under a lock, each of these would hang.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use lagom_pool::Pool;

/// Uses all of a pool, once: the flag keeps a callback from calling itself for ever.
fn use_all<T: Send + 'static>(pool: &Pool<T>, busy: &AtomicBool) {
    if busy.swap(true, SeqCst) {
        return;
    }
    let (borrowed, owned) = (pool.acquire(), pool.acquire_owned());
    pool.prewarm(2);
    drop((borrowed, owned));
    pool.trim(1);
    pool.clear();
    let value = lagom_pool::Pooled::detach(pool.acquire());
    drop(pool.attach(value));
    assert!(pool.len() <= pool.max_idle());
    assert!(!format!("{pool:?} {}", pool.stats()).is_empty());
    busy.store(false, SeqCst);
}

#[test]
fn from_the_factory() {
    static BUSY: AtomicBool = AtomicBool::new(false);
    static POOL: Pool<u32> = Pool::new(|| {
        use_all(&POOL, &BUSY);
        7
    });
    assert_eq!(*POOL.acquire(), 7);
    POOL.clear();
    POOL.prewarm(1);
    assert_eq!(POOL.stats().in_use(), 0);
}

#[test]
fn from_the_hooks() {
    static BUSY: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
    static POOL: OnceLock<Pool<u32>> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        Pool::builder(|| 7)
            .reset(|_| use_all(POOL.get().unwrap(), &BUSY[0]))
            .retain_if(|_| {
                use_all(POOL.get().unwrap(), &BUSY[1]);
                true
            })
            .max_idle(3)
            .build()
    });
    drop((pool.acquire(), pool.acquire_owned()));
    let stats = pool.stats();
    assert_eq!(stats.in_use(), 0);
    assert!(stats.created() + stats.reused() > 10, "the hooks did use the pool");
}

#[test]
fn from_the_destructor() {
    static BUSY: AtomicBool = AtomicBool::new(false);
    static POOL: OnceLock<Pool<Object>> = OnceLock::new();
    struct Object;
    impl Drop for Object {
        fn drop(&mut self) {
            use_all(POOL.get().unwrap(), &BUSY);
        }
    }
    let pool = POOL.get_or_init(|| Pool::builder(|| Object).max_idle(1).build());
    drop((pool.acquire(), pool.acquire()));
    pool.prewarm(1);
    pool.clear();
    pool.prewarm(1);
    pool.trim(0);
    let stats = pool.stats();
    assert_eq!(stats.in_use(), 0);
    assert!(stats.created() + stats.reused() > 6, "the destructor did use the pool");
}

#[test]
fn from_a_destructor_after_the_pool_is_gone() {
    struct Object(Option<lagom_pool::PooledOwned<Object>>);
    let pool = Pool::new(|| Object(None));
    let (mut outer, mut middle, inner) = (pool.acquire_owned(), pool.acquire_owned(), pool.acquire_owned());
    middle.0 = Some(inner);
    outer.0 = Some(middle);
    assert!(outer.0.as_ref().is_some_and(|middle| middle.0.is_some()));
    drop(pool);
    drop(outer);
}
