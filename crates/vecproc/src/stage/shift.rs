//! Elements of so many places before, and what has been added since.

use super::{Archive, Stage};
use crate::io::Io;

#[derive(Debug, Clone)]
pub(crate) struct Shift {
    /// The last elements, as a ring; NaN before the first.
    ring: Vec<f64>,
    next: usize,
    is_difference: bool,
}

impl Shift {
    pub(crate) fn new(by: usize, is_difference: bool) -> Self {
        Self { ring: vec![f64::NAN; by], next: 0, is_difference }
    }
}

impl Stage for Shift {
    fn process(&mut self, mut io: Io<'_>) {
        let by = self.ring.len();
        if by == 0 {
            // Lagging behind by nothing.
            #[expect(clippy::eq_op, reason = "0, or NaN of what is not finite")]
            let of = |x: f64| if self.is_difference { x - x } else { x };
            match io {
                Io::Into { x, out, .. } => out.iter_mut().zip(x).for_each(|(out, &x)| *out = of(x)),
                Io::InPlace(x) => x.iter_mut().for_each(|x| *x = of(*x)),
            }
            return;
        }
        while io.len() > 0 {
            let n = io.len().min(by - self.next);
            let (mut some, rest) = io.split_at(n);
            let ring = &mut self.ring[self.next..][..n];
            match &mut some {
                Io::Into { x, out, .. } => {
                    for ((&x, out), before) in x.iter().zip(&mut **out).zip(ring) {
                        *out = if self.is_difference { x - *before } else { *before };
                        *before = x;
                    }
                }
                Io::InPlace(x) => {
                    for (x, before) in x.iter_mut().zip(ring) {
                        let result = if self.is_difference { *x - *before } else { *before };
                        *before = *x;
                        *x = result;
                    }
                }
            }
            self.next = (self.next + n) % by;
            io = rest;
        }
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.count(&mut self.next, self.ring.len().saturating_sub(1));
        archive.f64s(&mut self.ring);
    }

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }
}
