//! Windows put together from powers of two.

use std::fmt::Debug;

use super::{Aggregate, Counts};
use crate::aligned::Aligned;
use crate::arch::{Group, Kernel, LANES, Vector, dispatch};
use crate::io::Io;
use crate::nan::has_nan;
use crate::stage::{Archive, Stage};

/// Elements of a block: of four groups, which are worked on together where there are registers for it.
const BLOCK: usize = 4 * LANES;

/// An operation over a window, over a stream however it is cut.
#[derive(Debug, Clone)]
pub(crate) struct Window<A, const P: usize> {
    aggregate: A,
    shape: Shape,
    memory: Memory<P>,
    /// The elements since the last whole block.
    pending: [f64; BLOCK],
    filled: usize,
    /// Elements taken, until a window is full.
    seen: usize,
    /// Elements to come that may have a NaN in their window.
    near_nan: usize,
}

/// How a window is put together.
#[derive(Debug, Clone)]
struct Shape {
    window: usize,
    /// What results are multiplied by, at last.
    factor: f64,
    /// Of 8, 16, … elements, up to the greatest that the window has.
    levels: Vec<Level>,
    /// Of a few elements: 1 and 2; and those together with 4.
    one_two: Counts,
    some_four: Counts,
}

#[derive(Debug, Clone)]
struct Level {
    /// Elements of the power.
    length: usize,
    /// Groups of it, which are the places of a ring; but a block has a place of its own there.
    groups: usize,
    /// Where the ring of powers begins, unless this is the last level.
    powers: Option<usize>,
    /// Whether the window has this power, and lesser ones too.
    role: Role,
}

#[derive(Debug, Clone)]
enum Role {
    /// The window has not this power.
    Step,
    /// It is the least one.
    Least,
    /// It follows lesser ones, whose ring begins here.
    Joins { parts: usize, counts: Counts },
}

/// What is kept of the elements before.
#[derive(Debug, Clone)]
struct Memory<const P: usize> {
    /// Groups taken.
    groups: usize,
    /// Of the group before, what the last 1, 2, 4 elements come to, and the last few.
    last: [[Group; P]; 4],
    /// Of each level, what came so many elements before as the power has: what is written takes the place of what is
    /// read.
    rings: Aligned,
}

impl<A: Aggregate<P>, const P: usize> Window<A, P> {
    pub(crate) fn new(aggregate: A, window: usize) -> Self {
        debug_assert!(window > 0);
        let (mut levels, mut places, mut length) = (Vec::new(), 0, LANES);
        let mut ring = |length: usize| {
            places += length / LANES;
            places - length / LANES
        };
        while length <= window {
            let lesser = window % length;
            let powers = (window - length >= length).then(|| ring(length));
            let role = match (window & length != 0, lesser) {
                (false, _) => Role::Step,
                (true, 0) => Role::Least,
                (true, _) => Role::Joins { parts: ring(length), counts: Counts::of(lesser, length) },
            };
            levels.push(Level { length, groups: length / LANES, powers, role });
            length = length.saturating_mul(2);
        }
        let few = window % LANES;
        let shape = Shape { window, factor: 1.0, levels, one_two: Counts::of(1, 2), some_four: Counts::of(few % 4, 4) };
        let memory = Memory { groups: 0, last: [[[0.0; LANES]; P]; 4], rings: Aligned::new(P * places) };
        Self { aggregate, shape, memory, pending: [0.0; BLOCK], filled: 0, seen: 0, near_nan: 0 }
    }

    /// Takes elements that do not reach beyond the block under way.
    fn some(&mut self, mut io: Io<'_>) {
        let taken = self.filled..self.filled + io.len();
        self.pending[taken.clone()].copy_from_slice(io.x());
        let mut block = self.pending;
        if taken.end == BLOCK {
            self.filled = 0;
            self.run::<true>(Io::InPlace(&mut block));
        } else {
            self.filled = taken.end;
            self.run::<false>(Io::InPlace(&mut block));
        }
        io.out().copy_from_slice(&block[taken]);
        self.blank(io.out());
    }

    /// The next results, but for those of windows that are not full.
    fn blank(&mut self, out: &mut [f64]) {
        if A::COUNTS {
            return;
        }
        let missing = (self.shape.window - 1 - self.seen).min(out.len());
        self.seen += missing;
        out[..missing].fill(f64::NAN);
    }

