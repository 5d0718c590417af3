//! A place in the source that is profiled, and its number.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fork::{Around, Lock};

/// All sites that were entered at least once; a site's number is its place here.
static SITES: Lock<Vec<&'static Site>> = Lock::new(Vec::new());

/// The first of them once more, for who may not lock.
static EARLY: [OnceLock<&'static Site>; 4096] = [const { OnceLock::new() }; 4096];

const UNNUMBERED: u32 = u32::MAX;

#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) group: &'static str,
    pub(crate) module: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    /// The element type of the slice whose length is the size.
    pub(crate) element: &'static str,
    pub(crate) sized: bool,
    pub(crate) repeats: bool,
    /// How many of the last calls are kept.
    pub(crate) records: u32,
    /// One of the profiler's own, on which it measures what a probe takes.
    pub(crate) hidden: bool,
    /// The site's number in the upper half, and below what stands for no node: as a place on the path is written.
    entry: AtomicU64,
}

impl Site {
    pub(crate) const fn new(name: &'static str, module: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            name,
            group: "",
            module,
            file,
            line,
            element: "",
            sized: false,
            repeats: false,
            records: 0,
            hidden: false,
            entry: AtomicU64::new(u64::MAX),
        }
    }

    pub(crate) const fn group(mut self, group: &'static str) -> Self {
        self.group = group;
        self
    }

    pub(crate) const fn element(mut self, element: &'static str) -> Self {
        self.element = element;
        self
    }

    pub(crate) const fn sized(mut self) -> Self {
        self.sized = true;
        self
    }

    pub(crate) const fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }

    pub(crate) const fn records(mut self, records: u32) -> Self {
        self.records = records;
        self
    }

    pub(super) const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Whether a call may tell more than what every call tells.
    #[inline(always)]
    pub(super) const fn has_details(&self) -> bool {
        self.sized || self.repeats || self.records > 0
    }

    /// Whether no call may go untimed.
    #[inline(always)]
    pub(super) const fn is_always_timed(&self) -> bool {
        self.records > 0 || self.hidden
    }

    /// The site's number, one that no table has if it was never entered.
    #[inline(always)]
    pub(super) fn number_if_any(&self) -> u32 {
        (self.entry() >> 32) as u32
    }

    /// How the site is written on the path of a thread.
    #[inline(always)]
    pub(super) fn entry(&self) -> u64 {
        // Relaxed: the number is the whole message.
        self.entry.load(Ordering::Relaxed)
    }

    /// The site's number, given on first use.
    #[inline]
    pub(crate) fn number(&'static self) -> u32 {
        match self.number_if_any() {
            UNNUMBERED => self.enroll(),
            number => number,
        }
    }

    #[cold]
    fn enroll(&'static self) -> u32 {
        let mut sites = SITES.lock();
        let known = self.number_if_any();
        if known != UNNUMBERED {
            return known;
        }
        let number = u32::try_from(sites.len()).expect("no program has 2^32 profiled places");
        sites.push(self);
        if let Some(early) = EARLY.get(number as usize) {
            early.get_or_init(|| self);
        }
        self.entry.store(u64::from(number) << 32 | u64::from(u32::MAX), Ordering::Relaxed);
        number
    }
}

/// The site with this number, if it is one of the first.
pub(crate) fn early(number: u32) -> Option<&'static Site> {
    EARLY.get(number as usize)?.get().copied()
}

pub(super) fn around_fork(around: Around) {
    around.meet(&SITES);
}

/// All numbered sites, in the order of their numbers.
pub(crate) fn all() -> Vec<&'static Site> {
    SITES.lock().clone()
}
