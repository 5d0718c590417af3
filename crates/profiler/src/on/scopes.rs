//! Stretches of a thread's time whose heap is measured, and the table of those with names.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::fork::{self, Around, Lock};
use super::heap::{self as counters, Counts};
use super::peaks;
use crate::heap::{Mode, ScopeStats, ScopeTotals};

/// All places that had a scope. Only held [`aside`](peaks::aside), as it may allocate, and so may to wait.
static SITES: Lock<Sites> = Lock::new(Sites { all: Vec::new(), by_name: BTreeMap::new() });

struct Sites {
    all: Vec<&'static ScopeSite>,
    /// Those whose name is all that is known of them.
    by_name: BTreeMap<&'static str, &'static ScopeSite>,
}

/// A place or a name whose scopes are added up.
#[derive(Debug)]
pub(crate) struct ScopeSite {
    name: &'static str,
    module: &'static str,
    file: &'static str,
    line: u32,
    is_known: AtomicBool,
    totals: Lock<Totals>,
}

#[derive(Clone, Copy, Debug)]
struct Totals {
    count: u64,
    counts: Counts,
    peak: u64,
    last: ScopeStats,
}

impl Totals {
    const ZERO: Self = Self { count: 0, counts: Counts::ZERO, peak: 0, last: ScopeStats::ZERO };
}

impl ScopeSite {
    pub(crate) const fn new(name: &'static str, module: &'static str, file: &'static str, line: u32) -> Self {
        Self { name, module, file, line, is_known: AtomicBool::new(false), totals: Lock::new(Totals::ZERO) }
    }

    /// The one of a name, for ever.
    pub(crate) fn named(name: &'static str) -> &'static Self {
        peaks::aside(|| {
            let mut sites = SITES.lock();
            if let Some(site) = sites.by_name.get(name) {
                return *site;
            }
            let site: &Self = Box::leak(Box::new(Self::new(name, "", "", 0)));
            sites.by_name.insert(name, site);
            site
        })
    }

    pub(crate) fn record(&'static self, stats: ScopeStats) {
        peaks::aside(|| {
            // Before the figures, whose lock a fork finds by the list.
            if !self.is_known.load(Ordering::Acquire) {
                fork::survive();
                let mut sites = SITES.lock();
                if !self.is_known.load(Ordering::Relaxed) {
                    sites.all.push(self);
                    self.is_known.store(true, Ordering::Release);
                }
            }
            let mut totals = self.totals.lock();
            totals.count += 1;
            let ScopeStats { allocations, bytes, freed, peak } = stats;
            totals.counts = totals.counts + Counts { allocations, bytes, freed };
            totals.peak = totals.peak.max(peak);
            totals.last = stats;
        });
    }

    fn totals(&self) -> ScopeTotals {
        let Totals { count, counts, peak, last } = peaks::aside(|| *self.totals.lock());
        ScopeTotals {
            name: self.name.into(),
            module: self.module.into(),
            file: self.file.into(),
            line: self.line,
            count,
            allocations: counts.allocations,
            bytes: counts.bytes,
            freed: counts.freed,
            peak,
            last,
        }
    }
}

/// With every site there is, outside of the lock.
fn for_each(mut with: impl FnMut(&'static ScopeSite)) {
    let mut place = 0;
    while let Some(site) = peaks::aside(|| SITES.lock().all.get(place).copied()) {
        with(site);
        place += 1;
    }
}

/// The rows of all scopes that have ended since the reset.
pub(crate) fn scopes() -> Vec<ScopeTotals> {
    let mut scopes = Vec::new();
    for_each(|site| {
        let totals = site.totals();
        if totals.count > 0 {
            scopes.push(totals);
        }
    });
    scopes
}

pub(super) fn around_fork(around: Around) {
    around.meet_with(&SITES, |sites| {
        for site in &sites.all {
            around.meet(&site.totals);
        }
    });
}

pub(crate) fn reset() {
    for_each(|site| *site.totals.lock() = Totals::ZERO);
}

/// What a thread does with the heap from here on.
#[derive(Debug)]
pub(crate) struct Stretch {
    before: Counts,
    mark: Option<peaks::PeakMark>,
}

impl Stretch {
    pub(crate) fn begin() -> Self {
        let mark = peaks::peak_begin();
        Self { before: peaks::program(), mark: Some(mark) }
    }

    /// Until now.
    pub(crate) fn stats(&self) -> ScopeStats {
        let counts = peaks::program() - self.before;
        let peak = self.mark.as_ref().map_or(0, peaks::peak_so_far);
        ScopeStats { allocations: counts.allocations, bytes: counts.bytes, freed: counts.freed, peak }
    }

    pub(crate) fn end(self) -> ScopeStats {
        self.stats()
    }
}

impl Drop for Stretch {
    fn drop(&mut self) {
        if let Some(mark) = self.mark.take() {
            peaks::peak_end(mark);
        }
    }
}

/// Why nothing can be said of the calling thread's heap; `None` if all is well.
pub(crate) fn is_blind() -> Option<&'static str> {
    let counted = peaks::aside(|| {
        let before = counters::thread();
        drop(std::hint::black_box(Box::new(0_u8)));
        counters::thread() != before
    });
    match counters::mode() {
        _ if counted => None,
        Mode::Off => Some("`heap::mode()` is `Off`, so that nothing is counted"),
        Mode::Sample => Some("`heap::mode()` is `Sample`, which looks at some allocations and counts none"),
        Mode::Count | Mode::CountAndSample | Mode::Live => Some(
            "this program's allocations are not counted; install the allocator that does: \
             `#[global_allocator] static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();`",
        ),
    }
}
