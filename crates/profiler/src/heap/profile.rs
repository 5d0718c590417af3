//! What a recording comes to: sites, the heap over time, totals and distributions.

use std::fmt;
use std::time::Duration;

use super::{Amount, Frame, Measure, Site};
use crate::format::{Bytes, Count, Time, printable};

/// The heap at one moment of a recording.
///
/// ```
/// assert_eq!(lagom_profiler::heap::Moment::default().live().bytes(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Moment {
    pub(crate) time_ns: u64,
    pub(crate) live: Amount,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) high: u64,
}

impl Moment {
    /// The most live bytes since the moment before, as far as it is known.
    pub(crate) fn most_bytes(&self) -> u64 {
        self.high.max(self.live.bytes)
    }

    /// Since the recording began.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::Moment::default().at().is_zero());
    /// ```
    #[must_use]
    pub const fn at(&self) -> Duration {
        Duration::from_nanos(self.time_ns)
    }

    /// What was live then.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Moment::default().live().blocks(), 0);
    /// ```
    #[must_use]
    pub const fn live(&self) -> Amount {
        self.live
    }

    /// The most live bytes since the moment before; 0 where that is not known.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Moment::default().high(), 0);
    /// ```
    #[must_use]
    pub const fn high(&self) -> u64 {
        self.high
    }
}

/// What a recording consists of; zero for a snapshot.
///
/// ```
/// assert_eq!(lagom_profiler::heap::EventCounts::default().bytes_per_event(), 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EventCounts {
    pub(crate) events: u64,
    pub(crate) lost: u64,
    pub(crate) unknown_frees: u64,
    pub(crate) bytes: u64,
}

impl EventCounts {
    /// Allocations, reallocations and releases.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::EventCounts::default().events(), 0);
    /// ```
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Events that are missing: those of signal handlers that interrupted the recording itself.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::EventCounts::default().lost(), 0);
    /// ```
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Releases and reallocations of blocks of which no allocation is recorded: they are older.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::EventCounts::default().unknown_frees(), 0);
    /// ```
    #[must_use]
    pub const fn unknown_frees(&self) -> u64 {
        self.unknown_frees
    }

    /// Bytes of the file.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::EventCounts::default().bytes(), 0);
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of the file per event; 0.0 without any.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::EventCounts::default().bytes_per_event(), 0.0);
    /// ```
    #[must_use]
    pub fn bytes_per_event(&self) -> f64 {
        if self.events == 0 { 0.0 } else { self.bytes as f64 / self.events as f64 }
    }
}

/// One bar of a histogram: how much of what was counted lies between two values, both included.
///
/// ```
/// let class = lagom_profiler::heap::Class::default();
/// assert!(class.from() <= class.to());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Class {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) amount: Amount,
}

impl Class {
    /// The least value of the class: bytes of a size, nanoseconds of a lifetime.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Class::default().from(), 0);
    /// ```
    #[must_use]
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// The greatest value of the class.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Class::default().to(), 0);
    /// ```
    #[must_use]
    pub const fn to(&self) -> u64 {
        self.to
    }

    /// The blocks of the class, and their bytes.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Class::default().amount().blocks(), 0);
    /// ```
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }
}

/// What a view counts.
///
/// ```
/// assert_eq!(lagom_profiler::heap::Unit::default(), lagom_profiler::heap::Unit::Bytes);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Bytes that were asked for.
    #[default]
    Bytes,
    /// Blocks.
    Blocks,
}

impl Unit {
    /// In a word.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Unit::Blocks.name(), "blocks");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Blocks => "blocks",
        }
    }

    pub(crate) const fn of(self, amount: Amount) -> u64 {
        match self {
            Self::Bytes => amount.bytes,
            Self::Blocks => amount.blocks,
        }
    }
}

/// What a program did with its heap: a recording played through, or the sites of a snapshot.
///
/// A reallocation counts as one more allocation of all its bytes by the stack that allocated the block, whose it stays. Blocks
/// that are older than a recording are not in it; reallocated, they are new blocks.
///
/// From here all formats are written; none of them needs the program or the recording again.
///
/// ```
/// use lagom_profiler::heap::{HeapProfile, Measure};
///
/// let profile = HeapProfile::from(Vec::new());
/// assert!(profile.sites().is_empty());
/// assert_eq!(profile.amount(Measure::Total).bytes(), 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeapProfile {
    pub(crate) sites: Vec<Site>,
    /// In the order of time.
    pub(crate) timeline: Vec<Moment>,
    pub(crate) peak: Moment,
    pub(crate) duration_ns: u64,
    /// Ascending, without overlaps; of all blocks, by the bytes asked for.
    pub(crate) sizes: Vec<Class>,
    /// Likewise, of the blocks that were released, by the nanoseconds until then.
    pub(crate) lifetimes: Vec<Class>,
    pub(crate) events: EventCounts,
    /// Names.
    pub(crate) threads: Vec<String>,
    pub(crate) command: String,
    pub(crate) pid: u32,
    /// Mean bytes between two samples; 0 if everything was seen.
    pub(crate) interval: u64,
    /// Whether the recording ends before the program did, as after a crash.
    pub(crate) cut: bool,
}