    fn run<const KEEP: bool>(&mut self, io: Io<'_>) {
        let n = io.len();
        let Some(with_nan) = self.aggregate.with_nan() else {
            return dispatch(Blocks::<_, P, KEEP> {
                aggregate: &self.aggregate,
                shape: &self.shape,
                memory: &mut self.memory,
                io,
            });
        };
        let has_nan = has_nan(io.x());
        if has_nan || self.near_nan > 0 {
            dispatch(Blocks::<_, P, KEEP> { aggregate: &with_nan, shape: &self.shape, memory: &mut self.memory, io });
        } else {
            dispatch(Blocks::<_, P, KEEP> {
                aggregate: &self.aggregate,
                shape: &self.shape,
                memory: &mut self.memory,
                io,
            });
        }
        if KEEP {
            self.near_nan = if has_nan { self.shape.window + BLOCK } else { self.near_nan.saturating_sub(n) };
        }
    }
}

impl<A: Aggregate<P> + Debug + Send + Sync + 'static, const P: usize> Stage for Window<A, P> {
    fn process(&mut self, mut io: Io<'_>) {
        if self.filled > 0 {
            let head = (BLOCK - self.filled).min(io.len());
            let (head, rest) = io.split_at(head);
            self.some(head);
            io = rest;
        }
        let whole = io.len() - io.len() % BLOCK;
        let (mut blocks, rest) = io.split_at(whole);
        while blocks.len() > 0 {
            // So many that a NaN does not make all others slow.
            let n = blocks.len().min(2048);
            let (some, more) = blocks.split_at(n);
            let is_blanked = !A::COUNTS && self.seen + 1 < self.shape.window;
            let mut some = if is_blanked { some.near() } else { some };
            self.run::<true>(some.reborrow());
            self.blank(some.out());
            blocks = more;
        }
        if rest.len() > 0 {
            self.some(rest);
        }
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.count(&mut self.filled, BLOCK - 1);
        archive.f64s(&mut self.pending);
        archive.count(&mut self.seen, self.shape.window - 1);
        archive.count(&mut self.near_nan, self.shape.window.saturating_add(BLOCK));
        // Only the place in the rings counts.
        archive.count(&mut self.memory.groups, usize::MAX);
        archive.f64s(self.memory.last.as_flattened_mut().as_flattened_mut());
        archive.f64s(self.memory.rings.doubles_mut());
    }

    fn boxed_clone(&self) -> Box<dyn Stage> {
        Box::new(self.clone())
    }

    fn takes_factor(&mut self, factor: f64) -> bool {
        let is_free = self.shape.factor == 1.0;
        if is_free {
            self.shape.factor = factor;
        }
        is_free
    }
}

/// Whole blocks, which are kept or only looked at.
struct Blocks<'a, A, const P: usize, const KEEP: bool> {
    aggregate: &'a A,
    shape: &'a Shape,
    memory: &'a mut Memory<P>,
    io: Io<'a>,
}

impl<A: Aggregate<P>, const P: usize, const KEEP: bool> Kernel for Blocks<'_, A, P, KEEP> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        match V::REGISTERS / P {
            // What is only looked at is not in the rings for those that follow: the whole block at once.
            _ if !KEEP => self.by_rows::<V, 4>(),
            16.. => self.by_rows::<V, 4>(),
            8.. => self.by_rows::<V, 2>(),
            _ => self.by_rows::<V, 1>(),
        }
    }
}

impl<A: Aggregate<P>, const P: usize, const KEEP: bool> Blocks<'_, A, P, KEEP> {
    #[inline(always)]
    fn by_rows<V: Vector, const ROWS: usize>(self) {
        let Blocks { aggregate, shape, memory, io } = self;
        let rings = memory.rings.groups_mut().as_chunks_mut::<P>().0;
        let [one, two, four, few] = &memory.last;
        let mut last = [load::<V, P>(one), load(two), load(four), load(few)];
        let mut groups = memory.groups;
        match io {
            Io::Into { x, out, is_large } => {
                let x = x.as_chunks().0.as_chunks::<ROWS>().0;
                for (x, out) in x.iter().zip(out.as_chunks_mut().0.as_chunks_mut::<ROWS>().0) {
                    write(rows::<V, A, P, KEEP, ROWS>(aggregate, shape, rings, &mut last, groups, x), out, is_large);
                    groups = groups.wrapping_add(ROWS);
                }
            }
            Io::InPlace(x) => {
                for x in x.as_chunks_mut().0.as_chunks_mut::<ROWS>().0 {
                    write(rows::<V, A, P, KEEP, ROWS>(aggregate, shape, rings, &mut last, groups, x), x, false);
                    groups = groups.wrapping_add(ROWS);
                }
            }
        }
        if KEEP {
            memory.groups = groups;
            for (last, to) in last.into_iter().zip(&mut memory.last) {
                store(last, to);
            }
        }
    }
}

