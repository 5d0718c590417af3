//! The guard of a span: what it does when it opens and when it ends.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::Ordering;

use super::control;
use super::details::{self, Entry};
use super::heap::Counts;
use super::histogram;
use super::site::Site;
use super::slot::{Ended, Outcome, Slot, Sum};
use super::thread::{self, Note, Thread};
use super::{clock, cost, cpu};

/// An open span, recorded when it drops.
#[derive(Debug)]
pub(crate) struct Span {
    site: &'static Site,
    running: Running,
    failed: Cell<bool>,
    /// The path is that of its thread.
    not_send: PhantomData<*const ()>,
}

/// A stretch of running on one thread: a call, or a poll of one. Two words, so that it stays in registers; what is dear to
/// keep lies with the thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    /// When it began, less what timing had taken of the thread by then.
    start: u64,
    /// 0 if nothing is recorded; else [`ON`], perhaps [`PANICKING`], for how many calls it is timed (upper half), and its
    /// place on the path of its thread (lower half).
    state: u64,
}

const ON: u64 = 1 << 63;
/// The thread was already unwinding: that panic is not this span's.
const PANICKING: u64 = 1 << 62;
/// The most calls that one can stand for.
const WEIGHT: u32 = (1 << 30) - 1;

impl Span {
    #[inline(always)]
    pub(crate) fn enter(site: &'static Site) -> Self {
        Self::enter_as(control::current(), site)
    }

    #[inline(always)]
    pub(super) fn enter_as(mode: u8, site: &'static Site) -> Self {
        let running = Running::enter(mode, site);
        Self { site, running, failed: Cell::new(false), not_send: PhantomData }
    }

    /// Whether the time of this call is taken.
    #[inline(always)]
    pub(crate) fn is_timed(&self) -> bool {
        self.running.weight() > 0
    }

    /// Whether anything is recorded.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.running.state != 0
    }

    pub(crate) fn size(&self, size: u64) {
        self.running.size(size);
    }

    /// Takes note of the arguments' hash.
    pub(crate) fn arguments(&self, hash: u64) {
        self.running.arguments(self.site, hash);
    }

    #[inline(always)]
    pub(crate) fn fail(&self) {
        self.failed.set(true);
    }

    /// Ends the span with the text of its error, which is asked for when the time is taken already.
    pub(crate) fn finish_with(self, error: impl FnOnce() -> Option<String>) {
        self.running.finish_with(self.site, self.failed.get(), error);
        std::mem::forget(self);
    }
}

impl Drop for Span {
    #[inline(always)]
    fn drop(&mut self) {
        self.running.finish(self.site, self.failed.get());
    }
}

/// How a stretch of running went.
pub(super) struct Stay {
    pub(super) start: u64,
    /// What it took, the profiler's own time taken off.
    pub(super) ticks: u64,
    /// Its CPU time is to be entered, too.
    asked_for_cpu: bool,
}

/// From so many nanoseconds on it pays to ask for the CPU time of a call.
const ASK_FOR_CPU: f64 = 50_000.0;

impl Running {
    const NOTHING: Self = Self { start: 0, state: 0 };

    #[inline(always)]
    const fn new(start: u64, depth: u32, weight: u32) -> Self {
        Self { start, state: ON | (weight as u64) << 32 | depth as u64 }
    }

    #[inline(always)]
    fn enter(mode: u8, site: &'static Site) -> Self {
        let running = match mode {
            control::OFF => return Self::NOTHING,
            control::ADAPTIVE => Self::counted(site).unwrap_or_else(|| Self::open(site)),
            _ => Self::open(site),
        };
        if running.state == 0 { running } else { running.knowing_panics() }
    }

    /// The same, which can tell a panic that was under way before it from one that ends it.
    #[inline(always)]
    pub(super) fn knowing_panics(self) -> Self {
        if std::thread::panicking() { Self { state: self.state | PANICKING, ..self } } else { self }
    }

    #[inline(always)]
    fn depth(self) -> u32 {
        self.state as u32
    }

    #[inline(always)]
    pub(super) fn weight(self) -> u32 {
        (self.state >> 32) as u32 & WEIGHT
    }

