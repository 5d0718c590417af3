//! Exponentially weighted means.

use super::{Archive, Stage};
use crate::arch::{Kernel, LANES, Vector, dispatch};
use crate::io::Io;
use crate::nan::has_nan;
use crate::scan::{Ewma, Running};

/// Elements worked on at a time.
const TILE: usize = 1024;

/// The weighted sum of all so far, over the sum of the weights.
///
/// A missing element has no weight, and the others age by it.
#[derive(Debug, Clone)]
pub(crate) struct Adjusted {
    sum: Running<Ewma>,
    weights: Running<Ewma>,
    /// The last result, which is that of missing elements too: after many of them there would be nothing to divide by.
    y: f64,
    lacking: usize,
}

impl Adjusted {
    pub(crate) fn new(alpha: f64, needed: usize) -> Self {
        let scan = || Running::new(Ewma::new(1.0 - alpha, 1.0, 0.0));
        Self { sum: scan(), weights: scan(), y: f64::NAN, lacking: needed }
    }
}

impl Stage for Adjusted {
    fn process(&mut self, mut io: Io<'_>) {
        let (mut sums, mut weights) = ([0.0; TILE], [0.0; TILE]);
        while io.len() > 0 {
            let n = io.len().min(TILE);
            let (mut tile, rest) = io.split_at(n);
            let whole = n.next_multiple_of(LANES);
            let (sums, weights) = (&mut sums[..whole], &mut weights[..whole]);
            sums[..n].copy_from_slice(tile.x());
            let all_are_present = dispatch(Present { x: sums, weights });
            self.sum.process(Io::InPlace(&mut sums[..n]));
            self.weights.process(Io::InPlace(&mut weights[..n]));
            dispatch(Quotient { sums, weights });
            if all_are_present && self.lacking == 0 {
                self.y = sums[n - 1];
            } else {
                for (y, x) in sums.iter_mut().zip(tile.x()) {
                    if !x.is_nan() {
                        self.lacking = self.lacking.saturating_sub(1);
                        self.y = if self.lacking > 0 { f64::NAN } else { *y };
                    }
                    *y = self.y;
                }
            }
            tile.out().copy_from_slice(&sums[..n]);
            io = rest;
        }
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.count(&mut self.lacking, usize::MAX);
        archive.f64(&mut self.y);
        self.sum.exchange(archive);
        self.weights.exchange(archive);
    }

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }
}

/// Elements, 0 where they are missing; and 1, or 0 there. Whether all are present.
struct Present<'a> {
    x: &'a mut [f64],
    weights: &'a mut [f64],
}

impl Kernel for Present<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<V: Vector>(self) -> bool {
        let none = V::splat(0.0);
        let mut missing = none.is_nan();
        for (x, weight) in self.x.as_chunks_mut().0.iter_mut().zip(self.weights.as_chunks_mut().0) {
            let element = V::load(x);
            V::select(element.is_nan(), none, element).store(x);
            V::select(element.is_nan(), none, V::splat(1.0)).store(weight);
            missing = V::either(missing, element.is_nan());
        }
        !V::any(missing)
    }
}

struct Quotient<'a> {
    sums: &'a mut [f64],
    weights: &'a [f64],
}

impl Kernel for Quotient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        for (sum, weight) in self.sums.as_chunks_mut().0.iter_mut().zip(self.weights.as_chunks().0) {
            V::load(sum).div(V::load(weight)).store(sum);
        }
    }
}

/// So many elements are tried at once beside a missing one.
const NEAR: usize = 64;

/// `y = (1 - alpha) * y + alpha * x`, from the first element on.
///
/// A missing element leaves `y` what it is, and makes it weigh less against the next one.
#[derive(Debug, Clone)]
pub(crate) struct Unadjusted {
    alpha: f64,
    running: Running<Ewma>,
    y: f64,
    /// What `y` weighs against the next element, unless that is simply `1 - alpha`: it follows a missing one. NaN before
    /// the first element.
    weight: f64,
    is_plain: bool,
    lacking: usize,
}

impl Unadjusted {
    pub(crate) fn new(alpha: f64, needed: usize) -> Self {
        let running = Running::new(Ewma::new(1.0 - alpha, alpha, 0.0));
        Self { alpha, running, y: f64::NAN, weight: f64::NAN, is_plain: false, lacking: needed }
    }

    /// One element beside a missing one.
    fn one(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            self.weight = if self.is_plain { 1.0 - self.alpha } else { self.weight };
            self.weight *= 1.0 - self.alpha;
            self.is_plain = false;
            return self.y;
        }
        self.y = (self.weight * self.y + self.alpha * x) / (self.weight + self.alpha);
        self.run_from(self.y);
        self.y
    }

    fn run_from(&mut self, y: f64) {
        self.is_plain = true;
        self.running = Running::new(Ewma::new(1.0 - self.alpha, self.alpha, y));
    }

    /// The next `n` as if none were missing; `false`, and nothing is changed, if that cannot be said afterwards.
    fn try_run(&mut self, io: &mut Io<'_>, n: usize) -> bool {
        let Io::Into { x, out, .. } = io else { return false };
        let before = self.running.clone();
        self.running.process(Io::into(&x[..n], &mut out[..n], n));
        let is_plain = !out[n - 1].is_nan();
        if !is_plain {
            self.running = before;
        }
        is_plain
    }

    /// How many there are before one is missing, of so few that one does not make all others slow.
    fn present_at_first(&self, x: &[f64]) -> usize {
        match self.is_plain {
            true if has_nan(x) => x.iter().take_while(|x| !x.is_nan()).count(),
            true => x.len(),
            false => 0,
        }
    }
}

impl Stage for Unadjusted {
    fn process(&mut self, io: Io<'_>) {
        let mut io = io.near();
        let mut most = 2 * TILE;
        while io.len() > 0 {
            // The first is as if its like had come before it for ever.
            let x = io.x()[0];
            let is_first = !self.is_plain && self.weight.is_nan() && !x.is_nan();
            if is_first {
                self.run_from(x);
            }
            let n = io.len().min(most);
            // One that is missing shows in the last result: most are not looked at before.
            let ran = self.is_plain && !self.y.is_nan() && self.try_run(&mut io, n);
            let present = if ran { n } else { self.present_at_first(&io.x()[..n]) };
            // Where one is missing the next is near as a rule, and what was done before it showed is done again.
            most = if present < n { NEAR } else { (2 * most).min(2 * TILE) };
            let (mut some, rest) = io.split_at(present.max(1));
            let mut missing = 0;
            if present > 0 {
                missing = self.lacking.saturating_sub(1).min(present);
                if !ran {
                    self.running.process(some.reborrow());
                }
                if is_first {
                    some.out()[0] = x;
                }
                self.y = some.out()[present - 1];
                self.lacking = self.lacking.saturating_sub(present);
            } else {
                some.out()[0] = self.one(x);
                self.lacking -= usize::from(self.lacking > 0 && !x.is_nan());
                missing = usize::from(self.lacking > 0).max(missing);
            }
            some.out()[..missing].fill(f64::NAN);
            io = rest;
        }
    }

    fn exchange(&mut self, archive: &mut Archive) {
        let mut is_plain = usize::from(self.is_plain);
        archive.count(&mut is_plain, 1);
        self.is_plain = is_plain == 1;
        archive.count(&mut self.lacking, usize::MAX);
        archive.f64(&mut self.y);
        archive.f64(&mut self.weight);
        self.running.exchange(archive);
    }

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }
}
