//! Elements that are no `f64`, or not side by side: widened on the way in, narrowed on the way out, and that is all.

use lagom_vecproc::*;

use crate::bits::assert_same;
use crate::inputs::{EDGES, Noise, with_special};
use crate::table::{self, Parameters};

/// The results over a whole input and over pieces of it.
fn both_ways<T: Element>(pipeline: &Pipeline, x: &[T], cut: usize) -> [Vec<T::Float>; 2] {
    let whole = pipeline.process_batch_to_vec(x).unwrap();
    let mut stream = pipeline.stream().unwrap();
    let mut pieces = whole.clone();
    for (x, out) in x.chunks(cut).zip(pieces.chunks_mut(cut)) {
        stream.process(x, out).unwrap();
    }
    [whole, pieces]
}

#[test]
fn single_precision_is_narrowed_once() {
    for n in EDGES {
        let x: Vec<f32> = with_special(n, 21).into_iter().map(|x| x as f32).collect();
        let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        for (name, pipeline) in table::all(Parameters::of_window(9)) {
            let expected: Vec<f64> =
                pipeline.process_batch_to_vec(&wide).unwrap().into_iter().map(|x| f64::from(x as f32)).collect();
            let mut ways = both_ways(&pipeline, &x, 77).to_vec();
            ways.push(x.clone());
            pipeline.process_batch_in_place(&mut ways[2]).unwrap();
            for ours in ways {
                let ours: Vec<f64> = ours.into_iter().map(f64::from).collect();
                assert_same(&ours, &expected, &name);
            }
        }
    }
}

macro_rules! integers {
    ($($type:ident),*) => {$({
        let mut noise = Noise(22);
        let mut x: Vec<$type> = (0..2100).map(|_| noise.bits() as $type).collect();
        x.extend([$type::MIN, $type::MAX, 0, 1]);
        let wide: Vec<f64> = x.iter().map(|&x| x as f64).collect();
        for (name, pipeline) in table::all(Parameters::of_window(9)) {
            let expected = pipeline.process_batch_to_vec(&wide).unwrap();
            for ours in both_ways(&pipeline, &x, 500) {
                assert_same(&ours, &expected, &name);
            }
        }
    })*};
}

#[test]
fn integers_are_widened() {
    integers!(i8, i16, i32, i64, u8, u16, u32, u64);
}

#[test]
fn every_so_manieth() {
    for n in [0, 1, 5, 64, 129, 2100, 4111] {
        let x = with_special(n, 23);
        for (first, step) in [(0, 1), (0, 2), (1, 2), (3, 5), (7, 64), (n, 1), (n + 1, 3), (0, usize::MAX), (2, n + 1)]
        {
            let view = Strided::new(&x, first, step).unwrap();
            let copy: Vec<f64> = x.iter().skip(first).step_by(step).copied().collect();
            for (name, pipeline) in table::all(Parameters::of_window(6)) {
                let expected = pipeline.process_batch_to_vec(&copy).unwrap();
                assert_same(&pipeline.process_batch_to_vec(view).unwrap(), &expected, &name);
                let mut out = vec![0.0; copy.len()];
                pipeline.stream().unwrap().process(view, &mut out).unwrap();
                assert_same(&out, &expected, &name);
            }
        }
    }
    // Many tiles.
    let x: Vec<u16> = (0..13_001).map(|i| (i * 7919_u32 % 65_521) as u16).collect();
    let copy: Vec<f64> = x.iter().step_by(2).map(|&x| f64::from(x)).collect();
    let pipeline = Pipeline::new().lag(3).rolling_max(5);
    let ours = pipeline.process_batch_to_vec(Strided::new(&x, 0, 2).unwrap()).unwrap();
    assert_same(&ours, &pipeline.process_batch_to_vec(&copy).unwrap(), &"many tiles");
    assert!(Strided::new(&[1.0], 0, 0).is_err());
}

/// Vectors, arrays and slices are all the same.
#[test]
fn of_any_kind_of_slice() {
    let x = [1.0, 3.0, 8.0];
    let vector = x.to_vec();
    let pipeline = Pipeline::new().expanding_mean();
    for out in [&pipeline.process_batch_to_vec(&x), &pipeline.process_batch_to_vec(&vector)] {
        assert_eq!(out.as_deref(), Ok(&[1.0, 2.0, 4.0][..]));
    }
    assert_eq!(pipeline.process_batch_to_vec(&x[1..]), Ok(vec![3.0, 5.5]));
}
