//! Cases and contenders over one column of elements.

use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use super::reference::Reference;
use crate::answer::Expected;
use crate::case::{Case, Contender, OURS, Worker, is_ours};
use crate::contenders::raw;
use crate::measure::Batch;

const TOLERANCE: f64 = 1e-9;

type Lazy<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;

/// The input of the cases of one length, made when first needed.
#[derive(Clone)]
pub(super) struct Elements {
    pub(super) n: usize,
    x: Arc<Lazy<Vec<f64>>>,
}

impl Elements {
    pub(super) fn new(n: usize) -> Self {
        Self { n, x: Arc::new(LazyLock::new(Box::new(move || normal(n)))) }
    }

    pub(super) fn get(&self) -> &Vec<f64> {
        &self.x
    }
}

/// Elements around 100 with a deviation of 1 that no sum represents exactly, the same in every run.
pub(super) fn normal(n: usize) -> Vec<f64> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    // Marsaglia 2003.
    let mut unit = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut x = raw::zeros(n);
    // The sum of twelve has a deviation of 1 (Irwin and Hall 1927).
    x.fill_with(|| 94.0 + (0..12).map(|_| unit()).sum::<f64>());
    x
}

/// A case whose output is that of `reference`.
pub(super) fn case(name: &str, note: &'static str, x: &Elements, reference: Reference) -> Case {
    let (input, size) = (x.clone(), x.n);
    Case::new("vecproc", "core", format!("{name}, n = {size:e}"), |_| 0)
        .note(note)
        .items(x.n as u64, "ns/element")
        .expected(Expected::values(move || reference(input.get()), TOLERANCE))
}

/// `operation(x, out)` over and over, with an output of as many elements as the input.
pub(super) fn kernel(
    name: &str,
    x: &Elements,
    operation: impl Fn(&Vec<f64>, &mut [f64]) + Copy + Send + 'static,
) -> Contender {
    given(name, x, x.n, operation)
}

/// `operation(x, out)` over and over, with an output of a few.
pub(super) fn reduction<const K: usize>(
    name: &str,
    x: &Elements,
    operation: impl Fn(&Vec<f64>) -> [f64; K] + Copy + Send + 'static,
) -> Contender {
    given(name, x, K, move |x, out| out.copy_from_slice(&operation(x)))
}

fn given(
    name: &str,
    x: &Elements,
    outputs: usize,
    operation: impl Fn(&Vec<f64>, &mut [f64]) + Copy + Send + 'static,
) -> Contender {
    let x = x.clone();
    let contender = Contender::from_workers(name, move |threads| {
        (0..threads)
            .map(|_| {
                let (x, mut out) = (x.clone(), raw::zeros(outputs));
                let worker = move |batch: &mut Batch<'_>| {
                    let x = x.get();
                    out.fill(0.0);
                    batch.time(|_| operation(black_box(x), black_box(&mut out)));
                    batch.answer_values(&out);
                };
                Box::new(worker) as Worker
            })
            .collect()
    });
    if is_ours(name) { contender } else { contender.lenient() }
}

/// `operation` on what `prepare` makes of the input, before the clock runs; `read` looks at what it returns, after.
#[cfg_attr(not(feature = "polars"), expect(dead_code, reason = "all others are given an output"))]
pub(super) fn returning<P: Send + 'static, R: Send + 'static>(
    name: &str,
    x: &Elements,
    prepare: fn(&[f64]) -> P,
    operation: impl Fn(&P) -> R + Copy + Send + 'static,
    read: fn(&R) -> Vec<f64>,
) -> Contender {
    assert_ne!(name, OURS, "ours has outputs to give");
    let x = x.clone();
    Contender::from_workers(name, move |threads| {
        (0..threads)
            .map(|_| {
                let prepared = prepare(x.get());
                let worker = move |batch: &mut Batch<'_>| {
                    let mut last = None;
                    batch.time(|_| last = Some(operation(black_box(&prepared))));
                    batch.answer_values(&last.as_ref().map(read).unwrap_or_default());
                };
                Box::new(worker) as Worker
            })
            .collect()
    })
    .lenient()
}

/// Fills what comes before the first full window.
pub(super) fn fill_head(out: &mut [f64], window: usize) {
    let head = out.len().min(window - 1);
    out[..head].fill(f64::NAN);
}
