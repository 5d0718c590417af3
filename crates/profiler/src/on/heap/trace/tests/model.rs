//! One thread: every figure, against a plain count beside it.

use crate::heap::Measure;
use std::collections::HashMap;

use super::super::{flush, on_alloc, on_free, on_realloc};
use super::*;
use crate::heap::Amount;

/// The numbers of a generator by Steele and Vigna (2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Count {
    total: Amount,
    live: Amount,
    peak: Amount,
    temporary: Amount,
}

/// An allocator that hands out numbers, and counts.
#[derive(Default)]
struct Model {
    /// Address, size, stack.
    blocks: Vec<(usize, usize, u32)>,
    idle: Vec<(usize, usize)>,
    end: usize,
    sites: HashMap<u32, Count>,
    all: Count,
    last: Option<usize>,
    events: u64,
}

fn amount(blocks: i64, bytes: i64, to: &mut Amount) {
    to.blocks = to.blocks.checked_add_signed(blocks).expect("not below zero");
    to.bytes = to.bytes.checked_add_signed(bytes).expect("not below zero");
}

impl Model {
    fn place(&mut self, size: usize) -> usize {
        if let Some(at) = self.idle.iter().rposition(|(_, idle)| *idle == size) {
            return self.idle.remove(at).0;
        }
        self.end += (size + 23) & !15;
        0x5555_0000_0000 + self.end
    }

    fn change(&mut self, stack: u32, blocks: i64, bytes: i64) {
        amount(blocks, bytes, &mut self.all.live);
        amount(blocks, bytes, &mut self.sites.entry(stack).or_default().live);
        if self.all.live.bytes > self.all.peak.bytes {
            self.all.peak = self.all.live;
            self.sites.values_mut().for_each(|site| site.peak = site.live);
        }
    }

    fn total(&mut self, stack: u32, size: usize) {
        for count in [&mut self.all, self.sites.entry(stack).or_default()] {
            amount(1, size as i64, &mut count.total);
        }
        self.events += 1;
    }

    fn alloc(&mut self, to: &'static ThreadTrace, size: usize, stack: u32) {
        let address = self.place(size);
        on_alloc(to, address, size, stack);
        self.blocks.push((address, size, stack));
        self.total(stack, size);
        self.change(stack, 1, size as i64);
        self.last = Some(address);
    }

    fn free(&mut self, to: &'static ThreadTrace, at: usize) {
        let (address, size, stack) = self.blocks.swap_remove(at);
        on_free(to, address, size);
        self.events += 1;
        self.idle.push((address, size));
        if self.last == Some(address) {
            self.last = None;
            for count in [&mut self.all, self.sites.entry(stack).or_default()] {
                amount(1, size as i64, &mut count.temporary);
            }
        }
        self.change(stack, -1, -(size as i64));
    }

    fn realloc(&mut self, to: &'static ThreadTrace, at: usize, size: usize) {
        let (old, before, stack) = self.blocks[at];
        let new = if size.is_multiple_of(3) { old } else { self.place(size) };
        on_realloc(to, old, before, new, size, if size.is_multiple_of(2) { 0 } else { 5 });
        if new != old {
            self.idle.push((old, before));
        }
        self.blocks[at] = (new, size, stack);
        self.last = (self.last == Some(old)).then_some(new);
        self.total(stack, size);
        self.change(stack, 0, size as i64 - before as i64);
    }
}

