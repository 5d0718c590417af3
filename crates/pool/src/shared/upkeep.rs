//! What is done to a pool as a whole, and what a thread does that joins or leaves it.

use lagom_base::fence;
use lagom_base::sync::atomic::Ordering;
use lagom_base::sync::{Arc, Weak};
use lagom_base::thread_index::Exit;

use crate::shared::depot::{Depot, Inside, Origin};
use crate::shared::engine::Engine;
use crate::shared::magazine::Held;
use crate::shared::node::Object;
use crate::shared::outstanding::Outstanding;
use crate::shared::shards::at_exit;
use crate::shared::waiters::{Permit, Wake};
use crate::stats::Stats;

impl<T> Engine<T> {
    pub(crate) fn prewarm(this: &Arc<Self>, n: usize) {
        // Counted once, so that threads that take the objects away do not keep this one here for ever.
        let stats = this.stats();
        let missing = n.min(stats.max_idle).saturating_sub(stats.idle);
        for _ in 0..missing {
            let permit = {
                let mut depot = this.depot.lock();
                if depot.closed || depot.is_full() {
                    return;
                }
                Permit::new(this, &mut depot)
            };
            let value = this.factory.build();
            permit.used();
            let object = Self::count_new(this, value, Origin::Prewarm, false);
            let (surplus, wake) = {
                let mut depot = this.depot.lock();
                if depot.room() == 0 && depot.lent() > 0 {
                    this.collect(&mut depot);
                }
                match this.place(&mut depot, false, object) {
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
            if surplus.is_some() {
                return;
            }
        }
    }

    pub(crate) fn trim(&self, keep: usize) {
        let surplus = {
            let mut depot = self.depot.lock();
            self.collect(&mut depot);
            let keep = if depot.closed { 0 } else { keep };
            let surplus = depot.trim(keep);
            depot.idle.shrink_to_fit();
            surplus
        };
        drop(surplus);
    }

    /// Ends the pool: what is idle is dropped, what comes back later too, and nobody gets an object any more.
    ///
    /// What is given unseen at this very moment is waited for: if it is the last that is out, nobody may come after this
    /// one who would find it. If it takes longer, it lies there until somebody comes.
    pub(crate) fn close(&self) {
        let (mut idle, wakes, unseen) = {
            let mut depot = self.depot.lock();
            depot.closed = true;
            self.closed.store(true, Ordering::Relaxed);
            self.collect(&mut depot);
            (depot.trim(0), depot.waiters.dismiss(), depot.awaits_unseen())
        };
        Wake::wake_all(wakes);
        if unseen {
            fence::settle();
            let late = self.late(&mut self.depot.lock());
            idle.extend(late);
        }
        drop(idle);
    }

    /// What was given unseen while the pool was closed: whoever comes later looks for it. To be dropped without the lock.
    pub(super) fn late(&self, depot: &mut Depot<T>) -> Vec<Object<T>> {
        if !depot.closed {
            return Vec::new();
        }
        self.collect(depot);
        depot.trim(0)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.depot.lock().closed
    }

    /// Brings every idle object into the depot, and takes back every place that is lent, or, where objects may be given
    /// unseen, those of the objects and the caller's own.
    pub(super) fn collect(&self, depot: &mut Depot<T>) {
        if depot.lent() > 0 {
            // The allocator is code of others: it must not run inside a magazine.
            depot.reserve(self.shards.len());
            self.look_into(depot, Depot::store_all);
        }
    }

    pub(super) fn look_into(&self, depot: &mut Depot<T>, mut f: impl FnMut(&mut Depot<T>, &mut Held<'_, T>)) {
        let mut hits = 0;
        self.shards.hold_all(depot, |depot, held| {
            hits += held.taken();
            f(depot, held);
        });
        depot.looked(hits);
    }

    /// When the calling thread's round has ended, or the depot's: what nobody needed leaves, and magazines give up
    /// their colder halves, so that what nobody needs there comes to light.
    pub(super) fn end_round(&self, depot: &mut Depot<T>) -> Option<Vec<Object<T>>> {
        let own_ended = self.shards.hold_own(depot, |_, held| held.end_round()) == Some(true);
        if !depot.end_round() && !own_ended {
            return None;
        }
        let stale = depot.decay();
        depot.reserve(self.shards.len());
        self.shards.hold_all(depot, Depot::store_colder_half);
        Some(stale)
    }

    /// Of one instant: all threads are kept out of their magazines meanwhile.
    fn look<R>(&self, f: impl FnOnce(&mut Depot<T>, &Inside) -> R) -> R {
        let (result, late) = {
            let mut depot = self.depot.lock();
            let late = self.late(&mut depot);
            let mut inside = Inside::default();
            self.shards.hold_all(&mut depot, |_, held| {
                inside.idle += held.len();
                inside.taken += held.taken();
                inside.owned_out += held.owned_out();
            });
            (f(&mut depot, &inside), late)
        };
        drop(late);
        result
    }

    pub(crate) fn stats(&self) -> Stats {
        self.look(|depot, inside| depot.stats(inside))
    }

    pub(crate) fn outstanding(&self) -> Outstanding {
        self.look(|depot, inside| Outstanding { in_use: depot.in_use(inside), places: depot.register.places() })
    }

    /// No borrowed guard is left: what is out without an owned guard is leaked for sure, and another may be made for it.
    ///
    /// The same goes for tasks: one that borrows the pool and still waits was forgotten.
    pub(crate) fn write_off(this: &Arc<Self>) -> usize {
        let (leaked, wakes, (forgotten, swallowed)) = this.look(|depot, inside| {
            let leaked = depot.write_off(inside);
            let left = depot.waiters.leave_borrowed();
            left.1.iter().for_each(|grant| depot.count_claimed(grant));
            (leaked, std::iter::from_fn(|| Self::pass_on(this, depot)).collect::<Vec<_>>(), left)
        });
        Wake::wake_all(wakes);
        swallowed.into_iter().for_each(Self::return_grant);
        drop(forgotten);
        leaked
    }

    pub(super) fn owns_a_magazine(&self, depot: &mut Depot<T>) -> bool {
        self.shards.hold_own(depot, |_, held| held.is_owned()) == Some(true)
    }

    /// Makes sure that the calling thread has a magazine and gives its objects back when it ends.
    ///
    /// False when it cannot have one, because it is ending.
    pub(super) fn own_a_magazine(this: &Arc<Self>) -> bool {
        // Starts a thread the first time: not under the lock.
        fence::prepare();
        let was_owned = {
            let mut depot = this.depot.lock();
            match this.shards.hold_own(&mut depot, |_, held| held.own()) {
                None if this.shards.make_own(&mut depot, this.hooks.is_empty()) => {
                    this.shards.hold_own(&mut depot, |_, held| held.own())
                }
                was_owned => was_owned,
            }
        };
        match was_owned {
            Some(false) if !at_exit(Box::new(Leave(Weak::new(this)))) => {
                this.shards.hold_own(&mut this.depot.lock(), |_, held| held.disown());
                false
            }
            Some(_) => true,
            None => false,
        }
    }
}

/// What is to be done when a thread ends that has a magazine.
struct Leave<T>(Weak<Engine<T>>);

impl<T> Exit for Leave<T> {
    /// Objects and places go back. Looks at no object: their type may have outlived its borrows, see [`at_exit`].
    fn exit(&self, _: u32) {
        if let Some(engine) = self.0.upgrade() {
            let mut depot = engine.depot.lock();
            depot.reserve(1);
            engine.shards.hold_own(&mut depot, |depot, held| {
                depot.store_all(held);
                held.disown();
            });
        }
    }

    fn is_obsolete(&self) -> bool {
        self.0.is_dangling()
    }
}
