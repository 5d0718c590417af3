//! A queue of which any entry can leave in O(1).

use std::collections::VecDeque;

/// A queue with a note beside each entry. Who leaves from the middle leaves a gap; gaps are closed when they are a third
/// of all places, so that an entry takes part in less than three moves for each one that left.
///
/// Places are numbered in the order of arrival, by a count that wraps: the number of an entry is its seat.
#[derive(Debug)]
pub(super) struct Ring<I, N> {
    places: VecDeque<Option<I>>,
    notes: VecDeque<N>,
    /// Seat of the front place.
    front: u32,
    live: usize,
}

/// Seats wrap at 31 bits: the highest bit says which ring.
const SEATS: u32 = u32::MAX >> 1;

/// Most entries of both rings together, so that seats are distinct, gaps included.
pub(super) const MOST: usize = 1 << 29;

/// Gaps that are not worth closing.
const FEW: usize = 16;

impl<I: Copy, N: Copy> Ring<I, N> {
    pub(super) const fn new() -> Self {
        Self { places: VecDeque::new(), notes: VecDeque::new(), front: 0, live: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn is_empty(&self) -> bool {
        self.live == 0
    }

    pub(super) fn bytes(&self) -> usize {
        let notes = if size_of::<N>() == 0 { 0 } else { self.notes.capacity() * size_of::<N>() };
        self.places.capacity() * size_of::<Option<I>>() + notes
    }

    /// Appends an entry and returns its seat.
    #[inline]
    pub(super) fn push(&mut self, id: I, note: N) -> u32 {
        if self.places.len() == self.places.capacity() {
            self.grow();
        }
        let seat = self.front.wrapping_add(self.places.len() as u32) & SEATS;
        self.places.push_back(Some(id));
        self.notes.push_back(note);
        self.live += 1;
        seat
    }

    /// By a quarter, not to twice: a full cache stays as large as it is.
    #[cold]
    fn grow(&mut self) {
        let more = self.places.len() / 4 + 8;
        self.places.reserve_exact(more);
        self.notes.reserve_exact(more);
    }

    /// Takes the oldest entry out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(I, N)> {
        loop {
            let id = self.places.pop_front()?;
            let note = self.notes.pop_front()?;
            self.front = self.front.wrapping_add(1) & SEATS;
            if let Some(id) = id {
                self.live -= 1;
                return Some((id, note));
            }
        }
    }

    /// Takes the entry with that seat out. `reseat` is told of those that get another seat by it.
    ///
    /// # Panics
    ///
    /// When nobody has that seat.
    pub(super) fn remove(&mut self, seat: u32, reseat: impl FnMut(I, u32)) -> I {
        let at = seat.wrapping_sub(self.front) & SEATS;
        let place = self.places.get_mut(at as usize);
        let id = place.and_then(Option::take).expect("an entry has the seat that it was given");
        self.live -= 1;
        if self.places.len() - self.live > self.live / 2 + FEW {
            self.close(reseat);
        }
        id
    }

    /// Closes all gaps.
    #[cold]
    fn close(&mut self, mut reseat: impl FnMut(I, u32)) {
        let mut notes = self.notes.iter();
        let (mut kept, mut seat) = (VecDeque::with_capacity(self.live), self.front);
        self.places.retain(|place| {
            let note = notes.next();
            let Some(id) = place else { return false };
            kept.extend(note);
            reseat(*id, seat);
            seat = seat.wrapping_add(1) & SEATS;
            true
        });
        self.notes = kept;
        self.trim();
    }

    /// Gives memory back when more than half of it is unused.
    #[inline]
    pub(super) fn trim(&mut self) {
        let len = self.places.len();
        if self.places.capacity() > 2 * len + 2 * FEW {
            self.shrink(len + len / 4);
        }
    }

    #[cold]
    fn shrink(&mut self, room: usize) {
        self.places.shrink_to(room);
        self.notes.shrink_to(room);
    }

    /// The entries, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = I> {
        self.places.iter().flatten().copied()
    }

    /// The entries, the oldest first, owned.
    pub(super) fn into_iter(self) -> impl Iterator<Item = I> {
        self.places.into_iter().flatten()
    }

    /// Sets the count of seats, to see it wrap.
    #[cfg(test)]
    pub(super) fn start_at(&mut self, seat: u32) {
        assert!(self.places.is_empty());
        self.front = seat & SEATS;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn seats_stay_right_when_they_wrap_and_when_gaps_are_closed() {
        let mut ring = Ring::new();
        ring.start_at(SEATS - 100);
        let mut seats: HashMap<u32, u32> = HashMap::new();
        let (mut next, mut moves) = (0_u32, 0);
        for round in 0..4000_u32 {
            for _ in 0..4 {
                assert!(seats.insert(next, ring.push(next, next as u16)).is_none());
                next += 1;
            }
            for turn in 0..if round < 2000 { 2 } else { 3 } {
                let Some(id) = ring.iter().nth((round * 7919 + turn) as usize % ring.len()) else { continue };
                let seat = seats.remove(&id).expect("a resident has a seat");
                let out = ring.remove(seat, |id, seat| {
                    moves += 1;
                    seats.insert(id, seat).expect("only residents move");
                });
                assert_eq!(out, id);
            }
            let (id, note) = ring.pop().expect("more come than go");
            assert_eq!(note, id as u16, "notes go with their entries");
            assert!(seats.remove(&id).is_some() && !seats.contains_key(&id));
            assert!(ring.places.len() <= ring.live + ring.live / 2 + FEW + 1);
            assert_eq!(ring.places.len(), ring.notes.len());
        }
        assert!(moves > 0 && moves < 10_000 * 3, "{moves} moves");
        assert_eq!(ring.len(), seats.len());
        let order: Vec<u32> = ring.iter().collect();
        assert!(order.is_sorted(), "the order is kept");
        for id in order {
            assert_eq!(ring.remove(seats[&id], |id, seat| *seats.get_mut(&id).unwrap() = seat), id);
        }
        assert!(ring.is_empty());
    }

    #[test]
    #[should_panic(expected = "an entry has the seat that it was given")]
    fn a_wrong_seat_is_noticed() {
        let mut ring = Ring::new();
        let seat = ring.push(1, ());
        ring.remove(seat + 1, |_, _| ());
    }

    #[test]
    fn memory_follows_the_number_of_entries() {
        let mut ring = Ring::new();
        for id in 0..1000_u32 {
            ring.push(id, 0_u16);
        }
        assert!(ring.bytes() <= 1300 * 10, "{} bytes", ring.bytes());
        while ring.pop().is_some() {
            ring.trim();
            assert!(ring.places.capacity() <= 2 * ring.len() + 2 * FEW);
        }
    }
}
