//! Stages over whole inputs and outputs, tile by tile.

use super::step::{Operation, Step};
use crate::arch::fence;
use crate::element::{Element, Float};
use crate::error::{LengthError, ProcessError};
use crate::input::{Input, Output};
use crate::io::Io;
use crate::stage::Stage;

/// Elements that go through all stages before the next do: 16 KiB, which stay in the first-level cache.
const TILE: usize = 2048;

/// One operation from its beginning over the whole of `x`.
pub(crate) fn run<I: Input>(operation: Operation, x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    let mut stage = Step::from(operation).start(Some(x.count()))?;
    LengthError::check(x.count(), out.len())?;
    through(std::slice::from_mut(&mut stage), x, out);
    Ok(())
}

/// `x` through all stages; `out` is as long.
pub(crate) fn through<I: Input>(stages: &mut [Box<dyn Stage>], x: I, out: &mut [Output<I>]) {
    match (x.contiguous(), Output::<I>::as_f64s_mut(out)) {
        (Some(x), Some(out)) => f64s_through(stages, x, out),
        _ => converted_through(stages, x, 0, out),
    }
}

fn f64s_through(stages: &mut [Box<dyn Stage>], x: &[f64], out: &mut [f64]) {
    let whole = out.len();
    match stages {
        [] => out.copy_from_slice(x),
        [one] => one.process(Io::into(x, out, whole)),
        // The tile in `out` is in the cache already.
        [first, others @ ..] if !Io::is_large(whole) => {
            for (x, out) in x.chunks(TILE).zip(out.chunks_mut(TILE)) {
                first.process(Io::into(x, out, whole));
                others.iter_mut().for_each(|stage| stage.process(Io::InPlace(out)));
            }
        }
        [first, others @ .., last] => {
            let mut tile = [0.0; TILE];
            for (x, out) in x.chunks(TILE).zip(out.chunks_mut(TILE)) {
                let tile = &mut tile[..x.len()];
                first.process(Io::into(x, tile, TILE));
                others.iter_mut().for_each(|stage| stage.process(Io::InPlace(tile)));
                last.process(Io::into(tile, out, whole));
            }
        }
    }
    if Io::is_large(whole) {
        fence();
    }
}

fn converted_through<I: Input>(stages: &mut [Box<dyn Stage>], x: I, mut start: usize, out: &mut [Output<I>]) {
    let mut tile = [0.0; TILE];
    for out in out.chunks_mut(TILE) {
        let tile = &mut tile[..out.len()];
        x.read(start, tile);
        for stage in &mut *stages {
            stage.process(Io::InPlace(tile));
        }
        for (out, &result) in out.iter_mut().zip(&*tile) {
            *out = Float::narrow(result);
        }
        start += tile.len();
    }
}

/// The elements from `start` on through all stages, which look at up to `before` elements before them first.
#[cfg(feature = "rayon")]
pub(crate) fn range_through<I: Input>(
    stages: &mut [Box<dyn Stage>],
    x: I,
    start: usize,
    before: usize,
    out: &mut [Output<I>],
) {
    let mut tile = [0.0; TILE];
    let mut at = start.saturating_sub(before);
    while at < start {
        let tile = &mut tile[..(start - at).min(TILE)];
        x.read(at, tile);
        stages.iter_mut().for_each(|stage| stage.process(Io::InPlace(tile)));
        at += tile.len();
    }
    match (x.contiguous(), Output::<I>::as_f64s_mut(out)) {
        (Some(x), Some(out)) => f64s_through(stages, &x[start..][..out.len()], out),
        _ => converted_through(stages, x, start, out),
    }
}

/// The elements of `x` through all stages, each replaced by its result.
pub(crate) fn in_place_through<T: Float>(stages: &mut [Box<dyn Stage>], x: &mut [T]) {
    let mut own = [0.0; TILE];
    for x in x.chunks_mut(TILE) {
        if let Some(tile) = T::as_f64s_mut(x) {
            stages.iter_mut().for_each(|stage| stage.process(Io::InPlace(tile)));
            continue;
        }
        let tile = &mut own[..x.len()];
        for (to, &from) in tile.iter_mut().zip(&*x) {
            *to = Element::widen(from);
        }
        stages.iter_mut().for_each(|stage| stage.process(Io::InPlace(tile)));
        for (to, &from) in x.iter_mut().zip(&*tile) {
            *to = T::narrow(from);
        }
    }
}
