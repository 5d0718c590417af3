//! Running operations: a result needs the element and all before it.
//!
//! A block of 64 elements is eight rows of eight. Each row runs along by itself in three steps (Hillis and Steele 1986),
//! what the rows before it came to is found from their last lanes, and what all before the block came to is brought in
//! last, so that no element waits for its neighbour. Results never depend on later elements: a block that is not full
//! yet is computed with anything in its end, and computed again with what comes next.

mod ewma;
mod extremes;
mod product;
mod rows;
mod sum;
mod variance;

use std::fmt::Debug;

use crate::arch::{Group, Kernel, LANES, Vector, dispatch};
use crate::io::Io;
use crate::stage::{Archive, Stage};
pub(crate) use ewma::Ewma;
pub(crate) use extremes::{Maximum, Minimum};
pub(crate) use product::Product;
pub(crate) use sum::{Mean, Sum};
pub(crate) use variance::Variance;

/// Elements of a block.
pub(crate) const BLOCK: usize = LANES * LANES;

/// The state of a running operation between blocks.
pub(crate) trait Scan: Clone {
    /// The results of the next block. Must be `#[inline(always)]`.
    fn block<V: Vector>(&mut self, rows: [V; LANES]) -> [V; LANES];

    /// Writes the state to an archive, or takes it from there.
    fn exchange(&mut self, archive: &mut Archive);
}

/// A running operation over a stream, however it is cut.
#[derive(Debug, Clone)]
pub(crate) struct Running<S> {
    /// As of the last whole block.
    scan: S,
    /// The elements since.
    pending: [f64; BLOCK],
    filled: usize,
    /// What results are multiplied by, at last.
    factor: f64,
}

impl<S: Scan> Running<S> {
    pub(crate) fn new(scan: S) -> Self {
        Self { scan, pending: [0.0; BLOCK], filled: 0, factor: 1.0 }
    }

    /// Takes elements that do not reach beyond the block under way.
    fn some(&mut self, mut io: Io<'_>) {
        let taken = self.filled..self.filled + io.len();
        self.pending[taken.clone()].copy_from_slice(io.x());
        let mut scan = self.scan.clone();
        let mut block = self.pending;
        dispatch(Blocks { scan: &mut scan, factor: self.factor, io: Io::InPlace(&mut block) });
        io.out().copy_from_slice(&block[taken.clone()]);
        self.filled = taken.end;
        if self.filled == BLOCK {
            self.scan = scan;
            self.filled = 0;
        }
    }
}

impl<S: Scan + Debug + Send + Sync + 'static> Stage for Running<S> {
    fn process(&mut self, mut io: Io<'_>) {
        if self.filled > 0 {
            let head = (BLOCK - self.filled).min(io.len());
            let (head, rest) = io.split_at(head);
            self.some(head);
            io = rest;
        }
        let whole = io.len() - io.len() % BLOCK;
        let (blocks, rest) = io.split_at(whole);
        if blocks.len() > 0 {
            dispatch(Blocks { scan: &mut self.scan, factor: self.factor, io: blocks });
        }
        if rest.len() > 0 {
            self.some(rest);
        }
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.count(&mut self.filled, BLOCK - 1);
        archive.f64s(&mut self.pending);
        self.scan.exchange(archive);
    }

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }

    fn takes_factor(&mut self, factor: f64) -> bool {
        let is_free = self.factor == 1.0;
        if is_free {
            self.factor = factor;
        }
        is_free
    }
}

/// Whole blocks.
struct Blocks<'a, S> {
    scan: &'a mut S,
    factor: f64,
    io: Io<'a>,
}

impl<S: Scan> Kernel for Blocks<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let mut scan = self.scan.clone();
        let factor = V::splat(self.factor);
        match self.io {
            Io::Into { x, out, is_large } => {
                for (x, out) in blocks(x).iter().zip(blocks_mut(out)) {
                    write(out, scan.block(read::<V>(x)), factor, is_large);
                }
            }
            Io::InPlace(x) => {
                for x in blocks_mut(x) {
                    let results = scan.block(read::<V>(x));
                    write(x, results, factor, false);
                }
            }
        }
        *self.scan = scan;
    }
}

fn blocks(x: &[f64]) -> &[[Group; LANES]] {
    x.as_chunks::<LANES>().0.as_chunks().0
}

fn blocks_mut(x: &mut [f64]) -> &mut [[Group; LANES]] {
    x.as_chunks_mut::<LANES>().0.as_chunks_mut().0
}

#[inline(always)]
fn read<V: Vector>(block: &[Group; LANES]) -> [V; LANES] {
    let mut rows = [V::splat(0.0); LANES];
    for (row, group) in rows.iter_mut().zip(block) {
        *row = V::load(group);
    }
    rows
}

#[inline(always)]
fn write<V: Vector>(block: &mut [Group; LANES], rows: [V; LANES], factor: V, is_large: bool) {
    for (group, row) in block.iter_mut().zip(rows) {
        // By 1.0 as a rule, which costs nothing: multipliers are idle.
        let row = row.mul(factor);
        if is_large { row.stream(group) } else { row.store(group) }
    }
}
