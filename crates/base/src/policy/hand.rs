//! Who goes: the victims of the window and of main, and the ghosts that they leave.

use super::ghosts::{Clocks, From, Ghosts};
use super::ring::MOST;
use super::{Entries, Policy};

/// The window's least share, with which it begins, and its largest.
const LEAST_SHARE: f64 = 0.01;
const MOST_SHARE: f64 = 0.99;
/// Entries that the hand looks at.
const LOOKS: usize = 8;
/// Entries that the hand looks at when nobody else can go.
const MOST_LOOKS: usize = 64;
/// Log2 of the ticks in which as much is evicted as there is room for, or of half of them: ages need not be finer.
const TICKS: u32 = 10;
/// The bit of a seat that says which queue.
pub(super) const IN_MAIN: u32 = 1 << 31;

impl<I: Copy> Policy<I> {
    #[inline]
    pub(super) fn has_room(&self, weight: u64) -> bool {
        self.weight.checked_add(weight).is_some_and(|sum| sum <= self.capacity) && self.len() < MOST
    }

    /// What depends on the capacity.
    pub(super) fn begin(&mut self) {
        self.shift = (u64::BITS - TICKS).saturating_sub(self.capacity.leading_zeros());
        self.aim(0.0);
    }

    #[inline]
    pub(super) fn clocks(&self) -> Clocks {
        Clocks { window: (self.window_clock >> self.shift) as u32, main: (self.main_clock >> self.shift) as u32 }
    }

    pub(super) fn aim(&mut self, target: f64) {
        let capacity = self.capacity as f64;
        self.target = target.clamp((LEAST_SHARE * capacity).max(1.0), (MOST_SHARE * capacity).max(1.0));
        self.most_window = self.target as u64;
    }

    #[inline]
    pub(super) fn push_main(&mut self, id: I, entries: &impl Entries<I>) {
        let now = self.clocks().window as u16;
        entries.set_seat(id, self.main.push(id, now) | IN_MAIN);
    }

    /// Evicts one: from the window while it is too long, from main while it is not; each helps the other out.
    #[inline(always)]
    pub(super) fn make_room(&mut self, weight: u64, entries: &impl Entries<I>) -> Option<I> {
        while self.main.is_empty() || self.window_weight.saturating_add(weight) > self.most_window {
            let Some((id, ())) = self.window.pop() else { break };
            let own = entries.weight(id);
            self.window_weight -= own;
            if entries.uses(id) == 0 {
                return Some(self.leave_window(id, own, entries));
            }
            entries.set_uses(id, 0);
            self.push_main(id, entries);
        }
        self.make_room_in_main(entries)
    }

    #[inline(never)]
    fn make_room_in_main(&mut self, entries: &impl Entries<I>) -> Option<I> {
        if let Some(victim) = self.turn(LOOKS, |_| true, entries) {
            return Some(victim);
        }
        // All that the hand met were used.
        if let Some((id, ())) = self.window.pop() {
            let own = entries.weight(id);
            self.window_weight -= own;
            return Some(self.leave_window(id, own, entries));
        }
        self.turn(MOST_LOOKS, |_| true, entries).or_else(|| {
            let (id, _) = self.main.pop()?;
            Some(self.leave_main(id, entries))
        })
    }

    /// Evicts one from main that idled for longer than one who returns was away, if the hand meets one.
    #[inline(never)]
    pub(super) fn make_room_for_return(&mut self, distance: u64, entries: &impl Entries<I>) -> Option<I> {
        self.turn(LOOKS, |idle| idle > distance, entries)
    }

    /// Turns the hand of main: takes a use from who has some, evicts the first who has none and idled for long enough.
    #[inline]
    fn turn(&mut self, looks: usize, enough: impl Fn(u64) -> bool, entries: &impl Entries<I>) -> Option<I> {
        let now = self.clocks().window as u16;
        for _ in 0..looks.min(self.main.len()) {
            let (id, mut seen) = self.main.pop()?;
            match entries.uses(id) {
                0 if enough(u64::from(now.wrapping_sub(seen)) << self.shift) => {
                    return Some(self.leave_main(id, entries));
                }
                0 => {}
                uses => {
                    entries.set_uses(id, uses - 1);
                    seen = now;
                }
            }
            entries.set_seat(id, self.main.push(id, seen) | IN_MAIN);
        }
        None
    }

    #[inline(always)]
    fn leave_window(&mut self, id: I, weight: u64, entries: &impl Entries<I>) -> I {
        self.leave_ghost(entries.hash(id), From::Window);
        self.window_clock = self.window_clock.wrapping_add(weight);
        self.weight -= weight;
        self.window.trim();
        id
    }

    fn leave_main(&mut self, id: I, entries: &impl Entries<I>) -> I {
        let weight = entries.weight(id);
        self.leave_ghost(entries.hash(id), From::Main);
        self.main_clock = self.main_clock.wrapping_add(weight);
        self.weight -= weight;
        self.main.trim();
        id
    }

    #[inline]
    fn leave_ghost(&mut self, hash: u32, from: From) {
        // The one that leaves is no longer counted.
        let entries = self.len() + 1;
        if self.ghosts.room() < entries / 2 || self.ghosts.room() == 0 {
            self.begin_ghosts(entries);
        }
        self.ghosts.add(hash, from, self.clocks());
    }
    #[cold]
    fn begin_ghosts(&mut self, entries: usize) {
        self.ghosts = Ghosts::with_room(entries);
    }
}
