//! The half of a hash that a block keeps.

/// Odd, so that multiplying by it loses nothing; its bits look random (the golden ratio).
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// 32 bits of a hash: enough to tell values apart, and to place them without hashing them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShortHash(u32);

impl ShortHash {
    /// Mixes all of `hash` in, so that hashers of which only the low or only the high bits vary serve as well.
    #[inline]
    pub(super) fn of(hash: u64) -> Self {
        let product = u128::from(hash) * u128::from(MIX);
        let folded = (product >> 64) as u64 ^ product as u64;
        Self((folded >> 32) as u32 ^ folded as u32)
    }

    /// The bits: all depend on all of the hash.
    #[inline]
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    /// A number below `bound`, taken from the high bits: those that say little about the place in a table.
    #[inline]
    pub(super) fn below(self, bound: usize) -> usize {
        ((u64::from(self.0) * bound as u64) >> 32) as usize
    }
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn low_and_high_bits_spread() {
        for shift in [0, 8, 16, 24, 32, 40, 48] {
            let hashes: Vec<_> = (0..1 << 14).map(|n: u64| ShortHash::of(n << shift)).collect();
            let distinct = |of: fn(&ShortHash) -> u64| hashes.iter().map(of).collect::<HashSet<_>>().len();
            // Thrown at random, 16,384 balls leave 63 % of as many bins filled.
            assert!(distinct(|hash| u64::from(hash.0)) > 16_000, "shift {shift}");
            assert!(distinct(|hash| u64::from(hash.bits() % (1 << 14))) > 10_000, "places, shift {shift}");
            assert_eq!(distinct(|hash| u64::from(hash.bits() >> 16 & 0xFF)), 256, "tags, shift {shift}");
            assert_eq!(distinct(|hash| hash.below(100) as u64), 100, "shards, shift {shift}");
        }
    }

    #[test]
    fn the_places_end_before_the_bound() {
        for bound in [1, 2, 3, 64] {
            assert_eq!(ShortHash(0).below(bound), 0);
            assert_eq!(ShortHash(u32::MAX).below(bound), bound - 1);
        }
    }
}
