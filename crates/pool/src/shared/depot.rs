//! What lies behind the pool's lock: the idle objects that no thread keeps, the bounds, the counts, and who waits.
//!
//! The bound of idle objects lends places: those lent to magazines and the objects here never add up to more than
//! `max_idle`. Where places that are lent cannot be taken back, as objects may be given unseen, half of them stay here.
//! Nothing in this file drops an object or calls code of a user.

use lagom_base::fence;

use crate::shared::magazine::{CAPACITY, Held, ROUND};
use crate::shared::node::Object;
use crate::shared::outstanding::Register;
use crate::shared::waiters::{Grant, Waiters};

/// Objects that go between a magazine and the depot at once.
pub(crate) const HALF: usize = CAPACITY / 2;
/// Looks into the other magazines that may follow one another without a hit between them. A look costs every thread
/// something.
const LOOKS: u64 = 64;
/// Hits that pay for a look.
const HITS_PER_LOOK: u64 = 64;
/// Places taken back that pay for a look.
const PLACES_PER_LOOK: usize = 8;
/// Who may not look makes an object, or drops one; but of so many one may.
const PATIENCE: u32 = 64;

/// What every exchange touches comes first, on few cache lines: they go from core to core.
#[repr(C)]
pub(crate) struct Depot<T> {
    /// The last one is the warmest.
    pub(crate) idle: Vec<Object<T>>,
    /// The places of all magazines.
    lent: usize,
    /// Fewest objects that lay here since the last round ended: nobody needed them.
    unused: usize,
    reused: u64,
    /// Objects that may be taken from here before the round ends.
    left: u32,
    /// Set once, when the pool is closed or dropped.
    pub(crate) closed: bool,
    pub(crate) waiters: Waiters<T>,
    max_idle: usize,
    max_live: usize,
    /// Objects may be given unseen where fences are not free.
    unseen: bool,
    /// Owned guards that went out, less those that came back, not through a magazine.
    owned_out: i64,
    /// Looks into the other magazines that may be taken.
    looks: u64,
    /// Hits that were counted when that was reckoned.
    hits: u64,
    /// Operations without a look since there were none left.
    patience: u32,
    /// Objects that exist, idle or not; those leaked for sure are left out.
    live: usize,
    /// Of these, what the pool has given up, and somebody is dropping.
    leaving: usize,
    /// Objects that somebody may make, or is making.
    permits: usize,
    pub(crate) register: Register,
    created: u64,
    prewarmed: u64,
    discarded: u64,
    leaked: u64,
}

/// Where a new object comes from.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    Factory,
    Prewarm,
    Attach,
}

/// What the magazines hold, added up.
#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) idle: usize,
    pub(crate) taken: u64,
    pub(crate) owned_out: i64,
}

impl<T> Depot<T> {
    pub(crate) fn new(max_idle: usize, max_live: usize, unseen: bool) -> Self {
        Self {
            max_idle,
            max_live,
            unseen,
            idle: Vec::new(),
            lent: 0,
            unused: 0,
            looks: LOOKS,
            hits: 0,
            patience: 0,
            closed: false,
            live: 0,
            leaving: 0,
            permits: 0,
            owned_out: 0,
            waiters: Waiters::new(),
            register: Register::default(),
            created: 0,
            reused: 0,
            left: ROUND,
            prewarmed: 0,
            discarded: 0,
            leaked: 0,
        }
    }

    /// Places that are neither lent nor taken.
    pub(crate) fn room(&self) -> usize {
        self.max_idle - self.lent - self.idle.len()
    }

    /// Places that may be lent beyond those that are, if there is room for them.
    fn lendable(&self) -> usize {
        let most = if self.unseen && !fence::is_free() { self.max_idle / 2 } else { self.max_idle };
        most.saturating_sub(self.lent)
    }

    /// Whether no further object may be made. Attached ones may have brought the pool beyond its bound.
    pub(crate) fn is_full(&self) -> bool {
        self.live.saturating_add(self.permits) >= self.max_live
    }

