//! The reading of all figures: slots and trees of all threads into one report.

use std::sync::atomic::Ordering;

use super::block::{self, Block};
use super::clock::Scale;
use super::details::Size;
use super::histogram;
use super::probe::UNTOLD;
use super::site::Site;
use super::slot::{Counter, Outcome, SUMS, Slot, Sum};
use super::stretches;
use super::thread;
use super::{clock, control, cost, site};
use crate::summary::{
    Bucket, CallNode, CallTree, Clock, FunctionStats, Histogram, Queued, Record, RecordOutcome, Repeats, SizeClass,
    Snapshot, Stretch, Waiting,
};

/// The figures of every function called since the reset; of nothing that the reading itself calls.
pub(crate) fn snapshot() -> Snapshot {
    thread::with(|thread| thread.work(|| control::read_undisturbed(read))).unwrap_or_default()
}

fn read() -> Snapshot {
    let sites = site::all();
    if sites.is_empty() {
        return Snapshot::default();
    }
    let scale = Scale::measure();
    let epoch = control::epoch();
    let blocks = block::all();
    let mut tallies: Vec<Tally> = sites.iter().map(|_| Tally::default()).collect();
    let mut forest = Forest::default();
    let roaming = Roaming::read(&blocks, sites.len(), epoch);
    let now = clock::ticks();
    for block in blocks {
        block.notice_slowness(now);
        // How many calls one of those that were timed stands for, as it turned out.
        let ratios: Vec<f64> = tallies
            .iter_mut()
            .zip(block.table())
            .zip(&roaming)
            .map(|((tally, slot), roaming)| match slot.get() {
                Some(slot) => tally.add(slot, epoch, roaming),
                None => 1.0,
            })
            .collect();
        forest.add(block, epoch, &ratios);
    }
    let (tree, totals) = forest.finish(scale, sites.len());
    let functions = (0_u32..).zip(sites).zip(tallies).zip(&totals).filter_map(|(((number, site), tally), totals)| {
        let used = tally.counts[Counter::Calls as usize] + tally.counts[Counter::Polls as usize] > 0;
        (used && !site.hidden).then(|| tally.finish(number, site, totals, scale))
    });
    Snapshot {
        elapsed_ns: clock::now().saturating_sub(control::since_ns()),
        clock: clock_figures(scale),
        functions: functions.collect(),
        tree,
    }
}

fn clock_figures(scale: Scale) -> Clock {
    Clock {
        source: clock::name().into(),
        step_ns: scale.ns(cost::step()),
        inside_ns: scale.ns(cost::inside()),
        timed_ns: scale.ns(cost::timed()),
        counted_ns: scale.ns(cost::counted()),
    }
}

/// Calls of an async function, which may end in another thread than they began in: all threads have one ratio.
#[derive(Clone, Debug, Default)]
struct Roaming {
    calls: u64,
    polls: u64,
    /// Calls that were timed for themselves alone.
    exact: u64,
    /// Calls for which the sampled ones stand.
    sampled: u64,
}

