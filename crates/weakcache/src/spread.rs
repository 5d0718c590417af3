//! Hashes of hashers that vary in some bits only.

/// Spreads what varies in a hash over all of its bits.
#[inline]
pub(crate) fn spread(hash: u64) -> u64 {
    let product = u128::from(hash) * 0x9E37_79B9_7F4A_7C15;
    product as u64 ^ (product >> 64) as u64
}
