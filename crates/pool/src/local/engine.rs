//! What a local pool and its guards share: the idle objects, the counts, and the rules of going out and coming back.
//!
//! No code of a user runs while the idle objects are held, and each count is right before any runs.

use alloc::boxed::Box;
use core::cell::Cell;
use core::mem;
use core::panic::RefUnwindSafe;

use super::builder::{Factory, LocalPoolBuilder, Reset, RetainIf};
use super::stack::Stack;
use crate::error::TryAcquireError;
use crate::stats::Stats;

/// So many times is an idle object handed out until some of those that nobody needed are dropped.
const ROUND: u32 = 65_536;

pub(super) struct Engine<T> {
    idle: Stack<T>,
    /// The fewest objects that were idle in this round. Never more than are idle.
    low: Cell<usize>,
    /// How many times more an idle object goes out in this round.
    left: Cell<u32>,
    /// How many objects may be idle now: `max_idle`, or 0 in a closed pool and while more live than may. (Attached
    /// objects may be more: then those that come back go.)
    bound: Cell<usize>,
    /// Up to so many idle objects, one that comes back needs no look: the bound, but 0 where there are hooks.
    unseen: Cell<usize>,
    closed: Cell<bool>,
    /// Objects that are idle, in use, or being made.
    live: Cell<usize>,
    being_made: Cell<usize>,
    rounds: Cell<u64>,
    created: Cell<u64>,
    prewarmed: Cell<u64>,
    discarded: Cell<u64>,
    max_idle: usize,
    max_live: usize,
    factory: Factory<T>,
    reset: Option<Reset<T>>,
    retain_if: Option<RetainIf<T>>,
}

/// A panic in a hook discards the object, and none runs amid a change: an engine is never seen half changed.
impl<T> RefUnwindSafe for Engine<T> {}

impl<T> Engine<T> {
    pub(super) fn new(builder: LocalPoolBuilder<T>) -> Self {
        let LocalPoolBuilder { factory, reset, retain_if, max_idle, max_live } = builder;
        let engine = Self {
            idle: Stack::new(),
            low: Cell::new(0),
            left: Cell::new(ROUND),
            bound: Cell::new(0),
            unseen: Cell::new(0),
            closed: Cell::new(false),
            live: Cell::new(0),
            being_made: Cell::new(0),
            rounds: Cell::new(0),
            created: Cell::new(0),
            prewarmed: Cell::new(0),
            discarded: Cell::new(0),
            max_idle,
            max_live,
            factory,
            reset,
            retain_if,
        };
        engine.set_live(0);
        engine
    }

    /// The object that came back last, or a new one.
    #[inline]
    pub(super) fn take(&self) -> Result<Box<T>, TryAcquireError> {
        let left = self.left.get();
        if left > 0 {
            // More than in any moment of this round: one comparison says that there is one, and that it is no new low.
            if let Some(object) = self.idle.pop_above(self.low.get()) {
                self.left.set(left - 1);
                return Ok(object);
            }
        }
        self.take_with_a_look()
    }

    #[cold]
    fn take_with_a_look(&self) -> Result<Box<T>, TryAcquireError> {
        // Before an object is out, for this drops some. Such a `T::drop` may use up the next round as well.
        while self.left.get() == 0 {
            self.end_round();
        }
        if let Some(object) = self.idle.pop_above(0) {
            self.low.set(self.idle.len());
            self.left.set(self.left.get() - 1);
            return Ok(object);
        }
        let object = self.make()?;
        add_one(&self.created);
        Ok(object)
    }

    /// Drops half of what nobody needed in this round.
    fn end_round(&self) {
        self.left.set(ROUND);
        add_one(&self.rounds);
        let unneeded = self.low.get();
        self.low.set(self.idle.len());
        if unneeded > 0 {
            self.trim(self.idle.len() - unneeded.div_ceil(2));
        }
    }

    /// A new object, which counts as live; neither as created nor as prewarmed yet.
    fn make(&self) -> Result<Box<T>, TryAcquireError> {
        if self.closed.get() {
            return Err(TryAcquireError::Closed);
        }
        if self.live.get() >= self.max_live {
            return Err(TryAcquireError::Exhausted);
        }
        // The factory may acquire: its own object must not find the place taken.
        self.set_live(self.live.get() + 1);
        self.being_made.set(self.being_made.get() + 1);
        let unmade = OnDrop(|| {
            self.being_made.set(self.being_made.get() - 1);
            self.set_live(self.live.get() - 1);
        });
        let object = Box::new(self.factory.build());
        mem::forget(unmade);
        self.being_made.set(self.being_made.get() - 1);
        Ok(object)
    }

