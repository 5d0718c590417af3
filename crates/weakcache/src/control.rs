//! Words of control bytes: one for each slot of a group, and one that counts.
//!
//! A byte shows some bits of the hash of what is in its slot, and all bytes of a word are compared at once. The highest byte
//! counts those that found the group full and went on to the next one, so that a look-up knows when to stop, and who leaves
//! need neither leave a tombstone nor move others (as in F14: Bronson and Shi 2019). With a word and its slots in one cache
//! line, a look-up seldom takes more than that line.

/// Slots of a group: one for each byte of a word but the highest.
pub(crate) const SLOTS: usize = if cfg!(lagom_loom) { 2 } else { size_of::<usize>() - 1 };
/// Above the bytes of slots lies the byte that counts who went on.
pub(crate) const PASSED_SHIFT: u32 = usize::BITS - 8;
pub(crate) const PASSED_ONE: usize = 1 << PASSED_SHIFT;
/// Once here, it is not known any more, and stays.
pub(crate) const PASSED_MOST: usize = 0xFF;

/// 1 in the byte of each slot.
pub(crate) const ONES: usize = {
    let (mut ones, mut slot) = (0, 0);
    while slot < SLOTS {
        ones |= 1 << (8 * slot);
        slot += 1;
    }
    ones
};
const HIGH_BITS: usize = ONES << 7;

/// So many tenths of the slots are filled before there are more.
const FULL_TENTHS: usize = 9;

/// How many may be in so many groups.
pub(crate) fn most(groups: usize) -> usize {
    groups * SLOTS * FULL_TENTHS / 10
}

/// The high bits of the bytes of `control` that are 0; and perhaps of one above such a byte.
#[inline]
pub(crate) fn zero_bytes(control: usize) -> usize {
    control.wrapping_sub(ONES) & !control & HIGH_BITS
}
