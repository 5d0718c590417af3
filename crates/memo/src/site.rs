//! What the code that `#[memoize]` generates calls. No API for users.

use core::any::Any;
use core::fmt;
use core::hash::Hash;
use core::marker::PhantomData;
use core::time::Duration;
use std::sync::OnceLock;

use crate::builder::DEFAULT_CAPACITY;
use crate::{Memo, Stats};

/// The memo of one memoized function, made on the first call.
///
/// A `static` must name its type, but only a value can tell whether the function returns a `Result` (see [`Probe`]):
/// hence the type of the memo is known to [`call`](Self::call) alone.
pub struct Site {
    capacity: usize,
    ttl: Duration,
    memo: OnceLock<Box<dyn AnyMemo>>,
}

impl Site {
    pub const fn new(capacity: Option<usize>, ttl: Option<Duration>) -> Self {
        let capacity = match capacity {
            Some(capacity) => capacity,
            None => DEFAULT_CAPACITY,
        };
        let ttl = match ttl {
            Some(ttl) => ttl,
            None => Duration::MAX,
        };
        Self { capacity, ttl, memo: OnceLock::new() }
    }

    pub fn call<K, R, P>(&self, _: P, key: K, body: impl FnOnce() -> R) -> R
    where
        K: Hash + Eq + Send + Sync + 'static,
        P: Policy<R>,
    {
        let memo = self
            .memo
            .get_or_init(|| Box::new(Memo::<K, P::Kept>::builder().capacity(self.capacity).ttl(self.ttl).build()));
        let memo: &dyn Any = &**memo;
        match memo.downcast_ref() {
            Some(memo) => P::run(memo, key, body),
            None => unreachable!("a site serves one function"),
        }
    }

    pub fn stats(&self) -> Stats {
        self.memo.get().map_or(Stats::untouched(self.capacity, self.ttl), |memo| memo.stats())
    }

    pub fn clear(&self) {
        if let Some(memo) = self.memo.get() {
            memo.clear();
        }
    }

    pub fn purge_expired(&self) -> usize {
        self.memo.get().map_or(0, |memo| memo.purge_expired())
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

/// A memo of any type.
trait AnyMemo: Any + Send + Sync {
    fn stats(&self) -> Stats;
    fn clear(&self);
    fn purge_expired(&self) -> usize;
}

impl<K, V> AnyMemo for Memo<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn stats(&self) -> Stats {
        Memo::stats(self)
    }

    fn clear(&self) {
        Memo::clear(self);
    }

    fn purge_expired(&self) -> usize {
        Memo::purge_expired(self)
    }
}

/// Finds out what to keep of an `R`: `Probe::<R>::new().policy()` is [`KeepOk`] for every `Result`, whatever it is called,
/// because methods of the type go before methods of a trait; [`KeepAll`] for everything else.
#[derive(Debug)]
pub struct Probe<R>(PhantomData<fn() -> R>);

impl<R> Probe<R> {
    #[expect(clippy::new_without_default, reason = "called by generated code alone")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, E> Probe<Result<T, E>> {
    pub const fn policy(self) -> KeepOk<T, E> {
        KeepOk(PhantomData)
    }
}

/// Of a `Result`, the value of `Ok` is kept.
#[derive(Debug)]
pub struct KeepOk<T, E>(PhantomData<fn() -> (T, E)>);

/// See [`Probe`].
pub trait ElseKeepAll<R> {
    fn policy(self) -> KeepAll<R>;
}

impl<R> ElseKeepAll<R> for Probe<R> {
    fn policy(self) -> KeepAll<R> {
        KeepAll(PhantomData)
    }
}

/// The whole value is kept.
#[derive(Debug)]
pub struct KeepAll<R>(PhantomData<fn() -> R>);

/// How a memo serves a function that returns `R`.
pub trait Policy<R> {
    type Kept: Send + Sync + 'static;

    fn run<K: Hash + Eq>(memo: &Memo<K, Self::Kept>, key: K, body: impl FnOnce() -> R) -> R;
}

impl<R: Clone + Send + Sync + 'static> Policy<R> for KeepAll<R> {
    type Kept = R;

    fn run<K: Hash + Eq>(memo: &Memo<K, R>, key: K, body: impl FnOnce() -> R) -> R {
        memo.get_or_insert_with(key, body)
    }
}

impl<T: Clone + Send + Sync + 'static, E> Policy<Result<T, E>> for KeepOk<T, E> {
    type Kept = T;

    fn run<K: Hash + Eq>(memo: &Memo<K, T>, key: K, body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        memo.try_get_or_insert_with(key, body)
    }
}

// What these return hides its type, so that a type that does not fit is an error once, where the generated code calls
// them, and not again at `Site::call`.

/// An owned argument as part of a key.
pub fn owned_part<T>(argument: &T) -> impl Hash + Eq + Send + Sync + use<T>
where
    T: Clone + Hash + Eq + Send + Sync + 'static,
{
    argument.clone()
}

/// A borrowed argument as part of a key.
pub fn borrowed_part<T>(argument: &T) -> impl Hash + Eq + Send + Sync + use<T>
where
    T: ToOwned<Owned: Hash + Eq + Send + Sync + 'static> + ?Sized + 'static,
{
    argument.to_owned()
}

/// A policy that fits.
pub fn kept<R, P: Policy<R>>(policy: P) -> impl Policy<R> {
    policy
}
