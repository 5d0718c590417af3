//! What a pool and its guards share: a magazine of idle objects per thread, the depot behind one lock, and the rules of
//! going out and coming back.
//!
//! The pool's bound lends places: the limits of all magazines and the objects in the depot never add up to more than
//! `max_idle`. No code of a user runs under the lock or inside a magazine: not the factory, not the hooks, not `T::drop`.

use std::mem;
use std::panic::RefUnwindSafe;

use lagom_base::sync::atomic::{AtomicBool, Ordering};
use lagom_base::sync::{Arc, Mutex, Weak};
use lagom_base::thread_index::Exit;

use crate::builder::{Factory, PoolBuilder, Reset, RetainIf};
use crate::magazine::{CAPACITY, Magazine};
use crate::node::Node;
use crate::shards::{Shards, at_exit};
use crate::stats::Stats;

/// Objects that go between a magazine and the depot at once.
const HALF: usize = CAPACITY / 2;
/// After a look into the other magazines that found nothing, so many operations do without one.
const PATIENCE: u32 = 64;

pub(crate) struct Engine<T> {
    factory: Factory<T>,
    reset: Option<Reset<T>>,
    retain_if: Option<RetainIf<T>>,
    max_idle: usize,
    /// Whether an object that comes back needs a look: because there are hooks, or because the pool is gone.
    choosy: AtomicBool,
    /// Set once, under the lock of `depot`, when the pool is dropped. Read without it only to spare the hooks.
    gone: AtomicBool,
    pub(crate) shards: Shards<T>,
    depot: Mutex<Depot<T>>,
}

/// The idle objects that no thread keeps, and the counts that are not counted in magazines.
pub(crate) struct Depot<T> {
    /// The last one is the warmest.
    idle: Vec<Box<Node<T>>>,
    /// The limits of all magazines.
    lent: usize,
    /// Operations until the other magazines are worth another look.
    patience: u32,
    /// Objects that went out, less those that came back, not through a magazine.
    out: i64,
    created: u64,
    reused: u64,
    prewarmed: u64,
    discarded: u64,
}

/// A panic in a hook discards the object, and no hook runs under the lock: an engine is never seen half changed.
impl<T> RefUnwindSafe for Engine<T> {}

impl<T> Engine<T> {
    pub(crate) fn new(builder: PoolBuilder<T>) -> Self {
        let PoolBuilder { factory, reset, retain_if, max_idle } = builder;
        let depot =
            Depot { idle: Vec::new(), lent: 0, patience: 0, out: 0, created: 0, reused: 0, prewarmed: 0, discarded: 0 };
        let choosy = AtomicBool::new(reset.is_some() || retain_if.is_some());
        let gone = AtomicBool::new(false);
        Self { factory, reset, retain_if, max_idle, choosy, gone, shards: Shards::new(), depot: Mutex::new(depot) }
    }

    /// The object that came back last to this thread, or another idle one, or a new one.
    #[inline]
    pub(crate) fn take(this: &Arc<Self>) -> Box<Node<T>> {
        let own = this.shards.own(|magazine| magazine.take());
        match own {
            Some(Some(node)) => node,
            _ => Self::take_elsewhere(this),
        }
    }

    #[cold]
    fn take_elsewhere(this: &Arc<Self>) -> Box<Node<T>> {
        let (node, more) = {
            let mut depot = this.depot.lock();
            if depot.idle.is_empty() && depot.lent > 0 && depot.may_look() {
                this.collect(&mut depot);
            }
            let node = depot.take();
            // More than one object that others do not keep: enough for this thread to keep some.
            this.shards.own(|magazine| depot.refill(magazine));
            (node, !depot.idle.is_empty())
        };
        if more {
            Self::own_a_magazine(this);
        }
        node.unwrap_or_else(|| {
            let node = Self::build(this);
            this.depot.lock().count_created();
            node
        })
    }

    /// An object of the caller goes out as if it came from here.
    pub(crate) fn adopt(this: &Arc<Self>, value: T) -> Box<Node<T>> {
        let node = Self::node(this, value);
        this.depot.lock().out += 1;
        node
    }

    /// An object that was out leaves for good.
    pub(crate) fn count_detached(&self) {
        self.depot.lock().out -= 1;
    }

    /// An object comes back: reset and kept, or dropped.
    #[inline]
    pub(crate) fn give_back(mut node: Box<Node<T>>) {
        if Self::make_fit(&mut node) {
            if let Err(node) = Shards::give_own(node) {
                Self::give_elsewhere(node);
            }
        } else {
            Self::discard(node);
        }
    }

    #[cold]
    #[expect(clippy::boxed_local, reason = "the object is dropped here, off the way of a hit")]
    fn discard(node: Box<Node<T>>) {
        node.home.depot.lock().count_discarded();
    }

    #[cold]
    fn give_elsewhere(node: Box<Node<T>>) {
        let engine = Arc::clone(&node.home);
        let own = Self::own_a_magazine(&engine);
        let surplus = {
            let mut depot = engine.depot.lock();
            engine.give(&mut depot, own, node).inspect_err(|_| depot.count_discarded())
        };
        drop(surplus);
    }

