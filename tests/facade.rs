//! What the facade promises: each crate is reachable under the name of its feature, and its types cross threads as far as
//! their contents do.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::MutexGuard;
use std::time::Duration;

use lagom::{lazy, memo, pool, profiler, vecproc, weakcache};

#[test]
fn lazy_is_reachable() {
    static ANSWER: lazy::Lazy<u32> = lazy::Lazy::new(|| 42);
    assert_eq!(*ANSWER, 42);
    let value = lazy::ExpiringLazy::new(Duration::MAX, || 7);
    assert_eq!(*value.get(), 7);
}

#[test]
fn memo_is_reachable() {
    let memo = memo::Memo::new(10);
    assert_eq!((memo.get_or_insert_with("a", || 1), memo.get_or_insert_with("a", || 2)), (1, 1));
    assert_eq!(memo.stats().hit_ratio(), 0.5);
}

#[test]
fn pool_is_reachable() {
    let pool = pool::Pool::<Vec<u8>>::new(Vec::new);
    drop(pool.acquire());
    drop(pool.acquire());
    assert_eq!((pool.stats().created(), pool.stats().reused()), (1, 1));
    assert!(pool::LocalPool::<Vec<u8>>::default().try_acquire().is_ok());
}

#[test]
fn profiler_is_reachable() {
    drop(profiler::span!("facade"));
    assert_eq!(profiler::summary().get("facade").unwrap().calls(), 1);
}

#[test]
fn vecproc_is_reachable() {
    let mut out = [0.0; 2];
    vecproc::expanding_mean(&[1.0, 3.0], &mut out).unwrap();
    assert_eq!(out, [1.0, 2.0]);
}

#[test]
fn weakcache_is_reachable() {
    let cache = weakcache::WeakCache::new(10);
    let value = cache.get_or_insert_with(1, || "one".to_owned());
    assert_eq!(cache.get(&1).as_deref().map(String::as_str), Some("one"));
    drop(value);
    let interner = weakcache::Interner::<str>::new();
    assert_eq!(interner.intern("JFK"), interner.intern("JFK"));
}

/// The attributes through the facade; `tests/downstream` uses them in harder places.
#[memo::memoize(ttl = "300s", capacity = 1000)]
#[profiler::profile]
fn square(x: u64) -> u64 {
    x * x
}

#[test]
fn attributes_go_together() {
    assert_eq!((square(3), square(3)), (9, 9));
    assert_eq!(square::cache_info().hits(), 1);
    assert_eq!(profiler::summary().get("square").unwrap().calls(), 2);
}

/// Whether a type has an auto trait, asked without failing to compile if it has not: the inherent constant, there only
/// if the bound holds, goes before that of the trait.
macro_rules! is {
    ($type:ty: $bound:path) => {{
        #[allow(dead_code, reason = "unused where the bound holds")]
        trait No {
            const ANSWER: bool = false;
        }
        struct Ask<T: ?Sized>(std::marker::PhantomData<T>);
        impl<T: ?Sized> No for Ask<T> {}
        #[allow(dead_code, reason = "unused where it does not")]
        impl<T: ?Sized + $bound> Ask<T> {
            const ANSWER: bool = true;
        }
        <Ask<$type>>::ANSWER
    }};
}

/// `Send` but not `Sync`.
type OneAtATime = Cell<u8>;
/// `Sync` but not `Send`.
type StaysHere = MutexGuard<'static, u8>;
/// Neither.
type Local = Rc<u8>;

macro_rules! pin {
    ($($type:ty: $send:literal $sync:literal;)*) => {$(
        assert_eq!((is!($type: Send), is!($type: Sync)), ($send, $sync), stringify!($type));
    )*};
}

#[test]
fn the_probe_tells_auto_traits_apart() {
    pin! {
        u8: true true;
        OneAtATime: true false;
        StaysHere: false true;
        Local: false false;
    }
}

#[test]
fn pools_cross_threads_if_their_objects_may_be_sent() {
    pin! {
        pool::Pool<OneAtATime>: true true;
        pool::Pool<Local>: false false;
        pool::PoolBuilder<OneAtATime>: true true;
        pool::Pooled<'static, u8>: true true;
        pool::Pooled<'static, OneAtATime>: true false;
        pool::Pooled<'static, Local>: false false;
        pool::PooledOwned<u8>: true true;
        pool::PooledOwned<OneAtATime>: true false;
        pool::PooledOwned<Local>: false false;
        pool::LocalPool<u8>: false false;
        pool::LocalPoolBuilder<u8>: false false;
        pool::LocalPooled<'static, u8>: false false;
        pool::LocalPooledOwned<u8>: false false;
        pool::TryAcquireError: true true;
        pool::Stats: true true;
    }
}

#[test]
fn caches_cross_threads_if_their_values_are_shared() {
    pin! {
        weakcache::WeakCache<u8, u8>: true true;
        weakcache::WeakCache<u8, OneAtATime>: false false;
        weakcache::WeakCache<u8, Local>: false false;
        weakcache::Cached<u8>: true true;
        weakcache::Cached<OneAtATime>: false false;
        weakcache::Interner<str>: true true;
        weakcache::Interned<str>: true true;
        weakcache::Interned<OneAtATime>: false false;
        weakcache::Stats: true true;
        weakcache::LocalCache<u8, u8>: false false;
        weakcache::LocalCached<u8>: false false;
        weakcache::ArcCache<u8, str>: true true;
        weakcache::ArcCache<u8, OneAtATime>: false false;
        weakcache::MemoryLimited<u8, OneAtATime>: true false;
        weakcache::MemoryLimitedList<u8>: true true;
        weakcache::MemoryLimitedList<OneAtATime>: true false;
    }
}

#[test]
fn memos_cross_threads_as_maps_of_clones() {
    pin! {
        memo::Memo<u8, u8>: true true;
        memo::Memo<u8, Local>: false false;
        memo::Memo<Local, u8>: false false;
        memo::Stats: true true;
    }
}

#[test]
fn lazy_values_cross_threads_as_std_s() {
    pin! {
        lazy::Lazy<u8>: true true;
        lazy::Lazy<OneAtATime>: true false;
        lazy::Lazy<StaysHere>: false false;
        lazy::Lazy<Local>: false false;
        lazy::ExpiringLazy<u8>: true true;
        lazy::ExpiringLazy<Local>: false false;
        lazy::LazyRef<'static, u8>: false true;
    }
}

#[test]
fn the_profiler_crosses_threads_but_for_its_spans() {
    pin! {
        profiler::Span: false false;
        profiler::Summary: true true;
        profiler::FunctionStats: true true;
        profiler::LineTable: true true;
        profiler::Monitor: true true;
        profiler::Registration: true true;
        profiler::TrackingAllocator: true true;
    }
}

#[test]
fn vecproc_crosses_threads() {
    pin! {
        vecproc::Pipeline: true true;
        vecproc::PipelineStream: true true;
        vecproc::SavedStream: true true;
    }
}
