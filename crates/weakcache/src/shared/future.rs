//! Single flight of tasks: the steps of `search`, but who leads is polled, and who waits is woken.
#![allow(unsafe_code, reason = "a pinned part of a future")]

use core::convert::Infallible;
use core::future::Future;
use core::hash::{BuildHasher, Hash};
use core::marker::PhantomData;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::{convert, mem};
use std::sync::Arc;

use lagom_base::flight::{Landing, Party};

use crate::shared::cache::WeakCache;
use crate::shared::cached::Cached;
use crate::shared::failure::{Failure, OnError, Retry, Share};
use crate::shared::fill::{LoadError, or_panic};
use crate::shared::load::Lead;
use crate::shared::search::{Filled, Search, Step};

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
        self.fill_async::<_, Retry, _, _>(key, make, Ok::<V, Infallible>, |filled, caller| {
            match or_panic(filled, caller) {
                Ok(value) => value,
                Err(never) => match never {},
            }
        })
    }

    /// Like [`get_or_insert_async`](Self::get_or_insert_async), for a `make` that may fail. An error goes to the caller of
    /// that `make` alone and is not remembered: of those that waited, one runs its own `make`. For an error that they share
    /// there is [`try_get_or_insert_shared_async`](Self::try_get_or_insert_shared_async).
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
        self.fill_async::<_, Retry, _, _>(key, make, convert::identity, or_panic)
    }

    /// Like [`try_get_or_insert_async`](Self::try_get_or_insert_async), but those who wait for `make` share its error, as with
    /// [`try_get_or_insert_shared`](Self::try_get_or_insert_shared): tasks and threads alike.
    ///
    /// # Errors
    ///
    /// What `make` returns, here or where it was waited for: the same `Arc` for all.
    ///
    /// # Panics
    ///
    /// The future: when `make` needs its own result, like [`get_or_insert_async`](Self::get_or_insert_async).
    ///
    /// ```
    /// # use std::future::{Future, poll_fn};
    /// # use std::pin::pin;
    /// # use std::task::{Context, Poll, Waker};
    /// use std::sync::Arc;
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::<&str, u32>::new(10);
    /// # let mut polls = 0;
    /// # let answer = poll_fn(move |_| {
    /// #     polls += 1;
    /// #     if polls == 1 { Poll::Pending } else { Poll::Ready(Err("out of reach")) }
    /// # });
    /// let mut one = pin!(cache.try_get_or_insert_shared_async("key", answer));
    /// let mut other = pin!(cache.try_get_or_insert_shared_async("key", async { unreachable!() }));
    /// # let mut context = Context::from_waker(Waker::noop());
    /// # assert!(one.as_mut().poll(&mut context).is_pending() && other.as_mut().poll(&mut context).is_pending());
    /// # let future = async {
    /// let (one, other) = (one.await.unwrap_err(), other.await.unwrap_err());
    /// assert_eq!(*one, "out of reach");
    /// assert!(Arc::ptr_eq(&one, &other));
    /// # };
    /// # assert!(pin!(future).poll(&mut context).is_ready());
    /// ```
    #[track_caller]
    pub fn try_get_or_insert_shared_async<E: Send + Sync + 'static>(
        &self,
        key: K,
        make: impl Future<Output = Result<V, E>>,
    ) -> impl Future<Output = Result<Cached<V>, Arc<E>>> {
        self.fill_async::<_, Share, _, _>(key, make, |made| made.map_err(Arc::new), or_panic)
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
        self.fill_async::<_, Retry, _, _>(key, make, convert::identity, |filled, _| filled)
    }

    /// Like [`load_async`](Self::load_async), but those who wait for `make` share its error, as with
    /// [`try_get_or_insert_shared`](Self::try_get_or_insert_shared).
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] with what `make` returns, here or where it was waited for; [`LoadError::NeedsItself`] as
    /// [`load_async`](Self::load_async).
    ///
    /// ```
    /// # use std::pin::pin;
    /// # use std::task::{Context, Poll, Waker};
    /// use std::sync::Arc;
    /// use lagom_weakcache::{LoadError, WeakCache};
    ///
    /// let cache = WeakCache::<&str, u32>::new(10);
    /// # let future = async {
    /// let error = cache.load_shared_async("key", async { Err("it is broken") }).await.unwrap_err();
    /// assert_eq!(error, LoadError::Failed(Arc::new("it is broken")));
    /// # };
    /// # assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    /// ```
    pub fn load_shared_async<E: Send + Sync + 'static>(
        &self,
        key: K,
        make: impl Future<Output = Result<V, E>>,
    ) -> impl Future<Output = Result<Cached<V>, LoadError<K, Arc<E>>>> {
        self.fill_async::<_, Share, _, _>(key, make, |made| made.map_err(Arc::new), |filled, _| filled)
    }

    #[track_caller]
    fn fill_async<F: Future, P: OnError<E>, E, R>(
        &self,
        key: K,
        make: F,
        made: fn(F::Output) -> Result<V, E>,
        done: fn(Filled<K, V, E>, &'static Location<'static>) -> R,
    ) -> Fill<'_, K, V, F, P, E, R> {
        let (shard, hash) = self.at(&key);
        Fill {
            search: Some(Search::new(self.engine(), shard, hash, key)),
            state: State::New,
            make: Some(make),
            made,
            done,
            caller: Location::caller(),
            errors: PhantomData,
        }
    }
}

