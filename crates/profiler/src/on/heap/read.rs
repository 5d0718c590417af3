//! The figures of all threads together.

use std::collections::HashMap;
use std::sync::Arc;

use super::{block, flags, hooks, names, sample, shadow};
use crate::heap::raw::{Raw, RawBlock, RawSite};
use crate::heap::{Amount, Mode};
use crate::on::{calls, stack};

/// Every block that is live and was allocated in the mode `Live`, in the order of addresses. Neither allocates nor locks.
pub(crate) fn blocks(f: impl FnMut(RawBlock)) {
    shadow::each(f);
}

/// The stacks of all those blocks, ascending.
pub(crate) fn stacks(numbers: &mut Vec<u32>) {
    for block in block::all() {
        numbers.extend(block.exact.iter().filter(|(_, site)| site.is_used()).map(|(stack, _)| stack));
    }
    numbers.sort_unstable();
    numbers.dedup();
}

/// Of one stack in all threads.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) live_bytes: i64,
    pub(super) live_blocks: i64,
    pub(super) total_bytes: u64,
    pub(super) total_blocks: u64,
    pub(super) variance: f64,
}

/// By stack: what samples say in the modes that sample, else the exact figures.
pub(crate) fn raw() -> Raw {
    let mode = flags::mode();
    // Libraries may have been loaded since.
    super::aside(stack::prepare);
    let sampled = matches!(mode, Mode::Sample | Mode::CountAndSample);
    let mut sums: HashMap<u32, Sums> = HashMap::new();
    for block in block::all() {
        if sampled {
            block.sampled.iter().filter(|(_, site)| site.is_used()).for_each(|(stack, site)| {
                site.add_to(sums.entry(stack).or_default());
            });
        } else {
            block.exact.iter().filter(|(_, site)| site.is_used()).for_each(|(stack, site)| {
                site.add_to(sums.entry(stack).or_default());
            });
        }
    }
    let spans = calls::site_names();
    let mut sites: Vec<RawSite> = sums
        .into_iter()
        .map(|(stack, sums)| (stack, hooks::parts(stack::span(stack)), sums))
        .map(|(stack, (span, thread), sums)| RawSite {
            stack,
            frames: frames(stack),
            span: span.checked_sub(1).and_then(|span| spans.get(span as usize)).copied().unwrap_or(""),
            thread,
            live: Amount { blocks: unsigned(sums.live_blocks), bytes: unsigned(sums.live_bytes) },
            total: Amount { blocks: sums.total_blocks, bytes: sums.total_bytes },
            variance: sums.variance.max(0.0),
        })
        .collect();
    sites.sort_unstable_by_key(|site| site.stack);
    let interval = if sampled { sample::interval() } else { 0 };
    Raw {
        mode,
        sites,
        threads: names::all(),
        interval,
        lost: u64::from(stack::lost()) + if sampled { sample::lost() } else { 0 },
    }
}

fn frames(number: u32) -> Arc<[usize]> {
    let mut buffer = [0; stack::MOST_FRAMES];
    let length = stack::frames(number, &mut buffer);
    buffer[..length].into()
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