impl HeapProfile {
    /// Without the functions that std and the C library put around `main` and around those of threads, the same 8 to 18 in every
    /// stack. A stack that has nothing else, or in which they are not known by name, stays as it is.
    ///
    /// ```
    /// use lagom_profiler::heap::HeapProfile;
    ///
    /// assert_eq!(HeapProfile::default().without_runtime(), HeapProfile::default());
    /// ```
    #[must_use]
    pub fn without_runtime(mut self) -> Self {
        for site in &mut self.sites {
            let own = own_frames(&site.frames);
            if own < site.frames.len() {
                site.frames = site.frames[..own].into();
            }
        }
        self
    }

    /// What each call stack allocated, in no order that means something.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::HeapProfile::default().sites().is_empty());
    /// ```
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The heap over time; a snapshot has its one moment.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::HeapProfile::default().timeline().is_empty());
    /// ```
    #[must_use]
    pub fn timeline(&self) -> &[Moment] {
        &self.timeline
    }

    /// The moment of the most live bytes.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::HeapProfile::default().peak().at().is_zero());
    /// ```
    #[must_use]
    pub const fn peak(&self) -> Moment {
        self.peak
    }

    /// From the beginning of the recording to its end.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::HeapProfile::default().duration().is_zero());
    /// ```
    #[must_use]
    pub const fn duration(&self) -> Duration {
        Duration::from_nanos(self.duration_ns)
    }

    /// The sum of a view over all sites; O(sites).
    ///
    /// ```
    /// use lagom_profiler::heap::{HeapProfile, Measure};
    ///
    /// assert_eq!(HeapProfile::default().amount(Measure::Temporary).blocks(), 0);
    /// ```
    #[must_use]
    pub fn amount(&self, view: Measure) -> Amount {
        self.sites.iter().fold(Amount::default(), |sum, site| sum.plus(view.of(site)))
    }

    /// All blocks by the bytes asked for; empty for a snapshot.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::HeapProfile::default().sizes().is_empty());
    /// ```
    #[must_use]
    pub fn sizes(&self) -> &[Class] {
        &self.sizes
    }

    /// The blocks that were released, by the nanoseconds they lived; empty for a snapshot.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::HeapProfile::default().lifetimes().is_empty());
    /// ```
    #[must_use]
    pub fn lifetimes(&self) -> &[Class] {
        &self.lifetimes
    }

    /// What the recording consists of.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::HeapProfile::default().events().events(), 0);
    /// ```
    #[must_use]
    pub const fn events(&self) -> EventCounts {
        self.events
    }

    /// The names of the threads that allocated, in the order in which they began to; none for a snapshot.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::HeapProfile::default().threads().is_empty());
    /// ```
    #[must_use]
    pub fn threads(&self) -> &[String] {
        &self.threads
    }

    /// Allocations per second, and their bytes; 0.0 for a snapshot.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::HeapProfile::default().per_second(), (0.0, 0.0));
    /// ```
    #[must_use]
    pub fn per_second(&self) -> (f64, f64) {
        let (seconds, total) = (self.duration_ns as f64 / 1e9, self.amount(Measure::Total));
        if seconds > 0.0 { (total.blocks as f64 / seconds, total.bytes as f64 / seconds) } else { (0.0, 0.0) }
    }

    /// The program and its arguments; empty if they are not known.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::HeapProfile::default().command(), "");
    /// ```
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// The process; 0 if it is not known.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::HeapProfile::default().pid(), 0);
    /// ```
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Mean bytes between two samples, if the figures are estimates from samples.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::HeapProfile::default().sample_interval(), None);
    /// ```
    #[must_use]
    pub const fn sample_interval(&self) -> Option<u64> {
        if self.interval == 0 { None } else { Some(self.interval) }
    }

    /// Whether the recording ends before its program did, as after a crash; then "leaked" is what was live at that moment.
    ///
    /// ```
    /// assert!(!lagom_profiler::heap::HeapProfile::default().is_cut_short());
    /// ```
    #[must_use]
    pub const fn is_cut_short(&self) -> bool {
        self.cut
    }
}