    /// A call whose turn it is not.
    #[inline(always)]
    fn counted(site: &'static Site) -> Option<Self> {
        let depth = thread::with(|thread| thread.count(site))?;
        Some(Self::new(0, depth, 0))
    }

    // Out of line, as `close` is: what a probe adds to its function stays small.
    #[inline(never)]
    pub(super) fn open(site: &'static Site) -> Self {
        cost::measure_once();
        // Small closures only: others are not inlined into `with`, and then pass all they know through memory.
        thread::with(|thread| Self::open_in(thread, site))
    }

    #[inline(never)]
    fn open_in(thread: &Thread, site: &'static Site) -> Self {
        let Some(slot) = thread.slot(site) else { return Self::NOTHING };
        let weight = thread.begin(site, slot);
        Self::begin(thread, site, slot, weight)
    }

    /// What timing adds to a duration is in this one: for the measurement of that.
    pub(super) fn finish_raw(self, site: &'static Site) -> u64 {
        let end = clock::ticks();
        let start = self.start.wrapping_add(thread::with(Thread::overhead));
        thread::with(|thread| self.close(thread, site, Outcome::Done, end, None));
        end.saturating_sub(start)
    }

    #[inline(always)]
    fn finish(self, site: &'static Site, failed: bool) {
        if self.state == 0 {
            return;
        }
        if self.weight() > 0 {
            return self.close_now(site, failed);
        }
        thread::with(|thread| thread.pop(self.depth()));
        if failed || std::thread::panicking() {
            self.count_outcome(site, failed);
        }
    }

    /// Counts the calls of a site and times none, until the next reset.
    pub(super) fn count_all(site: &'static Site) {
        if let Some(slot) = thread::with(|thread| thread.slot(site)) {
            slot.shallow.store(0, Ordering::Relaxed);
            slot.next.store(u64::MAX, Ordering::Relaxed);
        }
    }

    fn finish_with(self, site: &'static Site, failed: bool, error: impl FnOnce() -> Option<String>) {
        let end = clock::ticks();
        if self.state != 0 {
            let error = if failed && self.weight() > 0 { error() } else { None };
            thread::with(|thread| self.close(thread, site, self.outcome(failed), end, error));
        }
    }

    fn size(self, size: u64) {
        thread::with(|thread| {
            if let Some(note) = thread.note(self.depth()) {
                note.size.set(Some(size));
            }
        });
    }

    fn arguments(self, site: &'static Site, hash: u64) {
        thread::with(|thread| {
            let Some(slot) = thread.slot(site) else { return };
            let seen = thread.work(|| slot.details().repeats.lock().see(hash));
            if let (Some(note), Some(seen)) = (thread.note(self.depth()), seen) {
                note.repeated.set(seen);
            }
        });
    }

    #[inline(never)]
    fn close_now(self, site: &'static Site, failed: bool) {
        let end = clock::ticks();
        let outcome = if failed || std::thread::panicking() { self.outcome(failed) } else { Outcome::Done };
        thread::with(|thread| self.close_in(thread, site, outcome, end));
    }

    #[inline(never)]
    fn close_in(self, thread: &Thread, site: &'static Site, outcome: Outcome, end: u64) {
        self.close(thread, site, outcome, end, None);
    }

    pub(super) fn outcome(self, failed: bool) -> Outcome {
        if self.state & PANICKING == 0 && std::thread::panicking() {
            Outcome::Panic
        } else if failed {
            Outcome::Error
        } else {
            Outcome::Done
        }
    }

    #[cold]
    #[inline(never)]
    fn count_outcome(self, site: &'static Site, failed: bool) {
        if let Some(slot) = thread::with(|thread| thread.slot(site)) {
            slot.outcome(self.outcome(failed));
        }
    }

