//! Time and memory by line: a probe per call hands the clock and the thread's heap on from line to line and adds what it found
//! to the function's table when the call ends.

use std::array;
use std::cell::{Cell, OnceCell, RefCell};
use std::iter::successors;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::clock::Scale;
use super::fork::{self, Around, Lock};
use super::heap::{self as counters, Counts};
use super::{clock, control, peaks};
use crate::lines::{LineStats, LineTable};

/// All functions that were called at least once, the newest first; a list through them, so that nothing is allocated under
/// the lock, which the allocator may want when its own lines are timed.
static SITES: Lock<Sites> = Lock::new(Sites { newest: None, count: 0 });

struct Sites {
    newest: Option<&'static LineSite>,
    count: u32,
}

const UNNUMBERED: u32 = u32::MAX;

thread_local! {
    /// Per function: how many of its calls are under way.
    static DEPTHS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// A sum that only grows: a reset notes where it stands, so that nobody but those who add writes to it.
#[derive(Debug)]
struct Sum {
    now: AtomicU64,
    before: AtomicU64,
}

impl Sum {
    const fn new() -> Self {
        Self { now: AtomicU64::new(0), before: AtomicU64::new(0) }
    }

    fn add(&self, value: u64) {
        self.now.fetch_add(value, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.now.load(Ordering::Relaxed).saturating_sub(self.before.load(Ordering::Relaxed))
    }

    fn reset(&self) {
        self.before.store(self.now.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// What is known of one line.
#[derive(Debug)]
pub struct LineCount {
    hits: Sum,
    /// Those of outermost calls.
    timed: Sum,
    ticks: Sum,
    allocations: Sum,
    bytes: Sum,
    freed: Sum,
}

impl LineCount {
    /// Nothing yet.
    #[expect(clippy::new_without_default, reason = "a hidden item for macros")]
    #[must_use]
    pub const fn new() -> Self {
        let [hits, timed, ticks] = [const { Sum::new() }; 3];
        let [allocations, bytes, freed] = [const { Sum::new() }; 3];
        Self { hits, timed, ticks, allocations, bytes, freed }
    }
}

/// A function whose lines are timed.
#[derive(Debug)]
pub struct LineSite {
    name: &'static str,
    module: &'static str,
    file: &'static str,
    line: u32,
    rows: &'static [(u32, &'static str)],
    counts: &'static [LineCount],
    calls: Sum,
    number: AtomicU32,
    older: OnceLock<Option<&'static LineSite>>,
}

impl LineSite {
    /// For the macro; a count for each row.
    #[must_use]
    pub const fn new(
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        rows: &'static [(u32, &'static str)],
        counts: &'static [LineCount],
    ) -> Self {
        Self {
            name,
            module,
            file,
            line,
            rows,
            counts,
            calls: Sum::new(),
            number: AtomicU32::new(UNNUMBERED),
            older: OnceLock::new(),
        }
    }

    fn number(&'static self) -> u32 {
        // Relaxed: the number is the whole message.
        match self.number.load(Ordering::Relaxed) {
            UNNUMBERED => self.enroll(),
            number => number,
        }
    }

    #[cold]
    fn enroll(&'static self) -> u32 {
        // Before the lock, as it may allocate.
        peaks::aside(|| {
            clock::start();
            fork::survive();
        });
        let mut sites = SITES.lock();
        let known = self.number.load(Ordering::Relaxed);
        if known != UNNUMBERED {
            return known;
        }
        let number = sites.count;
        self.older.get_or_init(|| sites.newest);
        (sites.newest, sites.count) = (Some(self), number + 1);
        self.number.store(number, Ordering::Relaxed);
        number
    }

    fn all() -> impl Iterator<Item = &'static Self> {
        let newest = SITES.lock().newest;
        successors(newest, |site| site.older.get().copied().flatten())
    }

    fn sums(&self) -> impl Iterator<Item = &Sum> {
        let of_lines = self.counts.iter().flat_map(|count| {
            [&count.hits, &count.timed, &count.ticks, &count.allocations, &count.bytes, &count.freed]
        });
        of_lines.chain([&self.calls])
    }
}

