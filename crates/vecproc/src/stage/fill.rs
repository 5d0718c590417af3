//! Something in the place of missing values.

use super::{Archive, Elementwise, Stage};
use crate::arch::Vector;
use crate::io::Io;

/// One value.
#[derive(Debug, Clone)]
pub(crate) struct FillValue(pub(crate) f64);

impl Elementwise for FillValue {
    #[inline(always)]
    fn of<V: Vector>(&self, x: V) -> V {
        V::select(x.is_nan(), V::splat(self.0), x)
    }
}

/// The last that was there.
#[derive(Debug, Clone)]
pub(crate) struct FillForward(f64);

impl FillForward {
    pub(crate) fn new() -> Self {
        Self(f64::NAN)
    }

    fn of(&mut self, x: f64) -> f64 {
        if !x.is_nan() {
            self.0 = x;
        }
        self.0
    }
}

impl Stage for FillForward {
    fn process(&mut self, io: Io<'_>) {
        match io {
            Io::Into { x, out, .. } => out.iter_mut().zip(x).for_each(|(out, &x)| *out = self.of(x)),
            Io::InPlace(x) => x.iter_mut().for_each(|x| *x = self.of(*x)),
        }
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.f64(&mut self.0);
    }

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }
}