    /// Finds a place for an object that comes back.
    fn give(&self, depot: &mut Depot<T>, own: bool, node: Box<Node<T>>) -> Result<(), Box<Node<T>>> {
        if self.gone.load(Ordering::Relaxed) {
            return Err(node);
        }
        let node = match self.try_give(depot, own, node) {
            Err(node) if depot.lent > 0 && depot.may_look() => node,
            done => return done,
        };
        // Places are lent to magazines that do not use them.
        self.shards.all(depot, |depot, magazine| depot.lend(magazine, magazine.len()));
        depot.looked(2 * depot.room(self.max_idle), self.shards.len());
        self.try_give(depot, own, node)
    }

    fn try_give(&self, depot: &mut Depot<T>, own: bool, mut node: Box<Node<T>>) -> Result<(), Box<Node<T>>> {
        // The allocator is code of others: it must not run inside a magazine.
        depot.idle.reserve(CAPACITY);
        if own {
            let max_idle = self.max_idle;
            let mut homeless = Some(node);
            self.shards.own(|magazine| {
                if magazine.len() == CAPACITY {
                    depot.store_half(magazine);
                }
                if magazine.len() == magazine.limit() {
                    // Twice what it had: a thread that uses one object takes no places from others.
                    let more = depot.room(max_idle).div_ceil(2).min(magazine.limit().clamp(1, HALF));
                    depot.lend(magazine, (magazine.limit() + more).min(CAPACITY));
                    if more > 0 {
                        // There is something new to find for others.
                        depot.patience = 0;
                    }
                }
                homeless = homeless.take().and_then(|node| magazine.give(node).err());
            });
            match homeless {
                Some(back) => node = back,
                None => return Ok(()),
            }
        }
        if depot.room(self.max_idle) == 0 {
            return Err(node);
        }
        depot.out -= 1;
        depot.idle.push(node);
        Ok(())
    }

    pub(crate) fn prewarm(this: &Arc<Self>, n: usize) {
        // Counted once, so that threads that take the objects away do not keep this one here for ever.
        let missing = n.min(this.max_idle).saturating_sub(this.len());
        for _ in 0..missing {
            let node = Self::build(this);
            let surplus = {
                let mut depot = this.depot.lock();
                if depot.room(this.max_idle) == 0 {
                    this.collect(&mut depot);
                }
                let keep = !this.gone.load(Ordering::Relaxed) && depot.room(this.max_idle) > 0;
                depot.stock(node, keep)
            };
            if surplus.is_some() {
                return;
            }
        }
    }

    pub(crate) fn trim(&self, keep: usize) {
        let surplus = {
            let mut depot = self.depot.lock();
            self.collect(&mut depot);
            depot.trim(keep)
        };
        drop(surplus);
    }

    /// Ends the pool: what is idle is dropped, what comes back later too.
    pub(crate) fn close(&self) {
        let idle = {
            let mut depot = self.depot.lock();
            self.gone.store(true, Ordering::Relaxed);
            self.choosy.store(true, Ordering::Relaxed);
            self.collect(&mut depot);
            mem::take(&mut depot.idle)
        };
        drop(idle);
    }

