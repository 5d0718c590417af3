//! Where a stage reads and writes.

/// Elements, and the place for one result each: another buffer, or the same.
#[derive(Debug)]
pub(crate) enum Io<'a> {
    Into {
        x: &'a [f64],
        out: &'a mut [f64],
        /// Whether results should go past the caches, which they would only fill.
        is_large: bool,
    },
    InPlace(&'a mut [f64]),
}

impl<'a> Io<'a> {
    /// Whether so many doubles should be written past the caches.
    pub(crate) fn is_large(doubles: usize) -> bool {
        doubles > 1 << 22
    }

    /// From one buffer to another, which is a part of one of `whole` doubles.
    pub(crate) fn into(x: &'a [f64], out: &'a mut [f64], whole: usize) -> Self {
        Self::Into { x, out, is_large: Self::is_large(whole) }
    }

    pub(crate) fn len(&self) -> usize {
        self.x().len()
    }

    /// The elements; once results have been written, what is left of them.
    pub(crate) fn x(&self) -> &[f64] {
        match self {
            Self::Into { x, .. } => x,
            Self::InPlace(x) => x,
        }
    }

    /// The place of the results.
    pub(crate) fn out(&mut self) -> &mut [f64] {
        match self {
            Self::Into { out, .. } => out,
            Self::InPlace(out) => out,
        }
    }

    /// The first `n` and the rest.
    pub(crate) fn split_at(self, n: usize) -> (Self, Self) {
        match self {
            Self::Into { x, out, is_large } => {
                let (x, more) = x.split_at(n);
                let (out, rest) = out.split_at_mut(n);
                (Self::Into { x, out, is_large }, Self::Into { x: more, out: rest, is_large })
            }
            Self::InPlace(x) => {
                let (x, more) = x.split_at_mut(n);
                (Self::InPlace(x), Self::InPlace(more))
            }
        }
    }

    /// The same, for results that are looked at or written again.
    pub(crate) fn near(self) -> Self {
        match self {
            Self::Into { x, out, .. } => Self::Into { x, out, is_large: false },
            in_place => in_place,
        }
    }

    pub(crate) fn reborrow(&mut self) -> Io<'_> {
        match self {
            Self::Into { x, out, is_large } => Io::Into { x, out, is_large: *is_large },
            Self::InPlace(x) => Io::InPlace(x),
        }
    }
}
