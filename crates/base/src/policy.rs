//! Which entry of a bounded cache goes when another comes.
//!
//! A [`Policy`] keeps the order of entries that live elsewhere. A hit does no more than raise the entry's own two-bit
//! count of uses: no list, no lock, no log. All else happens when an entry comes or goes.
//!
//! # How it decides
//!
//! Entries come into the *window*, a short queue. Who was used in it moves to *main* when its turn to leave comes; who
//! was not is evicted and leaves a *ghost*: a few bits of its hash, and the time. These are the queues of S3-FIFO (Yang,
//! Zhang, Qiu, Yue and Rashmi 2023). At the beginning main is filled first.
//!
//! Who returns to the window while its ghost is there has a known reuse distance. It goes straight to main if the hand
//! of main meets somebody who idled for longer than that: the comparison of LIRS (Jiang and Zhang 2002), for which a
//! clock needs no list (as in CLOCK-Pro: Jiang, Chen and Zhang 2005). The hand looks at eight entries at most, takes
//! a use from each one that has some, and evicts the first that qualifies. So a loop that is larger than the cache
//! keeps the part that it has, and a scan passes through the window alone.
//!
//! How long the window is decides between recency and the rest. It is learned from the ghosts, as in ARC (Megiddo
//! and Modha 2003): who returns to the window lengthens it, who was in main and returns shortens it. The step is
//! inverse to the age of the ghost, counted in evictions from its own queue, because the queue would have to be longer by
//! as much for that one more hit: both sides weigh hits by the place that they cost. While the window is longer than it
//! should be, those that return go to main.
//!
//! Time is the weight evicted from the window. There are few constants; they were chosen on five of thirteen real
//! traces and on made ones, and to halve or double any of them moves the mean hit ratio by 0.4 points at most. The
//! section `base` of ARCHITECTURE.md has the figures.
//!
//! # Bound
//!
//! The sum of weights never exceeds the capacity, at no instant: who wants to insert asks for victims first.
//!
//! ```
//! use std::cell::Cell;
//! use lagom_base::policy::{Entries, Policy};
//!
//! /// Entries are numbers here; an engine has pointers to its nodes.
//! #[derive(Default)]
//! struct Nodes(Vec<(Cell<u32>, Cell<u8>)>);
//!
//! impl Entries<usize> for Nodes {
//!     fn seat(&self, id: usize) -> u32 { self.0[id].0.get() }
//!     fn set_seat(&self, id: usize, seat: u32) { self.0[id].0.set(seat) }
//!     fn uses(&self, id: usize) -> u8 { self.0[id].1.get() }
//!     fn set_uses(&self, id: usize, uses: u8) { self.0[id].1.set(uses) }
//!     fn hash(&self, id: usize) -> u32 { id as u32 }
//! }
//!
//! let nodes = Nodes(vec![Default::default(); 100]);
//! let mut policy = Policy::new(10);
//! let mut evicted = 0;
//! for id in 0..100 {
//!     let mut newcomer = policy.admit(nodes.hash(id), 1).expect("not heavier than the capacity");
//!     while let Some(_victim) = policy.evict(&mut newcomer, &nodes) {
//!         evicted += 1;
//!     }
//!     policy.insert(newcomer, id, &nodes);
//!     assert!(policy.weight() <= 10);
//! }
//! assert_eq!((policy.len(), evicted), (10, 90));
//! ```

mod ghosts;
mod hand;
mod ring;
#[cfg(test)]
mod tests;

use core::fmt;
use std::mem;

use ghosts::{From, Ghosts};
use hand::IN_MAIN;
use ring::Ring;

/// What a policy needs of the entries whose order it keeps: two numbers to store, two to read.
///
/// The policy calls these under its owner's lock; none may run user code, and none may panic. Only `uses` changes
/// without that lock: a hit raises it, up to 3. Such a hit may get lost when the policy writes it at the same time; no
/// more than that depends on it. See the [module](self) for an example.
pub trait Entries<I> {
    /// What [`set_seat`](Self::set_seat) stored last.
    fn seat(&self, id: I) -> u32;
    /// Stores where the entry sits. An entry that is not resident needs no seat.
    fn set_seat(&self, id: I, seat: u32);
    /// How often the entry was hit, at most 3.
    fn uses(&self, id: I) -> u8;
    /// Stores another count of uses.
    fn set_uses(&self, id: I, uses: u8);
    /// The hash of its key, the same as at its insertion.
    fn hash(&self, id: I) -> u32;
    /// Its weight, the same as at its insertion.
    fn weight(&self, _: I) -> u64 {
        1
    }
}

