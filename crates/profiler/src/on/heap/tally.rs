//! Allocations, bytes and released bytes of one thread: what came lately in one word, so that an event is one addition.

use lagom_base::sync::atomic::{AtomicU64, Ordering, fence};

use super::counters::Counts;

/// The parts of the word, from its lowest bit on: bytes released, allocations, how often the others were carried over (as far as
/// it has room), bytes allocated.
const ALLOCATIONS: u32 = 16;
const CARRIES: u32 = 36;
const BYTES: u32 = 48;
const CARRIES_MASK: u64 = (1 << (BYTES - CARRIES)) - 1;

/// So many bytes, allocated or released, are not in the word: they are carried over.
const FULL: u64 = 1 << 15;

/// All zero when nothing was counted. Written to by one thread at a time.
pub(super) struct Tally {
    recent: AtomicU64,
    /// What was carried over: of the two, the one of the word's number of carries.
    before: [Totals; 2],
}

struct Totals {
    allocations: AtomicU64,
    bytes: AtomicU64,
    freed: AtomicU64,
}

impl Totals {
    fn get(&self) -> Counts {
        Counts {
            allocations: self.allocations.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            freed: self.freed.load(Ordering::Relaxed),
        }
    }
}

fn carries(recent: u64) -> u64 {
    recent >> CARRIES & CARRIES_MASK
}

impl Tally {
    #[cfg(any(test, lagom_loom))]
    pub(super) fn new() -> Self {
        let none = || Totals { allocations: AtomicU64::new(0), bytes: AtomicU64::new(0), freed: AtomicU64::new(0) };
        Self { recent: AtomicU64::new(0), before: [none(), none()] }
    }

    /// Counts an allocation of at least a byte, if there is room in the word; else it is to be [carried](Self::carry).
    #[inline(always)]
    pub(super) fn allocated(&self, size: usize) -> bool {
        self.fits(size, (size as u64) << BYTES | 1 << ALLOCATIONS, FULL << BYTES)
    }

    /// Counts a release, likewise.
    #[inline(always)]
    pub(super) fn released(&self, size: usize) -> bool {
        self.fits(size, size as u64, FULL)
    }

    #[inline(always)]
    fn fits(&self, size: usize, amount: u64, full: u64) -> bool {
        let recent = self.recent.load(Ordering::Relaxed).wrapping_add(amount);
        let fits = (size as u64) < FULL && recent & full == 0;
        if fits {
            self.recent.store(recent, Ordering::Relaxed);
        }
        fits
    }

    /// Carries over what is in the word, and `more`; what all comes to. By the owner.
    pub(super) fn carry(&self, more: Counts) -> Counts {
        let all = self.own() + more;
        let carries = carries(self.recent.load(Ordering::Relaxed)) + 1;
        let totals = &self.before[carries as usize % 2];
        // Who reads any of the totals that follow reads a later word than the one these were for.
        fence(Ordering::Release);
        totals.allocations.store(all.allocations, Ordering::Relaxed);
        totals.bytes.store(all.bytes, Ordering::Relaxed);
        totals.freed.store(all.freed, Ordering::Relaxed);
        // Who reads this word, or one of those that follow, reads these totals; a store of release would say so of this one only.
        fence(Ordering::Release);
        self.recent.store((carries & CARRIES_MASK) << CARRIES, Ordering::Relaxed);
        all
    }

    fn with(&self, recent: u64) -> Counts {
        let lately = Counts {
            allocations: recent >> ALLOCATIONS & ((1 << (CARRIES - ALLOCATIONS)) - 1),
            bytes: recent >> BYTES,
            freed: recent & ((1 << ALLOCATIONS) - 1),
        };
        self.before[carries(recent) as usize % 2].get() + lately
    }

    /// What all comes to; for the owner.
    #[inline]
    pub(super) fn own(&self) -> Counts {
        self.with(self.recent.load(Ordering::Relaxed))
    }

    /// Whether anything was counted; for the owner.
    #[inline]
    pub(super) fn is_used(&self) -> bool {
        // The word of one that was carried over so often that the number begins anew may be zero.
        self.recent.load(Ordering::Relaxed) != 0 || self.before[0].allocations.load(Ordering::Relaxed) != 0
    }

