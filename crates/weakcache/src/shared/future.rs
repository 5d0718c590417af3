//! Single flight of tasks: as in `load`, but who leads is polled, and who waits is woken.
#![allow(unsafe_code, reason = "a pinned part of a future")]

use core::any::type_name;
use core::convert::Infallible;
use core::future::Future;
use core::hash::{BuildHasher, Hash};
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::{convert, mem};

use lagom_base::flight::{Landing, Outcome, Party};

use crate::shared::cache::WeakCache;
use crate::shared::cached::Cached;
use crate::shared::engine::Engine;
use crate::shared::fill::LoadError;
use crate::shared::load::{Lead, Waited};
use crate::shared::shard::Shard;

impl<K, V, S> WeakCache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher,
{
    /// As [`get_or_insert_with`](Self::get_or_insert_with), but a task waits where a thread would be blocked. Needs no
    /// runtime.
    ///
    /// Of all tasks and threads that ask for one key, one runs its `make`, and the others wait for it; other keys are never
    /// blocked. `make` is polled inside this future, outside of the lock, from its first poll on if the key is missing, else
    /// never. When the future that polls it is dropped before it is ready, or `make` panics, one of those that waited runs
    /// its own. Who waits may be dropped at any time. (A future that is forgotten, `mem::forget`, while it polls its `make`
    /// keeps the others waiting, until the key is inserted, removed or cleared.)
    ///
    /// `Send` if `make` and the key are.
    ///
    /// # Panics
    ///
    /// The future: when `make` needs its own result. It awaits `key` again, or a key whose `make` in another task or thread
    /// waits for `key`. At least one of those in such a ring gets the panic, although an `insert` from outside, or a wait for
    /// the first of several things, might have ended the ring; none of them hangs. A `make` waits for a key from its first
    /// poll of a future for it until that is ready or dropped, and while it calls the blocking form.
    ///
    /// Only waits of `make` itself are seen: what is polled while it is polled. A `make` that spawns a task and awaits that
    /// hangs if the task asks for `key`, as it would anywhere. A thread that is blocked, here by
    /// [`get_or_insert_with`](Self::get_or_insert_with), polls no other task: where all threads of an executor wait like
    /// that for what one of its tasks makes, they hang. Let tasks use this form.
    ///
    /// ```
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = std::pin::pin!(future);
    /// #     loop {
    /// #         let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
    /// #             return output;
    /// #         }
    /// #         std::thread::yield_now();
    /// #     }
    /// # }
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// # block_on(async {
    /// assert_eq!(*cache.get_or_insert_async("one", async { 1 }).await, 1);
    /// assert_eq!(*cache.get_or_insert_async("one", async { unreachable!() }).await, 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_insert_async(&self, key: K, make: impl Future<Output = V>) -> impl Future<Output = Cached<V>> {
        self.fill(key, make, Ok::<V, Infallible>, |result, caller| match or_panic(result, caller) {
            Ok(value) => value,
            Err(never) => match never {},
        })
    }

    /// Like [`get_or_insert_async`](Self::get_or_insert_async), for a `make` that may fail. An error goes to the caller of
    /// that `make` alone and is not remembered: of those that waited, one runs its own `make`.
    ///
    /// # Errors
    ///
    /// What `make` returns.
    ///
    /// # Panics
    ///
    /// The future: when `make` needs its own result, like [`get_or_insert_async`](Self::get_or_insert_async).
    ///
    /// ```
    /// # use std::pin::pin;
    /// # use std::task::{Context, Poll, Waker};
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// let parse = |text: &'static str| cache.try_get_or_insert_async(text, async { text.parse::<u32>() });
    /// # let future = async {
    /// assert_eq!(*parse("17").await?, 17);
    /// assert!(parse("seventeen").await.is_err());
    /// # Ok::<(), core::num::ParseIntError>(())
    /// # };
    /// # assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    /// ```
    #[track_caller]
    pub fn try_get_or_insert_async<E>(
        &self,
        key: K,
        make: impl Future<Output = Result<V, E>>,
    ) -> impl Future<Output = Result<Cached<V>, E>> {
        self.fill(key, make, convert::identity, or_panic)
    }

    /// Like [`try_get_or_insert_async`](Self::try_get_or_insert_async), but a value that needs itself is an error, which
    /// gives the key back, and no panic.
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] with what `make` returns; [`LoadError::NeedsItself`] with the key if `make` awaits `key` again,
    /// or a key whose `make` in another task or thread waits for `key`.
    ///
    /// ```
    /// # use std::pin::pin;
    /// # use std::task::{Context, Poll, Waker};
    /// use lagom_weakcache::{LoadError, WeakCache};
    ///
    /// let cache = WeakCache::<&str, u32>::new(10);
    /// # let future = async {
    /// let inner = async { cache.load_async("key", async { Ok::<_, ()>(1) }).await };
    /// let outer = cache.load_async("key", async {
    ///     match inner.await {
    ///         Err(LoadError::NeedsItself(key)) => Err(format!("{key} needs itself")),
    ///         _ => Ok(2),
    ///     }
    /// });
    /// assert_eq!(outer.await.unwrap_err(), LoadError::Failed("key needs itself".to_owned()));
    /// # };
    /// # assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    /// ```
    pub fn load_async<E>(
        &self,
        key: K,
        make: impl Future<Output = Result<V, E>>,
    ) -> impl Future<Output = Result<Cached<V>, LoadError<K, E>>> {
        self.fill(key, make, convert::identity, |result, _| result)
    }

    #[track_caller]
    fn fill<F: Future, E, R>(
        &self,
        key: K,
        make: F,
        made: fn(F::Output) -> Result<V, E>,
        done: fn(Filled<K, V, E>, &'static Location<'static>) -> R,
    ) -> Fill<'_, K, V, F, E, R> {
        let (shard, hash) = self.at(&key);
        Fill {
            engine: self.engine(),
            shard,
            hash,
            key: Some(key),
            state: State::New,
            make: Some(make),
            made,
            done,
            caller: Location::caller(),
        }
    }
}

