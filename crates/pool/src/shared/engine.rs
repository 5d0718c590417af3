//! What a pool and its guards share, and the rules of going out and coming back where a thread's own magazine does not do.
//!
//! No code of a user runs under the lock or inside a magazine: not the factory, not the hooks, not `T::drop`, no waker.
//! What drops an object takes the lock, so that nothing is dropped while it is held.

use std::mem;
use std::panic::RefUnwindSafe;
use std::time::Instant;

use lagom_base::sync::atomic::{AtomicBool, Ordering};
use lagom_base::sync::{Arc, Condvar, Mutex};

use crate::shared::builder::{Factory, Hooks, PoolBuilder};
use crate::shared::depot::{Depot, Origin};
use crate::shared::magazine::CAPACITY;
use crate::shared::node::{Home, Object, Out};
use crate::shared::shards::Shards;
use crate::shared::waiters::{Grant, Permit, Ticket, Wake};

pub(crate) struct Engine<T> {
    pub(crate) shards: Shards<T>,
    pub(super) hooks: Hooks<T>,
    pub(crate) max_idle: usize,
    /// As in the depot; read without its lock only to spare the hooks.
    pub(super) closed: AtomicBool,
    pub(super) factory: Factory<T>,
    pub(super) depot: Alone<Mutex<Depot<T>>>,
}

/// On cache lines of its own: who gives reads what lies beside it.
#[repr(align(128))]
pub(super) struct Alone<T>(T);

impl<T> std::ops::Deref for Alone<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Why there is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Exhausted,
    Closed,
}

/// A panic in a hook discards the object, and no hook runs under the lock: an engine is never seen half changed.
impl<T> RefUnwindSafe for Engine<T> {}

// Going out.
impl<T> Engine<T> {
    pub(crate) fn new(builder: PoolBuilder<T>) -> Self {
        let PoolBuilder { factory, reset, retain_if, max_idle, max_live } = builder;
        let hooks = Hooks::new(reset, retain_if);
        let closed = AtomicBool::new(false);
        // Who waits must not miss what comes back; and of one place half stays in the depot: none is left to give to.
        let unseen = max_live == usize::MAX && max_idle > 1;
        Self {
            shards: Shards::new(unseen),
            hooks,
            max_idle,
            closed,
            factory,
            depot: Alone(Mutex::new(Depot::new(max_idle, max_live, unseen))),
        }
    }

    /// An idle object, or a new one; does not wait.
    #[cold]
    pub(crate) fn take<const OWNED: bool>(this: &Arc<Self>) -> Result<Out<T, OWNED>, Refusal> {
        match this.shards.take_far::<OWNED>() {
            Some(object) => Ok(Out::from_home(object)),
            None => Self::take_behind_the_lock(this),
        }
    }

    #[cold]
    fn take_behind_the_lock<const OWNED: bool>(this: &Arc<Self>) -> Result<Out<T, OWNED>, Refusal> {
        let (grant, stale, homeless) = {
            let mut depot = this.depot.lock();
            let stale = this.end_round(&mut depot);
            // What the end of a round brought to light is not to be hidden again.
            let grant = Self::next(this, &mut depot, OWNED, stale.is_none());
            // More than one object that others do not keep: enough for this thread to keep some.
            let homeless = !depot.idle.is_empty() && !this.owns_a_magazine(&mut depot);
            (grant, stale, homeless)
        };
        if homeless {
            Self::own_a_magazine(this);
        }
        let out = Self::redeem(this, grant?);
        // Should that panic, the object goes back.
        drop(stale);
        Ok(out)
    }

    /// As [`take`](Self::take), but waits until `deadline`, or without end, while the pool is exhausted.
    #[cold]
    pub(crate) fn take_or_wait<const OWNED: bool>(
        this: &Arc<Self>,
        deadline: Option<Instant>,
    ) -> Result<Out<T, OWNED>, Refusal> {
        match Self::take::<OWNED>(this) {
            Err(Refusal::Exhausted) => Self::wait(this, deadline),
            done => done,
        }
    }

