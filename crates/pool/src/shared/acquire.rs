//! Waiting for an object as a task.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use lagom_base::sync::Arc;

use crate::error::AcquireError;
use crate::shared::engine::{Engine, Turn};
use crate::shared::guard::{Pooled, PooledOwned};
use crate::shared::node::Out;
use crate::shared::pool::Pool;
use crate::shared::waiters::Ticket;

impl<T> Pool<T> {
    /// As [`acquire`](Self::acquire), but a task waits where a thread would be blocked. Needs no runtime.
    ///
    /// Ready at the first poll unless as many objects as [may live](crate::PoolBuilder::max_live) are in use; then the task
    /// has its place in the queue from its first poll on. Dropping the future gives the place up; if an object had been
    /// handed to it, that goes to the next one. (A future that is forgotten, `mem::forget`, while it waits keeps its
    /// place and swallows what is handed to it.) The factory runs inside a poll.
    ///
    /// # Errors
    ///
    /// After [`close`](Self::close), also when that comes while the task waits.
    ///
    /// # Panics
    ///
    /// The future: if the factory does, or when polled again after it was ready.
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
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::builder(String::new).max_live(2).build();
    /// # block_on(async {
    /// let mut text = pool.acquire_async().await?;
    /// text.push_str("hello");
    /// # Ok::<_, lagom_pool::AcquireError>(())
    /// # }).unwrap();
    /// assert_eq!(pool.len(), 1);
    /// ```
    #[track_caller]
    pub fn acquire_async(&self) -> Acquire<'_, T> {
        Acquire { pool: self, waiting: None, place: Location::caller(), done: false }
    }

    /// As [`acquire_async`](Self::acquire_async), with a future and a guard that borrow nothing and may outlive the pool.
    ///
    /// # Errors
    ///
    /// As [`acquire_async`](Self::acquire_async); also when the pool is dropped while the task waits.
    ///
    /// # Panics
    ///
    /// As [`acquire_async`](Self::acquire_async).
    ///
    /// ```
    /// use lagom_pool::{AcquireOwned, Pool};
    ///
    /// let pool = Pool::new(String::new);
    /// let future: AcquireOwned<String> = pool.acquire_owned_async(); // to be spawned
    /// # drop(future);
    /// ```
    #[track_caller]
    pub fn acquire_owned_async(&self) -> AcquireOwned<T> {
        AcquireOwned { engine: Arc::clone(self.engine()), waiting: None, place: Location::caller(), done: false }
    }
}

/// A task that acquires an object, from [`Pool::acquire_async`].
///
/// ```
/// use lagom_pool::{Acquire, Pool};
///
/// let pool = Pool::new(String::new);
/// let future: Acquire<'_, String> = pool.acquire_async();
/// # drop(future);
/// ```
#[must_use = "a future does nothing unless it is polled"]
pub struct Acquire<'a, T> {
    pool: &'a Pool<T>,
    waiting: Option<Waiting<T>>,
    place: &'static Location<'static>,
    done: bool,
}

/// A task that acquires an object and borrows nothing, from [`Pool::acquire_owned_async`].
///
/// ```
/// use lagom_pool::{AcquireOwned, Pool};
///
/// let pool = Pool::new(String::new);
/// let future: AcquireOwned<String> = pool.acquire_owned_async();
/// # drop(future);
/// ```
#[must_use = "a future does nothing unless it is polled"]
pub struct AcquireOwned<T> {
    engine: Arc<Engine<T>>,
    waiting: Option<Waiting<T>>,
    place: &'static Location<'static>,
    done: bool,
}

/// A place in the queue.
struct Waiting<T> {
    engine: Arc<Engine<T>>,
    ticket: Ticket,
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        Engine::leave(&self.engine, self.ticket);
    }
}

impl<T> Waiting<T> {
    fn poll<const OWNED: bool>(
        waiting: &mut Option<Self>,
        engine: &Arc<Engine<T>>,
        context: &Context<'_>,
    ) -> Poll<Result<Out<T, OWNED>, AcquireError>> {
        let done = match waiting {
            Some(place) => Engine::take_turn::<OWNED>(engine, place.ticket, context.waker()),
            None => match Engine::take_or_enqueue::<OWNED>(engine, context.waker()) {
                Turn::Done(done) => Some(done),
                Turn::Waits(ticket) => {
                    *waiting = Some(Self { engine: Arc::clone(engine), ticket });
                    None
                }
            },
        };
        // Only a closed pool refuses a task.
        done.map_or(Poll::Pending, |done| Poll::Ready(done.map_err(|_| AcquireError)))
    }
}

impl<'a, T> Future for Acquire<'a, T> {
    type Output = Result<Pooled<'a, T>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(!this.done, "polled after it was ready");
        // Also if the factory panics.
        this.done = true;
        let near = if this.waiting.is_none() { this.pool.take_near::<false>() } else { None };
        let out = match near {
            Some(out) => Ok(out),
            None => match Waiting::poll::<false>(&mut this.waiting, this.pool.engine(), context) {
                Poll::Ready(done) => done,
                Poll::Pending => {
                    this.done = false;
                    return Poll::Pending;
                }
            },
        };
        this.waiting = None;
        Poll::Ready(out.map(|out| Pooled::new(out.at(this.place))))
    }
}

impl<T> Future for AcquireOwned<T> {
    type Output = Result<PooledOwned<T>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(!this.done, "polled after it was ready");
        // Also if the factory panics.
        this.done = true;
        let near = if this.waiting.is_none() { this.engine.shards.take_near::<true>() } else { None };
        let out = match near {
            Some(out) => Ok(out),
            None => match Waiting::poll::<true>(&mut this.waiting, &this.engine, context) {
                Poll::Ready(done) => done,
                Poll::Pending => {
                    this.done = false;
                    return Poll::Pending;
                }
            },
        };
        this.waiting = None;
        Poll::Ready(out.map(|out| PooledOwned::new(out.at(this.place))))
    }
}

impl<T> fmt::Debug for Acquire<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("waits", &self.waiting.is_some()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for AcquireOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireOwned").field("waits", &self.waiting.is_some()).finish_non_exhaustive()
    }
}