    #[inline(always)]
    fn close(self, thread: &Thread, site: &'static Site, outcome: Outcome, end: u64, error: Option<String>) {
        let Some(slot) = thread.slot(site) else {
            thread.pop(self.depth());
            return;
        };
        if outcome != Outcome::Done {
            slot.outcome(outcome);
        }
        let Some(stay) = self.end(thread, site, slot, end, 1) else { return };
        let ended = Ended { start: stay.start, end, ticks: stay.ticks, weight: self.weight(), outcome };
        let bucket = histogram::index(stay.ticks);
        // What may allocate is not profiled.
        if site.has_details() || !slot.buckets.has(bucket) {
            self.record_with_details(thread, site, slot, &ended, error);
        } else {
            slot.record(ended, bucket, control::since());
        }
        if stay.asked_for_cpu {
            self.record_cpu(thread, slot, stay.ticks);
        }
    }

    #[cold]
    #[inline(never)]
    fn record_with_details(
        self,
        thread: &Thread,
        site: &'static Site,
        slot: &Slot,
        ended: &Ended,
        error: Option<String>,
    ) {
        let note = thread.note(self.depth());
        let heap = note.and_then(|note| thread.heap_since(note)).unwrap_or(Counts::ZERO);
        let (size, repeated) = note.map_or((None, false), |note| (note.size.take(), note.repeated.take()));
        thread.work(|| {
            slot.record(*ended, histogram::index(ended.ticks), control::since());
            if site.has_details() {
                Details { site, size, repeated, heap, error }.record(slot, ended);
            }
        });
    }

    #[cold]
    #[inline(never)]
    fn record_cpu(self, thread: &Thread, slot: &Slot, ticks: u64) {
        let Some(note) = thread.note(self.depth()) else { return };
        let (before, queued_before) = (note.cpu.take(), note.queued.take());
        if before == 0 {
            return;
        }
        let queued = queued_before.and_then(|before| Some(cpu::thread_queued(false)?.saturating_sub(before)));
        if slot.get(Sum::Timed) == 1 {
            slot.set(Sum::FirstQueued, queued.unwrap_or(0));
        }
        let Some(ran) = cpu::thread_time().map(|now| now.saturating_sub(before)) else { return };
        // Of a first call that was short no more is to be known; nor of one in a thread that had no file open then, as it would
        // leave the queue of all others untold.
        let short = (ticks as f64) < cost::ticks_of_ns(ASK_FOR_CPU);
        if slot.get(Sum::Timed) == 1 && (short || queued.is_none()) {
            return;
        }
        // Without it, what the thread did not run it may have waited for a core.
        let queued = queued.unwrap_or(UNTOLD);
        slot.add(Sum::CpuCalls, 1);
        slot.add(Sum::CpuWall, ticks);
        slot.add(Sum::CpuNs, ran);
        slot.set(Sum::Queued, slot.get(Sum::Queued).saturating_add(queued));
        if slot.is_long(ticks) {
            slot.add(Sum::LongCpuCalls, 1);
            slot.add(Sum::LongCpuWall, ticks);
            slot.add(Sum::LongCpuNs, ran);
            slot.set(Sum::LongQueued, slot.get(Sum::LongQueued).saturating_add(queued));
        }
    }

    /// Opens a place on the path and, if it is timed, reads the clocks, the one that counts last.
    #[inline(always)]
    pub(super) fn begin(thread: &Thread, site: &'static Site, slot: &Slot, weight: u32) -> Self {
        let depth = thread.push(site.entry());
        let Some(block) = thread.block().filter(|_| weight > 0) else { return Self::new(0, depth, 0) };
        let epoch = control::epoch();
        slot.begin(epoch);
        thread.find_node(block, slot, depth, epoch);
        if let Some(note) = thread.note(depth) {
            thread.note_heap(note);
            if slot.asks_for_cpu() {
                note_cpu(thread, note, slot);
            }
        }
        let running = Self::new(0, depth, weight.min(WEIGHT));
        Self { start: clock::ticks().wrapping_sub(thread.overhead()), ..running }
    }