    #[cold]
    fn wait<const OWNED: bool>(this: &Arc<Self>, deadline: Option<Instant>) -> Result<Out<T, OWNED>, Refusal> {
        let arrival = Arc::new(Condvar::new());
        let grant = {
            let mut depot = this.depot.lock();
            match Self::next_or_enqueue(this, &mut depot, OWNED, &mut Some(Wake::Thread(Arc::clone(&arrival)))) {
                Ok(grant) => grant,
                Err(ticket) => loop {
                    if let Some(done) = Self::claim(&mut depot, ticket, OWNED) {
                        break done;
                    }
                    match deadline {
                        None => arrival.wait(&mut depot),
                        Some(deadline) if Instant::now() < deadline => {
                            arrival.wait_until(&mut depot, deadline);
                        }
                        Some(_) => {
                            depot.waiters.leave(ticket);
                            break Err(Refusal::Exhausted);
                        }
                    }
                },
            }
        };
        Ok(Self::redeem(this, grant?))
    }

    /// An idle object, or the permission to make one. `refill` says whether more may go to the thread's magazine.
    fn next(this: &Arc<Self>, depot: &mut Depot<T>, owned: bool, refill: bool) -> Result<Grant<T>, Refusal> {
        if depot.closed {
            return Err(Refusal::Closed);
        }
        if depot.waiters.is_empty() {
            let own = this.shards.hold_own(depot, Depot::take_own).flatten();
            if own.is_none() && depot.idle.is_empty() && depot.lent() > 0 && (depot.is_full() || depot.may_look()) {
                this.collect(depot);
            }
            if let Some(object) = own.or_else(|| depot.take()) {
                depot.count_reused(owned);
                if refill {
                    this.shards.hold_own(depot, |depot, held| depot.refill(held));
                }
                return Ok(Grant::Object(object));
            }
            if !depot.is_full() {
                return Ok(Grant::Permit(Permit::new(this, depot)));
            }
        }
        Err(Refusal::Exhausted)
    }

    /// As [`next`](Self::next), or a place in the queue. Takes `wake` if it is needed; to drop it is code of others.
    fn next_or_enqueue(
        this: &Arc<Self>,
        depot: &mut Depot<T>,
        owned: bool,
        wake: &mut Option<Wake>,
    ) -> Result<Result<Grant<T>, Refusal>, Ticket> {
        let next = Self::next(this, depot, owned, true);
        if next.as_ref().is_err_and(|refusal| *refusal == Refusal::Exhausted)
            && let Some(wake) = wake.take()
        {
            // Nothing is lent now, and nothing will be while somebody waits: what comes back comes to the depot.
            return Err(depot.waiters.enqueue(wake, owned));
        }
        Ok(next)
    }

    /// What a waiter was given; `None` while it has to wait.
    fn claim(depot: &mut Depot<T>, ticket: Ticket, owned: bool) -> Option<Result<Grant<T>, Refusal>> {
        match depot.waiters.claim(ticket) {
            Some(grant) => {
                if let Grant::Object(_) = grant {
                    depot.count_reused(owned);
                }
                Some(Ok(grant))
            }
            None if depot.closed => Some(Err(Refusal::Closed)),
            None => None,
        }
    }

    /// The object that was granted.
    fn redeem<const OWNED: bool>(this: &Arc<Self>, grant: Grant<T>) -> Out<T, OWNED> {
        Out::from_home(match grant {
            Grant::Object(object) => object,
            Grant::Permit(permit) => Self::make(this, permit, OWNED),
        })
    }

    /// A function of its own, so that only who makes an object needs stack for it.
    #[inline(never)]
    fn make(this: &Arc<Self>, permit: Permit<T>, owned: bool) -> Object<T> {
        let value = this.factory.build();
        permit.used();
        Self::count_new(this, value, Origin::Factory, owned)
    }

    pub(super) fn count_new(this: &Arc<Self>, value: T, origin: Origin, owned: bool) -> Object<T> {
        let whereabouts = {
            let mut depot = this.depot.lock();
            depot.count_new(origin, owned);
            depot.register.add()
        };
        Object::new(value, Arc::clone(this), whereabouts)
    }

    /// An object of the caller goes out as if it came from here.
    pub(crate) fn adopt(this: &Arc<Self>, value: T, owned: bool) -> Object<T> {
        Self::count_new(this, value, Origin::Attach, owned)
    }
}