impl Roaming {
    /// For each site.
    fn read(blocks: &[&'static Block], sites: usize, epoch: u64) -> Vec<Self> {
        let mut sums = vec![Self::default(); sites];
        for block in blocks {
            for (sum, slot) in sums.iter_mut().zip(block.table()) {
                let Some(slot) = slot.get() else { continue };
                let counts = slot.counts();
                sum.calls += counts[Counter::Calls as usize];
                sum.polls += counts[Counter::Polls as usize];
                if slot.is_of(epoch) {
                    let sampled = slot.get(Sum::Sampled);
                    sum.exact += slot.get(Sum::Timed).saturating_sub(sampled);
                    sum.sampled += sampled + slot.get(Sum::Others);
                }
            }
        }
        sums
    }

    /// `None` for a function that is not async.
    fn ratio(&self) -> Option<f64> {
        (self.polls > 0).then(|| ratio(self.calls, self.exact, self.sampled))
    }
}

/// How many calls were made for each for which a sampled one stands: strata end neither with a program nor at a reset. What was
/// timed for itself counts once, whatever it was: of a recursion the outermost call holds all of the time.
fn ratio(calls: u64, exact: u64, sampled: u64) -> f64 {
    if sampled == 0 { 1.0 } else { calls.saturating_sub(exact) as f64 / sampled as f64 }
}

/// One site over all threads.
#[derive(Default)]
struct Tally {
    counts: [u64; Counter::Calls as usize + 1],
    /// Sums in ticks, each thread's scaled by its ratio.
    sums: [f64; SUMS],
    /// How many calls the timed ones stand for.
    weight: f64,
    variance: f64,
    /// Some of them stand for others, too.
    is_estimate: bool,
    longest_poll: u64,
    least: Option<u64>,
    first: Option<(u64, u64)>,
    first_queued: u64,
    rest_max: u64,
    buckets: Vec<u64>,
    stretches: Option<stretches::Read>,
    repeats: Option<(u64, u64, f64)>,
    sizes: Vec<Size>,
    records: Vec<Record>,
    record_entries: Vec<super::details::Entry>,
}

impl Tally {
    /// Adds a thread's figures; returns its ratio of calls to those that timed ones stand for.
    fn add(&mut self, slot: &Slot, epoch: u64, roaming: &Roaming) -> f64 {
        let mut ratio = 1.0;
        if slot.is_of(epoch) {
            ratio = self.add_timed(slot, roaming);
        }
        // After the sums: no call that is in them is missing here.
        for (sum, count) in self.counts.iter_mut().zip(slot.counts()) {
            *sum += count;
        }
        ratio
    }

    fn add_timed(&mut self, slot: &Slot, roaming: &Roaming) -> f64 {
        let moments = slot.moments();
        let sums = slot.sums();
        let get = |sum: Sum| sums[sum as usize];
        let timed = get(Sum::Timed);
        let weight = timed + get(Sum::Others);
        let calls = slot.counts()[Counter::Calls as usize];
        let is_sampled = moments[0] > 0.0 || slot.schedule.is_sampled();
        // Where all calls are timed, those that are not in the sums have not ended.
        let sampled = get(Sum::Sampled);
        let exact = timed.saturating_sub(sampled);
        let ratio = roaming.ratio().unwrap_or_else(|| ratio(calls, exact, sampled + get(Sum::Others)));
        self.weight += exact as f64 + (sampled + get(Sum::Others)) as f64 * ratio;
        // What the sums of all calls become, if that of the durations is told.
        let wall = get(Sum::Wall) as f64 + (ratio - 1.0) * get(Sum::SampledWall) as f64;
        let factor = if get(Sum::Wall) > 0 { wall / get(Sum::Wall) as f64 } else { 1.0 };
        self.is_estimate |= moments[0] > 0.0;
        for (place, sum) in self.sums.iter_mut().enumerate() {
            let scaled = [Sum::Wall, Sum::Failed, Sum::Outside].iter().any(|sum| *sum as usize == place);
            *sum += sums[place] as f64 * if scaled { factor } else { 1.0 };
        }
        if timed > 0 && weight > 0 {
            let mean = get(Sum::Wall) as f64 / weight as f64;
            let [weights, first, second] = moments;
            let spread = (second - 2.0 * mean * first + mean * mean * weights).max(0.0);
            // Of a few calls the spread itself is uncertain: as Student's t (1908) widens it.
            let few = 1.0 + 3.0 / (timed as f64);
            self.variance += spread * ratio * ratio * few;
            // A stratum under way is known by nothing but its fellows.
            if is_sampled && moments[0] == 0.0 {
                self.variance += (mean * (calls as f64 - weight as f64)).powi(2);
            }
            let first_call = (get(Sum::FirstAt), get(Sum::First));
            let later = match self.first {
                Some(known) if known <= first_call => Some(first_call),
                known => {
                    self.first = Some(first_call);
                    self.first_queued = get(Sum::FirstQueued);
                    known
                }
            };
            // The later of two first calls is one of the rest.
            self.rest_max = self.rest_max.max(get(Sum::RestMax)).max(later.map_or(0, |(_, ticks)| ticks));
            self.least = Some(self.least.map_or(get(Sum::Min), |least| least.min(get(Sum::Min))));
        }
        self.longest_poll = self.longest_poll.max(get(Sum::LongestPoll));
        slot.buckets.add_to(&mut self.buckets);
        if let Some(read) = slot.stretches.read() {
            match &mut self.stretches {
                Some(sum) => sum.merge(read),
                none => *none = Some(read),
            }
        }
        if let Some(details) = slot.existing_details() {
            let repeats = details.repeats.lock();
            let sum = self.repeats.get_or_insert_default();
            *sum = (sum.0 + repeats.calls, sum.1 + repeats.repeated, sum.2 + repeats.ticks * factor);
            drop(repeats);
            let sizes = details.sizes.lock().clone();
            if self.sizes.len() < sizes.len() {
                self.sizes.resize(sizes.len(), Size::default());
            }
            self.sizes.iter_mut().zip(&sizes).for_each(|(sum, size)| sum.merge(size));
            let entries: Vec<_> = details.records.lock().iter().cloned().collect();
            self.record_entries.extend(entries);
        }
        ratio
    }