#[inline(always)]
fn write<V: Vector, const ROWS: usize>(rows: [V; ROWS], to: &mut [Group; ROWS], is_large: bool) {
    for (row, to) in rows.into_iter().zip(to) {
        if is_large { row.stream(to) } else { row.store(to) }
    }
}

/// The results of some groups.
#[inline(always)]
fn rows<V: Vector, A: Aggregate<P>, const P: usize, const KEEP: bool, const ROWS: usize>(
    aggregate: &A,
    shape: &Shape,
    rings: &mut [[Group; P]],
    last: &mut [[V; P]; 4],
    groups: usize,
    x: &[Group; ROWS],
) -> [V; ROWS] {
    let none = [[V::splat(0.0); P]; ROWS];
    let (mut powers, mut parts) = (none, none);
    for i in 0..ROWS {
        let one = aggregate.one(V::load(&x[i]));
        let two = aggregate.twice(after::<1, V, P>(one, last[0]), one, 1.0);
        let four = aggregate.twice(after::<2, V, P>(two, last[1]), two, 2.0);
        let few = match shape.window % 4 {
            0 => four,
            1 => one,
            2 => two,
            _ => aggregate.both(after::<2, V, P>(one, last[0]), two, &shape.one_two),
        };
        parts[i] = match shape.window % LANES {
            0 | 4 => four,
            5.. => aggregate.both(after::<4, V, P>(few, last[3]), four, &shape.some_four),
            _ => few,
        };
        powers[i] = aggregate.twice(after::<4, V, P>(four, last[2]), four, 4.0);
        *last = [one, two, four, few];
    }
    for level in &shape.levels {
        match &level.role {
            Role::Step => {}
            Role::Least => parts = powers,
            Role::Joins { parts: ring, counts } => {
                let before = exchange::<V, P, KEEP, ROWS>(parts, &mut rings[*ring..][..level.groups], groups);
                for i in 0..ROWS {
                    parts[i] = aggregate.both(before[i], powers[i], counts);
                }
            }
        }
        if let Some(ring) = level.powers {
            let before = exchange::<V, P, KEEP, ROWS>(powers, &mut rings[ring..][..level.groups], groups);
            for i in 0..ROWS {
                powers[i] = aggregate.twice(before[i], powers[i], level.length as f64);
            }
        }
    }
    let mut results = [V::splat(0.0); ROWS];
    for i in 0..ROWS {
        results[i] = aggregate.finish(parts[i], V::load(&x[i])).mul(V::splat(shape.factor));
    }
    results
}

/// What came as many groups before as the ring has, the places of which `rows` now take.
#[inline(always)]
fn exchange<V: Vector, const P: usize, const KEEP: bool, const ROWS: usize>(
    rows: [[V; P]; ROWS],
    ring: &mut [[Group; P]],
    groups: usize,
) -> [[V; P]; ROWS] {
    if let [one] = ring {
        return rotate::<V, P, KEEP, ROWS, 1>(rows, std::array::from_mut(one));
    }
    if ROWS <= 2 || ring.len() > 2 {
        let places = ring.as_chunks_mut::<ROWS>().0;
        let place = (groups / ROWS) & (places.len() - 1);
        return rotate::<V, P, KEEP, ROWS, ROWS>(rows, &mut places[place]);
    }
    match ring.first_chunk_mut::<2>() {
        Some(two) => rotate::<V, P, KEEP, ROWS, 2>(rows, two),
        None => rows,
    }
}

/// The same for a ring of at most as many groups.
#[inline(always)]
fn rotate<V: Vector, const P: usize, const KEEP: bool, const ROWS: usize, const RING: usize>(
    rows: [[V; P]; ROWS],
    ring: &mut [[Group; P]; RING],
) -> [[V; P]; ROWS] {
    let mut before = rows;
    for i in 0..ROWS {
        before[i] = if i < RING { load(&ring[i]) } else { rows[i - RING] };
    }
    if KEEP {
        for i in 0..RING {
            store(rows[ROWS - RING + i], &mut ring[i]);
        }
    }
    before
}

#[inline(always)]
fn load<V: Vector, const P: usize>(from: &[Group; P]) -> [V; P] {
    let mut item = [V::splat(0.0); P];
    for (item, from) in item.iter_mut().zip(from) {
        *item = V::load(from);
    }
    item
}

#[inline(always)]
fn store<V: Vector, const P: usize>(item: [V; P], to: &mut [Group; P]) {
    for (item, to) in item.into_iter().zip(to) {
        item.store(to);
    }
}

#[inline(always)]
fn after<const K: usize, V: Vector, const P: usize>(mut item: [V; P], before: [V; P]) -> [V; P] {
    for (item, before) in item.iter_mut().zip(before) {
        *item = item.after::<K>(before);
    }
    item
}
