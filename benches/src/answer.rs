//! The answers that make a time worth something.

use std::fmt;
use std::sync::LazyLock;

type Sum = Box<dyn Fn(u64) -> u64 + Send + Sync>;
type Values = LazyLock<Vec<f64>, Box<dyn FnOnce() -> Vec<f64> + Send>>;

/// What every batch of a case has to answer.
pub struct Expected(Kind);

enum Kind {
    Sum(Sum),
    Values { values: Values, tolerance: f64 },
}

impl Expected {
    /// The operations' results must add up to `sum(iterations)`.
    pub fn sum(sum: impl Fn(u64) -> u64 + Send + Sync + 'static) -> Self {
        Self(Kind::Sum(Box::new(sum)))
    }

    /// The output must be these values, each within `tolerance` of the greater of 1 and its magnitude; computed when
    /// first needed.
    pub fn values(values: impl FnOnce() -> Vec<f64> + Send + 'static, tolerance: f64) -> Self {
        Self(Kind::Values { values: LazyLock::new(Box::new(values)), tolerance })
    }

    pub(crate) fn judge_sum(&self, iterations: u64, given: u64) -> Result<(), Wrong> {
        match &self.0 {
            Kind::Sum(sum) if sum(iterations) == given => Ok(()),
            Kind::Sum(sum) => Err(Wrong(format!("gave {given} where {} was due", sum(iterations)))),
            Kind::Values { .. } => Err(Wrong("gave a sum where values were due".to_owned())),
        }
    }

    /// Of a figure: where the case has values, it answers how many iterations it has done.
    pub(crate) fn judge_figure(&self, iterations: u64, given: u64) -> Result<(), Wrong> {
        match &self.0 {
            Kind::Values { .. } if given == iterations => Ok(()),
            Kind::Values { .. } => Err(Wrong(format!("did {given} of {iterations}"))),
            Kind::Sum(_) => self.judge_sum(iterations, given),
        }
    }

    pub(crate) fn judge_values(&self, given: &[f64]) -> Result<(), Wrong> {
        let Kind::Values { values, tolerance } = &self.0 else {
            return Err(Wrong("gave values where a sum was due".to_owned()));
        };
        if values.len() != given.len() {
            return Err(Wrong(format!("gave {} values where {} were due", given.len(), values.len())));
        }
        let close =
            |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * b.abs().max(1.0);
        match values.iter().zip(given).position(|(due, given)| !close(*given, *due)) {
            None => Ok(()),
            Some(at) => Err(Wrong(format!("gave {} at {at} where {} was due", given[at], values[at]))),
        }
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Sum(_) => "Expected::sum",
            Kind::Values { .. } => "Expected::values",
        })
    }
}

/// What was wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong(pub(crate) String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_exact() {
        let expected = Expected::sum(|n| 2 * n);
        assert_eq!(expected.judge_sum(8, 16), Ok(()));
        assert_eq!(expected.judge_sum(8, 15).unwrap_err().to_string(), "gave 15 where 16 was due");
        assert!(expected.judge_values(&[]).is_err());
    }

    #[test]
    fn values_are_held_to_the_tolerance() {
        let expected = Expected::values(|| vec![0.0, 1e6, f64::NAN, f64::INFINITY], 1e-9);
        assert_eq!(expected.judge_values(&[1e-9, 1e6 + 1e-4, f64::NAN, f64::INFINITY]), Ok(()));
        for wrong in [[2e-9, 1e6, f64::NAN, f64::INFINITY], [0.0, 1e6 + 1e-2, f64::NAN, f64::INFINITY]] {
            assert!(expected.judge_values(&wrong).is_err(), "{wrong:?}");
        }
        assert!(expected.judge_values(&[0.0, 1e6, 0.0, f64::INFINITY]).is_err(), "a number is no NaN");
        assert!(expected.judge_values(&[0.0, f64::NAN, f64::NAN, f64::INFINITY]).is_err(), "NaN is no number");
        assert!(expected.judge_values(&[0.0]).is_err(), "too short");
        assert!(expected.judge_figure(3, 3).is_ok() && expected.judge_figure(3, 2).is_err());
        assert!(expected.judge_sum(1, 1).is_err());
    }
}