    fn get(&self, sum: Sum) -> f64 {
        self.sums[sum as usize]
    }

    fn finish(mut self, number: u32, site: &Site, totals: &Totals, scale: Scale) -> FunctionStats {
        let since = control::since();
        let count = |counter: Counter| self.counts[counter as usize];
        // Calls that were open at a reset are not counted, but some tell how they ended.
        let outcome = |counter: Counter| count(counter).min(count(Counter::Calls));
        let shift = |ticks: f64| (ticks - totals.shift).max(0.0);
        let wall = (self.get(Sum::Wall) - totals.shift * self.weight).max(0.0);
        // Less the same share.
        let failed = if wall > 0.0 { wall * (self.get(Sum::Failed) / self.get(Sum::Wall)).min(1.0) } else { 0.0 };
        let total = totals.total + self.get(Sum::Outside);
        // As they are, so that in a recursion what one call has for its own is taken off another's.
        let own = totals.own + self.get(Sum::OutsideOwn) - self.get(Sum::OutsideBelow);
        let first = self.first.map_or(0, |(_, ticks)| ticks);
        let longest = first.max(self.rest_max);
        // The margin of the sum of durations, as a share, is that of the total.
        let margin = if wall > 0.0 { 1.96 * self.variance.sqrt() * (total / wall).min(1.0) } else { 0.0 };
        let margin_ns = scale.whole_ns(margin).max(u64::from(self.is_estimate || self.variance > 0.0));
        self.record_entries.sort_by_key(|entry| entry.start);
        let surplus = self.record_entries.len().saturating_sub(site.records as usize);
        self.records = self.record_entries.drain(..).skip(surplus).map(|entry| record(entry, since, scale)).collect();
        FunctionStats {
            id: number,
            name: site.name.into(),
            group: site.group.into(),
            module: site.module.into(),
            file: site.file.into(),
            line: site.line,
            element: site.element.into(),
            calls: count(Counter::Calls),
            timed: (self.get(Sum::Timed) as u64).min(count(Counter::Calls)),
            errors: outcome(Counter::Errors),
            panics: outcome(Counter::Panics),
            cancelled: outcome(Counter::Cancelled),
            total_ns: scale.whole_ns(total),
            margin_ns,
            self_ns: scale.whole_ns(own.min(total)),
            wall_ns: scale.whole_ns(wall),
            failed_ns: scale.whole_ns(failed),
            overhead_ns: scale.whole_ns(totals.overhead),
            min_ns: scale.whole_ns(shift(self.least.unwrap_or(0) as f64)),
            max_ns: scale.whole_ns(shift(longest as f64)),
            first_ns: scale.whole_ns(shift(first as f64)),
            first_queued_ns: self.first_queued,
            rest_max_ns: scale.whole_ns(shift(self.rest_max as f64)),
            histogram: histogram_of(&self.buckets, totals.shift, scale),
            polls: count(Counter::Polls),
            long_polls: self.get(Sum::LongPolls) as u64,
            long_polls_ns: scale.ns(self.get(Sum::LongPollTime)),
            longest_poll_ns: scale.whole_ns(self.longest_poll as f64),
            allocations: totals.allocations.max(0.0) as u64,
            allocated_bytes: totals.bytes.max(0.0) as u64,
            net_bytes: totals.net as i64,
            self_allocations: totals.own_allocations.max(0.0) as u64,
            self_allocated_bytes: totals.own_bytes.max(0.0) as u64,
            waiting: Waiting {
                calls: self.get(Sum::CpuCalls) as u64,
                wall_ns: scale.ns(self.get(Sum::CpuWall)),
                cpu_ns: self.get(Sum::CpuNs),
                long_calls: self.get(Sum::LongCpuCalls) as u64,
                long_wall_ns: scale.ns(self.get(Sum::LongCpuWall)),
                long_cpu_ns: self.get(Sum::LongCpuNs),
                queued: (self.get(Sum::Queued) < UNTOLD as f64)
                    .then(|| Queued { ns: self.get(Sum::Queued), long_ns: self.get(Sum::LongQueued) }),
            },
            repeats: site.repeats.then(|| {
                let (calls, repeated, ticks) = self.repeats.unwrap_or_default();
                Repeats { calls, repeated, repeated_ns: scale.ns(ticks) }
            }),
            sizes: self.sizes.iter().map(|size| size_class(size, scale)).collect(),
            stretches: self.stretches.as_ref().map_or_else(Vec::new, |read| stretches_of(read, scale)),
            records: self.records,
        }
    }
}

fn record(entry: super::details::Entry, since: u64, scale: Scale) -> Record {
    Record {
        at_ns: scale.whole_ns(entry.start.saturating_sub(since) as f64),
        duration_ns: scale.whole_ns(entry.ticks as f64),
        allocations: entry.heap.allocations,
        allocated_bytes: entry.heap.bytes,
        outcome: match entry.outcome {
            Outcome::Done => RecordOutcome::Done,
            Outcome::Error => RecordOutcome::Error,
            Outcome::Panic => RecordOutcome::Panic,
            Outcome::Cancelled => RecordOutcome::Cancelled,
        },
        error: entry.error.map(Into::into),
    }
}

/// A value that the clock shows lies within half a step of it; `shift` ticks were taken by probes within.
fn histogram_of(buckets: &[u64], shift: f64, scale: Scale) -> Histogram {
    let half = cost::step() / 2.0;
    let used = buckets.iter().enumerate().filter(|(_, count)| **count > 0);
    let bucket = |(index, &count): (usize, &u64)| {
        let (from, to) = histogram::bounds(index);
        // Of whole ticks the last is `to - 1`.
        let middle = (from + to - 1) as f64 / 2.0;
        let half = half.max((to - from) as f64 / 2.0);
        let ns = |ticks: f64| scale.ns((ticks - shift).max(0.0));
        Bucket { from_ns: ns(middle - half), to_ns: ns(middle + half), count }
    };
    Histogram { buckets: used.map(bucket).collect() }
}

fn size_class(size: &Size, scale: Scale) -> SizeClass {
    let (n, shift) = (size.calls as f64, scale.ns(1.0).ln());
    SizeClass {
        calls: size.calls,
        log_size: size.log_size,
        log_ns: size.log_ticks + n * shift,
        log_ns_squared: size.log_ticks_squared + 2.0 * shift * size.log_ticks + n * shift * shift,
        total_size: size.size,
        total_ns: scale.ns(size.ticks),
    }
}

fn stretches_of(read: &stretches::Read, scale: Scale) -> Vec<Stretch> {
    let stretch = |place: usize| {
        let calls = read.calls[place];
        let edge = |place: usize| scale.whole_ns((place as u64 * read.length()) as f64);
        // The one may have been read before and the other after many calls.
        let index = (read.logs[place] as f64 / calls as f64).min(histogram::index(u64::MAX) as f64);
        // Between two buckets, whose bounds grow by powers.
        let (low, high) = (histogram::bounds(index as usize).0 as f64, histogram::bounds(index as usize + 1).0 as f64);
        let typical = low + (high - low) * index.fract();
        Stretch { from_ns: edge(place), to_ns: edge(place + 1), calls, typical_ns: scale.ns(typical) }
    };
    (0..stretches::STRETCHES).filter(|place| read.calls[*place] > 0).map(stretch).collect()
}

/// The total that one slot's figures make, and its variance.
#[cfg(test)]
pub(super) fn estimate(slot: &Slot) -> (f64, f64) {
    let mut tally = Tally::default();
    tally.add_timed(slot, &Roaming::default());
    (tally.get(Sum::Wall), tally.variance)
}

/// What the call tree tells of one site.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    total: f64,
    own: f64,
    overhead: f64,
    /// Ticks per call that probes within took and that are still in its durations.
    shift: f64,
    allocations: f64,
    bytes: f64,
    net: f64,
    own_allocations: f64,
    own_bytes: f64,
}

