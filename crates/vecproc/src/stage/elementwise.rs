//! Operations on each element by itself.

use std::fmt::Debug;

use super::{Archive, Stage};
use crate::arch::{Kernel, LANES, Vector, dispatch};
use crate::io::Io;

/// An operation on each lane. Must be `#[inline(always)]`.
pub(crate) trait Elementwise: Debug + Clone + Send + Sync + 'static {
    fn of<V: Vector>(&self, x: V) -> V;
}

/// `x * scale`.
#[derive(Debug, Clone)]
pub(crate) struct Scale(pub(crate) f64);

/// `x * scale + offset`, rounded twice.
#[derive(Debug, Clone)]
pub(crate) struct Affine {
    pub(crate) scale: f64,
    pub(crate) offset: f64,
}

/// The nearest between two bounds; NaN stays NaN.
#[derive(Debug, Clone)]
pub(crate) struct Clip {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct Abs;

/// `(x - mean) / divisor`.
#[derive(Debug, Clone)]
pub(crate) struct Standardise {
    pub(crate) mean: f64,
    pub(crate) divisor: f64,
}

impl Elementwise for Scale {
    #[inline(always)]
    fn of<V: Vector>(&self, x: V) -> V {
        x.mul(V::splat(self.0))
    }
}

impl Elementwise for Affine {
    #[inline(always)]
    fn of<V: Vector>(&self, x: V) -> V {
        x.mul(V::splat(self.scale)).add(V::splat(self.offset))
    }
}

impl Elementwise for Clip {
    #[inline(always)]
    fn of<V: Vector>(&self, x: V) -> V {
        V::splat(self.high).min(V::splat(self.low).max(x))
    }
}

impl Elementwise for Standardise {
    #[inline(always)]
    fn of<V: Vector>(&self, x: V) -> V {
        x.sub(V::splat(self.mean)).div(V::splat(self.divisor))
    }
}

impl Elementwise for Abs {
    #[inline(always)]
    fn of<V: Vector>(&self, x: V) -> V {
        x.abs()
    }
}

impl<M: Elementwise> Stage for M {
    fn process(&mut self, io: Io<'_>) {
        dispatch(All { operation: self, io });
    }

    fn exchange(&mut self, _: &mut Archive) {}

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }
}

struct All<'a, M> {
    operation: &'a M,
    io: Io<'a>,
}

impl<M: Elementwise> Kernel for All<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let operation = self.operation;
        match self.io {
            Io::Into { x, out, is_large } => {
                let (groups, rest) = x.as_chunks::<LANES>();
                let (out_groups, out_rest) = out.as_chunks_mut::<LANES>();
                for (x, out) in groups.iter().zip(out_groups) {
                    let result = operation.of(V::load(x));
                    if is_large { result.stream(out) } else { result.store(out) }
                }
                let mut last = [0.0; LANES];
                last[..rest.len()].copy_from_slice(rest);
                operation.of(V::load(&last)).store(&mut last);
                out_rest.copy_from_slice(&last[..rest.len()]);
            }
            Io::InPlace(x) => {
                let (groups, rest) = x.as_chunks_mut::<LANES>();
                for x in groups {
                    operation.of(V::load(x)).store(x);
                }
                let mut last = [0.0; LANES];
                last[..rest.len()].copy_from_slice(rest);
                operation.of(V::load(&last)).store(&mut last);
                rest.copy_from_slice(&last[..rest.len()]);
            }
        }
    }
}

/// A function of the platform's, called for each element.
#[derive(Debug, Clone)]
pub(crate) struct Each(pub(crate) fn(f64) -> f64);

impl Stage for Each {
    fn process(&mut self, io: Io<'_>) {
        match io {
            Io::Into { x, out, .. } => out.iter_mut().zip(x).for_each(|(out, &x)| *out = self.0(x)),
            Io::InPlace(x) => x.iter_mut().for_each(|x| *x = self.0(*x)),
        }
    }

    fn exchange(&mut self, _: &mut Archive) {}

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }
}
