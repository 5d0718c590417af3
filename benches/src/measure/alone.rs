//! One contender without the others, a batch at a time.

use super::rig::{Fault, Rig};
use super::sampling::{Effort, calibrate, per_item};
use crate::case::Case;

/// One contender of a case, set up and calibrated.
#[derive(Debug)]
pub struct Alone {
    case: Case,
    rig: Rig,
    iterations: u64,
}

impl Alone {
    /// The contender of that name; `None` where there is none, or it is not timed.
    ///
    /// # Errors
    ///
    /// When it gives a wrong answer or panics.
    pub fn new(case: Case, name: &str, effort: Effort) -> Result<Option<Self>, Fault> {
        let found = case.contenders.iter().find(|contender| contender.name == name);
        let Some(mut rig) = found.and_then(|contender| Rig::new(&case, contender)) else { return Ok(None) };
        let iterations = calibrate(&mut rig, effort.batch)?;
        Ok(Some(Self { case, rig, iterations }))
    }

    /// The time of one batch, in nanoseconds per unit of work.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn batch(&mut self) -> Result<f64, Fault> {
        let sample = self.rig.run(self.iterations, false)?;
        Ok(per_item(sample.wall, self.iterations, &self.case))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Contender, OURS};

    #[test]
    fn one_alone_is_timed() {
        let case = || Case::new("memo", "core", "hit", |n| n);
        let timed =
            case().with(Contender::shared("rival", || (), |(), _| 2)).with(Contender::shared(OURS, || (), |(), _| 1));
        let mut alone = Alone::new(timed, OURS, Effort::SMOKE).expect("ours is right").expect("ours is timed");
        assert!(alone.batch().expect("ours is right") > 0.0);
        assert!(Alone::new(case().with(Contender::untimed(OURS)), OURS, Effort::SMOKE).unwrap().is_none());
        assert!(Alone::new(case().with(Contender::shared(OURS, || (), |(), _| 2)), OURS, Effort::SMOKE).is_err());
    }
}