/// The trees of all threads as one.
#[derive(Debug, Default)]
struct Forest {
    nodes: Vec<Branch>,
    roots: Vec<usize>,
}

#[derive(Debug, Default)]
struct Branch {
    site: u32,
    children: Vec<usize>,
    calls: f64,
    timed: f64,
    total: f64,
    allocations: f64,
    bytes: f64,
    net: f64,
}

impl Branch {
    /// Later polls may have a caller of their own: then they are no calls there.
    fn has_time(&self) -> bool {
        self.calls > 0.0 || self.total > 0.0
    }
}

impl Forest {
    fn add(&mut self, block: &Block, epoch: u64, ratios: &[f64]) {
        if block.tree_epoch() != epoch {
            return;
        }
        let len = block.tree.len();
        let mut places = vec![None; len as usize];
        // A node comes after its parent.
        for number in 1..len {
            let Some(node) = block.tree.node(number) else { continue };
            let parent = node.parent.load(Ordering::Relaxed);
            let above = if parent == 0 { None } else { places.get(parent as usize).copied().flatten() };
            if parent != 0 && above.is_none() {
                continue;
            }
            let site = node.site.load(Ordering::Relaxed);
            // Of a site that has come since the list was read nothing is reported yet.
            let Some(ratio) = ratios.get(site as usize).copied() else { continue };
            let place = self.child(above, site);
            places[number as usize] = Some(place);
            let branch = &mut self.nodes[place];
            let read = |value: &std::sync::atomic::AtomicU64| value.load(Ordering::Relaxed) as f64;
            let (timed, sampled) = (read(&node.timed), read(&node.sampled));
            branch.calls += timed - sampled + (sampled + read(&node.others)) * ratio;
            branch.timed += timed;
            let total = read(&node.total) + (ratio - 1.0) * read(&node.sampled_total);
            let factor = if total > 0.0 { total / read(&node.total) } else { 1.0 };
            branch.total += total;
            branch.allocations += read(&node.allocations) * factor;
            branch.bytes += read(&node.bytes) * factor;
            branch.net += node.net.load(Ordering::Relaxed) as f64 * factor;
        }
    }

