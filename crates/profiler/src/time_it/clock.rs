//! What std's clock can tell.

use std::time::Instant;

/// The step of the clock and what reading it takes, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct StdClock {
    pub(super) step_ns: f64,
    pub(super) read_ns: f64,
}

impl StdClock {
    /// Reads the clock some thousand times.
    pub(super) fn measure() -> Self {
        const READS: u32 = 2_000;
        let (start, mut last) = (Instant::now(), Instant::now());
        let mut step = u128::MAX;
        for _ in 0..READS {
            let now = Instant::now();
            match (now - last).as_nanos() {
                0 => {}
                moved => step = step.min(moved),
            }
            last = now;
        }
        let read_ns = (last - start).as_nanos() as f64 / f64::from(READS);
        // A clock that has not moved in so many readings has a step at least as long.
        let step_ns = if step == u128::MAX { 1e6 } else { step as f64 };
        // Where a reading takes longer than a step, each sees the clock moved by its own time.
        Self { step_ns, read_ns }
    }

    /// By how much the time of a batch may be wrong.
    pub(super) fn error_ns(&self) -> f64 {
        self.step_ns + self.read_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_clock_has_a_step_and_a_price() {
        let clock = StdClock::measure();
        assert!(clock.step_ns >= 1.0 && clock.read_ns > 0.0, "{clock:?}");
        assert!(clock.error_ns() < 1e7, "{clock:?}");
    }
}
