//! Quantiles of a window that moves over a stream.
//!
//! A result is an element of the window, or lies between two: it depends on what is in the window and on nothing else,
//! however it was found. Narrow windows are kept sorted in vector registers; of wide ones the old elements and the new
//! are sorted and merged piece by piece, and a pointer follows the rank asked for.
//!
//! Elements that are missing (NaN) are infinite to the first and not there to the second. A zero is 0.0 throughout.

mod merge;
mod narrow;
#[cfg(test)]
mod tests;
mod wide;

use crate::io::Io;
use crate::reduce::Place;
use crate::stage::{Archive, Stage};
use narrow::Narrow;
use wide::Wide;

/// The state of a rolling quantile over a stream, however it is cut.
#[derive(Debug, Clone)]
pub(crate) struct RollingQuantile {
    rank: Rank,
    window: Window,
}

#[derive(Debug, Clone)]
enum Window {
    Narrow(Box<Narrow>),
    Wide(Box<Wide>),
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct Rank {
    q: f64,
    window: usize,
    /// Elements that have to be present, from 1.
    needed: usize,
}

impl Rank {
    /// Where the quantile lies among so many; `None` if these are too few.
    #[inline]
    fn among(&self, present: usize) -> Option<Place> {
        if present >= self.needed { Some(Place::of(self.q, present)) } else { None }
    }

    /// Where it lies where nothing is missing.
    fn of_all(&self) -> Place {
        Place::of(self.q, self.window)
    }
}

impl RollingQuantile {
    /// Of the last `window` elements, which is not 0, if none is missing; or of those of them that are present, if these
    /// are as many as needed. `q` is between 0 and 1.
    pub(crate) fn new(window: usize, q: f64, needed: Option<usize>) -> Self {
        let rank = Rank { q, window, needed: needed.map_or(window, |n| n.max(1)) };
        let window = if window <= Narrow::WIDEST {
            Window::Narrow(Box::new(Narrow::new(rank)))
        } else {
            Window::Wide(Box::default())
        };
        Self { rank, window }
    }
}

impl Stage for RollingQuantile {
    fn process(&mut self, io: Io<'_>) {
        match &mut self.window {
            Window::Narrow(narrow) => narrow.process(self.rank, io),
            Window::Wide(wide) => wide.process(self.rank, io),
        }
    }

    fn exchange(&mut self, archive: &mut Archive) {
        match &mut self.window {
            Window::Narrow(narrow) => narrow.exchange(self.rank, archive),
            Window::Wide(wide) => wide.exchange(self.rank, archive),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }
}
