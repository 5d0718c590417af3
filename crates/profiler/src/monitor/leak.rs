//! When to speak of a leak, and what is then said.

use std::fmt;
use std::time::Duration;

use super::metric::{Metric, Unit};
use super::rule::{Level, Source};
use crate::format::{Bytes, Count, Time};

/// Watches for a figure that keeps growing; for [`on_leak`](crate::MonitorBuilder::on_leak).
///
/// After a warm-up, at most 64 points, evenly spread over at most the last [`window`](Self::window), are held against a
/// line. Of each stretch of time the least value counts, so that what is soon given back does not. It is a leak if all of
/// this holds:
///
/// - the slope, the median of the slopes of all pairs of points (Theil 1950, Sen 1968), makes for at least
///   [`min_growth`](Self::min_growth) over the time of the points;
/// - later points are higher than earlier ones (the rank test of Mann 1945 and Kendall 1948, its variance corrected for
///   points that depend on those before, Hamed and Rao 1998) with at least the [`confidence`](Self::confidence);
/// - the growth is eight times the noise around the line and more;
/// - it has not ended: the median of each quarter lies above that of the one before, by half of a quarter's share at least.
///   One step, however high, is no leak.
///
/// A leak is told once; the next one after the slope has fallen below a quarter of what it was. Cycles longer than three
/// quarters of the warm-up look like a leak while they go up: choose a warm-up longer than those of the program.
///
/// It costs 2 KB, and some 30 us each time that a point is complete: at most once in 1/64 of the time watched.
///
/// ```
/// use lagom_profiler::{LeakRule, Monitor};
/// use std::time::Duration;
///
/// let monitor = Monitor::builder()
///     .on_leak(LeakRule::new().warm_up(Duration::from_secs(600)), |alert| {
///         if let Some(time) = alert.leak().and_then(|leak| leak.time_to_limit()) {
///             eprintln!("out of memory in {time:?}");
///         }
///     })
///     .build();
/// ```
///
/// - H. Theil, A rank-invariant method of linear and polynomial regression analysis, Proc. KNAW 53 (1950)
/// - P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968)
/// - H. B. Mann, Nonparametric tests against trend, Econometrica 13 (1945); M. G. Kendall, Rank correlation methods (1948)
/// - K. H. Hamed and A. R. Rao, A modified Mann-Kendall trend test for autocorrelated data, J. Hydrology 204 (1998)
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a rule is given to `MonitorBuilder::on_leak`"]
pub struct LeakRule {
    pub(crate) source: Source,
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
    pub(crate) min_growth: f64,
    pub(crate) confidence: f64,
}

impl LeakRule {
    /// Watches resident memory (live heap bytes where that cannot be read): five minutes of warm-up, a window of an hour,
    /// growth of 16 MiB, confidence of 0.999.
    ///
    /// ```
    /// let rule = lagom_profiler::LeakRule::new();
    /// ```
    pub const fn new() -> Self {
        Self {
            source: Source::Memory,
            warm_up: Duration::from_secs(300),
            window: Duration::from_secs(3_600),
            min_growth: (16 << 20) as f64,
            confidence: 0.999,
        }
    }

    /// Watches another metric, such as open files; think of [`min_growth`](Self::min_growth) then.
    ///
    /// ```
    /// use lagom_profiler::{LeakRule, Metric};
    /// let rule = LeakRule::new().metric(Metric::OpenFiles).min_growth(100);
    /// ```
    pub fn metric(mut self, metric: Metric) -> Self {
        self.source = Source::Metric(metric);
        self
    }

    /// How long nothing is looked at, and then at least looked at before anything is said.
    ///
    /// ```
    /// use std::time::Duration;
    /// let rule = lagom_profiler::LeakRule::new().warm_up(Duration::from_secs(60));
    /// ```
    pub const fn warm_up(mut self, warm_up: Duration) -> Self {
        self.warm_up = warm_up;
        self
    }

    /// How far it looks back at most; twice the warm-up at least.
    ///
    /// ```
    /// use std::time::Duration;
    /// let rule = lagom_profiler::LeakRule::new().window(Duration::from_secs(24 * 3_600));
    /// ```
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// The least growth that is spoken of.
    ///
    /// ```
    /// let rule = lagom_profiler::LeakRule::new().min_growth(64 << 20);
    /// ```
    pub fn min_growth(mut self, growth: impl Level) -> Self {
        self.min_growth = growth.level();
        self
    }

    /// The least confidence that there is a trend at all, between 0 and 1.
    ///
    /// ```
    /// let rule = lagom_profiler::LeakRule::new().confidence(0.9999);
    /// ```
    pub const fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }
}

impl Default for LeakRule {
    fn default() -> Self {
        Self::new()
    }
}

/// A figure that keeps growing; from [`Alert::leak`](crate::Alert::leak).
///
/// ```
/// use lagom_profiler::{LeakRule, Monitor};
///
/// let monitor = Monitor::builder()
///     .on_leak(LeakRule::new(), |alert| {
///         let leak = alert.leak().expect("this is an alert of a leak");
///         println!("{leak}: {} per second", leak.per_second());
///     })
///     .build();
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Leak {
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) unit: Unit,
    pub(crate) per_second: f64,
    pub(crate) growth: f64,
    pub(crate) span_ns: u64,
    pub(crate) confidence: f64,
    pub(crate) room: Option<u64>,
}

/// Getters with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl Leak {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// # use lagom_profiler::{LeakRule, Monitor};
                /// Monitor::builder().on_leak(LeakRule::new(), |alert| {
                #[doc = concat!("    println!(\"{:?}\", alert.leak().map(|leak| leak.", stringify!($name), "()));")]
                /// });
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
    /// How fast it grows, bytes (or what the metric counts) per second.
    per_second: f64 = |this| this.per_second;
    /// By how much it has grown in the time that was looked at.
    growth: f64 = |this| this.growth;
    /// The time that was looked at.
    span: Duration = |this| Duration::from_nanos(this.span_ns);
    /// The confidence that it grows at all, by the rank test.
    confidence: f64 = |this| this.confidence;
    /// Memory that is left until the limit: the cgroup's less what it uses and could not give back, or the machine's
    /// available memory, whichever is less. `None` for what is no memory, and where the system does not tell.
    room: Option<u64> = |this| this.room;
    /// When there will be no room left, at this speed.
    time_to_limit: Option<Duration> = |this| {
        Duration::try_from_secs_f64(this.room? as f64 / this.per_second).ok()
    };
}

/// `grew by 120M in 600s, 205K/s; 2.50h to the limit`
impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = Time(self.span_ns);
        match self.unit {
            Unit::Bytes => {
                let (growth, speed) = (Bytes(self.growth as u64), Bytes(self.per_second as u64));
                write!(f, "grew by {growth} in {span}, {speed}/s")?;
            }
            _ => write!(f, "grew by {} in {span}, {:.3}/s", Count(self.growth as u64), self.per_second)?,
        }
        if let Some(time) = self.time_to_limit() {
            write!(f, "; {} to the limit", Time::from(time))?;
        }
        Ok(())
    }
}
