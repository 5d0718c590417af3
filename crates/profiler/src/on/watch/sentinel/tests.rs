//! Simulated programs, with fixed seeds: what is no leak is not told, what is one is told once.

use std::f64::consts::TAU;
use std::time::Duration;

use super::*;

const MIB: f64 = 1_048_576.0;
const HOUR: u32 = 3_600;

/// xorshift64*, and normal numbers from it.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (TAU * self.uniform()).cos()
    }
}

/// All that is told over so many samples, one each second.
fn told(rule: &LeakRule, seconds: u32, mut value: impl FnMut(f64) -> f64) -> Vec<(f64, Finding)> {
    let mut sentinel = Sentinel::new(rule);
    (0..seconds).map(f64::from).filter_map(|at| sentinel.add(rule, at, value(at)).map(|found| (at, found))).collect()
}

fn rule() -> LeakRule {
    LeakRule::new()
}

#[track_caller]
fn silent(name: &str, seconds: u32, value: impl FnMut(f64) -> f64) {
    let told = told(&rule(), seconds, value);
    assert!(told.is_empty(), "{name}: {told:?}");
}

#[test]
fn memory_that_stays_is_no_leak() {
    silent("constant", 8 * HOUR, |_| 500.0 * MIB);
    silent("falling", 4 * HOUR, |at| 500.0 * MIB - at * 1_024.0);
    silent("zero", HOUR, |_| 0.0);
    for seed in 0..12 {
        let mut random = Random::new(seed);
        silent("noisy", 3 * HOUR, |_| 500.0 * MIB + 60.0 * MIB * random.normal());
        silent("with outliers", 3 * HOUR, |_| 500.0 * MIB + 5.0 * MIB / (random.uniform() + 1e-9));
        // What stays for a while, 10 s or 30 s in the mean.
        for (keep, jolt) in [(0.9, 30.0), (0.967, 20.0)] {
            let mut off = 0.0;
            silent("sluggish", 3 * HOUR, |_| {
                off = off * keep + jolt * MIB * random.normal();
                500.0 * MIB + off
            });
        }
    }
}

#[test]
fn one_step_is_no_leak() {
    for seed in 0..10 {
        let mut random = Random::new(seed);
        let (when, height) = (random.uniform() * 7_200.0, (20.0 + 500.0 * random.uniform()) * MIB);
        for noise in [0.0, 0.5, 5.0, 50.0] {
            silent(&format!("step {seed} of {height} with noise {noise}"), 5 * HOUR, |at| {
                let step = if at < when { 0.0 } else { height };
                500.0 * MIB + step + noise * MIB * random.normal()
            });
        }
    }
}

#[test]
fn a_collector_that_cleans_up_is_no_leak() {
    for (period, seed) in [(5.0, 1), (37.0, 2), (90.0, 3), (180.0, 4), (225.0, 5)] {
        for amplitude in [30.0, 400.0] {
            let mut random = Random::new(seed);
            let phase = random.uniform() * period;
            silent(&format!("sawtooth of {period} s"), 3 * HOUR, |at| {
                500.0 * MIB + amplitude * MIB * ((at + phase) % period) / period + MIB * random.normal()
            });
            silent(&format!("waves of {period} s"), 3 * HOUR, |at| {
                500.0 * MIB + amplitude * MIB * (TAU * at / period).sin() + MIB * random.normal()
            });
        }
    }
}

#[test]
fn a_cache_that_fills_while_the_program_warms_up_is_no_leak() {
    for filled_in in [30.0, 60.0] {
        let mut random = Random::new(9);
        silent("cache", 3 * HOUR, |at| {
            500.0 * MIB + 300.0 * MIB * (1.0 - (-at / filled_in).exp()) + MIB * random.normal()
        });
    }
}

#[test]
fn growth_that_has_ended_is_no_leak() {
    for seed in 0..4 {
        let mut random = Random::new(seed);
        // A third of what is looked at first is flat.
        silent("ramp", 3 * HOUR, |at| 500.0 * MIB + MIB * at.min(500.0) + 3.0 * MIB * random.normal());
    }
    silent("cache", 3 * HOUR, |at| 500.0 * MIB + 500.0 * MIB * (1.0 - (-at / 100.0).exp()));
}