/// A waiting task.
#[cfg(feature = "async")]
pub(crate) enum Turn<T, const OWNED: bool> {
    Done(Result<Out<T, OWNED>, Refusal>),
    Waits(Ticket),
}

#[cfg(feature = "async")]
impl<T> Engine<T> {
    /// As [`take`](Self::take), or enqueues the task.
    pub(crate) fn take_or_enqueue<const OWNED: bool>(this: &Arc<Self>, waker: &std::task::Waker) -> Turn<T, OWNED> {
        match Self::take::<OWNED>(this) {
            Err(Refusal::Exhausted) => {}
            done => return Turn::Done(done),
        }
        let mut wake = Some(Wake::Task(waker.clone()));
        let next = {
            let mut depot = this.depot.lock();
            Self::next_or_enqueue(this, &mut depot, OWNED, &mut wake)
        };
        match next {
            Ok(grant) => Turn::Done(grant.map(|grant| Self::redeem(this, grant))),
            Err(ticket) => Turn::Waits(ticket),
        }
    }

    /// Whether the task's turn has come; if not, `waker` is woken from now on.
    pub(crate) fn take_turn<const OWNED: bool>(
        this: &Arc<Self>,
        ticket: Ticket,
        waker: &std::task::Waker,
    ) -> Option<Result<Out<T, OWNED>, Refusal>> {
        let wake = Wake::Task(waker.clone());
        let (done, old) = {
            let mut depot = this.depot.lock();
            match Self::claim(&mut depot, ticket, OWNED) {
                Some(done) => (Some(done), Some(wake)),
                None => (None, depot.waiters.rewake(ticket, wake)),
            }
        };
        let done = done.map(|grant| grant.map(|grant| Self::redeem(this, grant)));
        // Should that panic, the object goes back.
        drop(old);
        done
    }

    /// The task gives up; what it had been given goes to the next one.
    pub(crate) fn leave(this: &Arc<Self>, ticket: Ticket) {
        let (wake, grant) = {
            let mut depot = this.depot.lock();
            let (wake, grant) = depot.waiters.leave(ticket);
            if let Some(grant) = &grant {
                depot.count_claimed(grant);
            }
            (wake, grant)
        };
        drop(wake);
        if let Some(grant) = grant {
            Self::return_grant(grant);
        }
    }
}

// Coming back.
impl<T> Engine<T> {
    /// An object comes back that could not go straight to its thread's magazine: made fit and kept, or dropped.
    #[inline(never)]
    pub(crate) fn give_back<const OWNED: bool>(mut object: Object<T>) {
        let (value, home) = object.value_and_home();
        let hooks = &home.engine.hooks;
        if !hooks.is_empty() {
            // What comes back by a panic may be half written, and a second panic would abort the process.
            if std::thread::panicking() || home.engine.closed.load(Ordering::Relaxed) {
                return Self::discard::<OWNED>(object);
            }
            let panicking_hook = Discarded::<T, OWNED>(home);
            let fit = hooks.make_fit(value);
            mem::forget(panicking_hook);
            if !fit {
                return Self::discard::<OWNED>(object);
            }
        }
        if let Err(object) = Shards::give_near::<OWNED>(object) {
            Self::give_elsewhere::<OWNED>(object);
        }
    }

    /// What was handed to a waiter that gave up goes on. To be counted as claimed before.
    pub(super) fn return_grant(grant: Grant<T>) {
        match grant {
            // As an owned guard that comes back: between the locks it is out.
            Grant::Object(object) => Self::shelve::<true>(object),
            // Its end passes it on.
            Grant::Permit(permit) => drop(permit),
        }
    }

    /// An object leaves the pool with its value; no hook runs.
    pub(crate) fn detach<const OWNED: bool>(object: Object<T>) -> T {
        {
            let mut depot = object.home().depot.lock();
            depot.count_detached(OWNED);
            object.set_leaves();
        }
        object.into_value()
    }

    #[cold]
    fn discard<const OWNED: bool>(mut object: Object<T>) {
        let (_, home) = object.value_and_home();
        drop(Discarded::<T, OWNED>(home));
        drop(object);
    }

