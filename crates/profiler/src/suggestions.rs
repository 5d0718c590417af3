//! Advice with evidence.

mod rules;
pub mod thresholds;

use std::fmt;
use std::time::Duration;

use crate::format::{Count, Time, printable};
use crate::summary::Summary;

/// Advice that the figures since the last reset bear out, the largest possible gain first.
///
/// The rules and the evidence each needs are in [`thresholds`]. Below it nothing is said; no rule compares a maximum with a
/// mean, since one preempted call in a thousand is enough to make such a ratio large.
///
/// ```
/// for suggestion in lagom_profiler::suggestions() {
///     println!("{suggestion}");
/// }
/// ```
#[must_use]
pub fn suggestions() -> Vec<Suggestion> {
    crate::summary().suggestions()
}

pub(crate) fn examine(summary: &Summary) -> Vec<Suggestion> {
    let profiled = summary.profiled_ns();
    let mut found = Vec::new();
    if summary.profiled() >= thresholds::MIN_PROFILED {
        for function in summary.functions() {
            let case = rules::Case { function, profiled, heap_tracked: summary.heap_tracked() };
            found.extend(case.advice());
        }
    }
    found.sort_by_key(|suggestion| std::cmp::Reverse(suggestion.gain_ns));
    found
}

/// What a suggestion rests on.
///
/// ```
/// assert_eq!(lagom_profiler::Rule::HotSelfShare.id(), "hot-self-share");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Rule {
    /// A large part of all profiled time is spent in the function itself.
    HotSelfShare,
    /// The function itself allocates in every call, or much.
    AllocationHeavy,
    /// So short and so frequent that the call and its probe are the work.
    TinyAndFrequent,
    /// Calls that end with an error or a panic take noticeable time.
    CostlyFailures,
    /// The first call takes far longer than any other.
    DearFirstCall,
}

impl Rule {
    /// The rule's name in reports; it does not change between releases.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Rule::DearFirstCall.id(), "dear-first-call");
    /// ```
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::HotSelfShare => "hot-self-share",
            Self::AllocationHeavy => "allocation-heavy",
            Self::TinyAndFrequent => "tiny-and-frequent",
            Self::CostlyFailures => "costly-failures",
            Self::DearFirstCall => "dear-first-call",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// One piece of advice, from [`suggestions`].
///
/// ```
/// for suggestion in lagom_profiler::suggestions() {
///     println!("{}: {}", suggestion.function(), suggestion.remedy());
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Suggestion {
    pub(crate) rule: Rule,
    pub(crate) function: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) message: String,
    pub(crate) samples: u64,
    pub(crate) gain_ns: u64,
    pub(crate) gain_share: f64,
    pub(crate) remedy: &'static str,
}

/// Getters with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl Suggestion {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// for suggestion in lagom_profiler::suggestions() {
                #[doc = concat!("    println!(\"{:?}\", suggestion.", stringify!($name), "());")]
                /// }
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
    /// The rule that it rests on.
    rule: Rule = |this| this.rule;
    /// The function it is about.
    function: &'static str = |this| this.function;
    /// The source file of that function.
    file: &'static str = |this| this.file;
    /// The line of that function.
    line: u32 = |this| this.line;
    /// The evidence in numbers.
    message: &str = |this| &this.message;
    /// How many calls the evidence comes from.
    samples: u64 = |this| this.samples;
    /// No change to this function can save more: an upper bound (Amdahl, 1967), not a forecast.
    gain: Duration = |this| Duration::from_nanos(this.gain_ns);
    /// That bound as a share of all profiled time, 0.0 to 1.0.
    gain_share: f64 = |this| this.gain_share;
    /// What to try.
    remedy: &'static str = |this| this.remedy;
}

/// Two lines: what was found, and what to try.
impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "[{}] {}: {} ({} calls, {}:{})\n    try: {}; saves at most {} ({:.1} % of the profiled time)",
            self.rule,
            printable(self.function),
            self.message,
            Count(self.samples),
            printable(self.file),
            self.line,
            self.remedy,
            Time(self.gain_ns),
            100.0 * self.gain_share
        )
    }
}