    fn child(&mut self, above: Option<usize>, site: u32) -> usize {
        let siblings = above.map_or(&self.roots, |above| &self.nodes[above].children);
        if let Some(known) = siblings.iter().find(|place| self.nodes[**place].site == site) {
            return *known;
        }
        let place = self.nodes.len();
        self.nodes.push(Branch { site, ..Branch::default() });
        match above {
            Some(above) => self.nodes[above].children.push(place),
            None => self.roots.push(place),
        }
        place
    }

    /// The tree as it is reported, and per site what it adds up to.
    fn finish(mut self, scale: Scale, sites: usize) -> (CallTree, Vec<Totals>) {
        let mut totals = vec![Totals::default(); sites];
        let overheads = self.take_counting_off(&mut totals);
        let mut nodes = Vec::with_capacity(self.nodes.len());
        let mut on_path = vec![0_u32; sites];
        let hidden: Vec<bool> = site::all().iter().map(|site| site.hidden).collect();
        for root in self.roots.clone() {
            if !hidden.get(self.nodes[root].site as usize).copied().unwrap_or(true) {
                self.emit(root, None, 0, scale, &mut nodes, &mut totals, &mut on_path);
            }
        }
        for (total, (overhead, calls)) in totals.iter_mut().zip(overheads) {
            total.overhead = overhead;
            total.shift = if calls > 0.0 { overhead / calls } else { 0.0 };
        }
        (CallTree { nodes }, totals)
    }

