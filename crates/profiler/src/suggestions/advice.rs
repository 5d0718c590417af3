//! A piece of advice, and the rules it comes from.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::format::{Count, Time, printable};

/// The rules with their names in reports, and what each looks for.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $id:literal;)*) => {
        /// What a suggestion rests on. The evidence that each rule needs is in [`thresholds`](crate::thresholds).
        ///
        /// ```
        /// assert_eq!(lagom_profiler::Rule::HotSelfShare.id(), "hot-self-share");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// All rules.
            ///
            /// ```
            /// for rule in lagom_profiler::Rule::ALL {
            ///     println!("{rule}");
            /// }
            /// ```
            pub const ALL: &[Self] = &[$(Self::$rule),*];

            /// The rule's name in reports; it does not change between releases.
            ///
            /// ```
            /// assert_eq!(lagom_profiler::Rule::DearFirstCall.id(), "dear-first-call");
            /// ```
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$rule => $id,)*
                }
            }
        }
    };
}

rules! {
    /// Much more of the profiled time is spent in the function itself than an even spread would give it.
    HotSelfShare = "hot-self-share";
    /// So short and so frequent that the call and its probe are the work.
    TinyAndFrequent = "tiny-and-frequent";
    /// Many calls come with arguments of an earlier one; needs `#[profile(repeats)]`.
    RepeatedArguments = "repeated-arguments";
    /// Allocating is much of what the function itself does; needs [`TrackingAllocator`](crate::TrackingAllocator).
    AllocationHeavy = "allocation-heavy";
    /// The first call takes far longer than any other.
    DearFirstCall = "dear-first-call";
    /// A loop over the elements of large slices of numbers; needs `#[profile(size = …)]`.
    ElementLoop = "element-loop";
    /// The time grows faster than the size of the input; needs `#[profile(size = …)]`.
    GrowsWithSize = "grows-with-size";
    /// A few long calls take much of the time, and wait: for a lock, for I/O.
    WaitingTail = "waiting-tail";
    /// A few long calls take much of the time, and compute: their input differs.
    ComputingTail = "computing-tail";
    /// Calls that end with an error or a panic take noticeable time.
    CostlyFailures = "costly-failures";
    /// Polls of an async function keep their thread for more than a millisecond.
    LongPolls = "long-polls";
    /// Calls take longer and longer while the program runs.
    Drift = "drift";
    /// The typical call, not only some, takes a tenth of a second or more.
    SlowCalls = "slow-calls";
    /// The heap grows by what calls leave behind; needs [`TrackingAllocator`](crate::TrackingAllocator).
    MemoryGrowth = "memory-growth";
    /// Calls take longer than in a baseline; from [`suggestions_against`](crate::Summary::suggestions_against).
    Regression = "regression";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// How sure a suggestion is of its cause; whether the remedy helps only a trial can tell.
///
/// ```
/// use lagom_profiler::Confidence;
///
/// assert!(Confidence::High > Confidence::Medium);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Confidence {
    /// The lower end of the evidence's interval is above its threshold.
    Medium,
    /// It is at least twice the threshold.
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// One piece of advice, from [`suggestions`](crate::suggestions()).
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
    pub(crate) function: Cow<'static, str>,
    pub(crate) file: Cow<'static, str>,
    pub(crate) line: u32,
    pub(crate) message: String,
    pub(crate) samples: u64,
    pub(crate) confidence: Confidence,
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
    function: &str = |this| &this.function;
    /// The source file of that function.
    file: &str = |this| &this.file;
    /// The line of that function.
    line: u32 = |this| this.line;
    /// The evidence in numbers.
    message: &str = |this| &this.message;
    /// How many calls the evidence comes from.
    samples: u64 = |this| this.samples;
    /// How far the evidence is above what the rule needs.
    confidence: Confidence = |this| this.confidence;
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
            "[{}] {}: {} ({} calls, {}:{}; confidence {})\n    try: {}; saves at most {} ({:.1} % of the profiled time)",
            self.rule,
            printable(&self.function),
            self.message,
            Count(self.samples),
            printable(&self.file),
            self.line,
            self.confidence,
            self.remedy,
            Time(self.gain_ns),
            100.0 * self.gain_share
        )
    }
}