    /// An object of the caller goes out as if it came from here.
    pub(super) fn adopt(&self, value: T) -> Box<T> {
        let object = Box::new(value);
        self.set_live(self.live.get() + 1);
        object
    }

    /// An object that was out leaves for good.
    pub(super) fn count_detached(&self) {
        self.set_live(self.live.get() - 1);
    }

    fn count_discarded(&self) {
        add_one(&self.discarded);
        self.set_live(self.live.get() - 1);
    }

    /// An object comes back: reset and kept, or dropped.
    #[inline]
    pub(super) fn give_back(&self, object: Box<T>) {
        if let Err(object) = self.idle.push_below(self.unseen.get(), object) {
            self.give_back_with_a_look(object);
        }
    }

    #[inline(never)]
    fn give_back_with_a_look(&self, mut object: Box<T>) {
        let fit = self.idle.len() < self.bound.get() && (self.has_no_hooks() || self.run_hooks(&mut object));
        // The hooks may have changed everything.
        let surplus = if fit { self.keep(object).err() } else { Some(object) };
        if surplus.is_some() {
            self.count_discarded();
        }
        drop(surplus);
    }

    fn has_no_hooks(&self) -> bool {
        self.reset.is_none() && self.retain_if.is_none()
    }

    /// Whether an object that comes back may be kept. A panic has it counted as discarded.
    fn run_hooks(&self, object: &mut T) -> bool {
        // In an unwinding thread the object may be half written, and a panic in a hook would abort the process.
        if is_unwinding() {
            return false;
        }
        let panicking_hook = OnDrop(|| self.count_discarded());
        if let Some(reset) = &self.reset {
            reset(object);
        }
        let fit = self.retain_if.as_ref().is_none_or(|retain_if| retain_if(object));
        mem::forget(panicking_hook);
        fit
    }

    /// An object becomes idle, if there is room.
    fn keep(&self, mut object: Box<T>) -> Result<(), Box<T>> {
        loop {
            match self.idle.push_below(self.bound.get(), object) {
                Ok(()) => return Ok(()),
                Err(back) => object = back,
            }
            if self.idle.len() >= self.bound.get() {
                return Err(object);
            }
            self.idle.grow();
        }
    }

    pub(super) fn prewarm(&self, n: usize) {
        for _ in self.idle.len()..n.min(self.bound.get()) {
            let Ok(object) = self.make() else { return };
            add_one(&self.prewarmed);
            if let Err(surplus) = self.keep(object) {
                self.count_discarded();
                return drop(surplus);
            }
        }
    }

    pub(super) fn trim(&self, keep: usize) {
        let surplus = self.idle.trim(keep);
        self.low.set(self.low.get().min(self.idle.len()));
        self.set_live(self.live.get() - surplus.len());
        drop(surplus);
    }

    /// Ends the pool: what is idle is dropped, what comes back later too.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.trim(0);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    pub(super) fn len(&self) -> usize {
        self.idle.len()
    }

    pub(super) fn max_idle(&self) -> usize {
        self.max_idle
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            created: self.created.get(),
            reused: self.rounds.get() * u64::from(ROUND) + u64::from(ROUND - self.left.get()),
            prewarmed: self.prewarmed.get(),
            discarded: self.discarded.get(),
            leaked: 0,
            idle: self.idle.len(),
            in_use: self.live.get() - self.being_made.get() - self.idle.len(),
            waiting: 0,
            max_idle: self.max_idle,
            max_live: (self.max_live < usize::MAX).then_some(self.max_live),
        }
    }

    /// Also to be called when the pool is closed.
    fn set_live(&self, live: usize) {
        self.live.set(live);
        let bound = if self.closed.get() || live > self.max_live { 0 } else { self.max_idle };
        self.bound.set(bound);
        self.unseen.set(if self.has_no_hooks() { bound } else { 0 });
    }
}

fn add_one(count: &Cell<u64>) {
    count.set(count.get() + 1);
}

/// Whether a panic is on its way through this thread; core cannot tell.
#[inline]
fn is_unwinding() -> bool {
    #[cfg(feature = "std")]
    return std::thread::panicking();
    #[cfg(not(feature = "std"))]
    return false;
}

/// Does what is to be done if a panic comes by.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
