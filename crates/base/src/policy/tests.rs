use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use super::{Entries, Policy};

/// Nodes of keys 0.., each with a weight of its own; `spread` off gives all the same hash.
struct Nodes {
    nodes: Vec<Node>,
    spread: bool,
}

#[derive(Clone, Default)]
struct Node {
    seat: Cell<u32>,
    uses: Cell<u8>,
    weight: Cell<u64>,
}

impl Entries<u32> for Nodes {
    fn seat(&self, id: u32) -> u32 {
        self.nodes[id as usize].seat.get()
    }
    fn set_seat(&self, id: u32, seat: u32) {
        self.nodes[id as usize].seat.set(seat);
    }
    fn uses(&self, id: u32) -> u8 {
        self.nodes[id as usize].uses.get()
    }
    fn set_uses(&self, id: u32, uses: u8) {
        assert!(uses <= 3);
        self.nodes[id as usize].uses.set(uses);
    }
    fn hash(&self, id: u32) -> u32 {
        if self.spread { id } else { 7 }
    }
    fn weight(&self, id: u32) -> u64 {
        self.nodes[id as usize].weight.get()
    }
}

/// A cache of keys without values, with a model of what is in it.
struct Cache {
    nodes: Nodes,
    policy: Policy<u32>,
    resident: HashMap<u32, u64>,
    weight: u64,
    evicted: usize,
}

impl Cache {
    fn new(capacity: u64, keys: u32) -> Self {
        let node = Node { weight: Cell::new(1), ..Node::default() };
        let nodes = Nodes { nodes: vec![node; keys as usize], spread: true };
        Self { nodes, policy: Policy::new(capacity), resident: HashMap::new(), weight: 0, evicted: 0 }
    }

    fn gone(&mut self, id: u32) {
        self.weight -= self.resident.remove(&id).expect("only residents are evicted, and once");
        self.evicted += 1;
        assert_eq!(self.policy.weight(), self.weight);
    }

    /// Looks a key up and inserts it if it is missing; whether it was there.
    fn access(&mut self, id: u32, weight: u64) -> bool {
        let node = &self.nodes.nodes[id as usize];
        if self.resident.contains_key(&id) {
            node.uses.set((node.uses.get() + 1).min(3));
            return true;
        }
        node.weight.set(weight);
        let Some(mut newcomer) = self.policy.admit(self.nodes.hash(id), weight) else {
            assert!(weight > self.policy.capacity() || self.policy.capacity() == 0);
            return false;
        };
        while let Some(victim) = self.policy.evict(&mut newcomer, &self.nodes) {
            self.gone(victim);
        }
        // Whatever it was before.
        self.nodes.nodes[id as usize].uses.set(2);
        self.policy.insert(newcomer, id, &self.nodes);
        assert_eq!(self.nodes.uses(id), 0, "a newcomer is unused");
        self.resident.insert(id, weight);
        self.weight += weight;
        assert!(self.weight <= self.policy.capacity(), "the bound is strict");
        assert_eq!(self.policy.weight(), self.weight);
        false
    }

    fn remove(&mut self, id: u32) {
        if let Some(weight) = self.resident.remove(&id) {
            self.weight -= weight;
            self.policy.remove(id, &self.nodes);
        }
    }

    fn set_capacity(&mut self, capacity: u64) {
        self.policy.set_capacity(capacity);
        while let Some(victim) = self.policy.evict_excess(&self.nodes) {
            self.gone(victim);
        }
        assert!(self.weight <= capacity);
        assert!(capacity > 0 || self.policy.is_empty(), "nor the weightless");
    }

    fn check(&self) {
        assert_eq!(self.policy.len(), self.resident.len());
        assert_eq!(self.policy.is_empty(), self.resident.is_empty());
        assert_eq!(self.policy.weight(), self.weight);
        let mut listed: Vec<u32> = self.policy.iter().collect();
        listed.sort_unstable();
        let mut resident: Vec<u32> = self.resident.keys().copied().collect();
        resident.sort_unstable();
        assert_eq!(listed, resident);
    }

