//! What the policy is for: hit ratios, on made traces of four kinds, against plain LRU in the same run. The real traces
//! are in `cargo xtask bench weakcache`.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use lagom_base::policy::{Entries, Policy};

/// Seats and uses, and the weight of each.
struct Nodes(Vec<(Cell<u32>, Cell<u8>)>, u64);

impl Entries<u32> for Nodes {
    fn seat(&self, id: u32) -> u32 {
        self.0[id as usize].0.get()
    }
    fn set_seat(&self, id: u32, seat: u32) {
        self.0[id as usize].0.set(seat);
    }
    fn uses(&self, id: u32) -> u8 {
        self.0[id as usize].1.get()
    }
    fn set_uses(&self, id: u32, uses: u8) {
        self.0[id as usize].1.set(uses);
    }
    fn hash(&self, id: u32) -> u32 {
        id.wrapping_mul(0x9e37_79b9)
    }
    fn weight(&self, _: u32) -> u64 {
        self.1
    }
}

/// Hits in percent.
fn ours(trace: &[u32], capacity: u64) -> f64 {
    weighted(trace, capacity, 1)
}

/// With room for `capacity` entries of that weight.
fn weighted(trace: &[u32], capacity: u64, weight: u64) -> f64 {
    let nodes = Nodes(vec![Default::default(); *trace.iter().max().unwrap() as usize + 1], weight);
    let (mut policy, mut resident, mut hits) = (Policy::new(capacity * weight), BTreeSet::new(), 0);
    for &key in trace {
        if resident.contains(&key) {
            nodes.set_uses(key, (nodes.uses(key) + 1).min(3));
            hits += 1;
            continue;
        }
        let mut newcomer = policy.admit(nodes.hash(key), weight).unwrap();
        while let Some(victim) = policy.evict(&mut newcomer, &nodes) {
            assert!(resident.remove(&victim));
        }
        policy.insert(newcomer, key, &nodes);
        resident.insert(key);
        assert!(resident.len() as u64 <= capacity);
    }
    100.0 * f64::from(hits) / trace.len() as f64
}

fn lru(trace: &[u32], capacity: u64) -> f64 {
    let (mut last, mut order, mut hits) = (HashMap::new(), BTreeMap::new(), 0);
    for (now, &key) in trace.iter().enumerate() {
        if let Some(before) = last.insert(key, now) {
            order.remove(&before);
            hits += 1;
        } else if order.len() as u64 == capacity {
            let (_, oldest) = order.pop_first().unwrap();
            last.remove(&oldest);
        }
        order.insert(now, key);
    }
    100.0 * f64::from(hits) / trace.len() as f64
}

/// Numbers in [0, 1), always the same.
fn random() -> impl FnMut() -> f64 {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Rank k of n in proportion to 1/k.
fn zipf(n: f64, random: f64) -> u32 {
    n.powf(random) as u32
}

#[test]
fn a_loop_larger_than_the_cache_keeps_what_fits() {
    let trace: Vec<u32> = (0..200_000).map(|at| at % 1000).collect();
    for (capacity, least) in [(250, 24.0), (500, 48.5), (700, 66.0), (900, 86.0)] {
        let ratio = ours(&trace, capacity);
        assert!(ratio >= least, "{ratio} at {capacity}");
        assert_eq!(lru(&trace, capacity), 0.0);
    }
}

#[test]
fn keys_that_come_twice_make_the_window_long() {
    // The second time at any distance up to 900.
    let mut random = random();
    let (mut due, mut fresh) = (BTreeSet::new(), 0);
    let trace: Vec<u32> = (0..200_000_usize)
        .map(|now| match due.first() {
            Some(&(at, key)) if at <= now => {
                due.pop_first();
                key
            }
            _ => {
                fresh += 1;
                due.insert((now + 1 + (900.0 * random()) as usize, fresh));
                fresh
            }
        })
        .collect();
    let (ratio, lru) = (ours(&trace, 1000), lru(&trace, 1000));
    assert!(lru > 49.5 && ratio >= lru - 1.0, "{ratio}, LRU {lru}");
}

#[test]
fn what_is_used_often_is_kept() {
    let mut random = random();
    let trace: Vec<u32> = (0..300_000).map(|_| zipf(100_000.0, random())).collect();
    for capacity in [1000, 4000] {
        let (ratio, lru) = (ours(&trace, capacity), lru(&trace, capacity));
        assert!(ratio >= lru + 4.5, "{ratio}, LRU {lru} at {capacity}");
    }
}

#[test]
fn a_scan_passes_through() {
    let mut random = random();
    let mut fresh = 1_000_000;
    let trace: Vec<u32> = (0..300_000)
        .map(|at| {
            if at % 30_000 < 20_000 {
                return zipf(50_000.0, random());
            }
            fresh += 1;
            fresh
        })
        .collect();
    let (ratio, lru) = (ours(&trace, 2000), lru(&trace, 2000));
    assert!(ratio >= lru + 5.0, "{ratio}, LRU {lru}");
}

#[test]
fn a_working_set_that_drifts_is_followed() {
    let mut random = random();
    let trace: Vec<u32> = (0..200_000_u32).map(|at| at / 20 + (1500.0 * random().powf(1.5)) as u32).collect();
    for capacity in [500, 1000, 2000] {
        let (ratio, lru) = (ours(&trace, capacity), lru(&trace, capacity));
        assert!(ratio >= lru - 2.5, "{ratio}, LRU {lru} at {capacity}");
    }
}

#[test]
fn weights_are_a_matter_of_scale() {
    let mut random = random();
    let trace: Vec<u32> = (0..200_000_u32)
        .map(|at| if at / 50_000 % 2 == 0 { zipf(20_000.0, random()) } else { at / 20 + (1000.0 * random()) as u32 })
        .collect();
    let plain = ours(&trace, 700);
    for weight in [3, 1000, 1 << 40] {
        let ratio = weighted(&trace, 700, weight);
        assert!((ratio - plain).abs() < 0.5, "{ratio} with weight {weight}, {plain} with 1");
    }
}