    /// Takes off what calls within that were counted only cost; per site what was taken off, and of how many calls.
    fn take_counting_off(&mut self, totals: &mut [Totals]) -> Vec<(f64, f64)> {
        let mut taken = vec![(0.0, 0.0); totals.len()];
        let mut within = vec![0.0; self.nodes.len()];
        // Children were made after their parents.
        for place in (0..self.nodes.len()).rev() {
            let below: f64 = self.nodes[place].children.iter().map(|child| within[*child]).sum();
            let children: f64 = self.nodes[place]
                .children
                .iter()
                .map(|child| (self.nodes[*child].calls - self.nodes[*child].timed).max(0.0))
                .sum();
            within[place] = below + children;
            let branch = &mut self.nodes[place];
            let cost = (within[place] * cost::counted()).min(branch.total);
            branch.total -= cost;
            if let Some(taken) = taken.get_mut(branch.site as usize) {
                taken.0 += cost;
                taken.1 += branch.calls;
            }
        }
        taken
    }

    /// The sum over the nearest branches below that have a time: what lies between is the branch's own.
    fn sum_below(&self, branch: &Branch, value: fn(&Branch) -> f64) -> f64 {
        let children = branch.children.iter().map(|child| &self.nodes[*child]);
        children.map(|child| if child.has_time() { value(child) } else { self.sum_below(child, value) }).sum()
    }

    /// Appends a node and all below it; returns what of its time is its site's total, if its site is not above it.
    #[expect(clippy::too_many_arguments, reason = "one walk fills the list and the sums")]
    fn emit(
        &self,
        place: usize,
        parent: Option<usize>,
        depth: u32,
        scale: Scale,
        nodes: &mut Vec<CallNode>,
        totals: &mut [Totals],
        on_path: &mut [u32],
    ) {
        let branch = &self.nodes[place];
        let site = branch.site as usize;
        let child_sum = |value: fn(&Branch) -> f64| self.sum_below(branch, value);
        // A span that is still open, was forgotten, or was never timed on this path has no time, though what it called has.
        let own = if branch.has_time() { branch.total - child_sum(|child| child.total) } else { 0.0 };
        let here = nodes.len();
        nodes.push(CallNode {
            function: branch.site,
            parent,
            depth,
            calls: branch.calls.round() as u64,
            total_ns: scale.whole_ns(branch.total),
            self_ns: scale.whole_ns(own),
            allocations: branch.allocations as u64,
            allocated_bytes: branch.bytes as u64,
        });
        let sum = &mut totals[site];
        sum.own += own;
        if branch.has_time() {
            sum.own_allocations += branch.allocations - child_sum(|child| child.allocations);
            sum.own_bytes += branch.bytes - child_sum(|child| child.bytes);
        }
        let outermost = on_path[site] == 0;
        // Below a span without a time those of its own site count.
        let counts = branch.has_time();
        if outermost && counts {
            sum.total += branch.total;
            sum.allocations += branch.allocations;
            sum.bytes += branch.bytes;
            sum.net += branch.net;
        }
        on_path[site] += u32::from(counts);
        for child in &branch.children {
            self.emit(*child, Some(here), depth + 1, scale, nodes, totals, on_path);
        }
        on_path[site] -= u32::from(counts);
    }
}