/// How many frames are the program's, innermost first: std marks where it begins.
fn own_frames(frames: &[Frame]) -> usize {
    let marker = frames.iter().position(|frame| frame.function().contains("__rust_begin_short_backtrace"));
    let Some(before) = marker.map(|place| &frames[..place]) else { return frames.len() };
    let is_call = |frame: &Frame| {
        let name = frame.function().trim_start_matches('<');
        name.starts_with("core::ops::function::Fn") || frame.function().contains(" as core::ops::function::Fn")
    };
    match before.iter().rposition(|frame| !is_call(frame)) {
        Some(place) => place + 1,
        None => frames.len(),
    }
}

/// `heap of program: 1.20M allocations of 300M in 4.20s, 84.9M at peak, 1.02K in 3 blocks never released`
impl fmt::Display for HeapProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, live) = (self.amount(Measure::Total), self.amount(Measure::Live));
        write!(
            f,
            "heap of {}: {} allocations of {} in {}, {} at peak, {} in {} blocks never released",
            printable(&self.command),
            Count(total.blocks),
            Bytes(total.bytes),
            Time(self.duration_ns),
            Bytes(self.peak.live.bytes),
            Bytes(live.bytes),
            Count(live.blocks)
        )
    }
}

/// The sites of a snapshot. It knows one moment only, so that is its peak and its end.
impl From<Vec<Site>> for HeapProfile {
    fn from(mut sites: Vec<Site>) -> Self {
        let mut live = Amount::default();
        for site in &mut sites {
            site.peak = site.live;
            live = live.plus(site.live);
        }
        let moment = Moment { time_ns: 0, live, high: live.bytes };
        Self { sites, timeline: vec![moment], peak: moment, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_its_own_peak() {
        let live = |blocks, bytes| Site { live: Amount { blocks, bytes }, ..Site::default() };
        let profile = HeapProfile::from(vec![live(1, 10), live(2, 30)]);
        assert_eq!(profile.peak().live(), Amount { blocks: 3, bytes: 40 });
        assert_eq!(profile.amount(Measure::Peak), profile.amount(Measure::Live));
        assert_eq!(profile.timeline(), [profile.peak()]);
    }

    #[test]
    fn the_runtime_is_left_out_and_nothing_else() {
        let cut = |functions: &[&str]| {
            let frame = |function: &&str| Frame { function: (*function).into(), ..Frame::default() };
            let site = Site { frames: functions.iter().map(frame).collect(), ..Site::default() };
            let profile = HeapProfile { sites: vec![site], ..HeapProfile::default() }.without_runtime();
            profile.sites[0].frames.iter().map(|frame| frame.function.to_string()).collect::<Vec<_>>()
        };
        let marker = "std::sys::backtrace::__rust_begin_short_backtrace::<fn(), ()>";
        let call = "<fn() as core::ops::function::FnOnce<()>>::call_once";
        let outer = ["std::rt::lang_start_internal", "main", "_start"];
        let whole = |inner: &[&'static str]| [inner, &[call, marker], &outer[..]].concat();
        assert_eq!(cut(&whole(&["app::parse", "app::main"])), ["app::parse", "app::main"]);
        // What calls back through such a function is the program's.
        assert_eq!(cut(&whole(&["app::parse", call, "app::main"])), ["app::parse", call, "app::main"]);
        assert_eq!(cut(&whole(&[])), whole(&[]));
        assert_eq!(cut(&outer), outer);
        assert!(cut(&[]).is_empty());
    }

    #[test]
    fn in_a_line() {
        let site = Site { live: Amount { blocks: 1, bytes: 10 }, ..Site::default() };
        let profile = HeapProfile { command: "a\nb".to_owned(), ..HeapProfile::from(vec![site]) };
        let line = "heap of a\\nb: 0 allocations of 0B in 0ns, 10B at peak, 10B in 1 blocks never released";
        assert_eq!(profile.to_string(), line);
    }

    #[test]
    fn sums_do_not_overflow() {
        let huge = Site { total: Amount { blocks: u64::MAX, bytes: u64::MAX }, ..Site::default() };
        let profile = HeapProfile { sites: vec![huge.clone(), huge], ..HeapProfile::default() };
        assert_eq!(profile.amount(Measure::Total).bytes(), u64::MAX);
    }
}
