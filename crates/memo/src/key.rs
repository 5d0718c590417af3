//! Keys that were hashed before the lock is taken.

use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

/// A key and its hash. Cloning it does not clone the key.
///
/// Equal to its clones alone, which no code of the user decides: so a table always finds a key that it holds, even one
/// that is not equal to itself, and can take it out, move it or put it in while `K::eq` panics. To search for what is
/// equal by `K::eq` there is [`Lookup`]. Who puts a key in does that first: no two keys of a table are equal by `K::eq`.
pub(crate) struct Hashed<K> {
    hash: u64,
    key: Arc<K>,
}

impl<K> Hashed<K> {
    pub(crate) fn new(hash: u64, key: K) -> Self {
        Self { hash, key: Arc::new(key) }
    }

    pub(crate) fn key(&self) -> &K {
        &self.key
    }

    /// To search for a key that is equal by `K::eq`.
    pub(crate) fn by_value(&self) -> &dyn Lookup<K> {
        self
    }
}

impl<K> Clone for Hashed<K> {
    fn clone(&self) -> Self {
        Self { hash: self.hash, key: Arc::clone(&self.key) }
    }
}

impl<K: fmt::Debug> fmt::Debug for Hashed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl<K> Hash for Hashed<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K> PartialEq for Hashed<K> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.key, &other.key)
    }
}

impl<K> Eq for Hashed<K> {}

/// What a table of [`Hashed`] keys can be searched with: a hash, and a borrowed form of the key.
pub(crate) trait Lookup<Q: ?Sized> {
    fn parts(&self) -> (u64, &Q);
}

/// A borrowed key and its hash.
pub(crate) struct Asked<'a, Q: ?Sized> {
    pub(crate) hash: u64,
    pub(crate) key: &'a Q,
}

impl<Q: ?Sized> Lookup<Q> for Asked<'_, Q> {
    fn parts(&self) -> (u64, &Q) {
        (self.hash, self.key)
    }
}

impl<K: Borrow<Q>, Q: ?Sized> Lookup<Q> for Hashed<K> {
    fn parts(&self) -> (u64, &Q) {
        (self.hash, (*self.key).borrow())
    }
}

impl<'a, K: Borrow<Q> + 'a, Q: ?Sized + 'a> Borrow<dyn Lookup<Q> + 'a> for Hashed<K> {
    fn borrow(&self) -> &(dyn Lookup<Q> + 'a) {
        self
    }
}

impl<Q: ?Sized> Hash for dyn Lookup<Q> + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.parts().0);
    }
}

impl<Q: Eq + ?Sized> PartialEq for dyn Lookup<Q> + '_ {
    fn eq(&self, other: &Self) -> bool {
        let ((hash, key), (other_hash, other_key)) = (self.parts(), other.parts());
        hash == other_hash && key == other_key
    }
}

impl<Q: Eq + ?Sized> Eq for dyn Lookup<Q> + '_ {}

/// Hands on the hash that a [`Hashed`] key brings along.
#[derive(Default)]
pub(crate) struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a hashed key writes one u64");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

pub(crate) type BuildPassThrough = BuildHasherDefault<PassThrough>;
