//! Readings of the process's own figures. Whatever cannot be read is unknown.

use std::time::Duration;

use lagom_base::sync::Mutex;

use super::{clock, heap};
use crate::monitor::{Metric, Sample, Tier};

/// CPU time, faults and switches take a system call of 0.6 us, which also walks over all threads.
const USAGE_INTERVAL: Duration = Duration::from_millis(50);

/// Shares, of what, and what is all of it.
const SHARES: [(Metric, Metric, Metric); 3] = [
    (Metric::MachineShare, Metric::Rss, Metric::MachineMemory),
    (Metric::CgroupShare, Metric::Rss, Metric::CgroupLimit),
    (Metric::CgroupFill, Metric::CgroupUsage, Metric::CgroupLimit),
];

/// A sample whose time counts from the profiler's first reading of its clock.
pub(crate) fn sample_now() -> Sample {
    static READER: Mutex<Option<Reader>> = Mutex::new(None);

    let at = Duration::from_nanos(clock::now());
    let read = |reader: &mut Reader| {
        reader.check_process();
        let mut sample = reader.read(at, Duration::ZERO).0;
        sample.set(Metric::CpuShare, None);
        sample
    };
    match READER.try_lock() {
        Some(mut reader) => read(reader.get_or_insert_with(Reader::new)),
        // Another thread reads just now, or did so when this process was forked from its parent.
        None => read(&mut Reader::new()),
    }
}

/// Reads the process again and again, what is dear more seldom.
pub(crate) struct Reader {
    /// In how many forks the process was made. It keeps files open that stay those of the process that opened them.
    forks: u64,
    /// The figures as they were read last.
    last: Sample,
    usage_at: Option<u64>,
    detail_at: Option<u64>,
    #[cfg(any(target_os = "linux", target_os = "android"))]
    proc: super::proc::Proc,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self {
            forks: forks(),
            last: Sample::default(),
            usage_at: None,
            detail_at: None,
            #[cfg(any(target_os = "linux", target_os = "android"))]
            proc: super::proc::Proc::new(std::path::Path::new("/")),
        }
    }

    /// Starts anew in a process that was forked; answers whether it did.
    pub(crate) fn check_process(&mut self) -> bool {
        let forked = self.forks != forks();
        if forked {
            *self = Self::new();
        }
        forked
    }

    /// Reads what is due. The tier says what that was: figures of higher ones have their last values.
    pub(crate) fn read(&mut self, at: Duration, detail_interval: Duration) -> (Sample, Tier) {
        let at = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        let before = self.last;
        let due = |last: Option<u64>, interval: Duration| {
            // A clock that went back makes it due as well.
            last.and_then(|last| at.checked_sub(last)).is_none_or(|passed| u128::from(passed) >= interval.as_nanos())
        };
        let tier = if due(self.detail_at, detail_interval) {
            Tier::Detail
        } else if due(self.usage_at, USAGE_INTERVAL) {
            Tier::Usage
        } else {
            Tier::Always
        };
        let sample = &mut self.last;
        sample.at_ns = at;
        sample.set(Metric::TracedCurrent, Some(heap::current()));
        sample.set(Metric::TracedPeak, Some(heap::peak()));
        #[cfg(unix)]
        if tier >= Tier::Usage {
            super::rusage::fill(sample);
            if let Some(share) = cpu_share(&before, sample, self.usage_at) {
                sample.set(Metric::CpuShare, Some(share));
            }
            if tier == Tier::Detail {
                sample.set(Metric::MachineMemory, super::rusage::machine_memory());
            }
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        self.proc.fill(sample, tier);
        // The kernel adds its heap up in more than one way: they may differ by some pages.
        let peak = [Metric::PeakRss, Metric::Rss].map(|metric| sample.whole(metric));
        sample.set(Metric::PeakRss, peak[0].max(peak[1]).max(before.whole(Metric::PeakRss)));
        for (share, part, whole) in SHARES {
            sample.set(share, millionths(sample.whole(part), sample.whole(whole)));
        }
        if tier >= Tier::Usage {
            self.usage_at = Some(at);
        }
        if tier == Tier::Detail {
            self.detail_at = Some(at);
        }
        (self.last, tier)
    }

    /// Bytes until the limit for a metric that is memory: the cgroup's or the machine's.
    pub(crate) fn room(&self, metric: Metric) -> Option<u64> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if matches!(metric, Metric::Rss | Metric::TracedCurrent | Metric::CgroupUsage) {
            return self.proc.room();
        }
        let _ = metric;
        None
    }
}

