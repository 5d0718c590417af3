//! A mean that starts anew every so many elements.

use super::{Archive, Stage};
use crate::io::Io;
use crate::scan::{Mean, Running};

#[derive(Debug, Clone)]
pub(crate) struct Chunked {
    n: usize,
    /// Elements of the chunk so far; fewer than `n`.
    taken: usize,
    mean: Running<Mean>,
}

impl Chunked {
    pub(crate) fn new(n: usize) -> Self {
        Self { n, taken: 0, mean: Running::new(Mean::new()) }
    }
}

impl Stage for Chunked {
    fn process(&mut self, mut io: Io<'_>) {
        while io.len() > 0 {
            let n = io.len().min(self.n - self.taken);
            let (some, rest) = io.split_at(n);
            self.mean.process(some);
            self.taken += n;
            if self.taken == self.n {
                *self = Self::new(self.n);
            }
            io = rest;
        }
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.count(&mut self.taken, self.n - 1);
        self.mean.exchange(archive);
    }

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }
}