#[test]
fn a_slow_leak_in_noise_is_told_once() {
    for seed in 0..6 {
        for (per_second, noise) in [(30e3, 5.0), (100e3, 0.0), (100e3, 40.0), (1e6, 100.0)] {
            let mut random = Random::new(seed);
            let told = told(&rule(), 8 * HOUR, |at| 500.0 * MIB + per_second * at + noise * MIB * random.normal());
            assert_eq!(told.len(), 1, "{seed} {per_second} {noise}: {told:?}");
            let (_, found) = told[0];
            assert!((found.per_second / per_second - 1.0).abs() < 0.4, "{per_second}: {found:?}");
            assert!(found.growth >= rule().min_growth && found.confidence >= rule().confidence, "{found:?}");
        }
    }
}

#[test]
fn a_leak_below_a_collector_is_told() {
    let mut random = Random::new(3);
    let told = told(&rule(), 6 * HOUR, |at| {
        500.0 * MIB + 50e3 * at + 200.0 * MIB * (at % 60.0) / 60.0 + MIB * random.normal()
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!((told[0].1.per_second / 50e3 - 1.0).abs() < 0.3, "{told:?}");
}

#[test]
fn a_leak_is_told_soon_and_with_its_beginning() {
    let told = told(&rule(), 2 * HOUR, |at| 100.0 * MIB + MIB * at);
    let (at, found) = told[0];
    // The warm-up, and as long again: not before, and not much later.
    assert!((600.0..660.0).contains(&at), "{at}");
    assert!((found.per_second - MIB).abs() < 1.0 && (found.from / MIB - 400.0).abs() < 3.0, "{found:?}");
    assert_eq!(told.len(), 1);
}

#[test]
fn each_episode_is_told_once() {
    let mut random = Random::new(5);
    // Grows for an hour, rests for three, grows again.
    let told = told(&rule(), 8 * HOUR, |at| {
        let hours = at / 3_600.0;
        500.0 * MIB + 400.0 * MIB * (hours.min(1.0) + (hours - 4.0).clamp(0.0, 2.0)) + 5.0 * MIB * random.normal()
    });
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].0 < 3_600.0 && (4.0 * 3_600.0..6.0 * 3_600.0).contains(&told[1].0), "{told:?}");
}

#[test]
fn thresholds_are_kept() {
    let leak = |at: f64| 500.0 * MIB + 100e3 * at;
    assert!(told(&rule().min_growth(10 << 30), 4 * HOUR, leak).is_empty());
    assert!(told(&rule().min_growth(f64::NAN), 4 * HOUR, leak).is_empty());
    assert!(told(&rule().confidence(1.1), 4 * HOUR, leak).is_empty());
    assert!(told(&rule().warm_up(Duration::MAX), 4 * HOUR, leak).is_empty());
    assert!(told(&rule().warm_up(Duration::from_secs(3 * 3_600)), 5 * HOUR, leak).is_empty());
    let eager = rule().warm_up(Duration::ZERO).window(Duration::ZERO).min_growth(0);
    assert_eq!(told(&eager, HOUR, leak).len(), 1);
}

#[test]
fn a_clock_that_jumps_or_stands_still() {
    let mut sentinel = Sentinel::new(&rule());
    let mut told = 0;
    for round in 0..4 {
        for second in 0..2_000 {
            let at = f64::from(second) + if round == 2 { 1e9 } else { 0.0 };
            told += u32::from(sentinel.add(&rule(), at, f64::from(second) * MIB).is_some());
        }
    }
    // The second round begins anew, as do the third's fall and the fourth's step back.
    assert!((2..=4).contains(&told), "{told}");
    let mut still = Sentinel::new(&rule().warm_up(Duration::ZERO));
    for value in 0..1_000 {
        assert_eq!(still.add(&rule().warm_up(Duration::ZERO), 7.0, f64::from(value) * MIB), None);
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let told = super::tests::told(&rule(), HOUR, |at| if at % 3.0 == 0.0 { value } else { at * MIB });
        assert!(told.len() <= 1, "{told:?}");
    }
}

#[test]
fn memory_is_bounded() {
    let rule = rule().warm_up(Duration::from_secs(1));
    let mut sentinel = Sentinel::new(&rule);
    let mut random = Random::new(1);
    let room =
        |sentinel: &Sentinel| (sentinel.points.capacity(), sentinel.scratch.capacity(), sentinel.residuals.capacity());
    let before = room(&sentinel);
    for at in 0..200_000 {
        sentinel.add(&rule, f64::from(at) / 10.0, f64::from(at) * MIB * random.uniform());
    }
    assert_eq!(room(&sentinel), before);
}
