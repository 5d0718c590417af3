//! The open spans of one thread: enough for self time, recursion, and guards that drop in any order or never.
//!
//! A site's total is the time under at least one of its spans. Each span adds, when it ends, what no other has added
//! before; so a span that never ends takes nothing from the others.

use super::counters::Counts;

/// The deepest frames that are kept; when there are more the older half is given up, of which then only calls and durations
/// count. Only guards that were forgotten pile up like that, or a recursion that few stacks hold.
const DEEPEST: usize = 1 << 16;

/// How many guards that outlived their parent are kept; of older ones, too, only calls and durations count.
const DETACHED: usize = 64;

/// An open span.
#[derive(Debug)]
struct Frame {
    serial: u64,
    number: u32,
    /// The next frame of the same site further down.
    outer: Place,
    start: u64,
    /// From when on its time is not all in the site's total: its start, or later.
    from: u64,
    /// How much since `from` is in the total already, but for what the next frame of the site inside this one knows.
    covered: u64,
    children: u64,
    heap: Counts,
    heap_covered: Counts,
    heap_children: Counts,
}

/// A span whose parent ended first: its self time and its allocations ended with the parent, its total goes on.
#[derive(Debug)]
struct Detached {
    serial: u64,
    number: u32,
    from: u64,
    /// How much since `from` is in the total already.
    covered: u64,
    own: u64,
    heap: Counts,
    heap_own: Counts,
}

/// One more than how many frames lay below when it was pushed, given up ones included; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place(usize);

/// What a guard remembers of its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    serial: u64,
    place: Place,
    pub(crate) start: u64,
}

/// What an ended span adds to its site.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) total: u64,
    pub(crate) own: u64,
    pub(crate) heap: Counts,
    pub(crate) heap_own: Counts,
}

#[derive(Debug)]
pub(super) struct Frames {
    epoch: u64,
    serial: u64,
    /// How many frames were given up below the stack.
    below: usize,
    stack: Vec<Frame>,
    detached: Vec<Detached>,
    /// Per site: its topmost frame.
    topmost: Vec<Place>,
}

impl Frames {
    /// No open spans; guards with serials below this one are unknown.
    pub(super) const fn new(serial: u64) -> Self {
        Self { epoch: 0, serial, below: 0, stack: Vec::new(), detached: Vec::new(), topmost: Vec::new() }
    }

