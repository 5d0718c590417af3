//! What was evicted not long ago, known by its hash alone.

/// Which queue an entry was evicted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Window,
    Main,
}

/// A table of buckets that each fill one half of a cache line and hold the last ghosts that fell to them, the youngest
/// first. There is no list: whether a ghost is too old is seen when it is met.
///
/// A ghost is 16 bits of its hash beside those that chose the bucket, the queue that it was evicted from, and the low
/// bits of that queue's clock. Two hashes that look alike are mistaken for each other: one in 10,000, and a mistaken
/// ghost does no more than a newcomer that is treated better than it deserves.
#[derive(Debug)]
pub(super) struct Ghosts {
    buckets: Box<[Bucket]>,
}

const WAYS: usize = 8;

/// In both words 16 bits are for a ghost, the lowest for the youngest: so it takes one shift to add one.
#[repr(align(32))]
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Of their hashes; 0 where there is none.
    marks: u128,
    stamps: u128,
}

/// The lowest lane of a word.
const LANE: u128 = 0xFFFF;
/// 1 in each lane.
const ONES: u128 = u128::MAX / LANE;

const MAIN: u16 = 1 << 15;
/// Ages are taken modulo this: many times the longest life, and a bucket hardly leaves a ghost alone for so long.
const STAMPS: u16 = MAIN - 1;

/// The clocks of both queues.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    pub(super) window: u32,
    pub(super) main: u32,
}

impl Clocks {
    /// Ticks since a stamp.
    #[inline]
    fn age(self, stamp: u16) -> u32 {
        let now = if stamp & MAIN == 0 { self.window } else { self.main };
        u32::from((now as u16).wrapping_sub(stamp) & STAMPS)
    }
}

impl Ghosts {
    pub(super) fn none() -> Self {
        Self { buckets: Box::default() }
    }

    /// Room for about `entries` ghosts.
    pub(super) fn with_room(entries: usize) -> Self {
        Self { buckets: vec![Bucket { marks: 0, stamps: 0 }; entries.div_ceil(WAYS)].into_boxed_slice() }
    }

    #[inline]
    pub(super) fn room(&self) -> usize {
        self.buckets.len() * WAYS
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }

    /// Its bucket, and its mark, which is never 0.
    #[inline]
    fn find(&mut self, hash: u32) -> Option<(&mut Bucket, u16)> {
        let mixed = mix(hash);
        let at = (u64::from(mixed) * self.buckets.len() as u64) >> 32;
        let bucket = self.buckets.get_mut(usize::try_from(at).ok()?)?;
        Some((bucket, (mixed as u16).max(1)))
    }

    /// Takes the ghost of `hash` out: where from, and how many ticks of that queue's clock ago.
    #[inline]
    pub(super) fn take(&mut self, hash: u32, now: Clocks) -> Option<(From, u32)> {
        let (bucket, mark) = self.find(hash)?;
        let differences = bucket.marks ^ (ONES * u128::from(mark));
        // The lowest lane that is 0 has its highest bit set; those below it have not.
        let found = differences.wrapping_sub(ONES) & !differences & (ONES << 15);
        if found == 0 {
            return None;
        }
        let lane = found.trailing_zeros() / 16 * 16;
        bucket.marks &= !(LANE << lane);
        let stamp = (bucket.stamps >> lane) as u16;
        Some((if stamp & MAIN == 0 { From::Window } else { From::Main }, now.age(stamp)))
    }

    /// Adds a ghost; the oldest of its bucket, the highest, is forgotten.
    #[inline]
    pub(super) fn add(&mut self, hash: u32, from: From, now: Clocks) {
        let Some((bucket, mark)) = self.find(hash) else { return };
        let stamp = match from {
            From::Window => now.window as u16 & STAMPS,
            From::Main => now.main as u16 | MAIN,
        };
        bucket.marks = bucket.marks << 16 | u128::from(mark);
        bucket.stamps = bucket.stamps << 16 | u128::from(stamp);
    }
}

/// The upper half of a product, in which every bit depends on every bit of the hash below it, and the highest on all
/// (Fibonacci hashing: Knuth 1973): hashers may be good in some bits only.
#[inline]
fn mix(hash: u32) -> u32 {
    ((u64::from(hash)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(window: u32, main: u32) -> Clocks {
        Clocks { window, main }
    }

    #[test]
    fn a_ghost_is_known_by_its_hash_once_and_ages_by_its_own_clock() {
        let mut ghosts = Ghosts::with_room(100);
        ghosts.add(1, From::Window, at(10, 1000));
        ghosts.add(2, From::Main, at(10, 1000));
        assert_eq!(ghosts.take(3, at(11, 1000)), None);
        assert_eq!(ghosts.take(1, at(15, 1100)), Some((From::Window, 5)));
        assert_eq!(ghosts.take(1, at(15, 1100)), None);
        assert_eq!(ghosts.take(2, at(15, 1100)), Some((From::Main, 100)));
    }

    #[test]
    fn ages_outlive_a_wrap_of_the_clock() {
        let mut ghosts = Ghosts::with_room(8);
        for hash in [0, 5] {
            ghosts.add(hash, From::Window, at(u32::MAX - 1, 0));
            assert_eq!(ghosts.take(hash, at(9, 0)), Some((From::Window, 11)));
            ghosts.add(hash, From::Main, at(0, u32::from(STAMPS)));
            assert_eq!(ghosts.take(hash, at(0, u32::from(STAMPS) + 3)), Some((From::Main, 3)));
        }
    }

    #[test]
    fn a_full_bucket_forgets_the_oldest() {
        let mut ghosts = Ghosts::with_room(1);
        assert_eq!((ghosts.room(), ghosts.bytes()), (WAYS, 32));
        for hash in 0..=WAYS as u32 {
            ghosts.add(hash, From::Window, at(hash, 0));
        }
        assert_eq!(ghosts.take(0, at(9, 0)), None);
        for hash in 1..=WAYS as u32 {
            assert_eq!(ghosts.take(hash, at(9, 0)), Some((From::Window, 9 - hash)), "{hash}");
        }
    }

    #[test]
    fn most_of_as_many_as_there_is_room_for_are_found_whatever_the_hasher() {
        let hashers: [fn(u32) -> u32; 3] = [|i| i, |i| i << 20, |i| i.reverse_bits()];
        for hash in hashers {
            let mut ghosts = Ghosts::with_room(4000);
            (0..3000).for_each(|i| ghosts.add(hash(i), From::Window, at(i, 0)));
            let found = (0..3000).filter(|i| ghosts.take(hash(*i), at(3000, 0)) == Some((From::Window, 3000 - i)));
            assert!(found.count() > 2600);
        }
    }

    #[test]
    fn strangers_are_seldom_taken_for_ghosts() {
        let mut ghosts = Ghosts::with_room(10_000);
        (0..20_000).for_each(|hash| ghosts.add(hash, From::Main, at(0, 0)));
        let strangers = (1 << 20..2 << 20).filter(|hash| ghosts.take(*hash, at(0, 0)).is_some()).count();
        assert!(strangers < 300, "{strangers} of 1,048,576");
    }

    #[test]
    fn without_room_there_are_none() {
        let mut ghosts = Ghosts::none();
        ghosts.add(1, From::Main, at(0, 0));
        assert_eq!((ghosts.take(1, at(0, 0)), ghosts.bytes()), (None, 0));
    }
}
