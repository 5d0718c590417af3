#![doc = "The file format:"]
#![doc = ""]
#![doc = include_str!("format.md")]

pub(crate) const MAGIC: [u8; 8] = *b"lagomhp\n";
pub(crate) const VERSION: u32 = 1;
/// Bytes before the first block.
pub(crate) const PREAMBLE: usize = 16;

pub(crate) const SYNC: [u8; 4] = *b"LGBK";
/// Bytes of a block before its payload.
pub(crate) const HEADER: usize = 16;
/// The most bytes of a payload.
pub(crate) const LONGEST: usize = 1 << 20;

pub(crate) const START: u32 = 1;
pub(crate) const MODULES: u32 = 2;
pub(crate) const EVENTS: u32 = 3;
pub(crate) const END: u32 = 4;

/// Bytes of a block of events before the first.
pub(crate) const ABOUT: usize = 56;
/// Bytes of a thread's name.
pub(crate) const NAME: usize = 16;

pub(crate) const FREE: u8 = 0;
pub(crate) const ALLOC: u8 = 1;
pub(crate) const REALLOC: u8 = 2;
pub(crate) const OTHER: u8 = 3;
pub(crate) const TIME: u8 = OTHER;
pub(crate) const STACK: u8 = OTHER | 1 << 2;

/// Bits of the tags of allocations and reallocations.
pub(crate) const NEW_STACK: u8 = 1 << 2;
pub(crate) const NEW_SIZE: u8 = 1 << 3;
pub(crate) const OTHER_BLOCK: u8 = 1 << 4;
pub(crate) const MOVED: u8 = 1 << 5;

/// The most frames of a stack.
pub(crate) const FRAMES: usize = 256;

/// Codes of places of allocations.
pub(crate) const BEHIND: u8 = 4;
pub(crate) const ALLOC_NEAR: u8 = 5;
pub(crate) const ALLOC_RAW: u8 = 13;
pub(crate) const ALLOC_ODD: u8 = 14;
/// Codes of places of releases.
pub(crate) const LAST: u8 = 0;
pub(crate) const STEP: u8 = 1;
pub(crate) const FREE_NEAR: u8 = 41;
pub(crate) const FREE_RAW: u8 = 49;
pub(crate) const FREE_ODD: u8 = 50;
pub(crate) const ASIDE: u8 = 52;

/// XXH64 with seed 0 (Collet, 2014).
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    xxh64(bytes) as u32
}

const P1: u64 = 0x9e37_79b1_85eb_ca87;
const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;
const P3: u64 = 0x1656_67b1_9e37_79f9;
const P4: u64 = 0x85eb_ca77_c2b2_ae63;
const P5: u64 = 0x27d4_eb2f_1656_67c5;

fn xxh64(bytes: &[u8]) -> u64 {
    let round = |lane: u64, word: u64| lane.wrapping_add(word.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1);
    let (stripes, rest) = bytes.as_chunks::<32>();
    let mut hash = if stripes.is_empty() {
        P5
    } else {
        let mut lanes = [P1.wrapping_add(P2), P2, 0, 0_u64.wrapping_sub(P1)];
        for stripe in stripes {
            for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<8>().0) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
        let turned = [1, 7, 12, 18].iter().zip(lanes).map(|(by, lane)| lane.rotate_left(*by));
        let joined = turned.fold(0, u64::wrapping_add);
        lanes.iter().fold(joined, |hash, lane| (hash ^ round(0, *lane)).wrapping_mul(P1).wrapping_add(P4))
    };
    hash = hash.wrapping_add(bytes.len() as u64);
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        hash = (hash ^ round(0, u64::from_le_bytes(*word))).rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
    }
    let (halves, rest) = rest.as_chunks::<4>();
    for half in halves {
        let half = u64::from(u32::from_le_bytes(*half));
        hash = (hash ^ half.wrapping_mul(P1)).rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(P2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(P3);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_xxh64() {
        assert_eq!(xxh64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxh64(b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(xxh64(b"abc"), 0x44bc_2cf5_ad77_0999);
        let long = b"Nobody inspects the spammish repetition";
        assert_eq!(xxh64(long), 0xfbce_a83c_8a37_8bf1);
    }
}