    /// Closes the place, and enters the stretch in the call tree, as so many `calls` there. `None` if it is not timed, or its
    /// figures are gone by now.
    #[inline(always)]
    pub(super) fn end(self, thread: &Thread, site: &'static Site, slot: &Slot, end: u64, calls: u64) -> Option<Stay> {
        let node = thread.leave(self.depth(), site.number_if_any());
        let weight = self.weight();
        if weight == 0 {
            return None;
        }
        let raw = end.wrapping_sub(self.start.wrapping_add(thread.overhead()));
        thread.add_overhead(cost::timed_ticks());
        // A clock that went back.
        let raw = if raw > u64::MAX / 2 { 0 } else { raw };
        let start = end - raw;
        let block = thread.block()?;
        // Its figures were reset meanwhile.
        if start < control::void_before() {
            return None;
        }
        slot.begin(control::epoch());
        let ticks = raw.saturating_sub(cost::inside_ticks(weight));
        let stay = Stay { start, ticks, asked_for_cpu: slot.asks_for_cpu() };
        match node.ok().and_then(|node| block.tree.node(node)) {
            Some(node) => {
                // Another of the site that had lost its place may have entered some of this time already.
                let entered = slot.get(Sum::DetachedEnd).saturating_sub(start);
                node.add(calls, u64::from(weight), ticks.saturating_sub(entered));
                if let Some(heap) = thread.note(self.depth()).and_then(|note| thread.heap_since(note)) {
                    node.add_heap(u64::from(weight), heap);
                }
            }
            None => self.end_outside(thread, slot, site, &stay, end, node.is_ok()),
        }
        slot.set(Sum::LastEnd, end);
        slot.look_at_cpu(|| cost::ticks_of_ns(ASK_FOR_CPU));
        Some(stay)
    }

    /// What is too deep for the tree, or has lost its place there.
    #[cold]
    #[inline(never)]
    fn end_outside(self, thread: &Thread, slot: &Slot, site: &'static Site, stay: &Stay, end: u64, in_place: bool) {
        let weight = u64::from(self.weight());
        if !in_place {
            let from = stay.start.max(slot.get(Sum::LastEnd)).max(slot.get(Sum::DetachedEnd));
            slot.add(Sum::Outside, end.saturating_sub(from).min(stay.ticks) * weight);
            slot.raise(Sum::DetachedEnd, end);
            return;
        }
        let entered = slot.get(Sum::DetachedEnd).saturating_sub(stay.start);
        let ticks = stay.ticks.saturating_sub(entered) * weight;
        if !thread.is_open(site.number_if_any(), self.depth()) {
            slot.add(Sum::Outside, ticks);
        }
        slot.add(Sum::OutsideOwn, ticks);
        if let Some(caller) = thread.caller(self.depth()) {
            caller.begin(control::epoch());
            caller.add(Sum::OutsideBelow, ticks);
        }
    }
}

/// In place of a time in the queue: so long that no sum of true ones comes near.
pub(super) const UNTOLD: u64 = 1 << 62;

/// Reads what else than time passes in a call: of the first one, since nothing is known of it, and of one in four long ones,
/// since that takes longer than all the rest.
#[cold]
#[inline(never)]
fn note_cpu(thread: &Thread, note: &Note, slot: &Slot) {
    // One in four, spread as multiples of the golden ratio are: no rhythm of the program can hide from that.
    let turn = slot.get(Sum::Timed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 62;
    let asks = slot.is_unused() || turn == 0;
    note.cpu.set(if asks { cpu::thread_time().unwrap_or(0) } else { 0 });
    let queued = if asks { thread.work(|| cpu::thread_queued(!slot.is_unused())).flatten() } else { None };
    note.queued.set(queued);
}

/// What a call tells where it was asked to.
pub(super) struct Details {
    pub(super) site: &'static Site,
    pub(super) size: Option<u64>,
    pub(super) repeated: bool,
    pub(super) heap: Counts,
    pub(super) error: Option<String>,
}

impl Details {
    #[cold]
    pub(super) fn record(self, slot: &Slot, ended: &Ended) {
        let details = slot.details();
        let Ended { start, ticks, outcome, weight, .. } = *ended;
        if let Some(size) = self.size {
            details::add_size(&mut details.sizes.lock(), size, ticks);
        }
        if self.repeated {
            details.repeats.lock().ticks += ticks as f64 * f64::from(weight);
        }
        if self.site.records > 0 {
            let entry = Entry { start, ticks, heap: self.heap, outcome, error: self.error };
            let gone = details::keep(&mut details.records.lock(), entry, self.site.records as usize);
            drop(gone);
        }
    }
}
