//! Windows that do not fit in registers.
//!
//! The window and the elements to come, a piece of up to one window, are merged into one order. In this order a bit tells
//! what is in the window. When it moves, one bit is cleared and one set, and the rank asked for is never more than a step
//! or two away from where it was.

use super::Rank;
use super::merge::{Merged, Sorted, element, key};
use crate::io::Io;
use crate::reduce::{Place, between};
use crate::stage::Archive;

/// Whether it is cheaper to move so many elements one by one: a merge costs a few steps for each element of the window, a
/// move some hundred and a small part of the window.
fn is_short(piece: usize, window: usize) -> bool {
    piece * (1600 + window) < 96 * window
}

#[derive(Debug, Clone, Default)]
pub(super) struct Wide {
    /// The last elements as they came; the oldest is in the slot `next`, once there are as many as the window takes.
    recent: Vec<f64>,
    next: usize,
    /// How many of these are not NaN.
    present: usize,
    /// Those, in order; only if `is_sorted`, otherwise nothing.
    old: Sorted,
    is_sorted: bool,
    new: Sorted,
    merged: Merged,
    packed: Vec<u64>,
    unsorted: Sorted,
}

impl Wide {
    /// The last elements are the state; the rest follows from them.
    pub(super) fn exchange(&mut self, rank: Rank, archive: &mut Archive) {
        let is_full = self.recent.len() == rank.window;
        // The oldest first.
        self.recent.rotate_left(if is_full { self.next } else { 0 });
        // No more than there is: nobody's word makes room for elements that do not come.
        let most = if let Archive::Load { words, .. } = archive { words.len() } else { rank.window };
        let mut count = self.recent.len();
        archive.count(&mut count, most.min(rank.window));
        self.recent.resize(count, f64::NAN);
        archive.f64s(&mut self.recent);
        self.next = count % rank.window;
        self.present = self.recent.iter().filter(|x| !x.is_nan()).count();
        self.is_sorted = false;
    }

    pub(super) fn process(&mut self, rank: Rank, mut io: Io<'_>) {
        while io.len() > 0 {
            let growing = self.recent.len() < rank.window;
            let n = io.len().min(if growing { rank.window - self.recent.len() } else { rank.window });
            let (mut piece, rest) = io.split_at(n);
            // Of a window under way there may be no result yet, whatever comes.
            if growing && self.present + n < rank.needed {
                self.present += piece.x().iter().filter(|x| !x.is_nan()).count();
                self.recent.extend_from_slice(piece.x());
                self.next = self.recent.len() % rank.window;
                self.is_sorted = false;
                piece.out().fill(f64::NAN);
            } else {
                self.piece(rank, piece);
            }
            io = rest;
        }
    }

    fn piece(&mut self, rank: Rank, mut io: Io<'_>) {
        let n = io.len();
        if !self.is_sorted {
            self.old.clear();
            push_present(&mut self.old, &self.recent, 0);
            self.old.sort(&mut self.packed, &mut self.unsorted);
            self.is_sorted = true;
        }
        if self.recent.len() < rank.window {
            self.recent.resize(self.recent.len() + n, f64::NAN);
        }
        let slots = self.recent.len();
        // Slots and ranks are 32 bits wide; so many elements take 16 GiB themselves.
        assert!(slots <= 1 << 30, "a rolling quantile over more than 2^30 elements");
        if is_short(n, slots) {
            return self.one_by_one(rank, io);
        }
        // The piece may go round the end of the slots.
        let until_end = n.min(slots - self.next);
        self.new.clear();
        push_present(&mut self.new, &io.x()[..until_end], self.next);
        push_present(&mut self.new, &io.x()[until_end..], 0);
        self.new.sort(&mut self.packed, &mut self.unsorted);
        self.merged.merge(slots, &mut self.old, &mut self.new);
        // Nothing is missing, so that the rank asked for stays what it is.
        let is_steady = self.old.len() == rank.window && self.new.len() == n;
        self.recent[self.next..][..until_end].copy_from_slice(&io.x()[..until_end]);
        self.recent[..n - until_end].copy_from_slice(&io.x()[until_end..]);
        let mut pointer = Pointer { place: 0, below: 0 };
        let (until, after) = io.out().split_at_mut(until_end);
        for (slot, out) in [(self.next, until), (0, after)] {
            let (leave, come) = self.merged.ranks.split_at(slots);
            let moves = leave[slot..].iter().copied().zip(come[slot..].iter().copied()).zip(out);
            let (bits, keys) = (&mut self.merged.in_window, &self.merged.sorted.keys);
            if is_steady {
                let place = rank.of_all();
                pointer.move_to(bits, place.below);
                for ((leaves, comes), out) in moves {
                    pointer.exchange(bits, leaves, comes);
                    pointer.step_to(bits, place.below);
                    *out = pointer.element(bits, keys, place.share);
                }
            } else {
                let count = keys.len() as u32;
                for ((leaves, comes), out) in moves {
                    pointer.exchange(bits, leaves, comes);
                    self.present = self.present + usize::from(comes < count) - usize::from(leaves < count);
                    *out = match rank.among(self.present) {
                        Some(place) => {
                            pointer.move_to(bits, place.below);
                            pointer.element(bits, keys, place.share)
                        }
                        None => f64::NAN,
                    };
                }
            }
        }
        self.next = (self.next + n) % rank.window;
        if n == rank.window {
            std::mem::swap(&mut self.old, &mut self.new);
        } else {
            self.keep();
        }
    }

