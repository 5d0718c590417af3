//! Windows that fit in vector registers, sorted.
//!
//! The sorted window runs across the registers: slot `i` is lane `i / R` of register `i % R`. So to move all by one slot
//! is to rename the registers and to move the lanes of one. Removing an element moves the slots from it on down;
//! inserting one takes for each slot the middle of the slot, the slot below and the new element. There is no branch.

use super::Rank;
use crate::arch::{Group, Kernel, LANES, Vector, dispatch};
use crate::io::Io;
use crate::reduce::between;
use crate::stage::Archive;

/// Elements taken at a time.
const PIECE: usize = 64;

/// The most registers.
const MOST: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct Narrow {
    /// The registers, of which as many are in use as the window needs. Before the window lie -inf, after it +inf.
    slots: [Group; MOST],
    registers: usize,
    /// How many -inf: so many that the rank asked for of a full window is in the first register.
    before: usize,
    /// The lane of that rank.
    lane: usize,
    /// The last elements, oldest first, NaN before the start; of these the last `window` count.
    recent: [f64; Narrow::WIDEST],
    present: usize,
}

/// The elements of a piece behind those of the window before, with +inf for NaN.
type Line = [f64; Narrow::WIDEST + PIECE];

impl Narrow {
    /// The widest window.
    pub(super) const WIDEST: usize = Self::capacity(MOST);

    /// The widest window in so many registers, wherever the rank asked for lies.
    const fn capacity(registers: usize) -> usize {
        registers * LANES - (registers - 1)
    }

    pub(super) fn new(rank: Rank) -> Self {
        let needs = |registers: &usize| Self::capacity(*registers) >= rank.window;
        let registers = REGISTERS.into_iter().find(needs).unwrap_or(MOST);
        let below = rank.of_all().below;
        let before = (registers - below % registers) % registers;
        let mut slots = [[f64::INFINITY; LANES]; MOST];
        for i in 0..before {
            slots[i % registers][i / registers] = f64::NEG_INFINITY;
        }
        Self {
            slots,
            registers,
            before,
            lane: (before + below) / registers,
            recent: [f64::NAN; Self::WIDEST],
            present: 0,
        }
    }

    /// The last elements are the state; the rest follows from them.
    pub(super) fn exchange(&mut self, rank: Rank, archive: &mut Archive) {
        let recent = &mut self.recent[Self::WIDEST - rank.window..];
        archive.f64s(recent);
        let mut sorted: Vec<_> = recent.iter().filter(|x| !x.is_nan()).map(|x| x + 0.0).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let fresh = Self::new(rank);
        (self.slots, self.present) = (fresh.slots, sorted.len());
        for (x, slot) in sorted.into_iter().zip(self.before..) {
            self.slots[slot % self.registers][slot / self.registers] = x;
        }
    }

    pub(super) fn process(&mut self, rank: Rank, mut io: Io<'_>) {
        while io.len() > 0 {
            let n = PIECE.min(io.len());
            let (piece, rest) = io.split_at(n);
            self.piece(rank, piece);
            io = rest;
        }
    }

