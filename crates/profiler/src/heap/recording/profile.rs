//! A recording's figures.

use std::sync::Arc;

use super::Recording;
use super::replay::{Account, ByBits, Replayed};
use crate::heap::{Amount, Class, EventCounts, Frame, HeapProfile, Moment, Site};

pub(super) fn build(
    recording: &Recording,
    replayed: Replayed,
    mut resolve: impl FnMut(&[u64]) -> Arc<[Frame]>,
) -> HeapProfile {
    let index = &recording.index;
    let scale = index.scale();
    let ns = |ticks: f64| (ticks * scale) as u64;
    let unknown = super::decode::Definition::default();
    let mut site = |account: &Account| {
        let stack = replayed.stacks.get(&account.stack).unwrap_or(&unknown);
        Site {
            frames: resolve(&stack.frames),
            thread: Arc::default(),
            span: stack.span.as_str().into(),
            total: account.total,
            live: account.live,
            peak: account.peak,
            most: account.most,
            temporary: account.temporary,
            lifetime_ns: ns(account.lifetime as f64),
            variance: 0.0,
        }
    };
    // By their numbers in case of a tie, so that two readings say the same.
    let mut accounts: Vec<_> = replayed.accounts.iter().collect();
    accounts.sort_by_key(|account| (std::cmp::Reverse(account.total.bytes), account.stack));
    let sites = accounts.into_iter().map(&mut site).collect();
    let moment =
        |(ticks, live, high): &(u64, Amount, u64)| Moment { time_ns: ns(*ticks as f64), live: *live, high: *high };
    HeapProfile {
        sites,
        timeline: replayed.timeline.iter().map(moment).collect(),
        peak: Moment { time_ns: ns(replayed.peak_at as f64), live: replayed.peak, high: replayed.peak.bytes },
        duration_ns: index.duration(),
        sizes: classes(&replayed.sizes),
        lifetimes: classes(&replayed.lifetimes),
        events: EventCounts {
            events: index.events(),
            lost: index.lost(),
            unknown_frees: replayed.unknown,
            bytes: recording.bytes(),
        },
        threads: recording.threads().map(str::to_owned).collect(),
        command: index.start.program.clone(),
        pid: index.start.process,
        interval: 0,
        cut: !recording.is_complete(),
    }
}

fn classes(amounts: &ByBits) -> Vec<Class> {
    let used = amounts.0.iter().enumerate().filter(|(_, amount)| amount.blocks > 0);
    let class = |(bits, amount): (usize, &Amount)| Class {
        from: if bits == 0 { 0 } else { 1 << (bits - 1) },
        to: if bits == 64 { u64::MAX } else { (1 << bits) - 1 },
        amount: *amount,
    };
    used.map(class).collect()
}
