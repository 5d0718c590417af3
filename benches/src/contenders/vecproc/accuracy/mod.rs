//! How far results are off: the worst of all outputs.

mod due;
mod inputs;

use ndarray::{ArrayViewMut1, Axis};

use self::due::Due;
use super::polars::{self, Ask};
use super::rolling_std::welford_loop;
use super::{WINDOW, expanding_mean, rolling_mean};
use crate::case::{Case, Contender, Found};
use crate::contenders::raw;

const SUMMED: u64 = 10_000_000;
const WINDOWED: u64 = 200_000;

type Input = fn(usize) -> Vec<f64>;
/// From the input to an output of that length.
pub(super) type Operation = Box<dyn Fn(&Vec<f64>, &mut [f64])>;
type Field = Vec<(&'static str, Operation)>;

pub(super) fn cases() -> Vec<Case> {
    vec![
        cumulative_sum("cumulative sum, 0.1 over and over", inputs::tenths),
        cumulative_sum("cumulative sum around 100", inputs::drawn),
        mixed_sum("cumulative sum around 0", inputs::both_signs),
        mean("expanding mean around 100", inputs::drawn),
        rolling_mean_of("rolling mean 50, spikes of 1e12", inputs::spiked),
        rolling_std("rolling std 50 around 1e6", |n| inputs::around(n, 1e6)),
        rolling_std("rolling std 50 around 1e8", |n| inputs::around(n, 1e8)),
        rolling_std("rolling std 50 around 1e10", |n| inputs::around(n, 1e10)),
        rolling_std("rolling std 50, spikes of 1e12", inputs::spiked),
    ]
}

/// Each contender's worst error over the outputs for `input(n)`.
fn case(name: &str, most: u64, input: Input, (unit, due): (&'static str, Due), field: Field) -> Case {
    let case =
        Case::new("vecproc", "accuracy", format!("accuracy, {name}"), |n| n).note("The worst error of all outputs.");
    field.into_iter().fold(case, |case, (name, operation)| {
        case.with(Contender::untimed(name).figure("worst error", unit, most, move |n| {
            let x = input(usize::try_from(n).unwrap_or(usize::MAX));
            let mut out = raw::zeros(x.len());
            operation(&x, &mut out);
            Found { value: due::worst(&out, due(&x)), answer: n }
        }))
    })
}

fn sums() -> Field {
    vec![
        ("lagom", Box::new(|x, out| lagom_vecproc::cumulative_sum(x.as_slice(), out).expect("the lengths agree"))),
        (
            "plain loop",
            Box::new(|x, out| {
                let mut sum = 0.0;
                for (out, x) in out.iter_mut().zip(x) {
                    sum += x;
                    *out = sum;
                }
            }),
        ),
        (
            "ndarray",
            Box::new(|x, out| {
                out.copy_from_slice(x);
                ArrayViewMut1::from(out).accumulate_axis_inplace(Axis(0), |sum, x| *x += sum);
            }),
        ),
    ]
}

fn cumulative_sum(name: &str, input: Input) -> Case {
    case(name, SUMMED, input, ("ulp", due::sums), sums())
}

/// Near 0 no error relative to the sum can be bounded.
fn mixed_sum(name: &str, input: Input) -> Case {
    case(name, SUMMED, input, ("2^-53 of the sum of magnitudes", due::sums_by_magnitude), sums())
}

fn mean(name: &str, input: Input) -> Case {
    let field: Field = vec![
        ("lagom", Box::new(|x, out| expanding_mean::expanding_mean(x, out))),
        ("plain loop", Box::new(|x, out| expanding_mean::plain_loop(x, out))),
        (
            "Welford loop",
            Box::new(|x, out| {
                let (mut mean, mut n) = (0.0, 0.0);
                for (out, x) in out.iter_mut().zip(x) {
                    n += 1.0;
                    mean += (x - mean) / n;
                    *out = mean * 1.1;
                }
            }),
        ),
    ];
    case(name, SUMMED, input, ("relative", due::means), field)
}

fn rolling_mean_of(name: &str, input: Input) -> Case {
    let mut field: Field = vec![
        (
            "lagom",
            Box::new(|x, out| lagom_vecproc::rolling_mean(x.as_slice(), WINDOW, out).expect("the lengths agree")),
        ),
        ("plain loop", Box::new(|x, out| rolling_mean::plain_loop(x, out))),
        ("tea-rolling", Box::new(|x, out| raw::tea_rolling_mean(x, WINDOW, out))),
    ];
    field.extend(polars::operation(Ask::Mean(WINDOW)));
    case(name, WINDOWED, input, ("relative", due::rolling_means), field)
}

fn rolling_std(name: &str, input: Input) -> Case {
    let mut field: Field = vec![
        (
            "lagom",
            Box::new(|x, out| lagom_vecproc::rolling_std(x.as_slice(), WINDOW, 1, out).expect("the lengths agree")),
        ),
        ("Welford loop", Box::new(|x, out| welford_loop(x, out))),
        ("tea-rolling", Box::new(|x, out| raw::tea_rolling_std(x, WINDOW, out))),
    ];
    field.extend(polars::operation(Ask::Std(WINDOW)));
    case(name, WINDOWED, input, ("relative", due::rolling_stds), field)
}