#[test]
fn every_figure_of_one_thread_is_exact() {
    let place = Place::new("model");
    let state = state();
    let mut model = Model::default();
    let mut random = Random(7);
    let recording = place.record(|| {
        for round in 0..150_000_u64 {
            // Grows, shrinks and grows less.
            let full = if round % 50_000 < 25_000 { 6 } else { 4 };
            let live = model.blocks.len() as u64;
            let stack = random.below(60) as u32;
            match random.below(12) {
                choice if choice < full || live == 0 => {
                    let sizes = [8, 24, 24, 100, 1_000, 5, 0, 1 << 33];
                    model.alloc(state, sizes[random.below(8) as usize] + stack as usize, stack);
                }
                6 => model.realloc(state, random.below(live) as usize, random.below(10_000) as usize + 1),
                7 => {
                    model.alloc(state, 64, 1);
                    model.free(state, live as usize);
                }
                choice if choice < 10 => model.free(state, (live - 1) as usize),
                _ => model.free(state, random.below(live) as usize),
            }
        }
        flush(state);
    });
    let profile = profile(&recording);
    assert_eq!(
        (profile.events().events(), profile.events().lost(), profile.events().unknown_frees()),
        (model.events, 0, 0)
    );
    let all = Count {
        total: profile.amount(Measure::Total),
        live: profile.amount(Measure::Live),
        peak: profile.peak().live(),
        temporary: profile.amount(Measure::Temporary),
    };
    assert_eq!(all, model.all);
    assert_eq!(profile.sites().len(), model.sites.len());
    for site in profile.sites() {
        let stack = stack_of(site);
        let found = Count { total: site.total(), live: site.live(), peak: site.peak(), temporary: site.temporary() };
        assert_eq!(found, model.sites[&stack], "stack {stack}");
        let addresses: Vec<u64> = site.frames().iter().map(crate::heap::Frame::address).collect();
        assert_eq!(addresses, if stack == 0 { Vec::new() } else { frames(stack) });
        assert_eq!(site.span(), if stack > 0 && stack.is_multiple_of(2) { "even" } else { "" });
    }
    let sum = |bins: &[crate::heap::Class]| bins.iter().map(|bin| bin.amount().blocks).sum::<u64>();
    assert_eq!(sum(profile.sizes()), model.all.total.blocks);
    let freed = profile.events().events() - model.all.total.blocks;
    assert_eq!(sum(profile.lifetimes()), freed);
    let timeline = profile.timeline();
    assert!((990..=1_001).contains(&timeline.len()), "{}", timeline.len());
    assert!(timeline.is_sorted_by_key(|moment| moment.at().as_nanos() as u64));
    assert_eq!(timeline.iter().map(|moment| moment.high()).max(), Some(model.all.peak.bytes));
    assert!(profile.peak().at() <= profile.duration());
    assert!(profile.per_second().1 > 0.0 && profile.events().bytes_per_event() > 1.0);
}

#[test]
fn times_are_those_of_the_clock() {
    let place = Place::new("times");
    let state = state();
    let pause = std::time::Duration::from_millis(30);
    let recording = place.record(|| {
        std::thread::sleep(pause);
        for block in 0..1_000 {
            on_alloc(state, 0x1000 * (block + 1), 100, 1);
        }
        std::thread::sleep(pause);
        for block in 0..500 {
            on_free(state, 0x1000 * (block + 1), 100);
        }
        std::thread::sleep(pause);
    });
    let profile = profile(&recording);
    let duration = profile.duration().as_secs_f64();
    assert!((0.090..10.0).contains(&duration), "{duration}");
    let peak = profile.peak().at().as_secs_f64();
    assert!((0.030..duration - 0.059).contains(&peak), "{peak} of {duration}");
    // Half of the blocks for one pause, half for two: the clock was read within 32 events of the pause.
    let lived = profile.sites()[0].lifetime_ns() as f64 / 1e9;
    assert!((0.96 * 1_500.0 * 0.030..1_000.0 * duration).contains(&lived), "{lived}");
    let live_at = |share: f64| {
        let time = (duration * share * 1e9) as u64;
        profile
            .timeline()
            .iter()
            .rfind(|moment| moment.at().as_nanos() as u64 <= time)
            .map_or(0, |moment| moment.live().bytes())
    };
    assert_eq!(live_at(0.05), 0);
    assert_eq!(live_at(0.999), 50_000);
    assert!(recording.modules().iter().any(|module| module.path() == recording.program()));
    assert!(recording.modules().iter().any(|module| module.build_id().len() == 40), "{:?}", recording.modules());
}

#[test]
fn what_is_older_than_the_recording_is_unknown() {
    let place = Place::new("older");
    let state = state();
    on_alloc(state, 0x1000, 10, 1);
    let recording = place.record(|| {
        on_free(state, 0x1000, 10);
        on_alloc(state, 0x1000, 20, 2);
        on_realloc(state, 0x2000, 30, 0x3000, 40, 3);
        on_realloc(state, 0x4000, 50, 0x4000, 60, 4);
        on_free(state, 0x4000, 60);
        on_free(state, 0x5000, 70);
    });
    let profile = profile(&recording);
    assert_eq!(profile.events().unknown_frees(), 4);
    assert_eq!(
        (profile.amount(Measure::Live), profile.amount(Measure::Total)),
        (Amount { blocks: 2, bytes: 60 }, Amount { blocks: 3, bytes: 120 })
    );
    assert_eq!(profile.peak().live(), Amount { blocks: 3, bytes: 120 });
}

#[test]
fn an_event_within_an_event_is_lost_and_counted() {
    let place = Place::new("within");
    let state = state();
    let recording = place.record(|| {
        on_alloc(state, 0x1000, 10, 1);
        let turn = state.enter();
        assert!(turn.is_some());
        on_free(state, 0x1000, 10);
        on_alloc(state, 0x2000, 10, 1);
        drop(turn);
        on_alloc(state, 0x3000, 10, 1);
    });
    assert_eq!((recording.lost(), recording.events()), (2, 2));
}
