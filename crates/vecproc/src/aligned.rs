//! Buffers that begin where a cache line does, so that no vector in them lies across two.

use crate::arch::{Group, LANES};

/// A cache line, in bytes.
const LINE: usize = 64;

/// Groups of doubles from the beginning of a cache line on.
#[derive(Debug)]
pub(crate) struct Aligned {
    doubles: Vec<f64>,
    start: usize,
    groups: usize,
}

impl Aligned {
    pub(crate) fn new(groups: usize) -> Self {
        let doubles = vec![0.0_f64; groups * LANES + LINE / size_of::<f64>()];
        // Where that cannot be told, somewhere: it is a matter of speed alone.
        let start = doubles.as_ptr().align_offset(LINE).min(LINE / size_of::<f64>());
        Self { doubles, start, groups }
    }

    #[inline]
    pub(crate) fn doubles(&self) -> &[f64] {
        &self.doubles[self.start..][..self.groups * LANES]
    }

    #[inline]
    pub(crate) fn doubles_mut(&mut self) -> &mut [f64] {
        &mut self.doubles[self.start..][..self.groups * LANES]
    }

    #[inline]
    pub(crate) fn groups_mut(&mut self) -> &mut [Group] {
        self.doubles_mut().as_chunks_mut().0
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut clone = Self::new(self.groups);
        clone.doubles_mut().copy_from_slice(self.doubles());
        clone
    }
}