/// The order of a bounded cache's entries, by ids of the caller's.
///
/// Every operation takes amortised O(1), and an insertion looks at most at a few entries for each one that it evicts.
/// Memory is two queues of ids, 8 to 12 bytes for an entry where an id has 8, and 4 bytes for a ghost per entry, from
/// the first eviction on. Nothing is allocated before the first insertion. See the [module](self) for an example.
pub struct Policy<I> {
    capacity: u64,
    weight: u64,
    /// Entries that have yet to prove themselves.
    window: Ring<I, ()>,
    window_weight: u64,
    /// What the window may weigh, and the whole part of it.
    target: f64,
    most_window: u64,
    /// Entries that were used again, each with the low bits of the tick in which it was last found used.
    main: Ring<I, u16>,
    /// Weight evicted from either queue so far, modulo 2^64.
    window_clock: u64,
    main_clock: u64,
    /// Log2 of the weight that makes a tick.
    shift: u32,
    ghosts: Ghosts,
}

/// One that asks for a place: from [`Policy::admit`], for [`Policy::insert`].
#[derive(Debug)]
#[must_use = "it has no place before it is inserted"]
pub struct Newcomer {
    weight: u64,
    /// It left a ghost, not long ago.
    returns: bool,
    /// Weight evicted from the window since it came there, if that is known and has yet to be compared.
    distance: Option<u64>,
    place: Place,
}

impl Newcomer {
    /// What it weighs.
    ///
    /// ```
    /// let mut policy = lagom_base::policy::Policy::<usize>::new(3);
    /// assert_eq!(policy.admit(7, 2).unwrap().weight(), 2);
    /// ```
    #[inline]
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// There was room, so far.
    Free,
    Window,
    Main,
}

/// How much a ghost that returns as soon as it left moves the target, of the capacity.
const STEP: f64 = 0.02;