/// Fills an entry. No `async fn`, which would hold `make` several times over.
struct Fill<'a, K, V, F: Future, P, E, R> {
    /// Until the end.
    search: Option<Search<'a, K, V>>,
    state: State<'a, K, V>,
    /// Pinned with the whole, until it is ready or not needed.
    make: Option<F>,
    made: fn(F::Output) -> Result<V, E>,
    done: fn(Filled<K, V, E>, &'static Location<'static>) -> R,
    caller: &'static Location<'static>,
    errors: PhantomData<P>,
}

enum State<'a, K, V> {
    New,
    Looks,
    Waits(Cached<V>, Landing<Option<Failure>>),
    Leads(Lead<'a, K, V>),
    /// Also after a panic.
    Done,
}

impl<K: Eq, V, F: Future, P: OnError<E>, E, R> Fill<'_, K, V, F, P, E, R> {
    /// One step; the result if it was the last one.
    fn step(&mut self, context: &mut Context<'_>) -> Poll<Option<Filled<K, V, E>>> {
        // What is taken out ends with a panic.
        match (mem::replace(&mut self.state, State::Done), &mut self.search) {
            (State::New, Some(search)) => {
                if let Some(found) = search.first_look() {
                    return Poll::Ready(Some(Ok(found)));
                }
                self.state = State::Looks;
            }
            (State::Looks, Some(search)) => {
                self.state = match search.next(Party::task) {
                    Step::Found(found) => return Poll::Ready(Some(Ok(found))),
                    Step::Wait(found, flight) => State::Waits(found, Landing::of(flight)),
                    Step::Lead(own, leader) => {
                        let mut lead = search.lead(own, leader);
                        lead.note_start();
                        State::Leads(lead)
                    }
                };
            }
            (State::Waits(found, mut landing), Some(search)) => {
                let Poll::Ready(outcome) = Pin::new(&mut landing).poll(context) else {
                    self.state = State::Waits(found, landing);
                    return Poll::Pending;
                };
                drop(landing);
                let filled = search.waited::<P, E>(found, outcome);
                if filled.is_none() {
                    self.state = State::Looks;
                }
                return Poll::Ready(filled);
            }
            (State::Leads(mut lead), _) => {
                let inside = lead.leader.enter();
                let make = self.make.as_mut().expect("it is there until it is ready");
                // SAFETY: `poll` pins the whole, and `make` is never moved.
                let Poll::Ready(output) = unsafe { Pin::new_unchecked(make) }.poll(context) else {
                    self.state = State::Leads(lead);
                    return Poll::Pending;
                };
                self.make = None;
                drop(inside);
                let filled = lead.end::<P, E>((self.made)(output)).map_err(LoadError::Failed);
                return Poll::Ready(Some(filled));
            }
            _ => panic!("polled after its end"),
        }
        Poll::Ready(None)
    }
}

impl<K: Eq, V, F: Future, P: OnError<E>, E, R> Future for Fill<'_, K, V, F, P, E, R> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        // SAFETY: `make` is the only part that may need to be pinned; it is not moved from here on, only dropped in place.
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            if let Some(filled) = ready!(this.step(context)) {
                // Here, and not with the whole: the task may keep that.
                this.make = None;
                this.search = None;
                return Poll::Ready((this.done)(filled, this.caller));
            }
        }
    }
}

impl<K, V, F: Future, P, E, R> Drop for Fill<'_, K, V, F, P, E, R> {
    fn drop(&mut self) {
        if let State::Leads(lead) = &self.state {
            // Before others are told. If its drop asks for the key, it must not wait for itself.
            let _inside = lead.leader.enter();
            self.make = None;
        }
    }
}