type Filled<K, V, E> = Loaded<K, V, E>;

/// What a load comes to.
type Loaded<K, V, E> = Result<Cached<V>, LoadError<K, E>>;

/// What there is but for a value that needs itself: that panics.
fn or_panic<K, V, E>(result: Filled<K, V, E>, caller: &'static Location<'static>) -> Result<Cached<V>, E> {
    result.map_err(|error| match error {
        LoadError::Failed(error) => error,
        LoadError::NeedsItself(_) => panic!(
            "a cached value of type `{}` needs itself: the load of a key of type `{}`, asked for at {caller}, asks for the \
             same key, directly or through the loads of other tasks and threads",
            type_name::<V>(),
            type_name::<K>()
        ),
    })
}

/// Fills an entry. No `async fn`, which would hold `make` several times over.
struct Fill<'a, K, V, F: Future, E, R> {
    engine: &'a Engine<K, V>,
    shard: &'a Shard<K, V>,
    hash: u32,
    key: Option<K>,
    state: State<'a, K, V>,
    /// Pinned with the whole.
    make: Option<F>,
    made: fn(F::Output) -> Result<V, E>,
    done: fn(Filled<K, V, E>, &'static Location<'static>) -> R,
    caller: &'static Location<'static>,
}

enum State<'a, K, V> {
    New,
    /// What is there for the key, as of a number of links.
    Looked(Option<Cached<V>>, usize),
    Waits(Cached<V>, Landing<()>),
    Leads(Lead<'a, K, V>, Party),
    /// Also after a panic.
    Done,
}

