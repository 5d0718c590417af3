//! Reports as a whole: for people, for other tools, and against an earlier run.
//!
//! A [`Report`] gathers what is known of a program at one moment. It and its [`Summary`] are written as
//!
//! | | from | feature |
//! | --- | --- | --- |
//! | a table | `Display` of both | |
//! | Prometheus text | [`Report::to_prometheus`], [`Summary::to_prometheus`] | |
//! | folded stacks | [`Summary::to_folded`] | |
//! | JSON, to be read back | `Summary::to_json` | `export` |
//! | JSON lines | `Report::to_json_lines` | `export` |
//! | speedscope | `Summary::to_speedscope` | `export` |
//! | Chrome's trace events, for Perfetto too | `Summary::to_chrome` | `export` |
//! | pprof | `Summary::to_pprof` | `export` |
//! | a page of HTML | `Report::to_html` | `export` |
//! | the `metrics` facade | `Report::to_metrics` | `metrics` |
//!
//! [`compare`] holds two runs against each other.

mod change;
mod compare;
#[cfg(feature = "export")]
mod error;
mod table;
#[cfg(test)]
mod tests;
mod thresholds;

use std::fmt;

pub use self::change::{Change, Verdict};
pub use self::compare::{Comparison, compare};
#[cfg(feature = "export")]
pub use self::error::ReportError;
pub(crate) use self::table::{Chance, Ratio};
pub use self::thresholds::Thresholds;
pub use crate::export::Weight;
use crate::monitor::{Alert, Monitor, MonitorSummary, Sample};
use crate::suggestions::Suggestion;
use crate::summary::Summary;

/// What is known of the program at one moment: functions, memory over time, alerts, advice.
///
/// ```
/// # use lagom_profiler as profiler;
/// use lagom_profiler::report::Report;
///
/// let monitor = profiler::Monitor::new();
/// monitor.sample();
/// drop(profiler::span!("step"));
/// let report = Report::now().with_monitor(&monitor);
/// # #[cfg(feature = "enabled")]
/// assert_eq!((report.summary().len(), report.samples().len()), (1, 1));
/// println!("{report}");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub(crate) title: String,
    pub(crate) summary: Summary,
    pub(crate) samples: Vec<Sample>,
    pub(crate) monitor: Option<MonitorSummary>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) suggestions: Vec<Suggestion>,
}

impl Report {
    /// A report of these figures and the advice that they bear out.
    ///
    /// ```
    /// let report = lagom_profiler::report::Report::new(lagom_profiler::summary());
    /// assert!(report.samples().is_empty());
    /// ```
    #[must_use]
    pub fn new(summary: Summary) -> Self {
        let suggestions = summary.suggestions();
        Self { title: "lagom profiler".into(), summary, suggestions, ..Self::default() }
    }

    /// A report of what [`summary`](crate::summary()) tells now.
    ///
    /// ```
    /// println!("{}", lagom_profiler::report::Report::now());
    /// ```
    #[must_use]
    pub fn now() -> Self {
        Self::new(crate::summary())
    }

    /// Names the report; by default `lagom profiler`.
    ///
    /// ```
    /// let report = lagom_profiler::report::Report::now().titled("the nightly import");
    /// assert_eq!(report.title(), "the nightly import");
    /// ```
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Takes in a monitor's samples and its summary.
    ///
    /// ```
    /// let monitor = lagom_profiler::Monitor::new();
    /// monitor.sample();
    /// let report = lagom_profiler::report::Report::now().with_monitor(&monitor);
    /// assert_eq!(report.samples().len(), monitor.samples().len());
    /// ```
    #[must_use]
    pub fn with_monitor(mut self, monitor: &Monitor) -> Self {
        self.samples = monitor.samples();
        self.monitor = Some(monitor.summary());
        self
    }

    /// Takes in alerts that the program has gathered in its callback.
    ///
    /// ```
    /// use lagom_profiler::{Monitor, report::Report};
    /// use std::sync::{Arc, Mutex};
    ///
    /// let alerts = Arc::new(Mutex::new(Vec::new()));
    /// let seen = Arc::clone(&alerts);
    /// let monitor = Monitor::builder().on_alert(1, move |alert| seen.lock().unwrap().push(alert.clone())).build();
    /// monitor.sample();
    /// let report = Report::now().with_monitor(&monitor).with_alerts(alerts.lock().unwrap().iter().cloned());
    /// # #[cfg(feature = "enabled")]
    /// assert_eq!(report.alerts().len(), 1);
    /// ```
    #[must_use]
    pub fn with_alerts(mut self, alerts: impl IntoIterator<Item = Alert>) -> Self {
        self.alerts.extend(alerts);
        self
    }

    /// Its name.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::report::Report::now().title(), "lagom profiler");
    /// ```
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The functions.
    ///
    /// ```
    /// println!("{}", lagom_profiler::report::Report::now().summary());
    /// ```
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The monitor's samples, oldest first.
    ///
    /// ```
    /// assert!(lagom_profiler::report::Report::now().samples().is_empty());
    /// ```
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The alerts.
    ///
    /// ```
    /// assert!(lagom_profiler::report::Report::now().alerts().is_empty());
    /// ```
    #[must_use]
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// The advice, the largest possible gain first.
    ///
    /// ```
    /// assert!(lagom_profiler::report::Report::default().suggestions().is_empty());
    /// ```
    #[must_use]
    pub fn suggestions(&self) -> &[Suggestion] {
        &self.suggestions
    }
}

/// The table of functions, the clock, the monitor's summary, alerts and advice, whatever there is.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.summary, self.summary.clock)?;
        if let Some(monitor) = &self.monitor {
            write!(f, "\n\n{monitor}")?;
        }
        for alert in &self.alerts {
            write!(f, "\n{alert}")?;
        }
        for (place, suggestion) in self.suggestions.iter().enumerate() {
            write!(f, "{}\n{suggestion}", if place == 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}