/// Changes when the process is forked, in the child.
fn forks() -> u64 {
    #[cfg(unix)]
    return super::rusage::forks();
    #[cfg(not(unix))]
    0
}

/// No share of nothing.
fn millionths(part: Option<u64>, whole: Option<u64>) -> Option<u64> {
    let (part, whole) = (part?, whole.filter(|whole| *whole > 0)?);
    Some((part as f64 / whole as f64 * 1e6) as u64)
}

/// CPU time since the last reading of it per time, in millionths.
#[cfg(unix)]
fn cpu_share(before: &Sample, now: &Sample, before_at: Option<u64>) -> Option<u64> {
    let used = now.whole(Metric::CpuTime)?.checked_sub(before.whole(Metric::CpuTime)?)?;
    let passed = now.at_ns.checked_sub(before_at?)?;
    millionths(Some(used), Some(passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at_ns: u64, cpu: Option<u64>) -> Sample {
        let mut sample = Sample::default();
        sample.at_ns = at_ns;
        sample.set(Metric::CpuTime, cpu);
        sample
    }

    #[cfg(unix)]
    #[test]
    fn the_share_of_the_processors() {
        let before = at(100, Some(1_000));
        assert_eq!(cpu_share(&before, &at(300, Some(1_100)), Some(100)), Some(500_000));
        assert_eq!(cpu_share(&before, &at(300, Some(1_800)), Some(100)), Some(4_000_000));
        for (now, before_at) in [
            (at(100, Some(1_100)), Some(100)),
            (at(50, Some(1_100)), Some(100)),
            (at(300, Some(900)), Some(100)),
            (at(300, None), Some(100)),
            (at(300, Some(1_100)), None),
        ] {
            assert_eq!(cpu_share(&before, &now, before_at), None, "{now:?} {before_at:?}");
        }
        assert!(cpu_share(&at(0, Some(0)), &at(1, Some(u64::MAX - 1)), Some(0)) > Some(1 << 63), "no overflow");
        assert_eq!((millionths(Some(5), Some(0)), millionths(None, Some(5))), (None, None));
        assert_eq!((millionths(Some(1), Some(3)), millionths(Some(3), Some(2))), (Some(333_333), Some(1_500_000)));
    }

    #[test]
    fn what_is_dear_is_read_when_it_is_due() {
        let mut reader = Reader::new();
        let second = Duration::from_secs(1);
        let tiers: Vec<_> = [0, 10, 49, 50, 60, 999, 1_000, 1_001, 500, 10_000]
            .map(|ms| reader.read(Duration::from_millis(ms), second).1)
            .into();
        use Tier::{Always, Detail, Usage};
        assert_eq!(tiers, [Detail, Always, Always, Usage, Always, Usage, Detail, Always, Detail, Detail]);
        assert_eq!(Reader::new().read(Duration::MAX, Duration::MAX).1, Detail);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_never_falls_nor_is_it_below_the_present() {
        let mut reader = Reader::new();
        let first = reader.read(Duration::ZERO, Duration::MAX).0;
        assert!(first.peak_rss() >= first.rss());
        reader.last.set(Metric::PeakRss, Some(1 << 60));
        for (ms, tier) in [(1, Tier::Always), (100, Tier::Usage), (200, Tier::Detail)] {
            let interval = if tier == Tier::Detail { Duration::ZERO } else { Duration::MAX };
            let (sample, read) = reader.read(Duration::from_millis(ms), interval);
            assert_eq!((sample.peak_rss(), read), (Some(1 << 60), tier));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn dear_figures_keep_their_values() {
        let mut reader = Reader::new();
        let first = reader.read(Duration::ZERO, Duration::MAX).0;
        let next = reader.read(Duration::from_millis(1), Duration::MAX).0;
        for metric in [Metric::Threads, Metric::OpenFiles, Metric::MachineMemory, Metric::MinorFaults] {
            assert!(first.get(metric).is_some() && first.get(metric) == next.get(metric), "{metric}");
        }
    }
}
