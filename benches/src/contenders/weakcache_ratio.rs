//! How often a bounded cache has what is asked for: replays of real traces, and what they come to on average.

mod replay;
mod traces;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use replay::Replay;
use traces::{CHOSEN_ON, MOST, OTHERS, Trace};

use crate::case::{Case, Contender, Found, OURS};

const FIELD: [(&str, Replay); 7] = [
    (OURS, replay::lagom),
    ("quick_cache", replay::quick_cache),
    ("moka", replay::moka),
    ("moka, beyond its bound", replay::moka_beyond),
    (LRU, replay::lru),
    ("S3-FIFO", replay::s3_fifo),
    (OPT, replay::opt),
];
const LRU: &str = "lru";
const OPT: &str = "OPT";

const NOTE: &str = "lagom as it comes, in shards where the capacity is above 2,048; quick_cache is its unsync one, so that it has none, moka does what \
     it would leave for later after each access. `beyond its bound` is moka left to itself: it holds some 50 entries too many. OPT knows the future.";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        mean("hit ratio, mean of the five traces that constants were chosen on", || CHOSEN_ON.iter().collect()),
        mean("hit ratio, mean of the other eight traces", || OTHERS.iter().collect()),
        mean("hit ratio, mean of all thirteen traces", || all().collect()),
        least_lead(),
    ];
    for trace in all() {
        for capacity in trace.capacities() {
            let name = format!("hit ratio, {} in room for {capacity}", trace.name);
            cases.push(case(name, "hit ratio", "%", move |contender, n| ratio(contender, trace, capacity, n)));
        }
    }
    cases
}

fn case(
    name: impl Into<String>,
    metric: &'static str,
    unit: &'static str,
    value: impl Fn(&'static str, usize) -> f64 + Copy + 'static,
) -> Case {
    let mut case = Case::new("weakcache", "ratio", name, |n| n);
    for (name, _) in FIELD {
        let contender = Contender::untimed(name).figure(metric, unit, MOST as u64, move |n| Found {
            value: value(name, usize::try_from(n).unwrap_or(MOST)),
            answer: n,
        });
        case = case.with(if name == OPT { contender.floor() } else { contender });
    }
    case
}

fn mean(name: &str, traces: fn() -> Vec<&'static Trace>) -> Case {
    case(name, "hit ratio", "%", move |contender, n| {
        let ratios: Vec<f64> = each(traces()).map(|(trace, room)| ratio(contender, trace, room, n)).collect();
        ratios.iter().sum::<f64>() / ratios.len() as f64
    })
    .note(NOTE)
}

fn least_lead() -> Case {
    case("hit ratio, least lead over LRU of all thirteen traces", "lead over lru", "points", |contender, n| {
        let lead = |(trace, room)| ratio(contender, trace, room, n) - ratio(LRU, trace, room, n);
        each(all()).map(lead).fold(f64::INFINITY, f64::min)
    })
    .note(NOTE)
}

fn all() -> impl Iterator<Item = &'static Trace> {
    CHOSEN_ON.iter().chain(&OTHERS)
}

fn each(traces: impl IntoIterator<Item = &'static Trace>) -> impl Iterator<Item = (&'static Trace, usize)> {
    traces.into_iter().flat_map(|trace| trace.capacities().map(|capacity| (trace, capacity)))
}

/// Hits of the first `n` accesses in percent; found once.
fn ratio(contender: &'static str, trace: &'static Trace, capacity: usize, n: usize) -> f64 {
    type Asked = (&'static str, &'static str, usize, usize);
    static FOUND: Mutex<Option<HashMap<Asked, f64>>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    *found.get_or_insert_default().entry((contender, trace.name, capacity, n)).or_insert_with(|| {
        let (_, replay) = FIELD.iter().find(|(name, _)| *name == contender).expect("a contender of the field");
        let keys = &trace.keys[..n.min(trace.keys.len())];
        100.0 * replay(keys, capacity) as f64 / keys.len().max(1) as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the contenders find in 200 keys of which 100 come again at once, with room for all, and what LRU and OPT find
    /// in a loop.
    #[test]
    fn contenders_count_hits() {
        let twice: Vec<u32> = (0..200).flat_map(|key| if key % 2 == 0 { vec![key, key] } else { vec![key] }).collect();
        for (name, replay) in FIELD {
            assert_eq!(replay(&twice, 400), 100, "{name}");
        }
        let round: Vec<u32> = (0..100).map(|at| at % 5).collect();
        assert_eq!(replay::lru(&round, 4), 0);
        // The first access of each, and then one that it never lets in.
        assert_eq!(replay::opt(&round, 4), 100 - 5 - 19);
    }

    #[test]
    fn nobody_is_better_than_who_knows_the_future() {
        for (trace, capacity) in each(&OTHERS[3..]) {
            let best = ratio(OPT, trace, capacity, 5000);
            for (name, _) in FIELD {
                let ratio = ratio(name, trace, capacity, 5000);
                assert!(ratio <= best || name.contains("beyond"), "{name} has {ratio} of {best} on {}", trace.name);
            }
        }
    }
}
