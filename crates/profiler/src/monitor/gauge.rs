//! One figure over time.

use std::fmt;
use std::time::Duration;

use super::metric::{Shown, Unit};

/// The least, mean, greatest and last of the readings of one figure; times in nanoseconds, shares as fractions.
///
/// ```
/// let monitor = lagom_profiler::Monitor::new();
/// monitor.sample();
/// if let Some(rss) = monitor.summary().rss() {
///     assert!(rss.min() <= rss.mean() && rss.mean() <= rss.max() && rss.readings() == 1);
///     println!("{rss}");
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gauge {
    unit: Unit,
    min: f64,
    max: f64,
    current: f64,
    sum: f64,
    readings: u64,
    first_at_ns: u64,
    last_at_ns: u64,
}

impl Gauge {
    pub(super) fn new(unit: Unit) -> Self {
        Self { unit, ..Self::default() }
    }

    #[cfg(feature = "enabled")]
    pub(super) fn add(&mut self, at_ns: u64, value: f64) {
        if self.readings == 0 {
            (self.min, self.max, self.first_at_ns) = (value, value, at_ns);
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.current = value;
        self.sum += value;
        self.readings += 1;
        self.last_at_ns = at_ns;
    }
}

/// Getters with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl Gauge {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = concat!("println!(\"{:?}\", lagom_profiler::Gauge::default().", stringify!($name), "());")]
                /// ```
                #[must_use]
                pub fn $name(&self) -> $type {
                    let $this = self;
                    $value
                }
            )*
        }
    };
}

getters! {
    /// The least value.
    min: f64 = |this| this.min;
    /// The mean of the readings; 0 of none.
    mean: f64 = |this| {
        // Rounding may carry the quotient past the values that it is the mean of.
        if this.readings == 0 { 0.0 } else { (this.sum / this.readings as f64).clamp(this.min, this.max) }
    };
    /// The greatest value.
    max: f64 = |this| this.max;
    /// The last value.
    current: f64 = |this| this.current;
    /// How often it was read: figures that cost much are not read with every sample.
    readings: u64 = |this| this.readings;
    /// From the first reading to the last.
    duration: Duration = |this| Duration::from_nanos(this.last_at_ns.saturating_sub(this.first_at_ns));
}

/// `min 1.00M, mean 2.00M, max 3.00M, now 2.50M`
impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value| Shown(self.unit, value);
        let (min, mean, max, now) = (shown(self.min), shown(self.mean()), shown(self.max), shown(self.current));
        write!(f, "min {min}, mean {mean}, max {max}, now {now}")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Gauge {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut all = serializer.serialize_struct("Gauge", 6)?;
        for (name, value) in [("min", self.min), ("mean", self.mean()), ("max", self.max), ("current", self.current)] {
            all.serialize_field(name, &value)?;
        }
        all.serialize_field("readings", &self.readings)?;
        all.serialize_field("duration_ns", &self.last_at_ns.saturating_sub(self.first_at_ns))?;
        all.end()
    }
}

#[cfg(all(test, feature = "enabled"))]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_a_row() {
        let mut gauge = Gauge::new(Unit::Count);
        for (at, value) in [(10, -3.0), (20, 5.0), (40, 1.0)] {
            gauge.add(at, value);
        }
        assert_eq!((gauge.min(), gauge.mean(), gauge.max(), gauge.current()), (-3.0, 1.0, 5.0, 1.0));
        assert_eq!((gauge.readings(), gauge.duration().as_nanos()), (3, 30));
    }

    #[test]
    fn the_mean_of_equal_values_is_that_value() {
        let mut gauge = Gauge::new(Unit::Share);
        for at in 0..1_000 {
            gauge.add(at, 0.1);
        }
        assert_eq!((gauge.min(), gauge.mean(), gauge.max()), (0.1, 0.1, 0.1));
    }
}
