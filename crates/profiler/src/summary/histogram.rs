//! How the durations of a function are spread.

use std::time::Duration;

/// The durations of a function's timed calls, in buckets of at most 1/32 of an octave (3.2 % wide).
///
/// A call that was timed in place of others counts for all of them. What the probe itself took is taken off. Where the
/// clock moves in steps that are wider than a bucket, so are the buckets: see [`Clock`](crate::Clock).
///
/// ```
/// # use lagom_profiler as profiler;
/// drop(profiler::span!("step"));
/// # #[cfg(feature = "enabled")] {
/// let summary = profiler::summary();
/// let durations = summary.get("step").unwrap().histogram();
/// assert_eq!(durations.count(), 1);
/// assert!(durations.quantile(0.5) <= durations.quantile(0.99));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Histogram {
    pub(crate) buckets: Vec<Bucket>,
}

/// How many calls took between two durations; of a [`Histogram`].
///
/// ```
/// # drop(lagom_profiler::span!("step"));
/// for function in lagom_profiler::summary().functions() {
///     for bucket in function.histogram().buckets() {
///         println!("{:?} to {:?}: {}", bucket.from(), bucket.to(), bucket.count());
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Bucket {
    pub(crate) from_ns: f64,
    pub(crate) to_ns: f64,
    pub(crate) count: u64,
}

impl Bucket {
    /// The shortest duration that falls into it.
    ///
    /// ```
    /// assert!(lagom_profiler::Bucket::default().from().is_zero());
    /// ```
    #[must_use]
    pub fn from(&self) -> Duration {
        nanos(self.from_ns)
    }

    /// The duration from which on the next bucket begins.
    ///
    /// ```
    /// assert!(lagom_profiler::Bucket::default().to().is_zero());
    /// ```
    #[must_use]
    pub fn to(&self) -> Duration {
        nanos(self.to_ns)
    }

    /// How many calls fell into it.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Bucket::default().count(), 0);
    /// ```
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}

impl Histogram {
    /// The buckets into which a call fell, the shortest durations first.
    ///
    /// ```
    /// assert!(lagom_profiler::Histogram::default().buckets().is_empty());
    /// ```
    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The number of calls in all buckets.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Histogram::default().count(), 0);
    /// ```
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).fold(0, u64::saturating_add)
    }

    /// The duration that the share `q` (0.0 to 1.0, clamped) of all calls does not exceed; zero without a call.
    ///
    /// Spread evenly within its bucket: off by at most the bucket's width, 3.2 %, or one step of the clock.
    ///
    /// ```
    /// assert!(lagom_profiler::Histogram::default().quantile(0.5).is_zero());
    /// ```
    #[must_use]
    pub fn quantile(&self, q: f64) -> Duration {
        nanos(self.quantile_ns(q))
    }

    pub(crate) fn quantile_ns(&self, q: f64) -> f64 {
        let count = self.count();
        let wanted = q.clamp(0.0, 1.0) * count as f64;
        let mut below = 0.0;
        for bucket in &self.buckets {
            let here = bucket.count as f64;
            if bucket.count > 0 && below + here >= wanted {
                return bucket.from_ns + (bucket.to_ns - bucket.from_ns) * ((wanted - below) / here).clamp(0.0, 1.0);
            }
            below += here;
        }
        self.buckets.last().map_or(0.0, |bucket| bucket.to_ns)
    }
}

/// Nanoseconds as a duration, rounded; what is no time is zero.
pub(crate) fn nanos(ns: f64) -> Duration {
    Duration::from_nanos(if ns > 0.0 { ns.round() as u64 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(from_ns: f64, to_ns: f64, count: u64) -> Bucket {
        Bucket { from_ns, to_ns, count }
    }

    #[test]
    fn quantiles_lie_where_the_calls_are() {
        let histogram = Histogram { buckets: vec![bucket(100.0, 110.0, 50), bucket(1_000.0, 1_100.0, 50)] };
        assert_eq!(histogram.count(), 100);
        assert_eq!(histogram.quantile_ns(0.0), 100.0);
        assert_eq!(histogram.quantile_ns(0.25), 105.0);
        assert_eq!(histogram.quantile_ns(0.5), 110.0);
        assert_eq!(histogram.quantile_ns(0.75), 1_050.0);
        assert_eq!(histogram.quantile_ns(1.0), 1_100.0);
        assert_eq!(histogram.quantile_ns(7.0), 1_100.0);
    }

    #[test]
    fn empty_buckets_are_no_place_for_a_quantile() {
        let histogram = Histogram { buckets: vec![bucket(1.0, 2.0, 0), bucket(5.0, 6.0, 4), bucket(8.0, 9.0, 0)] };
        assert_eq!(histogram.quantile_ns(0.0), 5.0);
        assert_eq!(histogram.quantile_ns(1.0), 6.0);
        assert_eq!(Histogram::default().quantile_ns(0.5), 0.0);
    }
}