    pub(crate) fn lent(&self) -> usize {
        self.lent
    }

    /// Whether what is out may come back unseen.
    pub(crate) fn awaits_unseen(&self) -> bool {
        self.lent > 0 && self.live > self.leaving
    }

    /// Changes the places that a magazine is lent.
    pub(crate) fn lend(&mut self, held: &mut Held<'_, T>, places: usize) {
        self.lent = self.lent - held.lent() + places;
        held.set_lent(places);
    }

    /// Whether there is room that may not be lent.
    pub(crate) fn withholds(&self) -> bool {
        self.lendable() == 0 && self.room() > 0
    }

    /// Lends more, for one object at least, if there are places: twice what the magazine had, so that a thread that uses one
    /// object takes no places from others.
    pub(crate) fn lend_more(&mut self, held: &mut Held<'_, T>) {
        let more = self.room().min(self.lendable()).div_ceil(2).min(held.lent().clamp(1, HALF));
        self.lend(held, (held.lent() + more).min(CAPACITY));
    }

    /// Takes back the places that are empty.
    pub(crate) fn take_back(&mut self, held: &mut Held<'_, T>) {
        self.lend(held, held.lent() - held.spare());
    }

    /// The warmer half stays, the colder one comes here, and its places with it. Every round once, so that what is never
    /// used gets here bit by bit.
    pub(crate) fn store_colder_half(&mut self, held: &mut Held<'_, T>) {
        self.store(held, held.len().div_ceil(2));
    }

    pub(crate) fn store_all(&mut self, held: &mut Held<'_, T>) {
        self.store(held, CAPACITY);
        self.take_back(held);
        if self.closed {
            held.retire();
        }
    }

    /// The coldest `n` come here with their places. The allocator is code of others: room must have been made before.
    fn store(&mut self, held: &mut Held<'_, T>, n: usize) {
        let before = held.len();
        held.take_coldest(n, &mut self.idle);
        self.lend(held, held.lent() - (before - held.len()));
    }

    /// Makes room for what `magazines` may bring.
    pub(crate) fn reserve(&mut self, magazines: usize) {
        self.idle.reserve(CAPACITY * magazines);
    }

    /// The warmest object of a magazine. An empty one gives back the places that it did not use: a thread that only takes
    /// needs none.
    pub(crate) fn take_own(&mut self, held: &mut Held<'_, T>) -> Option<Object<T>> {
        if held.len() == 0 {
            self.lend(held, 0);
        }
        held.take()
    }

    /// Fills an empty magazine with the warmest objects; they bring their places along.
    pub(crate) fn refill(&mut self, held: &mut Held<'_, T>) {
        if !held.is_owned() || held.len() > 0 {
            return;
        }
        let n = self.idle.len().min(HALF).min(self.lendable() + held.lent());
        self.lend(held, n);
        let warmest = self.idle.len() - n;
        for object in self.idle.drain(warmest..) {
            held.stock(object);
        }
        self.unused = self.unused.min(self.idle.len());
    }

    /// The warmest object that lies here.
    pub(crate) fn take(&mut self) -> Option<Object<T>> {
        let object = self.idle.pop();
        self.unused = self.unused.min(self.idle.len());
        object
    }

    /// What is beyond the warmest `keep`.
    pub(crate) fn trim(&mut self, keep: usize) -> Vec<Object<T>> {
        let surplus = self.idle.len().saturating_sub(keep);
        if surplus == 0 {
            return Vec::new();
        }
        let kept = self.idle.split_off(surplus);
        self.unused = self.unused.min(kept.len());
        let surplus = std::mem::replace(&mut self.idle, kept);
        self.leaving += surplus.len();
        surplus.iter().for_each(Object::set_leaves);
        surplus
    }

    /// Counts an object that may be taken from here; whether a round ends with it.
    pub(crate) fn end_round(&mut self) -> bool {
        self.left = self.left.checked_sub(1).unwrap_or(ROUND);
        self.left == ROUND
    }

