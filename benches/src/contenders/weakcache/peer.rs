//! What cases ask of a cache, whoever made it.

use std::hint::black_box;
use std::ops::Deref;
use std::sync::Arc;

/// What lies behind a key: 64 bytes.
pub(super) type Payload = [u64; 8];

/// A value that tells whose it is.
pub(super) trait Value: Clone + Send + Sync + 'static {
    /// That of a key.
    fn of(key: u64) -> Self;

    /// 1 when it is that of the key.
    fn right(&self, key: u64) -> u64;
}

impl Value for u64 {
    #[inline(always)]
    fn of(key: u64) -> Self {
        key
    }

    #[inline(always)]
    fn right(&self, key: u64) -> u64 {
        u64::from(*black_box(self) == key)
    }
}

impl Value for Payload {
    #[inline(always)]
    fn of(key: u64) -> Self {
        [key; 8]
    }

    #[inline(always)]
    fn right(&self, key: u64) -> u64 {
        u64::from(black_box(self)[7] == key)
    }
}

impl Value for Arc<Payload> {
    #[inline(always)]
    fn of(key: u64) -> Self {
        Self::new(Payload::of(key))
    }

    #[inline(always)]
    fn right(&self, key: u64) -> u64 {
        (**self).right(key)
    }
}

/// A map whose entries live as long as somebody holds them.
pub(super) trait Weakly: Send + Sync + 'static {
    /// What keeps an entry alive.
    type Handle: Deref<Target = Payload> + Send + Sync + 'static;

    fn new() -> Self;

    /// Puts the payload of a key in, in place of what was there.
    fn insert(&self, key: u64) -> Self::Handle;

    /// The entry of a key, if it lives.
    fn get(&self, key: u64) -> Option<Self::Handle>;

    /// Entries, as the map itself says.
    fn len(&self) -> usize;

    /// Gives up what dead entries hold, of those that can be asked to.
    fn shrink(&self) {}
}

/// A cache that holds its entries itself, up to a bound.
pub(super) trait Strongly: Send + Sync + 'static {
    fn new(capacity: usize) -> Self;

    /// Looks a key up: 1 when its value is right.
    fn find(&self, key: u64) -> Option<u64>;

    /// Puts the value of a key in.
    fn insert(&self, key: u64);

    /// Entries, once the cache is at rest.
    fn len(&self) -> usize;
}

/// A cache that fills itself from a factory.
pub(super) trait Loading: Send + Sync + 'static {
    fn new(capacity: usize) -> Self;

    /// The value of a key, made by `make` where there is none.
    fn load(&self, key: u64, make: impl FnOnce() -> u64) -> u64;

    /// Only looks.
    fn read(&self, key: u64) -> Option<u64>;
}

/// A table of texts of which each is there once.
pub(super) trait Interning: Send + Sync + 'static {
    /// Stands for a text.
    type Handle: Send + Sync + 'static;

    fn new() -> Self;

    /// The handle of a text, which is put in where it is not yet.
    fn intern(&self, text: &str) -> Self::Handle;

    /// Whether two handles are of one text, by identity.
    fn same(a: &Self::Handle, b: &Self::Handle) -> bool;

    /// The text of a handle.
    fn text<'a>(&'a self, handle: &'a Self::Handle) -> &'a str;

    /// Whether the handle is of the text that went in as the `nth`; cheap, for the clock runs.
    #[inline(always)]
    fn is_nth(&self, handle: &Self::Handle, nth: usize) -> bool {
        black_box(nth);
        self.text(handle).len() == super::interner::LENGTH
    }
}

/// Where weak maps enter: a case makes a contender of each.
pub(super) trait WeakField: Sized {
    /// Adds a contender under this name.
    fn enter<P: Weakly>(self, name: &str) -> Self;
}

/// Where bounded caches enter.
pub(super) trait StrongField: Sized {
    /// Adds a contender under this name.
    fn enter<P: Strongly>(self, name: &str) -> Self;
}

/// Where caches enter that fill themselves.
pub(super) trait LoadingField: Sized {
    /// Adds a contender under this name.
    fn enter<P: Loading>(self, name: &str) -> Self;
}

/// Where interners enter.
pub(super) trait InternerField: Sized {
    /// Adds a contender under this name.
    fn enter<P: Interning>(self, name: &str) -> Self;
}