    /// What all comes to at one moment; for anybody.
    pub(super) fn read(&self) -> Counts {
        self.read_while(|| {})
    }

    /// With something that happens between word and totals.
    fn read_while(&self, mut meanwhile: impl FnMut()) -> Counts {
        let mut recent = self.recent.load(Ordering::Acquire);
        loop {
            meanwhile();
            let counts = self.with(recent);
            // The totals were those of the word if it was not carried over meanwhile; the owner may rest at any point, and need
            // not be waited for.
            fence(Ordering::Acquire);
            let now = self.recent.load(Ordering::Acquire);
            if carries(now) == carries(recent) {
                return counts;
            }
            recent = now;
        }
    }
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn alloc(tally: &Tally, size: usize) {
        if !tally.allocated(size) {
            tally.carry(Counts { allocations: 1, bytes: size as u64, freed: 0 });
        }
    }

    fn free(tally: &Tally, size: usize) {
        if !tally.released(size) {
            tally.carry(Counts { freed: size as u64, ..Counts::ZERO });
        }
    }

    #[test]
    fn every_event_is_counted_exactly() {
        let (tally, mut model) = (Tally::new(), Counts::ZERO);
        assert!(!tally.is_used());
        // Around every edge; often enough that the number of carries begins anew.
        let sizes = [1, 64, 4_095, 32_766, 32_767, 32_768, 32_769, 65_535, 65_536, 1 << 20, usize::MAX >> 1];
        for at in 0..20_000 {
            let (size, other) = (sizes[at % sizes.len()], sizes[at * 7 % 10]);
            alloc(&tally, size);
            model = model + Counts { allocations: 1, bytes: size as u64, freed: 0 };
            assert_eq!((tally.own(), tally.read()), (model, model));
            assert!(tally.is_used());
            free(&tally, other);
            model = model + Counts { freed: other as u64, ..Counts::ZERO };
            assert_eq!((tally.own(), tally.read()), (model, model));
        }
    }

    #[test]
    fn nothing_runs_over_into_its_neighbour() {
        let tally = Tally::new();
        // As many allocations as there can be before their bytes are carried over.
        for _ in 0..FULL - 1 {
            assert!(tally.allocated(1));
        }
        assert!(tally.released(32_767) && !tally.released(1) && !tally.allocated(1));
        assert_eq!(tally.own(), Counts { allocations: FULL - 1, bytes: FULL - 1, freed: 32_767 });
    }

    #[test]
    fn what_is_carried_over_while_it_is_read_is_read_again() {
        for times in 1..4 {
            let tally = Tally::new();
            alloc(&tally, 100);
            let mut left = times;
            let counts = tally.read_while(|| {
                for _ in 0..std::mem::take(&mut left) {
                    alloc(&tally, 1 << 20);
                }
            });
            assert_eq!(counts, tally.own(), "{times}");
        }
    }

    #[test]
    fn others_read_one_moment() {
        // Nearly every event is carried over.
        const SIZE: u64 = 30_000;
        let (tally, done) = (Tally::new(), AtomicBool::new(false));
        let mut pairs = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut last = Counts::ZERO;
                for _ in 0..300_000 {
                    let now = tally.read();
                    // At most one is live.
                    let is_right = now.bytes == now.allocations * SIZE
                        && (now.freed == now.bytes || now.freed + SIZE == now.bytes)
                        && now.allocations >= last.allocations;
                    if !is_right {
                        done.store(true, Ordering::Release);
                    }
                    assert!(is_right, "{last:?} {now:?}");
                    last = now;
                }
                done.store(true, Ordering::Release);
            });
            while !done.load(Ordering::Acquire) {
                alloc(&tally, SIZE as usize);
                free(&tally, SIZE as usize);
                pairs += 1;
            }
        });
        assert_eq!(tally.read(), Counts { allocations: pairs, bytes: pairs * SIZE, freed: pairs * SIZE });
    }
}