    /// Half of what nobody needed for a round, the coldest, leaves. A new round begins.
    pub(crate) fn decay(&mut self) -> Vec<Object<T>> {
        let stale = self.trim(self.idle.len() - self.unused.div_ceil(2));
        self.unused = self.idle.len();
        stale
    }

    /// Whether a look into the other magazines is due; if so, it is to be taken.
    pub(crate) fn may_look(&mut self) -> bool {
        if self.looks > 0 {
            self.looks -= 1;
            return true;
        }
        self.patience = (self.patience + 1) % PATIENCE;
        self.patience == 0
    }

    /// After a look for places that were not used.
    pub(crate) fn looked_for_room(&mut self) {
        if self.room() >= PLACES_PER_LOOK {
            self.looks = LOOKS.min(self.looks + 1);
        }
    }

    /// After a look that counted so many `hits`.
    pub(crate) fn looked(&mut self, hits: u64) {
        let earned = (hits - self.hits) / HITS_PER_LOOK;
        self.hits += earned * HITS_PER_LOOK;
        self.looks = LOOKS.min(self.looks + earned);
    }

    pub(crate) fn count_reused(&mut self, owned: bool) {
        self.reused += 1;
        self.owned_out += i64::from(owned);
    }

    /// A waiter gave up, and what was handed to it is to go on.
    pub(crate) fn count_claimed(&mut self, grant: &Grant<T>) {
        self.owned_out += i64::from(matches!(grant, Grant::Object(_)));
    }

    /// An object that is out is no longer the pool's. To be noted on it.
    pub(crate) fn count_detached(&mut self, owned: bool) {
        self.leaving += 1;
        self.owned_out -= i64::from(owned);
    }

    pub(crate) fn count_owned_back(&mut self) {
        self.owned_out -= 1;
    }

    /// Somebody may make an object.
    pub(crate) fn count_permit(&mut self) {
        self.permits += 1;
    }

    /// Nobody makes it.
    pub(crate) fn count_permit_back(&mut self) {
        self.permits -= 1;
    }

    pub(crate) fn count_new(&mut self, origin: Origin, owned: bool) {
        self.live += 1;
        match origin {
            Origin::Factory => {
                self.permits -= 1;
                self.created += 1;
            }
            Origin::Prewarm => {
                self.permits -= 1;
                self.prewarmed += 1;
            }
            Origin::Attach => {}
        }
        self.owned_out += i64::from(owned);
    }

    pub(crate) fn count_gone(&mut self, left: bool) {
        self.live -= 1;
        self.leaving -= usize::from(left);
    }

    /// An object is not kept. To be noted on it, and dropped when the lock is not held.
    pub(crate) fn count_discarded(&mut self) {
        self.discarded += 1;
        self.leaving += 1;
    }

    /// Of the objects that are out, those without an owned guard can never come back: no borrowed guard is left.
    pub(crate) fn write_off(&mut self, inside: &Inside) -> usize {
        let owned = usize::try_from(self.owned_out + inside.owned_out).unwrap_or(0);
        let leaked = self.in_use(inside).saturating_sub(owned);
        self.live -= leaked;
        self.leaked += leaked as u64;
        self.register.write_off();
        leaked
    }

    pub(crate) fn idle(&self, inside: &Inside) -> usize {
        self.idle.len() + inside.idle
    }

    pub(crate) fn in_use(&self, inside: &Inside) -> usize {
        self.live - self.leaving - self.idle(inside) - self.waiters.objects()
    }

    pub(crate) fn stats(&self, inside: &Inside) -> crate::Stats {
        crate::Stats {
            created: self.created,
            reused: self.reused + inside.taken,
            prewarmed: self.prewarmed,
            discarded: self.discarded,
            leaked: self.leaked,
            idle: self.idle(inside),
            in_use: self.in_use(inside),
            waiting: self.waiters.len(),
            max_idle: self.max_idle,
            max_live: (self.max_live < usize::MAX).then_some(self.max_live),
        }
    }
}
