//! Which of a stack's figures.

use super::{Amount, Site};

/// Which figure of a stack is looked at.
///
/// ```
/// use lagom_profiler::heap::{HeapProfile, Measure};
///
/// assert_eq!(HeapProfile::default().amount(Measure::Live).bytes(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Measure {
    /// What is live: at the moment of a snapshot, at the end of a recording.
    #[default]
    Live,
    /// All that was ever allocated, released or not.
    Total,
    /// What was live when the heap was largest.
    Peak,
    /// What was released before its thread allocated anything else; of recordings only.
    Temporary,
}

impl Measure {
    /// All of them, by their numbers.
    pub(crate) const ALL: [Self; 4] = [Self::Live, Self::Total, Self::Peak, Self::Temporary];

    /// In the order in which reports have them.
    #[cfg_attr(not(feature = "export"), allow(dead_code, reason = "for formats that hold several"))]
    pub(crate) const SHOWN: [Self; 4] = [Self::Peak, Self::Total, Self::Live, Self::Temporary];

    /// In a word or three.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Measure::Peak.name(), "live at peak");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Peak => "live at peak",
            Self::Total => "allocated",
            Self::Live => "leaked",
            Self::Temporary => "temporary",
        }
    }

    pub(crate) const fn of(self, site: &Site) -> Amount {
        match self {
            Self::Peak => site.peak,
            Self::Total => site.total,
            Self::Live => site.live,
            Self::Temporary => site.temporary,
        }
    }

    /// The same of a snapshot, which knows no end.
    pub(crate) const fn in_snapshot(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Total => "ever allocated",
            Self::Peak => "live at the peak",
            Self::Temporary => "released at once",
        }
    }
}
