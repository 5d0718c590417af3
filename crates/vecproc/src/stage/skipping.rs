//! Running operations that leave missing values out.

use super::{Archive, Stage};
use crate::io::Io;

/// Elements worked on at a time.
const TILE: usize = 1024;

/// What the result of a missing element is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum AtMissing {
    /// Missing.
    Missing,
    /// The one before.
    Before,
}

/// An operation over the elements that are there.
#[derive(Debug, Clone)]
pub(crate) struct Skipping<S> {
    operation: S,
    at_missing: AtMissing,
    /// Elements still to be there before there is a result.
    lacking: usize,
    last: f64,
}

impl<S> Skipping<S> {
    pub(crate) fn new(operation: S, at_missing: AtMissing, needed: usize) -> Self {
        Self { operation, at_missing, lacking: needed, last: f64::NAN }
    }
}

impl<S: Stage + Clone + 'static> Stage for Skipping<S> {
    fn process(&mut self, mut io: Io<'_>) {
        let mut there = [0.0; TILE];
        while io.len() > 0 {
            let n = io.len().min(TILE);
            let (mut tile, rest) = io.split_at(n);
            let mut count = 0;
            for &x in tile.x() {
                there[count.min(TILE - 1)] = x;
                count += usize::from(!x.is_nan());
            }
            self.operation.process(Io::InPlace(&mut there[..count]));
            let mut results = there[..count].iter();
            let mut result = |x: f64| {
                if x.is_nan() {
                    return if self.at_missing == AtMissing::Before { self.last } else { f64::NAN };
                }
                self.lacking = self.lacking.saturating_sub(1);
                let result = results.next().copied().unwrap_or(f64::NAN);
                self.last = if self.lacking > 0 { f64::NAN } else { result };
                self.last
            };
            match &mut tile {
                Io::Into { x, out, .. } => out.iter_mut().zip(x.iter()).for_each(|(out, &x)| *out = result(x)),
                Io::InPlace(x) => x.iter_mut().for_each(|x| *x = result(*x)),
            }
            io = rest;
        }
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.count(&mut self.lacking, usize::MAX);
        archive.f64(&mut self.last);
        self.operation.exchange(archive);
    }

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }
}