    #[cold]
    fn give_elsewhere<const OWNED: bool>(object: Object<T>) {
        let object = match Shards::give_far::<OWNED>(object) {
            Ok(()) => return,
            Err(object) => object,
        };
        Self::shelve::<OWNED>(object);
    }

    /// An object that nobody has goes to a waiter, into a magazine, into the depot, or is dropped.
    #[cold]
    fn shelve<const OWNED: bool>(object: Object<T>) {
        let this = Arc::clone(object.home());
        let (surplus, wake) = {
            let mut depot = this.depot.lock();
            let mut own = this.owns_a_magazine(&mut depot);
            if !own && !depot.closed {
                drop(depot);
                own = Self::own_a_magazine(&this);
                depot = this.depot.lock();
            }
            if OWNED {
                depot.count_owned_back();
            }
            match this.place(&mut depot, own, object) {
                Ok(wake) => (None, wake),
                Err(object) => {
                    depot.count_discarded();
                    object.set_leaves();
                    (Some(object), None)
                }
            }
        };
        if let Some(wake) = wake {
            wake.wake();
        }
        drop(surplus);
    }

    pub(super) fn place(&self, depot: &mut Depot<T>, own: bool, object: Object<T>) -> Result<Option<Wake>, Object<T>> {
        if depot.closed {
            return Err(object);
        }
        let object = match depot.waiters.serve(Grant::Object(object)) {
            Ok(wake) => return Ok(Some(wake)),
            Err(Grant::Object(object)) => object,
            Err(Grant::Permit(_)) => unreachable!("an object was to be handed over"),
        };
        let object = match self.keep(depot, own, object) {
            Ok(()) => return Ok(None),
            Err(object) => object,
        };
        if depot.lent() == 0 || !depot.may_look() {
            return Err(object);
        }
        // Places are lent to magazines that do not use them.
        self.look_into(depot, Depot::take_back);
        depot.looked_for_room();
        self.keep(depot, own, object).map(|()| None)
    }

    /// Finds a place, if there is one.
    fn keep(&self, depot: &mut Depot<T>, own: bool, object: Object<T>) -> Result<(), Object<T>> {
        // The allocator is code of others: it must not run inside a magazine.
        depot.reserve(1);
        let mut homeless = Some(object);
        if own {
            self.shards.hold_own(depot, |depot, held| {
                if held.len() == CAPACITY || held.len() == held.lent() && depot.withholds() {
                    depot.store_colder_half(held);
                }
                if held.len() == held.lent() {
                    depot.lend_more(held);
                }
                if held.len() < held.lent()
                    && let Some(object) = homeless.take()
                {
                    held.stock(object);
                }
            });
        }
        let Some(object) = homeless else {
            return Ok(());
        };
        if depot.room() == 0 {
            return Err(object);
        }
        depot.idle.push(object);
        Ok(())
    }

    /// An object is gone, or is no longer the pool's: another one may be made.
    pub(crate) fn count_gone(this: &Arc<Self>, left: bool) {
        let (wake, late) = {
            let mut depot = this.depot.lock();
            depot.count_gone(left);
            // A second panic would abort the process: what is left is for the next one.
            let late = if std::thread::panicking() { Vec::new() } else { this.late(&mut depot) };
            (Self::pass_on(this, &mut depot), late)
        };
        if let Some(wake) = wake {
            wake.wake();
        }
        drop(late);
    }

    /// If an object may be made, whoever has waited longest may make it.
    pub(super) fn pass_on(this: &Arc<Self>, depot: &mut Depot<T>) -> Option<Wake> {
        if depot.waiters.is_empty() || depot.is_full() {
            return None;
        }
        let permit = Permit::new(this, depot);
        depot.waiters.serve(Grant::Permit(permit)).ok()
    }
}

/// Counts an object that is not kept, also when that is because a hook panicked.
struct Discarded<'a, T, const OWNED: bool>(&'a Home<T>);

impl<T, const OWNED: bool> Drop for Discarded<'_, T, OWNED> {
    fn drop(&mut self) {
        let mut depot = self.0.engine.depot.lock();
        depot.count_discarded();
        self.0.set_leaves();
        if OWNED {
            depot.count_owned_back();
        }
    }
}