    fn take_all(&mut self) {
        let mut all: Vec<u32> = self.policy.take_all().collect();
        all.sort_unstable();
        let mut resident: Vec<u32> = self.resident.drain().map(|(id, _)| id).collect();
        resident.sort_unstable();
        assert_eq!(all, resident);
        self.weight = 0;
        assert_eq!(self.policy.bytes(), 0);
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Access(u32, u64),
    Remove(u32),
    SetCapacity(u64),
    TakeAll,
}

const KEYS: u32 = 300;

fn step() -> impl Strategy<Value = Step> {
    let key = || prop_oneof![0..30_u32, 0..KEYS];
    let weight = prop_oneof![20 => Just(1_u64), 4 => 0..20_u64, 1 => Just(u64::from(u32::MAX)), 1 => Just(u64::MAX)];
    prop_oneof![
        200 => (key(), weight).prop_map(|(key, weight)| Step::Access(key, weight)),
        60 => key().prop_map(Step::Remove),
        2 => prop_oneof![0..200_u64, Just(u64::MAX)].prop_map(Step::SetCapacity),
        1 => Just(Step::TakeAll),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn it_keeps_the_bound_and_loses_nobody(
        capacity in 0..150_u64,
        spread: bool,
        steps in prop::collection::vec(step(), 0..1500),
    ) {
        let mut cache = Cache::new(capacity, KEYS);
        cache.nodes.spread = spread;
        for step in steps {
            match step {
                Step::Access(key, weight) => drop(cache.access(key, weight)),
                Step::Remove(key) => cache.remove(key),
                Step::SetCapacity(capacity) => cache.set_capacity(capacity),
                Step::TakeAll => cache.take_all(),
            }
        }
        cache.check();
        // Every seat is right: each entry takes itself out and no other.
        let mut left: Vec<u32> = cache.resident.keys().copied().collect();
        left.sort_unstable();
        while let Some(id) = left.pop() {
            cache.remove(id);
            let mut listed: Vec<u32> = cache.policy.iter().collect();
            listed.sort_unstable();
            prop_assert_eq!(&listed, &left);
        }
        cache.check();
    }
}

#[test]
fn tiny_capacities() {
    for capacity in [0, 1, 2, 3, 5] {
        let mut cache = Cache::new(capacity, 100);
        for round in 0..1000 {
            cache.access(round * 7 % 100, 1);
            assert_eq!(cache.access(round * 7 % 100, 1), capacity > 0, "the last one stays");
        }
        cache.check();
        assert_eq!(cache.policy.len() as u64, capacity);
    }
    assert!(Policy::<u32>::new(0).admit(1, 0).is_none(), "not even the weightless");
}

#[test]
fn a_capacity_without_end_allocates_as_it_grows() {
    let mut cache = Cache::new(u64::MAX, 10_000);
    assert_eq!(cache.policy.bytes(), 0);
    for key in 0..10_000 {
        cache.access(key, if key < 2 { u64::MAX / 4 } else { 1 });
    }
    assert_eq!(cache.evicted, 0);
    assert!(cache.policy.bytes() < 16 * 10_000, "{} bytes", cache.policy.bytes());
    cache.set_capacity(10);
    assert_eq!(cache.policy.len(), 10);
    assert!(cache.policy.bytes() < 60_000, "{} bytes, ghosts included", cache.policy.bytes());
}

#[test]
fn an_entry_costs_what_is_promised() {
    let mut cache = Cache::new(10_000, 300_000);
    let (mut most, mut long) = (0, 0);
    for at in 0..500_000_u32 {
        // Now keys that come twice, which fill the window, now a loop, which fills main.
        let key = match (at / 125_000 % 2, at % 2) {
            (0, 0) => at / 2,
            (0, _) => (at / 2).saturating_sub(2500),
            _ => 250_000 + at % 12_000,
        };
        cache.access(key, 1);
        long = long.max(cache.policy.window.len());
        if at % 512 == 0 {
            most = most.max(cache.policy.bytes());
        }
    }
    assert!(long > 3000, "the window was {long} long");
    // u32 ids in an Option take 8 bytes, as pointers do.
    assert!(most <= 19 * 10_000, "{most} bytes");
    let (window, main) = (&cache.policy.window, &cache.policy.main);
    assert!(window.bytes() <= 16 * window.len() + 256, "{} bytes for {}", window.bytes(), window.len());
    assert!(main.bytes() <= 20 * main.len() + 320, "{} bytes for {}", main.bytes(), main.len());
}

#[test]
fn who_is_too_heavy_is_refused_and_pushes_nobody_out() {
    let mut cache = Cache::new(10, 20);
    for key in 0..10 {
        cache.access(key, 1);
    }
    assert!(!cache.access(19, 11));
    assert_eq!((cache.policy.len(), cache.evicted), (10, 0));
    cache.access(19, 10);
    assert_eq!((cache.policy.len(), cache.evicted), (1, 10));
}

#[test]
fn weightless_entries_take_no_room() {
    let mut cache = Cache::new(2, 1000);
    for key in 0..900 {
        cache.access(key, 0);
    }
    assert_eq!((cache.policy.len(), cache.policy.weight(), cache.evicted), (900, 0, 0));
    for key in 900..1000 {
        cache.access(key, 1);
    }
    assert_eq!(cache.policy.weight(), 2);
    cache.check();
}

#[test]
fn it_finds_a_victim_though_all_are_hit_all_the_time() {
    let mut cache = Cache::new(500, 2000);
    for key in 0..2000 {
        cache.access(key, 1);
        for node in &cache.nodes.nodes {
            node.uses.set(3);
        }
    }
    assert_eq!((cache.policy.len(), cache.evicted), (500, 1500));
    cache.check();
}

#[test]
fn who_is_used_stays_and_who_is_not_goes() {
    let mut cache = Cache::new(100, 100_000);
    for key in 0..50 {
        cache.access(key, 1);
    }
    for key in 50..100_000 {
        cache.access(key, 1);
        assert!(cache.access(key % 50, 1), "{} went after {key}", key % 50);
    }
}

#[test]
fn a_window_that_is_used_moves_to_main() {
    // Main is full of what is never used again, and everything that comes is used at once.
    let mut cache = Cache::new(100, 2000);
    for key in 0..100 {
        cache.access(key, 1);
    }
    for key in 1000..1100 {
        cache.access(key, 1);
        cache.access(key, 1);
    }
    let stayed = (0..100).filter(|key| cache.resident.contains_key(key)).count();
    assert!(stayed < 10, "{stayed} of the unused stayed");
}

#[test]
fn the_way_to_main_costs_all_uses() {
    let mut cache = Cache::new(100, 200);
    for key in 0..100 {
        cache.access(key, 1);
    }
    // In the window, of which there is place for one.
    cache.access(100, 1);
    for _ in 0..3 {
        assert!(cache.access(100, 1));
    }
    cache.access(101, 1);
    assert!(cache.resident.contains_key(&100));
    assert_eq!(cache.nodes.uses(100), 0);
}

#[test]
fn removals_leave_no_gaps_behind() {
    let mut cache = Cache::new(1 << 20, 1 << 17);
    for key in 0..1 << 16 {
        cache.access(key, 1);
    }
    let full = cache.policy.bytes();
    // Each one that goes from the middle is replaced, over and over.
    for round in 0..1 << 18 {
        let out = u32::wrapping_mul(round, 40_503) % (1 << 17);
        if cache.resident.contains_key(&out) {
            cache.remove(out);
            cache.access((out + (1 << 16)) % (1 << 17), 1);
        }
    }
    cache.check();
    assert!(cache.policy.bytes() < 2 * full, "{} bytes, {full} before", cache.policy.bytes());
    for key in 0..1 << 17 {
        cache.remove(key);
    }
    assert!(cache.policy.is_empty());
    assert!(cache.policy.bytes() < 4096, "{} bytes", cache.policy.bytes());
}

#[test]
fn capacity_may_change_at_any_time() {
    let mut cache = Cache::new(1000, 4000);
    for (round, capacity) in [1000, 10, 4000, 1, 0, 300].into_iter().enumerate() {
        cache.set_capacity(capacity);
        for key in 0..4000 {
            cache.access(key, 1);
            cache.access((key * 31 + round as u32) % 4000, 1);
        }
        assert_eq!(cache.policy.len() as u64, capacity.min(4000));
        cache.check();
    }
}

#[test]
fn to_insert_before_all_victims_are_out_is_refused() {
    let mut cache = Cache::new(3, 4);
    for key in 0..3 {
        cache.access(key, 1);
    }
    let newcomer = cache.policy.admit(3, 1).unwrap();
    let early = catch_unwind(AssertUnwindSafe(|| cache.policy.insert(newcomer, 3, &cache.nodes)));
    assert!(early.is_err());
    cache.check();
}