/// What a call does with the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    /// The profiler is off.
    Off,
    /// A call inside another of the same function counts its lines; their time is that of the line that called.
    Counts,
    Times,
}

/// One call of a function of `N` lines.
#[derive(Debug)]
pub struct LineProbe<const N: usize> {
    site: &'static LineSite,
    mode: Mode,
    /// Whether allocations are counted.
    has_heap: bool,
    epoch: u64,
    row: Cell<usize>,
    /// When that row began.
    since: Cell<u64>,
    hits: [Cell<u64>; N],
    ticks: [Cell<u64>; N],
    /// Made at the first line, so that it need not be moved.
    heap: OnceCell<HeapOfRows<N>>,
}

#[derive(Debug)]
struct HeapOfRows<const N: usize> {
    /// What the thread had allocated when the row began.
    since: Cell<Counts>,
    rows: [Cell<Counts>; N],
}

impl<const N: usize> HeapOfRows<N> {
    fn new() -> Self {
        Self { since: Cell::new(peaks::program()), rows: array::from_fn(|_| Cell::new(Counts::ZERO)) }
    }

    #[inline(never)]
    fn switch(&self, ended: usize) {
        let (now, row) = (peaks::program(), &self.rows[ended]);
        row.set(row.get() + (now - self.since.replace(now)));
    }

    #[inline(never)]
    fn add_to(&self, counts: &[LineCount]) {
        for (count, row) in counts.iter().zip(&self.rows) {
            let Counts { allocations, bytes, freed } = row.get();
            for (sum, more) in [(&count.allocations, allocations), (&count.bytes, bytes), (&count.freed, freed)] {
                if more > 0 {
                    sum.add(more);
                }
            }
        }
    }
}

impl<const N: usize> LineProbe<N> {
    /// Begins a call.
    #[must_use]
    pub fn enter(site: &'static LineSite) -> Self {
        Self::with(site, if control::mode() == control::Mode::Off { Mode::Off } else { enter(site) })
    }

    fn with(site: &'static LineSite, mode: Mode) -> Self {
        let (hits, ticks) = (array::from_fn(|_| Cell::new(0)), array::from_fn(|_| Cell::new(0)));
        let since = Cell::new(if mode == Mode::Times { clock::ticks() } else { 0 });
        let has_heap = counters::thread_is_counted();
        Self {
            site,
            mode,
            has_heap,
            epoch: control::epoch(),
            row: Cell::new(0),
            since,
            hits,
            ticks,
            heap: OnceCell::new(),
        }
    }

    /// From here on a row runs, which is one more hit of it.
    #[inline]
    pub fn at(&self, row: usize) {
        if self.mode != Mode::Off {
            self.hits[row].set(self.hits[row].get() + 1);
            self.switch(row);
        }
    }

    /// Does the same again when the guard drops.
    #[inline]
    pub fn back(&self, row: usize) -> LineBack<'_, N> {
        LineBack { probe: self, row }
    }

    #[inline]
    fn switch(&self, row: usize) {
        if self.mode == Mode::Times {
            let now = clock::ticks();
            let ended = self.row.replace(row);
            let ticks = &self.ticks[ended];
            ticks.set(ticks.get() + now.saturating_sub(self.since.replace(now)));
            if self.has_heap {
                self.heap.get_or_init(HeapOfRows::new).switch(ended);
            }
        }
    }
}

impl<const N: usize> Drop for LineProbe<N> {
    fn drop(&mut self) {
        if self.mode == Mode::Off {
            return;
        }
        self.switch(0);
        with_depth(self.site, |depth| *depth -= 1);
        if self.epoch != control::epoch() {
            return;
        }
        self.site.calls.add(1);
        if let Some(heap) = self.heap.get() {
            heap.add_to(self.site.counts);
        }
        for ((count, hits), ticks) in self.site.counts.iter().zip(&self.hits).zip(&self.ticks) {
            if hits.get() > 0 {
                count.hits.add(hits.get());
                if self.mode == Mode::Times {
                    count.timed.add(hits.get());
                    count.ticks.add(ticks.get());
                }
            }
        }
    }
}

