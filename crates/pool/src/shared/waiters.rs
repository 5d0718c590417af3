//! Who waits for an object, first come, first served: threads and tasks in one queue.
//!
//! All of it lies behind the pool's lock. What is handed over waits here for its waiter, so that a waiter that gives up
//! finds it and passes it on.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use lagom_base::sync::{Arc, Condvar};

use crate::shared::depot::Depot;
use crate::shared::engine::Engine;
use crate::shared::node::Object;

/// How a waiter is told. To be called, and dropped, without a lock: a waker is code of others.
pub(crate) enum Wake {
    Thread(Arc<Condvar>),
    #[cfg(feature = "async")]
    Task(std::task::Waker),
}

impl Wake {
    pub(crate) fn wake(self) {
        match self {
            Self::Thread(condvar) => {
                condvar.notify_one();
            }
            #[cfg(feature = "async")]
            Self::Task(waker) => waker.wake(),
        }
    }
}

impl Wake {
    /// Wakes everyone, also when a waker panics; then goes on with the first of these panics.
    pub(crate) fn wake_all(wakes: Vec<Self>) {
        let mut panic = None;
        for wake in wakes {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| wake.wake())) {
                panic.get_or_insert(payload);
            }
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }
}

/// What a waiter gets. To be dropped without a lock.
pub(crate) enum Grant<T> {
    Object(Object<T>),
    /// The factory may make one.
    Permit(Permit<T>),
}

/// The place of a waiter in the order of their coming.
pub(crate) type Ticket = u64;

struct Waiter {
    wake: Wake,
    /// Whether it may outlive the pool.
    owned: bool,
}

struct Served<T> {
    grant: Grant<T>,
    owned: bool,
}

pub(crate) struct Waiters<T> {
    next: Ticket,
    waiting: BTreeMap<Ticket, Waiter>,
    served: BTreeMap<Ticket, Served<T>>,
}

impl<T> Waiters<T> {
    pub(crate) const fn new() -> Self {
        Self { next: 0, waiting: BTreeMap::new(), served: BTreeMap::new() }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Objects that lie here.
    pub(crate) fn objects(&self) -> usize {
        self.served.values().filter(|served| matches!(served.grant, Grant::Object(_))).count()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn enqueue(&mut self, wake: Wake, owned: bool) -> Ticket {
        let ticket = self.next;
        self.next += 1;
        self.waiting.insert(ticket, Waiter { wake, owned });
        ticket
    }

    /// Hands `grant` to the one that has waited longest, who is then to be woken; gives it back if nobody waits.
    pub(crate) fn serve(&mut self, grant: Grant<T>) -> Result<Wake, Grant<T>> {
        let Some((ticket, Waiter { wake, owned })) = self.waiting.pop_first() else {
            return Err(grant);
        };
        self.served.insert(ticket, Served { grant, owned });
        Ok(wake)
    }

    /// What was handed over.
    pub(crate) fn claim(&mut self, ticket: Ticket) -> Option<Grant<T>> {
        self.served.remove(&ticket).map(|served| served.grant)
    }

    /// Has another waker woken from now on; gives back the one that no longer is.
    #[cfg(feature = "async")]
    pub(crate) fn rewake(&mut self, ticket: Ticket, wake: Wake) -> Option<Wake> {
        match self.waiting.get_mut(&ticket) {
            Some(place) => Some(std::mem::replace(&mut place.wake, wake)),
            None => Some(wake),
        }
    }

    /// A waiter gives up. What had been handed over is to be passed on.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> (Option<Wake>, Option<Grant<T>>) {
        (self.waiting.remove(&ticket).map(|waiter| waiter.wake), self.claim(ticket))
    }

    /// No waiter that borrows the pool is left: those that are still here were forgotten. What had been handed to them
    /// is to be passed on, and nobody is to be woken.
    pub(crate) fn leave_borrowed(&mut self) -> (Vec<Wake>, Vec<Grant<T>>) {
        let (owned, forgotten): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, waiter)| waiter.owned);
        self.waiting = owned;
        let (owned, swallowed): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.served).into_iter().partition(|(_, served)| served.owned);
        self.served = owned;
        let wakes = forgotten.into_values().map(|waiter| waiter.wake).collect();
        (wakes, swallowed.into_values().map(|served| served.grant).collect())
    }

    /// Nobody waits any more; those who did are to be woken.
    pub(crate) fn dismiss(&mut self) -> Vec<Wake> {
        std::mem::take(&mut self.waiting).into_values().map(|waiter| waiter.wake).collect()
    }
}

/// The permission to make one object. When it ends without one, the next waiter has it. To be dropped without a lock.
pub(crate) struct Permit<T> {
    engine: Arc<Engine<T>>,
    used: bool,
}

impl<T> Permit<T> {
    pub(super) fn new(engine: &Arc<Engine<T>>, depot: &mut Depot<T>) -> Self {
        depot.count_permit();
        Self { engine: Arc::clone(engine), used: false }
    }

    /// The object is there: who counts it gives the permit up.
    pub(super) fn used(mut self) {
        self.used = true;
    }
}

impl<T> Drop for Permit<T> {
    fn drop(&mut self) {
        if self.used {
            return;
        }
        let wake = {
            let mut depot = self.engine.depot.lock();
            depot.count_permit_back();
            Engine::pass_on(&self.engine, &mut depot)
        };
        if let Some(wake) = wake {
            wake.wake();
        }
    }
}