    fn piece(&mut self, rank: Rank, mut io: Io<'_>) {
        let n = io.len();
        let mut raw: Line = [0.0; Self::WIDEST + PIECE];
        let (old, new) = raw.split_at_mut(rank.window);
        old.copy_from_slice(&self.recent[Self::WIDEST - rank.window..]);
        new[..n].copy_from_slice(io.x());
        let raw = &raw[..rank.window + n];
        let mut line: Line = [0.0; Self::WIDEST + PIECE];
        for (to, &x) in line.iter_mut().zip(raw) {
            // What -0.0 becomes.
            *to = if x.is_nan() { f64::INFINITY } else { x + 0.0 };
        }
        let full = rank.of_all();
        let mut low = [0.0; PIECE];
        let mut high = [0.0; PIECE];
        let missing = raw.iter().filter(|x| x.is_nan()).count();
        if missing == 0 {
            self.select::<false>(rank.window, &line, &[], &mut low[..n], &mut high[..n]);
            for ((out, low), high) in io.out().iter_mut().zip(low).zip(high) {
                *out = between(low, high, full.share);
            }
        } else {
            let mut below = [0; PIECE];
            let mut shares = [f64::NAN; PIECE];
            let mut present = self.present;
            for i in 0..n {
                present = present + usize::from(!raw[i + rank.window].is_nan()) - usize::from(!raw[i].is_nan());
                if let Some(place) = rank.among(present) {
                    (below[i], shares[i]) = (place.below as u8, place.share);
                }
            }
            self.present = present;
            self.select::<true>(rank.window, &line, &below[..n], &mut low[..n], &mut high[..n]);
            for (i, out) in io.out().iter_mut().enumerate() {
                *out = if shares[i].is_nan() { f64::NAN } else { between(low[i], high[i], shares[i]) };
            }
        }
        self.recent[Self::WIDEST - rank.window..].copy_from_slice(&raw[n..]);
    }

    /// Moves the window over the elements of a line, and finds in each window the element of the rank asked for, and
    /// the next.
    fn select<const VARIES: bool>(
        &mut self,
        window: usize,
        line: &[f64],
        below: &[u8],
        low: &mut [f64],
        high: &mut [f64],
    ) {
        let n = low.len();
        let (old, new) = (&line[..n], &line[window..window + n]);
        macro_rules! with {
            ($($registers:literal)*) => {
                match self.registers {
                    $($registers => dispatch(Select::<$registers, VARIES> { window: self, old, new, below, low, high }),)*
                    _ => unreachable!("no window has other numbers of registers"),
                }
            };
        }
        with!(1 2 3 4 5 6 7 8 10 12 16);
    }
}

/// The numbers of registers that there are kernels for.
const REGISTERS: [usize; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16];

struct Select<'a, const R: usize, const VARIES: bool> {
    window: &'a mut Narrow,
    /// Leave, one by one.
    old: &'a [f64],
    /// Come.
    new: &'a [f64],
    /// The ranks asked for, where these vary.
    below: &'a [u8],
    low: &'a mut [f64],
    high: &'a mut [f64],
}

impl<const R: usize, const VARIES: bool> Kernel for Select<'_, R, VARIES> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { window, old, new, below, low, high } = self;
        let (lowest, highest) = (V::splat(f64::NEG_INFINITY), V::splat(f64::INFINITY));
        let mut slots = [lowest; R];
        for (slots, kept) in slots.iter_mut().zip(&window.slots) {
            *slots = V::load(kept);
        }
        let mut seen = [[0.0; LANES]; R];
        let lane = window.lane;
        for i in 0..new.len().min(old.len()).min(low.len()).min(high.len()) {
            let (old, new) = (V::splat(old[i]), V::splat(new[i]));
            let end = slots[0].down(highest);
            let mut left = slots;
            for j in 0..R {
                let next = if j + 1 < R { slots[j + 1] } else { end };
                left[j] = V::select(slots[j].lt(old), slots[j], next);
            }
            let start = left[R - 1].up::<1>(lowest);
            for j in 0..R {
                let before = if j > 0 { left[j - 1] } else { start };
                slots[j] = before.max(left[j].min(new));
            }
            if VARIES {
                for j in 0..R {
                    slots[j].store(&mut seen[j]);
                }
                let slot = window.before + usize::from(below[i]);
                let next = (slot + 1).min(R * LANES - 1);
                low[i] = seen[slot % R][slot / R];
                high[i] = seen[next % R][next / R];
            } else {
                slots[0].store(&mut seen[0]);
                low[i] = seen[0][lane];
                if R > 1 {
                    slots[1].store(&mut seen[1]);
                    high[i] = seen[1][lane];
                } else {
                    high[i] = seen[0][(lane + 1).min(LANES - 1)];
                }
            }
        }
        for (slots, kept) in slots.into_iter().zip(&mut window.slots) {
            slots.store(kept);
        }
    }
}
