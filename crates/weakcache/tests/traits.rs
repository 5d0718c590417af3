//! What the types promise to the compiler.

use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::Mutex;

use lagom_weakcache::{
    ArcCache, ArcCacheBuilder, ArcStats, Cached, DefaultHashBuilder, DefaultHasher, Interned, Interner,
    InternerBuilder, InternerBytes, LocalCache, LocalCacheBuilder, LocalCached, Member, MemoryLimited,
    MemoryLimitedList, Observer, Observers, Pin, Stats, TooHeavy, WeakCache, WeakCacheBuilder, WeakSet,
};

fn crosses_threads<T: Send + Sync + Debug>() {}
fn survives_panics<T: UnwindSafe + RefUnwindSafe>() {}

#[test]
fn the_public_types() {
    crosses_threads::<WeakCache<String, Vec<u8>>>();
    crosses_threads::<WeakCacheBuilder<Rc<()>, Rc<()>>>();
    crosses_threads::<Cached<Mutex<u8>>>();
    crosses_threads::<Interner<str>>();
    crosses_threads::<InternerBuilder<str>>();
    crosses_threads::<Interned<[u8]>>();
    crosses_threads::<InternerBytes>();
    crosses_threads::<WeakSet<Vec<u8>>>();
    crosses_threads::<Member<Vec<u8>>>();
    crosses_threads::<Observers<str>>();
    crosses_threads::<Observer<Rc<u8>>>();
    crosses_threads::<Stats>();
    crosses_threads::<DefaultHashBuilder>();
    crosses_threads::<DefaultHasher>();
    survives_panics::<WeakCache<String, Vec<u8>>>();
    survives_panics::<Cached<String>>();
    survives_panics::<Interner<str>>();
    survives_panics::<Interned<str>>();
    survives_panics::<WeakSet<Vec<u8>>>();
    survives_panics::<Member<Vec<u8>>>();
    survives_panics::<Observers<Cell<u8>>>();
    survives_panics::<Observer<Cell<u8>>>();
}

/// Whether the type implements the trait: `Yes` needs one reference less, so it is taken wherever its bound holds.
macro_rules! implements {
    ($type:ty: $($bound:tt)+) => {{
        #[allow(dead_code, reason = "one of the two is used")]
        trait No {
            fn answer(&self) -> bool {
                false
            }
        }
        impl<T> No for &std::marker::PhantomData<T> {}
        #[allow(dead_code, reason = "one of the two is used")]
        trait Yes {
            fn answer(&self) -> bool {
                true
            }
        }
        impl<T: $($bound)+> Yes for std::marker::PhantomData<T> {}
        (&std::marker::PhantomData::<$type>).answer()
    }};
}

#[test]
fn what_must_not_cross_threads() {
    assert!(implements!(Cached<u8>: Send) && implements!(Cached<u8>: Sync));
    assert!(!implements!(Cached<Rc<u8>>: Send) && !implements!(Cached<Rc<u8>>: Sync));
    // Like `Arc<Cell>`: another thread may hold a handle too.
    assert!(!implements!(Cached<Cell<u8>>: Send) && !implements!(Cached<Cell<u8>>: Sync));
    // Its end is told by the thread that began it.
    assert!(!implements!(Pin<'static, u8, u8>: Send) && !implements!(Pin<'static, u8, u8>: Sync));
    assert!(!implements!(WeakCache<u8, Rc<u8>>: Send) && !implements!(WeakCache<Rc<u8>, u8>: Send));
    assert!(!implements!(Interned<Cell<u8>>: Send) && !implements!(Interned<Cell<u8>>: Sync));
    assert!(!implements!(Interner<Cell<u8>>: Send) && !implements!(Interner<Rc<u8>>: Sync));
    assert!(!implements!(WeakSet<Cell<u8>>: Send) && !implements!(Member<Rc<u8>>: Send));
}

#[test]
fn the_caches_of_one_thread_and_of_arcs() {
    assert!(!implements!(LocalCache<u8, u8>: Send) && !implements!(LocalCache<u8, u8>: Sync));
    assert!(!implements!(LocalCached<u8>: Send) && !implements!(LocalCached<u8>: Sync));
    survives_panics::<LocalCache<String, Vec<u8>>>();
    survives_panics::<LocalCached<String>>();
    crosses_threads::<LocalCacheBuilder<Rc<()>, Rc<()>>>();

    crosses_threads::<ArcCache<String, str>>();
    crosses_threads::<ArcCacheBuilder<Rc<()>, Rc<()>>>();
    crosses_threads::<ArcStats>();
    survives_panics::<ArcCache<String, str>>();
    // As an `Arc`: another thread may have one too.
    assert!(!implements!(ArcCache<u8, Cell<u8>>: Send) && !implements!(ArcCache<Cell<u8>, u8>: Sync));

    assert!(implements!(MemoryLimited<u8, Cell<u8>>: Send) && !implements!(MemoryLimited<u8, u8>: Sync));
    assert!(!implements!(MemoryLimited<u8, Rc<u8>>: Send));
    crosses_threads::<MemoryLimitedList<String>>();
    crosses_threads::<TooHeavy<String>>();
}

/// Compiles only if every getter is `const`.
const fn counts(stats: &Stats) -> (u64, usize, bool) {
    (
        stats.hits() + stats.misses() + stats.loads() + stats.evictions() + stats.deaths(),
        stats.len() + stats.strong_len() + stats.capacity(),
        stats.is_empty(),
    )
}

#[test]
fn stats_are_read_by_const_functions() {
    assert_eq!(counts(&Stats::default()), (0, 0, true));
}

#[test]
fn handles_are_one_pointer_wide() {
    assert_eq!(size_of::<Cached<[u64; 8]>>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Cached<u8>>>(), size_of::<usize>());
    assert_eq!(size_of::<Interned<str>>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Interned<[u8]>>>(), size_of::<usize>());
}

#[test]
fn debug_writes_figures_and_never_waits() {
    let cache = WeakCache::new(3);
    let handle = cache.insert("key", "value");
    assert!(format!("{cache:?}").contains("len: 1"));
    assert_eq!(format!("{handle:?} {handle}"), "\"value\" value");
    assert!(format!("{:?}", WeakCache::<u8, u8>::builder().capacity(3)).contains("capacity: 3"));
    assert!(format!("{:?}", Interner::<str>::new()).contains("len: 0"));
}