/// The end of a loop's turn.
#[derive(Debug)]
pub struct LineBack<'a, const N: usize> {
    probe: &'a LineProbe<N>,
    row: usize,
}

impl<const N: usize> Drop for LineBack<'_, N> {
    #[inline]
    fn drop(&mut self) {
        self.probe.at(self.row);
    }
}

fn enter(site: &'static LineSite) -> Mode {
    let before = with_depth(site, |depth| {
        *depth += 1;
        *depth - 1
    });
    match before {
        Some(0) => Mode::Times,
        Some(_) => Mode::Counts,
        // Nobody could tell whether it is the outermost.
        None => Mode::Off,
    }
}

/// `None` at the very end of a thread, and inside the profiler, as when the allocator itself is profiled.
fn with_depth<R>(site: &'static LineSite, change: impl FnOnce(&mut u32) -> R) -> Option<R> {
    let change = |depths: &RefCell<Vec<u32>>| {
        let mut depths = depths.try_borrow_mut().ok()?;
        let index = site.number() as usize;
        if depths.len() <= index {
            peaks::aside(|| depths.resize(index + 1, 0));
        }
        Some(change(&mut depths[index]))
    };
    DEPTHS.try_with(change).ok().flatten()
}

pub(super) fn around_fork(around: Around) {
    around.meet(&SITES);
}

/// Takes all that was counted so far for past.
pub(crate) fn reset() {
    LineSite::all().flat_map(LineSite::sums).for_each(Sum::reset);
}

/// The tables of all functions called since the reset.
pub(crate) fn lines() -> Vec<LineTable> {
    let called: Vec<_> = LineSite::all().filter(|site| site.calls.get() > 0).collect();
    if called.is_empty() {
        return Vec::new();
    }
    let (cost, scale) = (ticks_of_a_probe(), Scale::measure());
    called.into_iter().map(|site| table(site, cost, scale)).collect()
}

fn table(site: &LineSite, cost: f64, scale: Scale) -> LineTable {
    let rows = site.rows.iter().zip(site.counts);
    let mut lines: Vec<LineStats> = rows
        .map(|((line, text), count)| {
            let own = count.timed.get() as f64 * cost;
            let time_ns = scale.whole_ns(count.ticks.get() as f64 - own);
            let (allocations, bytes, freed) = (count.allocations.get(), count.bytes.get(), count.freed.get());
            LineStats { line: *line, hits: count.hits.get(), time_ns, allocations, bytes, freed, text: (*text).into() }
        })
        .collect();
    lines.sort_by_key(|line| line.line);
    let (name, module, file) = (site.name.into(), site.module.into(), site.file.into());
    let heap_tracked = counters::is_installed();
    LineTable { name, module, file, line: site.line, calls: site.calls.get(), heap_tracked, lines }
}

/// How much of its own time a probe leaves in the line that it begins: the least of all rounds since the start, as others
/// only disturb.
fn ticks_of_a_probe() -> f64 {
    const ROUNDS: u32 = 40;
    const HITS: u32 = 64;
    static LEAST: AtomicU64 = AtomicU64::new(u64::MAX);
    static COUNTS: [LineCount; 2] = [const { LineCount::new() }; 2];
    static SITE: LineSite = LineSite::new("", "", "", 0, &[], &COUNTS);
    let round = |_| {
        let probe = LineProbe::<2>::with(&SITE, Mode::Times);
        for hit in 0..HITS {
            probe.at(hit as usize % 2);
        }
        let ticks: u64 = probe.ticks.iter().map(Cell::get).sum();
        // No call of a function: nothing to enter anywhere.
        std::mem::forget(probe);
        ticks
    };
    let now = (0..ROUNDS).map(round).min().unwrap_or(0);
    let least = LEAST.fetch_min(now, Ordering::Relaxed).min(now);
    least as f64 / f64::from(HITS)
}