    /// Brings every idle object into the depot, and takes back every place that is lent.
    fn collect(&self, depot: &mut Depot<T>) {
        let before = depot.idle.len();
        if depot.lent > 0 {
            // The allocator is code of others: it must not run inside a magazine.
            depot.idle.reserve(depot.lent.min(CAPACITY * self.shards.len()));
            self.shards.all(depot, Depot::store_all);
        }
        depot.looked(2 * (depot.idle.len() - before), self.shards.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.stats().idle
    }

    pub(crate) fn max_idle(&self) -> usize {
        self.max_idle
    }

    /// Of one instant: all threads are kept out of their magazines meanwhile.
    pub(crate) fn stats(&self) -> Stats {
        let mut depot = self.depot.lock();
        let (mut idle, mut out, mut reused) = (depot.idle.len(), depot.out, depot.reused);
        self.shards.all(&mut depot, |_, magazine| {
            idle += magazine.len();
            out += magazine.out();
            reused += magazine.taken();
        });
        Stats {
            created: depot.created,
            reused,
            prewarmed: depot.prewarmed,
            discarded: depot.discarded,
            idle,
            in_use: usize::try_from(out).unwrap_or(0),
            max_idle: self.max_idle,
        }
    }

    /// Makes sure that the calling thread has a magazine and gives its objects back when it ends.
    ///
    /// False when it cannot have one, because it is ending.
    fn own_a_magazine(this: &Arc<Self>) -> bool {
        if this.shards.own(|magazine| magazine.is_owned()) == Some(true) {
            return true;
        }
        let was_owned = {
            // Under the lock nobody revokes: what is said here is said of the magazine.
            let mut depot = this.depot.lock();
            this.shards.make_own(&mut depot).then(|| this.shards.own(Magazine::own)).flatten()
        };
        match was_owned {
            Some(false) if !at_exit(Box::new(Leave(Weak::new(this)))) => {
                let _depot = this.depot.lock();
                this.shards.own(Magazine::disown);
                false
            }
            Some(_) => true,
            None => false,
        }
    }

    fn build(this: &Arc<Self>) -> Box<Node<T>> {
        Self::node(this, this.factory.build())
    }

    fn node(this: &Arc<Self>, value: T) -> Box<Node<T>> {
        Box::new(Node { value, home: Arc::clone(this) })
    }

    /// Whether an object that comes back may be kept; runs the hooks. A panic in one has the object counted as discarded.
    #[inline]
    fn make_fit(node: &mut Node<T>) -> bool {
        // In an unwinding thread the object may be half written, and a panic in a hook would abort the process.
        if std::thread::panicking() {
            return false;
        }
        !node.home.choosy.load(Ordering::Relaxed) || Self::run_hooks(node)
    }

    fn run_hooks(node: &mut Node<T>) -> bool {
        let Node { value, home } = node;
        if home.gone.load(Ordering::Relaxed) {
            return false;
        }
        let panicking_hook = Discard(home);
        if let Some(reset) = &home.reset {
            reset(value);
        }
        let fit = home.retain_if.as_ref().is_none_or(|retain_if| retain_if(value));
        mem::forget(panicking_hook);
        fit
    }
}

/// What is to be done when a thread ends that has a magazine.
struct Leave<T>(Weak<Engine<T>>);

impl<T> Exit for Leave<T> {
    /// Objects and places go back. Looks at no object: their type may have outlived its borrows, see [`at_exit`].
    fn exit(&self, _: u32) {
        if let Some(engine) = self.0.upgrade() {
            let mut depot = engine.depot.lock();
            depot.idle.reserve(CAPACITY);
            engine.shards.own(|magazine| {
                depot.store_all(magazine);
                magazine.disown();
            });
        }
    }

    fn is_obsolete(&self) -> bool {
        self.0.is_dangling()
    }
}

impl<T> Depot<T> {
    /// Places that are neither lent nor taken.
    fn room(&self, max_idle: usize) -> usize {
        max_idle - self.lent - self.idle.len()
    }

    /// Changes the places that a magazine is lent.
    fn lend(&mut self, magazine: &mut Magazine<T>, limit: usize) {
        self.lent = self.lent - magazine.limit() + limit;
        magazine.set_limit(limit);
    }

    /// The warmer half stays, the colder one comes here, and its places with it.
    fn store_half(&mut self, magazine: &mut Magazine<T>) {
        self.idle.extend(magazine.take_coldest(HALF));
        self.lend(magazine, magazine.limit() - HALF);
    }

    fn store_all(&mut self, magazine: &mut Magazine<T>) {
        self.idle.extend(magazine.take_coldest(CAPACITY));
        self.lend(magazine, 0);
    }

    /// Fills an empty magazine with the warmest objects; they bring their places along.
    fn refill(&mut self, magazine: &mut Magazine<T>) {
        if !magazine.is_owned() || magazine.len() > 0 {
            return;
        }
        let n = self.idle.len().min(HALF);
        self.lend(magazine, magazine.limit().max(n));
        let warmest = self.idle.len() - n;
        for node in self.idle.drain(warmest..) {
            magazine.stock(node);
        }
    }

    fn take(&mut self) -> Option<Box<Node<T>>> {
        let node = self.idle.pop()?;
        self.reused += 1;
        self.out += 1;
        Some(node)
    }

    fn count_created(&mut self) {
        self.created += 1;
        self.out += 1;
    }

    fn count_discarded(&mut self) {
        self.out -= 1;
        self.discarded += 1;
    }

    /// A new object that was never out; gives it back when it is not to be kept.
    fn stock(&mut self, node: Box<Node<T>>, keep: bool) -> Option<Box<Node<T>>> {
        self.prewarmed += 1;
        if !keep {
            self.discarded += 1;
            return Some(node);
        }
        self.idle.push(node);
        None
    }

    /// What is beyond the warmest `keep`.
    fn trim(&mut self, keep: usize) -> Vec<Box<Node<T>>> {
        let surplus = self.idle.len().saturating_sub(keep);
        if surplus == 0 {
            return Vec::new();
        }
        let kept = self.idle.split_off(surplus);
        mem::replace(&mut self.idle, kept)
    }

    /// Whether it is time again to look into the other magazines.
    fn may_look(&mut self) -> bool {
        self.patience = self.patience.saturating_sub(1);
        self.patience == 0
    }

    /// A look costs every thread something: it must find as much.
    fn looked(&mut self, found: usize, threads: usize) {
        self.patience = if found > 0 && found >= threads { 0 } else { PATIENCE };
    }
}

/// Counts the object of a hook that panics.
struct Discard<'a, T>(&'a Engine<T>);

impl<T> Drop for Discard<'_, T> {
    fn drop(&mut self) {
        self.0.depot.lock().count_discarded();
    }
}
