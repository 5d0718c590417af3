//! Nothing but allocations: what an allocator adds to each shows best.

use std::hint::black_box;

use super::Work;

/// In bytes.
const BLOCK: usize = 64;

/// Allocates a block and releases it at once.
pub(super) fn pairs(amount: u64) -> Work {
    Box::new(move || allocate_and_release(black_box(amount)))
}

#[inline(never)]
fn allocate_and_release(amount: u64) -> u64 {
    (0..amount).map(|_| u64::from(black_box(Vec::<u8>::with_capacity(BLOCK)).capacity() == BLOCK)).sum()
}

/// The same below so many calls.
pub(super) fn deep(amount: u64) -> Work {
    const CALLS: u32 = 40;
    Box::new(move || descend(black_box(CALLS), amount))
}

#[inline(never)]
fn descend(calls: u32, amount: u64) -> u64 {
    // The call is none that could be left out for a jump.
    black_box(if calls == 0 { allocate_and_release(amount) } else { descend(calls - 1, amount) })
}

/// Replaces a block by one of another length, anywhere among a hundred thousand (a tenth of the amount if that is less).
pub(super) fn churn(amount: u64) -> Work {
    const LIVE: u64 = 100_000;
    Box::new(move || {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let mut block = || Vec::<u8>::with_capacity(16 + (random.next() % 1_009) as usize);
        let live = LIVE.min(amount.div_ceil(10)).max(1);
        let mut blocks: Vec<Vec<u8>> = (0..live).map(|_| block()).collect();
        let mut places = Random(0xD1B5_4A32_D192_ED03);
        let mut replaced = 0;
        for _ in 0..amount {
            let place = (places.next() % live) as usize;
            blocks[place] = block();
            replaced += u64::from(blocks[place].capacity() >= 16);
        }
        drop(black_box(blocks));
        replaced
    })
}

/// Asks for so many MiB of zeros at once, and looks at two of them.
pub(super) fn zeros(mib: u64) -> Work {
    Box::new(move || {
        let zeros = black_box(vec![0_u8; (mib as usize) << 20]);
        let right = zeros.first() == Some(&0) && zeros.last() == Some(&0);
        if right { zeros.len() as u64 >> 20 } else { 0 }
    })
}

/// Pushes onto a vector without capacity.
pub(super) fn pushes(amount: u64) -> Work {
    Box::new(move || {
        let mut numbers = Vec::new();
        for i in 0..amount {
            numbers.push(black_box(i));
        }
        numbers.len() as u64
    })
}

/// Marsaglia 2003.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 8
    }
}