impl<'a, K: Eq, V, F: Future, E, R> Fill<'a, K, V, F, E, R> {
    fn look(&self) -> State<'a, K, V> {
        let Some(key) = &self.key else { unreachable!("it was not put in yet") };
        let links = self.shard.links();
        State::Looked(self.engine.find_any(self.shard, self.hash, |other| other == key), links)
    }

    /// The entry if it is there at once.
    fn hit(&mut self) -> Option<Cached<V>> {
        let now = self.engine.now();
        let State::Looked(found, links) = self.look() else { unreachable!("that is what it does") };
        let hit = found.as_ref().is_some_and(|found| self.engine.is_good(self.shard, found, now));
        self.engine.count_lookup(self.shard, hit);
        if hit && let Some(found) = found {
            self.engine.used(self.shard, &found);
            return Some(found);
        }
        self.state = State::Looked(found, links);
        None
    }

    /// What is to be done about what was found when somebody has waited for it.
    fn waited(&mut self, found: Cached<V>, outcome: Outcome<()>) -> Option<Filled<K, V, E>> {
        match Waited::new(&found, outcome) {
            Waited::Live if self.engine.is_good(self.shard, &found, self.engine.now()) => return Some(Ok(found)),
            Waited::Live | Waited::Gone => {}
            Waited::NeedsItself => {
                let key = self.key.take().expect("it was not put in yet");
                return Some(Err(LoadError::NeedsItself(key)));
            }
        }
        drop(found);
        self.state = self.look();
        None
    }

    /// One step; the result if it was the last one.
    fn step(&mut self, context: &mut Context<'_>) -> Poll<Option<Filled<K, V, E>>> {
        // What is taken out ends with a panic.
        match mem::replace(&mut self.state, State::Done) {
            State::New => return Poll::Ready(self.hit().map(Ok)),
            State::Looked(Some(found), _) => match self.engine.flight(self.shard, &found) {
                Some(flight) => self.state = State::Waits(found, Landing::of(flight)),
                None => return Poll::Ready(self.waited(found, Outcome::Landed(()))),
            },
            State::Looked(None, links) => {
                let party = Party::task();
                self.state = match self.engine.start_load(self.shard, self.hash, &mut self.key, links, party) {
                    Some(lead) => State::Leads(lead, party),
                    None => self.look(),
                };
            }
            State::Waits(found, mut landing) => match Pin::new(&mut landing).poll(context) {
                Poll::Ready(outcome) => return Poll::Ready(self.waited(found, outcome)),
                Poll::Pending => {
                    self.state = State::Waits(found, landing);
                    return Poll::Pending;
                }
            },
            State::Leads(lead, party) => {
                let inside = party.enter();
                let make = self.make.as_mut().expect("it is there until it is ready");
                // SAFETY: `poll` pins the whole, and `make` is never moved.
                let Poll::Ready(output) = unsafe { Pin::new_unchecked(make) }.poll(context) else {
                    self.state = State::Leads(lead, party);
                    return Poll::Pending;
                };
                self.make = None;
                drop(inside);
                let result = (self.made)(output).map_err(LoadError::Failed);
                return Poll::Ready(Some(result.map(|value| lead.land(value))));
            }
            State::Done => panic!("polled after its end"),
        }
        Poll::Ready(None)
    }
}

impl<K: Eq, V, F: Future, E, R> Future for Fill<'_, K, V, F, E, R> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        // SAFETY: `make` is the only part that may need to be pinned; it is not moved from here on, only dropped in place.
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            if let Some(result) = ready!(this.step(context)) {
                // Here, and not with the whole: the task may keep that.
                this.make = None;
                this.key = None;
                return Poll::Ready((this.done)(result, this.caller));
            }
        }
    }
}

impl<K, V, F: Future, E, R> Drop for Fill<'_, K, V, F, E, R> {
    fn drop(&mut self) {
        if let State::Leads(_, party) = &self.state {
            // Before others are told. If its drop asks for the key, it must not wait for itself.
            let _inside = party.enter();
            self.make = None;
        }
    }
}
