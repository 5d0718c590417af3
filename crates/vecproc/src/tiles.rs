//! Running an in-place kernel from one buffer into another.

use crate::error::LengthError;

/// Elements worked on at a time: 16 KiB, so that a tile and the kernels' tables stay in the first-level cache.
pub(crate) const TILE: usize = 2048;

/// Runs `kernel` over `out`, filled tile by tile from `x`: the copy stays in the first-level cache, and every kernel
/// needs one form only.
pub(crate) fn by_tiles(x: &[f64], out: &mut [f64], mut kernel: impl FnMut(&mut [f64])) -> Result<(), LengthError> {
    LengthError::check(x.len(), out.len())?;
    for (x, out) in x.chunks(TILE).zip(out.chunks_mut(TILE)) {
        out.copy_from_slice(x);
        kernel(out);
    }
    Ok(())
}
