//! What is due, and in what its error is measured.

use super::super::WINDOW;
use super::super::reference::{self, Exact, prefixes};

/// One output: what is due, and the unit of its error.
pub(super) struct Output {
    exact: Exact,
    unit: f64,
}

/// From the input to what is due.
pub(super) type Due = fn(&[f64]) -> Vec<Output>;

/// The worst error; infinite where a number was due and none given, or none due.
pub(super) fn worst(given: &[f64], due: Vec<Output>) -> f64 {
    let error = |(given, due): (&f64, Output)| {
        if due.exact.sum.is_nan() {
            return if given.is_nan() { 0.0 } else { f64::INFINITY };
        }
        let error = ((given - due.exact.sum) - due.exact.error).abs() / due.unit;
        if error.is_nan() { f64::INFINITY } else { error }
    };
    given.iter().zip(due).map(error).fold(0.0, f64::max)
}

/// In units of the last place.
pub(super) fn sums(x: &[f64]) -> Vec<Output> {
    let ulp = |x: f64| x.abs().next_up() - x.abs();
    prefixes(x).map(|exact| Output { exact, unit: ulp(exact.sum) }).collect()
}

/// In units of 2^-53 times the sum of the magnitudes so far.
pub(super) fn sums_by_magnitude(x: &[f64]) -> Vec<Output> {
    let mut magnitude = 0.0;
    let magnitudes = x.iter().map(|x| {
        magnitude += x.abs();
        magnitude
    });
    prefixes(x).zip(magnitudes).map(|(exact, all)| Output { exact, unit: all * f64::EPSILON / 2.0 }).collect()
}

/// Of the mean so far times 1.1, relative to itself.
pub(super) fn means(x: &[f64]) -> Vec<Output> {
    prefixes(x).zip(1_u32..).map(|(sum, n)| itself(sum.value() / f64::from(n) * 1.1)).collect()
}

pub(super) fn rolling_means(x: &[f64]) -> Vec<Output> {
    reference::windows(x, WINDOW, reference::mean).into_iter().map(itself).collect()
}

pub(super) fn rolling_stds(x: &[f64]) -> Vec<Output> {
    reference::rolling_std(x).into_iter().map(itself).collect()
}

fn itself(due: f64) -> Output {
    Output { exact: Exact { sum: due, error: 0.0 }, unit: due.abs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_units() {
        let third = Exact { sum: 4.0, error: f64::EPSILON };
        let due = || vec![Output { exact: third, unit: 4.0 * f64::EPSILON }];
        assert_eq!(worst(&[4.0], due()), 0.25);
        assert_eq!(worst(&[f64::INFINITY], due()), f64::INFINITY);
        assert_eq!(worst(&[f64::NAN], due()), f64::INFINITY);
        assert_eq!(worst(&[f64::NAN], vec![itself(f64::NAN)]), 0.0);
        assert_eq!(worst(&[0.0], vec![itself(f64::NAN)]), f64::INFINITY);
        assert_eq!(worst(&[3.0, 5.0], vec![itself(4.0), itself(4.0)]), 0.25);
    }

    #[test]
    fn a_naive_sum_is_off() {
        let x = vec![0.1; 1000];
        let naive: Vec<f64> = x
            .iter()
            .scan(0.0, |sum, x| {
                *sum += x;
                Some(*sum)
            })
            .collect();
        let rounded: Vec<f64> = prefixes(&x).map(Exact::value).collect();
        assert!(worst(&naive, sums(&x)) > 1.0);
        assert!(worst(&rounded, sums(&x)) <= 0.5);
    }
}