    pub(super) const fn serial(&self) -> u64 {
        self.serial
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// Pushes a frame; `now` says when the span begins and what was allocated before, after all of the work is done.
    #[inline]
    pub(super) fn open(&mut self, number: u32, epoch: u64, now: impl FnOnce() -> (u64, Counts)) -> Token {
        if self.epoch != epoch || self.stack.len() == DEEPEST {
            self.give_up(epoch);
        }
        let index = number as usize;
        if self.topmost.len() <= index {
            self.topmost.resize(index + 1, Place::default());
        }
        let serial = self.serial;
        self.serial += 1;
        let depth = self.stack.len();
        let place = Place(self.below + depth + 1);
        let outer = std::mem::replace(&mut self.topmost[index], place);
        self.stack.push(Frame {
            serial,
            number,
            outer,
            start: 0,
            from: 0,
            covered: 0,
            children: 0,
            heap: Counts::ZERO,
            heap_covered: Counts::ZERO,
            heap_children: Counts::ZERO,
        });
        let frame = &mut self.stack[depth];
        let (start, heap) = now();
        (frame.start, frame.from, frame.heap) = (start, start, heap);
        Token { serial, place, start }
    }

    /// Frames from before a reset will never be recorded; of too many the older half goes.
    #[cold]
    fn give_up(&mut self, epoch: u64) {
        let count = if self.epoch == epoch { self.stack.len() / 2 } else { self.stack.len() };
        self.stack.drain(..count);
        self.below += count;
        if self.epoch != epoch {
            self.stack.shrink_to(DEEPEST / 64);
            self.detached.clear();
            self.epoch = epoch;
        }
    }

    #[inline]
    fn index(&self, place: Place) -> Option<usize> {
        place.0.checked_sub(self.below + 1)
    }

    #[inline]
    fn at(&mut self, place: Place) -> Option<&mut Frame> {
        let index = self.index(place)?;
        self.stack.get_mut(index)
    }

    #[inline]
    pub(super) fn close(&mut self, token: Token, number: u32, now: u64, heap: Counts) -> Spent {
        match self.index(token.place) {
            Some(index) if self.stack.get(index).is_some_and(|frame| frame.serial == token.serial) => {
                while self.stack.len() > index + 1 {
                    self.detach_top(now, heap);
                }
                self.pop(now, heap)
            }
            _ => self.close_detached(token, number, now),
        }
    }

    /// Takes the top frame off and books its time with the frame below; the total is left to the caller.
    #[inline]
    fn take_top(&mut self, now: u64, heap: Counts) -> Option<(Frame, Spent)> {
        let frame = self.stack.pop()?;
        self.topmost[frame.number as usize] = frame.outer;
        let elapsed = now.saturating_sub(frame.start);
        let heap = heap - frame.heap;
        if let Some(parent) = self.stack.last_mut() {
            parent.children += elapsed;
            parent.heap_children = parent.heap_children + heap;
        }
        if let Some(outer) = self.at(frame.outer) {
            outer.heap_covered = outer.heap_covered + heap;
        }
        let spent = Spent {
            total: 0,
            own: elapsed.saturating_sub(frame.children),
            heap: heap - frame.heap_covered,
            heap_own: heap - frame.heap_children,
        };
        Some((frame, spent))
    }

    #[inline]
    fn pop(&mut self, now: u64, heap: Counts) -> Spent {
        let Some((frame, spent)) = self.take_top(now, heap) else { return Spent::default() };
        let time = now.saturating_sub(frame.from);
        let total = time.saturating_sub(frame.covered);
        if let Some(outer) = self.at(frame.outer) {
            outer.covered += time;
        }
        if !self.detached.is_empty() {
            self.cover_detached(frame.number, frame.serial, total, now);
        }
        Spent { total, ..spent }
    }

    #[cold]
    fn detach_top(&mut self, now: u64, heap: Counts) {
        let Some((frame, spent)) = self.take_top(now, heap) else { return };
        if let Some(outer) = self.at(frame.outer) {
            outer.covered += frame.covered;
        }
        if self.detached.len() == DETACHED {
            self.detached.remove(0);
        }
        self.detached.push(Detached {
            serial: frame.serial,
            number: frame.number,
            from: frame.from,
            covered: frame.covered,
            own: spent.own,
            heap: spent.heap,
            heap_own: spent.heap_own,
        });
    }

    /// The span `serial` has ended and added `total`: of later ones all is in the total by now, of earlier ones so much.
    #[cold]
    fn cover_detached(&mut self, number: u32, serial: u64, total: u64, now: u64) {
        for other in self.detached.iter_mut().filter(|other| other.number == number) {
            if other.serial > serial {
                (other.from, other.covered) = (now, 0);
            } else {
                other.covered += total;
            }
        }
    }

    #[cold]
    fn close_detached(&mut self, token: Token, number: u32, now: u64) -> Spent {
        let Some(index) = self.detached.iter().position(|frame| frame.serial == token.serial) else {
            return Spent::default();
        };
        let ended = self.detached.remove(index);
        let total = now.saturating_sub(ended.from).saturating_sub(ended.covered);
        self.cover_detached(number, ended.serial, total, now);
        // The same for the frames of the site, of which each tells the next outer one only when it ends.
        let mut added = total;
        let mut place = self.topmost.get(number as usize).copied().unwrap_or_default();
        while let Some(frame) = self.at(place) {
            if frame.serial < ended.serial {
                frame.covered += added;
                break;
            }
            added += frame.covered;
            (frame.from, frame.covered) = (now, 0);
            place = frame.outer;
        }
        Spent { total, own: ended.own, heap: ended.heap, heap_own: ended.heap_own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(frames: &mut Frames, number: u32, now: u64) -> Token {
        frames.open(number, 0, || (now, Counts::ZERO))
    }

    fn close(frames: &mut Frames, token: Token, number: u32, now: u64) -> (u64, u64) {
        let spent = frames.close(token, number, now, Counts::ZERO);
        (spent.total, spent.own)
    }

    /// A generator of small numbers (Knuth's MMIX).
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }
    }

    /// In whatever order guards drop, or never do: a span adds exactly the moments that no other of its site has added.
    #[test]
    fn totals_are_those_of_a_list_of_moments() {
        const SITES: u64 = 3;
        for seed in 0..3_000 {
            let mut dice = Dice(seed);
            let mut frames = Frames::new(0);
            let mut live: Vec<(Token, u32)> = Vec::new();
            let mut added = [const { Vec::new() }; SITES as usize];
            let mut now = 0;
            let in_order = dice.roll(4);
            for _ in 0..60 {
                now += dice.roll(5);
                added.iter_mut().for_each(|moments| moments.resize(now as usize, false));
                let last = live.len().saturating_sub(1) as u64;
                let place = if dice.roll(4) < in_order { last } else { dice.roll(last + 1) } as usize;
                match dice.roll(9) {
                    0..=4 => {
                        let number = dice.roll(SITES) as u32;
                        live.push((open(&mut frames, number, now), number));
                    }
                    5..=7 if !live.is_empty() => {
                        let (token, number) = live.remove(place);
                        let moments = &mut added[number as usize][token.start as usize..];
                        let expected = moments.iter().filter(|moment| !**moment).count() as u64;
                        moments.fill(true);
                        let (total, own) = close(&mut frames, token, number, now);
                        assert_eq!(total, expected, "seed {seed} at {now}: {frames:?}");
                        assert!(own <= now - token.start);
                    }
                    8 if !live.is_empty() => drop(live.remove(place)),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn forgotten_guards_take_bounded_room_and_nothing_from_others() {
        let mut frames = Frames::new(0);
        let first = open(&mut frames, 0, 0);
        for round in 0..3 * DEEPEST as u64 {
            let now = 10 * round;
            open(&mut frames, 0, now);
            let token = open(&mut frames, 0, now + 1);
            assert_eq!(close(&mut frames, token, 0, now + 4), (3, 3));
        }
        assert!(frames.stack.len() <= DEEPEST && frames.detached.is_empty());
        assert_eq!(close(&mut frames, first, 0, u64::MAX), (0, 0), "given up");
        frames.open(0, 1, || (0, Counts::ZERO));
        assert!(frames.stack.capacity() <= DEEPEST / 32, "a reset frees what they took");
    }

    #[test]
    fn a_reset_gives_up_what_was_open() {
        let mut frames = Frames::new(0);
        let before = open(&mut frames, 0, 0);
        let other = frames.open(1, 0, || (1, Counts::ZERO));
        let after = frames.open(0, 1, || (5, Counts::ZERO));
        assert_eq!(frames.stack.len(), 1);
        assert_eq!(close(&mut frames, other, 1, 6), (0, 0));
        assert_eq!(close(&mut frames, before, 0, 7), (0, 0));
        // What a site's topmost frame was is not taken for one of another site that now lies there.
        let upper = frames.open(0, 1, || (5, Counts::ZERO));
        let inner = frames.open(1, 1, || (6, Counts::ZERO));
        assert_eq!(close(&mut frames, inner, 1, 8), (2, 2));
        assert_eq!(close(&mut frames, upper, 0, 8), (3, 1));
        assert_eq!(close(&mut frames, after, 0, 9), (1, 1));
        assert!(frames.is_empty());
    }

    #[test]
    fn allocations_of_a_recursion_count_once() {
        let heap = |count: u64| Counts { allocations: count, bytes: 10 * count };
        let mut frames = Frames::new(0);
        let outer = frames.open(0, 0, || (0, heap(1)));
        let between = frames.open(1, 0, || (0, heap(2)));
        let inner = frames.open(0, 0, || (0, heap(3)));
        let spent = frames.close(inner, 0, 0, heap(10));
        assert_eq!((spent.heap, spent.heap_own), (heap(7), heap(7)));
        let spent = frames.close(between, 1, 0, heap(11));
        assert_eq!((spent.heap, spent.heap_own), (heap(9), heap(2)));
        let spent = frames.close(outer, 0, 0, heap(12));
        assert_eq!((spent.heap, spent.heap_own), (heap(4), heap(2)));
    }
}
