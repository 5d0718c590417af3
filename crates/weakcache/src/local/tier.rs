//! The strong tier: handles of the entries that were useful lately, up to a bound.
//!
//! The clock of Corbató (1968): the entries sit in a circle, a hit marks the entry, and the hand that looks for a seat
//! takes the marks away as it passes and the first seat without one. So a hit moves nothing, and what leaves is nearly
//! what was not used for the longest time.

use core::mem;

use super::node::{Held, NO_SEAT};

pub(super) struct Tier<K, V> {
    seats: Vec<Held<K, V>>,
    /// The seat that the hand looks at next.
    hand: usize,
    capacity: usize,
}

impl<K, V> Tier<K, V> {
    /// Allocates as entries come.
    pub(super) fn new(capacity: usize) -> Self {
        Self { seats: Vec::new(), hand: 0, capacity }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    /// Bytes of the seats.
    pub(super) fn bytes(&self) -> usize {
        self.seats.capacity() * size_of::<Held<K, V>>()
    }

    /// An entry that has no seat, and so no mark, gets one. Returns the one that had to leave.
    pub(super) fn admit(&mut self, held: &Held<K, V>) -> Option<Held<K, V>> {
        if self.capacity == 0 {
            return None;
        }
        let handle = held.clone();
        // The number of a seat is never `NO_SEAT`.
        if self.seats.len() < self.capacity.min(NO_SEAT as usize) {
            handle.set_seat(self.seats.len() as u32);
            self.seats.push(handle);
            return None;
        }
        let seat = self.next_out();
        self.hand = seat + 1;
        handle.set_seat(seat as u32);
        let out = mem::replace(&mut self.seats[seat], handle);
        out.set_seat(NO_SEAT);
        Some(out)
    }

    /// The seat whose entry is the next to leave; there must be one. At most one round: then all marks are gone.
    fn next_out(&mut self) -> usize {
        loop {
            if self.hand >= self.seats.len() {
                self.hand = 0;
            }
            if !self.seats[self.hand].take_used() {
                return self.hand;
            }
            self.hand += 1;
        }
    }

    /// Empties a seat; the last one moves there.
    pub(super) fn remove(&mut self, seat: u32) -> Option<Held<K, V>> {
        if seat == NO_SEAT {
            return None;
        }
        let out = self.seats.swap_remove(seat as usize);
        out.set_seat(NO_SEAT);
        if let Some(moved) = self.seats.get(seat as usize) {
            moved.set_seat(seat);
        }
        Some(out)
    }

    /// Sets the bound. Returns those that had to leave for it.
    pub(super) fn set_capacity(&mut self, capacity: usize) -> Vec<Held<K, V>> {
        self.capacity = capacity;
        let surplus = self.seats.len().saturating_sub(capacity);
        (0..surplus)
            .filter_map(|_| {
                let seat = self.next_out();
                // Also past the one that moves there: it may be the newest.
                self.hand = seat + 1;
                self.remove(seat as u32)
            })
            .collect()
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.seats.shrink_to_fit();
    }

    /// All leave.
    pub(super) fn take_all(&mut self) -> Vec<Held<K, V>> {
        self.hand = 0;
        let all = mem::take(&mut self.seats);
        all.iter().for_each(|held| held.set_seat(NO_SEAT));
        all
    }
}
