//! Operations on a stream: one result per element, state carried from one piece to the next.

mod archive;
mod chunked;
mod elementwise;
mod ewma;
mod fill;
mod shift;
mod skipping;

use std::fmt::Debug;

pub(crate) use archive::Archive;
pub(crate) use chunked::Chunked;
pub(crate) use elementwise::{Abs, Affine, Clip, Each, Elementwise, Scale, Standardise};
pub(crate) use ewma::{Adjusted, Unadjusted};
pub(crate) use fill::{FillForward, FillValue};
pub(crate) use shift::Shift;
pub(crate) use skipping::{AtMissing, Skipping};

use crate::io::Io;

/// An operation under way.
pub(crate) trait Stage: Debug + Send + Sync {
    /// Takes the next elements and gives their results, the same however the stream is cut.
    fn process(&mut self, io: Io<'_>);

    /// Writes the state to an archive, or takes it from there.
    fn exchange(&mut self, archive: &mut Archive);

    fn boxed_clone(&self) -> Box<dyn Stage>;

    /// Whether it multiplies its results from here on, before they are written; else that is another stage's.
    fn takes_factor(&mut self, _factor: f64) -> bool {
        false
    }
}

impl Clone for Box<dyn Stage> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}
