//! Elements in order, and where they came from.

/// A number whose order is that of the elements, -0.0 counting as 0.0.
pub(super) fn key(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    // Of negative numbers all bits are turned round, of others the sign.
    bits ^ ((bits as i64 >> 63) as u64 | 1 << 63)
}

/// The element of a key.
pub(super) fn element(key: u64) -> f64 {
    let bits = key ^ ((!key as i64 >> 63) as u64 | 1 << 63);
    f64::from_bits(bits)
}

/// Above the key of every element that is not NaN.
const BEYOND: u64 = u64::MAX;

/// Elements by order, each with the number of its slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Sorted {
    pub(super) keys: Vec<u64>,
    pub(super) slots: Vec<u32>,
}

impl Sorted {
    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.slots.clear();
    }

    pub(super) fn push(&mut self, key: u64, slot: u32) {
        self.keys.push(key);
        self.slots.push(slot);
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Lets the element of a slot make room for another.
    pub(super) fn exchange(&mut self, old: Option<u64>, new: Option<u64>, slot: u32) {
        let place_of_old = old.and_then(|old| {
            let first = self.keys.partition_point(|&key| key < old);
            // Of equals it has to be the one of the slot.
            Some(first + self.slots[first..].iter().position(|&other| other == slot)?)
        });
        let place_of_new = new.map(|new| self.keys.partition_point(|&key| key <= new));
        match (place_of_old, place_of_new.zip(new)) {
            (Some(from), Some((to, new))) => {
                // What lies between moves by one.
                let place = if from < to {
                    self.keys.copy_within(from + 1..to, from);
                    self.slots.copy_within(from + 1..to, from);
                    to - 1
                } else {
                    self.keys.copy_within(to..from, to + 1);
                    self.slots.copy_within(to..from, to + 1);
                    to
                };
                (self.keys[place], self.slots[place]) = (new, slot);
            }
            (Some(from), None) => {
                self.keys.remove(from);
                self.slots.remove(from);
            }
            (None, Some((to, new))) => {
                self.keys.insert(to, new);
                self.slots.insert(to, slot);
            }
            (None, None) => {}
        }
    }

    /// Sorts what was pushed.
    ///
    /// Key and place are packed in one number where both fit, which they do unless the keys are far apart; otherwise the
    /// lowest bits of the keys are left out, and what is not in order then is sorted again.
    pub(super) fn sort(&mut self, scratch: &mut Vec<u64>, unsorted: &mut Self) {
        let (Some(least), Some(greatest)) = (self.keys.iter().copied().min(), self.keys.iter().copied().max()) else {
            return;
        };
        let bits = |x: u64| u64::BITS - x.leading_zeros();
        let for_place = bits(self.len() as u64 - 1);
        let left_out = (bits(greatest - least) + for_place).saturating_sub(u64::BITS);
        scratch.clear();
        let packed = self.keys.iter().zip(0..).map(|(key, i): (_, u64)| (key - least) >> left_out << for_place | i);
        scratch.extend(packed);
        scratch.sort_unstable();
        unsorted.clear();
        std::mem::swap(self, unsorted);
        let places = (1_u64 << for_place) - 1;
        self.keys.extend(scratch.iter().map(|packed| unsorted.keys[(packed & places) as usize]));
        self.slots.extend(scratch.iter().map(|packed| unsorted.slots[(packed & places) as usize]));
        if left_out > 0 && !self.keys.is_sorted() {
            let mut pairs: Vec<_> = self.keys.iter().copied().zip(self.slots.iter().copied()).collect();
            pairs.sort(); // which is fast where it is nearly done
            for ((key, slot), (to_key, to_slot)) in pairs.into_iter().zip(self.keys.iter_mut().zip(&mut self.slots)) {
                (*to_key, *to_slot) = (key, slot);
            }
        }
    }
}

/// Old elements and new in one order.
#[derive(Debug, Clone, Default)]
pub(super) struct Merged {
    pub(super) sorted: Sorted,
    /// Of each slot the rank of its old element, and from `slots` on those of the new.
    pub(super) ranks: Vec<u32>,
    /// One bit for each element, set while it is in the window: of the old, at first.
    pub(super) in_window: Vec<u64>,
}

impl Merged {
    /// Merges; of equal elements the old come first. Elements that are not there get the rank behind all others.
    pub(super) fn merge(&mut self, slots: usize, old: &mut Sorted, new: &mut Sorted) {
        let count = old.len() + new.len();
        self.ranks.clear();
        self.ranks.resize(2 * slots, count as u32);
        self.sorted.keys.clear();
        self.sorted.keys.resize(count, 0);
        self.sorted.slots.clear();
        self.sorted.slots.resize(count, 0);
        self.in_window.clear();
        // One bit more, for what is not there; and one word, so that a search ends.
        self.in_window.resize(count / 64 + 2, 0);
        old.push(BEYOND, 0);
        new.push(BEYOND, 0);
        let (mut i, mut j) = (0, 0);
        let places = self.sorted.keys.iter_mut().zip(&mut self.sorted.slots);
        for ((to_key, to_slot), rank) in places.zip(0_u32..) {
            let (a, b) = (old.keys[i], new.keys[j]);
            let is_old = a <= b;
            let (slot_a, slot_b) = (old.slots[i], new.slots[j]);
            let slot = if is_old { slot_a } else { slot_b };
            *to_key = if is_old { a } else { b };
            *to_slot = slot;
            self.ranks[slot as usize + if is_old { 0 } else { slots }] = rank;
            self.in_window[rank as usize / 64] |= u64::from(is_old) << (rank % 64);
            i += usize::from(is_old);
            j += usize::from(!is_old);
        }
        old.keys.pop();
        old.slots.pop();
        new.keys.pop();
        new.slots.pop();
    }
}