impl<I: Copy> Policy<I> {
    /// A policy for entries that weigh `capacity` together, at most.
    ///
    /// ```
    /// let policy = lagom_base::policy::Policy::<usize>::new(u64::MAX);
    /// assert_eq!((policy.len(), policy.bytes()), (0, 0), "nothing is allocated");
    /// ```
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        let mut policy = Self {
            capacity,
            weight: 0,
            window: Ring::new(),
            window_weight: 0,
            target: 0.0,
            most_window: 0,
            main: Ring::new(),
            window_clock: 0,
            main_clock: 0,
            shift: 0,
            ghosts: Ghosts::none(),
        };
        policy.begin();
        policy
    }

    /// What the entries may weigh together.
    ///
    /// ```
    /// assert_eq!(lagom_base::policy::Policy::<usize>::new(3).capacity(), 3);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Number of resident entries.
    ///
    /// ```
    /// assert_eq!(lagom_base::policy::Policy::<usize>::new(3).len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.window.len() + self.main.len()
    }

    /// Whether there is no resident entry.
    ///
    /// ```
    /// assert!(lagom_base::policy::Policy::<usize>::new(3).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.window.is_empty() && self.main.is_empty()
    }

    /// What the resident entries weigh together: never more than the capacity, but while
    /// [`set_capacity`](Self::set_capacity) has yet to be followed by evictions.
    ///
    /// ```
    /// assert_eq!(lagom_base::policy::Policy::<usize>::new(3).weight(), 0);
    /// ```
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// Heap memory of the policy itself, in bytes.
    ///
    /// ```
    /// assert_eq!(lagom_base::policy::Policy::<usize>::new(3).bytes(), 0);
    /// ```
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.window.bytes() + self.main.bytes() + self.ghosts.bytes()
    }

    /// Asks for a place for an entry that is not resident; `None` if it is heavier than the capacity, or the capacity
    /// is 0. To be followed by [`evict`](Self::evict) until that finds no more, and [`insert`](Self::insert).
    ///
    /// Here it is noted that a ghost returned; who asks and does not insert has wasted that.
    ///
    /// ```
    /// use lagom_base::policy::Policy;
    ///
    /// assert!(Policy::<usize>::new(3).admit(7, 3).is_some());
    /// assert!(Policy::<usize>::new(3).admit(7, 4).is_none());
    /// assert!(Policy::<usize>::new(0).admit(7, 0).is_none());
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn admit(&mut self, hash: u32, weight: u64) -> Option<Newcomer> {
        if weight > self.capacity || self.capacity == 0 {
            return None;
        }
        let mut newcomer = Newcomer { weight, returns: false, distance: None, place: Place::Free };
        if let Some((from, ticks)) = self.ghosts.take(hash, self.clocks()) {
            (newcomer.returns, newcomer.distance) = self.welcome(weight, from, ticks);
        }
        Some(newcomer)
    }

    /// One comes whose ghost is so old: whether that counts as a return, and the distance that has to be compared.
    #[inline(never)]
    fn welcome(&mut self, weight: u64, from: From, ticks: u32) -> (bool, Option<u64>) {
        let age = u64::from(ticks) << self.shift;
        // A queue that is to hold one more hit must be longer by that entry's age.
        if age >= self.capacity - self.capacity / 4 {
            return (false, None);
        }
        let weight = weight.max(1) as f64;
        let step = STEP * self.capacity as f64 * weight / (age as f64 + weight);
        match from {
            From::Window => {
                self.aim(self.target + step);
                (true, Some(age.saturating_add(self.window_weight)))
            }
            From::Main => {
                self.aim(self.target - step);
                (true, None)
            }
        }
    }

    /// Evicts an entry to make room for `newcomer`, or finds that there is enough.
    ///
    /// ```
    /// # use lagom_base::policy::{Entries, Policy};
    /// # struct None;
    /// # impl Entries<usize> for None {
    /// #     fn seat(&self, _: usize) -> u32 { 0 }
    /// #     fn set_seat(&self, _: usize, _: u32) {}
    /// #     fn uses(&self, _: usize) -> u8 { 0 }
    /// #     fn set_uses(&self, _: usize, _: u8) {}
    /// #     fn hash(&self, _: usize) -> u32 { 0 }
    /// # }
    /// let mut policy = Policy::new(3);
    /// let mut newcomer = policy.admit(7, 3).unwrap();
    /// assert_eq!(policy.evict(&mut newcomer, &None), Option::None);
    /// ```
    #[inline(always)]
    pub fn evict(&mut self, newcomer: &mut Newcomer, entries: &impl Entries<I>) -> Option<I> {
        if self.has_room(newcomer.weight) {
            return None;
        }
        if let Some(distance) = newcomer.distance.take()
            && let Some(victim) = self.make_room_for_return(distance, entries)
        {
            newcomer.place = Place::Main;
            return Some(victim);
        }
        if newcomer.place == Place::Free {
            // What main lacks by its target comes from those that return.
            let lacks = self.window_weight > self.most_window;
            newcomer.place = if newcomer.returns && lacks { Place::Main } else { Place::Window };
        }
        self.make_room(newcomer.weight, entries)
    }

    /// Evicts an entry if all together are heavier than the capacity, or the capacity is 0: to be called after
    /// [`set_capacity`](Self::set_capacity) until it finds none.
    ///
    /// ```
    /// # use lagom_base::policy::{Entries, Policy};
    /// # struct None;
    /// # impl Entries<usize> for None {
    /// #     fn seat(&self, _: usize) -> u32 { 0 }
    /// #     fn set_seat(&self, _: usize, _: u32) {}
    /// #     fn uses(&self, _: usize) -> u8 { 0 }
    /// #     fn set_uses(&self, _: usize, _: u8) {}
    /// #     fn hash(&self, _: usize) -> u32 { 0 }
    /// # }
    /// let mut policy = Policy::new(3);
    /// let newcomer = policy.admit(7, 1).unwrap();
    /// policy.insert(newcomer, 7, &None);
    /// policy.set_capacity(0);
    /// assert_eq!(policy.evict_excess(&None), Some(7));
    /// assert_eq!(policy.evict_excess(&None), Option::None);
    /// ```
    pub fn evict_excess(&mut self, entries: &impl Entries<I>) -> Option<I> {
        let fits = if self.capacity == 0 { self.is_empty() } else { self.weight <= self.capacity };
        if fits { None } else { self.make_room(0, entries) }
    }

    /// Evicts an entry although there is room, if there is any.
    ///
    /// ```
    /// # use lagom_base::policy::{Entries, Policy};
    /// # struct None;
    /// # impl Entries<usize> for None {
    /// #     fn seat(&self, _: usize) -> u32 { 0 }
    /// #     fn set_seat(&self, _: usize, _: u32) {}
    /// #     fn uses(&self, _: usize) -> u8 { 0 }
    /// #     fn set_uses(&self, _: usize, _: u8) {}
    /// #     fn hash(&self, _: usize) -> u32 { 0 }
    /// # }
    /// let mut policy = Policy::new(3);
    /// let newcomer = policy.admit(7, 1).unwrap();
    /// policy.insert(newcomer, 7, &None);
    /// assert_eq!(policy.evict_one(&None), Some(7));
    /// ```
    pub fn evict_one(&mut self, entries: &impl Entries<I>) -> Option<I> {
        self.make_room(0, entries)
    }

    /// Gives the newcomer its place, and sets its uses to 0.
    ///
    /// # Panics
    ///
    /// When there is no room: it was not asked for all victims.
    ///
    /// ```
    /// # use lagom_base::policy::{Entries, Policy};
    /// # struct None;
    /// # impl Entries<usize> for None {
    /// #     fn seat(&self, _: usize) -> u32 { 0 }
    /// #     fn set_seat(&self, _: usize, _: u32) {}
    /// #     fn uses(&self, _: usize) -> u8 { 0 }
    /// #     fn set_uses(&self, _: usize, _: u8) {}
    /// #     fn hash(&self, _: usize) -> u32 { 0 }
    /// # }
    /// let mut policy = Policy::new(3);
    /// let newcomer = policy.admit(7, 1).unwrap();
    /// policy.insert(newcomer, 7, &None);
    /// assert_eq!((policy.len(), policy.weight()), (1, 1));
    /// ```
    #[inline(always)]
    pub fn insert(&mut self, newcomer: Newcomer, id: I, entries: &impl Entries<I>) {
        assert!(self.has_room(newcomer.weight), "victims are evicted first");
        let weight = newcomer.weight;
        let main = match newcomer.place {
            Place::Main => true,
            Place::Window => false,
            // Main is filled first: what is there when a loop begins shall stay.
            Place::Free => self.weight - self.window_weight + weight <= self.capacity.saturating_sub(self.most_window),
        };
        entries.set_uses(id, 0);
        self.weight += weight;
        if main {
            self.push_main(id, entries);
        } else {
            self.window_weight += weight;
            entries.set_seat(id, self.window.push(id, ()));
        }
    }

    /// Takes out any entry. It leaves no ghost.
    ///
    /// # Panics
    ///
    /// When the entry is not resident, as far as that shows.
    ///
    /// ```
    /// # use lagom_base::policy::{Entries, Policy};
    /// # struct None;
    /// # impl Entries<usize> for None {
    /// #     fn seat(&self, _: usize) -> u32 { 1 << 31 }
    /// #     fn set_seat(&self, _: usize, _: u32) {}
    /// #     fn uses(&self, _: usize) -> u8 { 0 }
    /// #     fn set_uses(&self, _: usize, _: u8) {}
    /// #     fn hash(&self, _: usize) -> u32 { 0 }
    /// # }
    /// let mut policy = Policy::new(3);
    /// let newcomer = policy.admit(7, 1).unwrap();
    /// policy.insert(newcomer, 7, &None);
    /// policy.remove(7, &None);
    /// assert!(policy.is_empty());
    /// ```
    pub fn remove(&mut self, id: I, entries: &impl Entries<I>) {
        let (seat, weight) = (entries.seat(id), entries.weight(id));
        if seat & IN_MAIN == 0 {
            self.window.remove(seat, |id, seat| entries.set_seat(id, seat));
            self.window_weight -= weight;
        } else {
            self.main.remove(seat, |id, seat| entries.set_seat(id, seat | IN_MAIN));
        }
        self.weight -= weight;
    }

    /// Sets what the entries may weigh together; to be followed by [`evict_excess`](Self::evict_excess) until that finds
    /// no more. What was learned is forgotten, the order is not.
    ///
    /// ```
    /// let mut policy = lagom_base::policy::Policy::<usize>::new(3);
    /// policy.set_capacity(5);
    /// assert_eq!(policy.capacity(), 5);
    /// ```
    pub fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.ghosts = Ghosts::none();
        self.begin();
    }

    /// Takes all entries out and forgets what was learned, in O(1): dropping what is returned frees the memory.
    ///
    /// ```
    /// let mut policy = lagom_base::policy::Policy::<usize>::new(3);
    /// assert_eq!(policy.take_all().count(), 0);
    /// ```
    pub fn take_all(&mut self) -> impl Iterator<Item = I> + use<I> {
        let all = mem::replace(self, Self::new(self.capacity));
        all.window.into_iter().chain(all.main.into_iter())
    }

    /// The resident entries, in no order that means anything.
    ///
    /// ```
    /// assert_eq!(lagom_base::policy::Policy::<usize>::new(3).iter().count(), 0);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = I> {
        self.window.iter().chain(self.main.iter())
    }
}

impl<I> fmt::Debug for Policy<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("capacity", &self.capacity)
            .field("weight", &self.weight)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
