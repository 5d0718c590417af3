//! The right outputs, by the plainest way that errs by next to nothing.

use super::WINDOW;

/// From the input to the output.
pub(super) type Reference = fn(&[f64]) -> Vec<f64>;

/// A sum with the errors of its additions (TwoSum, Knuth 1969).
#[derive(Clone, Copy, Default)]
pub(super) struct Exact {
    pub(super) sum: f64,
    pub(super) error: f64,
}

impl Exact {
    pub(super) fn add(self, x: f64) -> Self {
        let sum = self.sum + x;
        let there = sum - self.sum;
        let lost = (self.sum - (sum - there)) + (x - there);
        // What is lost adds up slowly enough for a plain sum, but a later subtraction of the two must not lose it again.
        let error = self.error + lost;
        let whole = sum + error;
        Self { sum: whole, error: (sum - whole) + error }
    }

    pub(super) fn of(x: &[f64]) -> Self {
        x.iter().fold(Self::default(), |sum, &x| sum.add(x))
    }

    pub(super) fn value(self) -> f64 {
        self.sum + self.error
    }
}

/// The sums of all prefixes.
pub(super) fn prefixes(x: &[f64]) -> impl Iterator<Item = Exact> {
    x.iter().scan(Exact::default(), |sum, &x| {
        *sum = sum.add(x);
        Some(*sum)
    })
}

/// `f` of every full window, NaN before.
pub(super) fn windows(x: &[f64], window: usize, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let partial = x.len().min(window - 1);
    std::iter::repeat_n(f64::NAN, partial).chain(x.windows(window).map(f)).collect()
}

/// The mean, to the last place or the one before.
pub(super) fn mean(x: &[f64]) -> f64 {
    Exact::of(x).value() / x.len() as f64
}

/// The variance by two passes; what the rounded mean is off by is taken back (Chan, Golub and LeVeque 1983).
pub(super) fn variance(x: &[f64]) -> f64 {
    let (mean, n) = (mean(x), x.len() as f64);
    let (mut squares, mut sum) = (Exact::default(), Exact::default());
    for x in x {
        let off = x - mean;
        squares = squares.add(off * off);
        sum = sum.add(off);
    }
    ((squares.value() - sum.value() * sum.value() / n) / (n - 1.0)).max(0.0)
}

/// The rolling standard deviation, sample of n - 1.
pub(super) fn rolling_std(x: &[f64]) -> Vec<f64> {
    windows(x, WINDOW, |window| variance(window).sqrt())
}

/// The median of every full window, from the window kept in order.
pub(super) fn rolling_median(x: &[f64], window: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = Vec::with_capacity(window + 1);
    let place = |sorted: &[f64], x: f64| sorted.partition_point(|y| *y < x);
    let mut out = Vec::with_capacity(x.len());
    for (i, &enters) in x.iter().enumerate() {
        if i >= window {
            sorted.remove(place(&sorted, x[i - window]));
        }
        sorted.insert(place(&sorted, enters), enters);
        let full = sorted.len() == window;
        out.push(if full { (sorted[(window - 1) / 2] + sorted[window / 2]) / 2.0 } else { f64::NAN });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_lose_nothing() {
        let sums: Vec<f64> = prefixes(&[1e16, 1.0, 1.0, -1e16]).map(Exact::value).collect();
        assert_eq!(sums, [1e16, 1e16, 1e16 + 2.0, 2.0]);
        assert_eq!(Exact::of(&[0.1; 10]).value(), 1.0);
    }

    #[test]
    fn windows_begin_when_they_are_full() {
        let means = windows(&[1.0, 3.0, 5.0], 2, mean);
        assert!(means[0].is_nan());
        assert_eq!(means[1..], [2.0, 4.0]);
        assert_eq!(windows(&[1.0], 3, mean).len(), 1);
        let medians = rolling_median(&[5.0, 1.0, 3.0, 2.0, 9.0], 3);
        assert_eq!(medians[2..], [3.0, 2.0, 3.0]);
        assert_eq!(rolling_median(&[5.0, 1.0, 3.0], 2)[1..], [3.0, 2.0]);
    }

    #[test]
    fn a_variance_is_of_the_sample() {
        assert_eq!(variance(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]), 1.0);
        assert_eq!(variance(&[0.1; 50]), 0.0);
    }
}
