//! Ours, in the ways that it is used.

use lagom_weakcache::{Cached, Interned, Interner, WeakCache};

use super::peer::{Interning, Loading, Payload, Strongly, Value, Weakly};

/// Purely weak.
pub(super) struct Weak(WeakCache<u64, Payload>);

/// With the strong tier that a cache has by default, of 1,000 entries.
pub(super) struct Tiered(WeakCache<u64, Payload>);

macro_rules! weakly {
    ($($name:ident = $new:expr;)*) => {$(
        impl Weakly for $name {
            type Handle = Cached<Payload>;

            fn new() -> Self {
                Self($new)
            }

            #[inline(always)]
            fn insert(&self, key: u64) -> Cached<Payload> {
                self.0.insert(key, Payload::of(key))
            }

            #[inline(always)]
            fn get(&self, key: u64) -> Option<Cached<Payload>> {
                self.0.get(&key)
            }

            fn len(&self) -> usize {
                self.0.len()
            }

            fn shrink(&self) {
                self.0.shrink_to_fit();
            }
        }
    )*};
}

weakly! {
    Weak = WeakCache::new(0);
    Tiered = WeakCache::builder().build();
}

/// The strong tier, its values borrowed.
pub(super) struct Borrowed<V>(WeakCache<u64, V>);

/// The strong tier, with a handle of each value.
pub(super) struct Handed<V>(WeakCache<u64, V>);

macro_rules! strongly {
    ($($name:ident, |$cache:ident, $key:ident| $find:expr;)*) => {$(
        impl<V: Value> Strongly for $name<V> {
            fn new(capacity: usize) -> Self {
                Self(WeakCache::new(capacity))
            }

            #[inline(always)]
            fn find(&self, $key: u64) -> Option<u64> {
                let $cache = &self.0;
                $find
            }

            #[inline(always)]
            fn insert(&self, key: u64) {
                self.0.put(key, V::of(key));
            }

            fn len(&self) -> usize {
                self.0.len()
            }
        }
    )*};
}

strongly! {
    Borrowed, |cache, key| cache.with(&key, |value| value.right(key));
    Handed, |cache, key| cache.get(&key).map(|value| value.right(key));
}

impl Loading for Handed<u64> {
    fn new(capacity: usize) -> Self {
        Self(WeakCache::new(capacity))
    }

    #[inline(always)]
    fn load(&self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        *self.0.get_or_insert_with(key, make)
    }

    #[inline(always)]
    fn read(&self, key: u64) -> Option<u64> {
        self.0.with(&key, |value| *value)
    }
}

impl Interning for Interner<str> {
    type Handle = Interned<str>;

    fn new() -> Self {
        Self::new()
    }

    #[inline(always)]
    fn intern(&self, text: &str) -> Interned<str> {
        self.intern(text)
    }

    fn same(a: &Interned<str>, b: &Interned<str>) -> bool {
        a == b
    }

    #[inline(always)]
    fn text<'a>(&'a self, handle: &'a Interned<str>) -> &'a str {
        handle
    }
}