    /// Keeps what is in the window now, in order.
    fn keep(&mut self) {
        let Merged { sorted, in_window, .. } = &self.merged;
        let Sorted { keys, slots } = &mut self.old;
        keys.resize(sorted.len(), 0);
        slots.resize(sorted.len(), 0);
        let mut kept = 0;
        for ((&key, &slot), rank) in sorted.keys.iter().zip(&sorted.slots).zip(0..) {
            // Written in any case, kept or not: no branch to be foretold.
            (keys[kept], slots[kept]) = (key, slot);
            kept += (in_window[rank / 64] >> (rank % 64) & 1) as usize;
        }
        keys.truncate(kept);
        slots.truncate(kept);
    }

    /// A piece that is not worth a merge.
    fn one_by_one(&mut self, rank: Rank, mut io: Io<'_>) {
        for i in 0..io.len() {
            let x = io.x()[i];
            let slot = self.next;
            let left = std::mem::replace(&mut self.recent[slot], x);
            self.old.exchange(present_key(left), present_key(x), slot as u32);
            self.next = (slot + 1) % rank.window;
            self.present = self.old.len();
            let at = |rank: usize| element(self.old.keys[rank]);
            let quantile = |place: Place| between(at(place.below), at(place.above()), place.share);
            io.out()[i] = rank.among(self.present).map_or(f64::NAN, quantile);
        }
    }
}

fn present_key(x: f64) -> Option<u64> {
    if x.is_nan() { None } else { Some(key(x)) }
}

/// Adds the elements that are not NaN, from a slot on.
fn push_present(to: &mut Sorted, x: &[f64], slot: usize) {
    for (&x, slot) in x.iter().zip(slot as u32..) {
        if let Some(key) = present_key(x) {
            to.push(key, slot);
        }
    }
}

/// A place among bits, and how many are set below it.
struct Pointer {
    place: usize,
    below: usize,
}

impl Pointer {
    /// Clears one bit and sets another.
    #[inline(always)]
    fn exchange(&mut self, bits: &mut [u64], clear: u32, set: u32) {
        let (clear, set) = (clear as usize, set as usize);
        bits[clear / 64] &= !(1 << (clear % 64));
        bits[set / 64] |= 1 << (set % 64);
        self.below = self.below + usize::from(set < self.place) - usize::from(clear < self.place);
    }

    /// Moves to the set bit that has so many below it.
    #[inline(always)]
    fn move_to(&mut self, bits: &[u64], below: usize) {
        while self.below > below {
            self.place = last_set(bits, self.place);
            self.below -= 1;
        }
        self.place = next_set(bits, self.place);
        while self.below < below {
            self.place = next_set(bits, self.place + 1);
            self.below += 1;
        }
    }

    /// [`move_to`](Self::move_to) after one exchange, without a branch unless it leads out of a word.
    #[inline(always)]
    fn step_to(&mut self, bits: &[u64], below: usize) {
        let (word, bit) = (self.place / 64, self.place % 64);
        let down = bits[word] & ((1 << bit) - 1);
        // The bit here does not count where one more has to be below.
        let up = bits[word] & (u64::MAX << bit) & !(u64::from(self.below < below) << bit);
        let is_down = self.below > below;
        let found = if is_down { down } else { up };
        if found == 0 {
            return self.move_to(bits, below);
        }
        let (last, first) = (63 - found.leading_zeros(), found.trailing_zeros());
        let bit = if is_down { last } else { first };
        *self = Self { place: 64 * word + bit as usize, below };
    }

    /// What is here, or so far on the way to what is above.
    #[inline(always)]
    fn element(&self, bits: &[u64], keys: &[u64], share: f64) -> f64 {
        let low = element(keys[self.place]);
        if share == 0.0 {
            return low;
        }
        between(low, element(keys[next_set(bits, self.place + 1)]), share)
    }
}

/// The first set bit from a place on.
#[inline(always)]
fn next_set(bits: &[u64], from: usize) -> usize {
    let mut word = from / 64;
    let mut left = bits[word] >> (from % 64) << (from % 64);
    while left == 0 {
        word += 1;
        left = bits[word];
    }
    64 * word + left.trailing_zeros() as usize
}

/// The last set bit below a place.
#[inline(always)]
fn last_set(bits: &[u64], below: usize) -> usize {
    let mut word = below / 64;
    let mut left = bits[word] & ((1 << (below % 64)) - 1);
    while left == 0 {
        word -= 1;
        left = bits[word];
    }
    64 * word + 63 - left.leading_zeros() as usize
}
