//! Which calls are timed.
//!
//! Every call while a function is rare or long. When timing every call would cost more than [`BUDGET`] of the thread's
//! time, its calls are cut into strata of `gap` calls and one of each, at random, is timed and stands for all of them
//! (stratified random sampling: Neyman, 1934): no rhythm of the program can hide from it or flatter it, and what is timed
//! has no bias.

use std::sync::atomic::{AtomicU64, Ordering};

/// The share of its time that a thread may spend on timing the calls of functions that are sampled.
const BUDGET: f64 = 0.01;
/// What a timed call costs in a program, against a loop that does nothing else.
const REAL_COST: f64 = 1.5;
/// Calls between two looks at the rate.
const WINDOW: u64 = 64;
/// The gap grows at most by this factor at a time, so that one burst does not spoil a function that is rare.
const GROWTH: u64 = 8;
/// Beyond, a slow function that was fast would not be noticed for too long; and to count that many calls takes a hundred times
/// as long as to time one.
const LONGEST_GAP: u64 = 1 << 12;
/// Calls that come so many times as seldom as when their gap was chosen are slow now, or rare.
const SLOWER: u64 = 8;

/// When the next call of a slot is timed; written by the thread that owns the slot.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Calls per stratum; 1 times every call.
    gap: AtomicU64,
    /// The last call of the stratum under way.
    end: AtomicU64,
    /// Calls and time at the last look at the rate.
    seen_calls: AtomicU64,
    seen_at: AtomicU64,
    /// Ticks that 1,024 calls took then.
    pace: AtomicU64,
    /// Calls when they were last held against that pace.
    checked_calls: AtomicU64,
}

fn get(value: &AtomicU64) -> u64 {
    value.load(Ordering::Relaxed)
}

fn set(value: &AtomicU64, to: u64) {
    value.store(to, Ordering::Relaxed);
}

/// How the call that has come is entered, and when the next one is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// How many calls it stands for.
    pub(super) weight: u32,
    /// The call that is timed next.
    pub(super) next: u64,
    /// The function began to be sampled (1) or ceased to be (-1).
    pub(super) sampled: i32,
}

impl Schedule {
    pub(super) const fn new() -> Self {
        Self {
            gap: AtomicU64::new(1),
            end: AtomicU64::new(0),
            seen_calls: AtomicU64::new(0),
            seen_at: AtomicU64::new(0),
            pace: AtomicU64::new(0),
            checked_calls: AtomicU64::new(0),
        }
    }

    /// Whether calls have become so slow since the last check, `elapsed` ticks ago, that the next turn is far.
    pub(super) fn has_slowed(&self, calls: u64, elapsed: u64) -> bool {
        let (since, gap) = (calls.saturating_sub(get(&self.checked_calls)), get(&self.gap));
        set(&self.checked_calls, calls);
        let expected = u128::from(elapsed) * 1_024 / u128::from(get(&self.pace).max(1));
        gap > 1 && (1..gap).contains(&since) && u128::from(since * SLOWER) < expected
    }

    pub(super) fn is_sampled(&self) -> bool {
        get(&self.gap) > 1
    }

    /// The turn of call number `call`, for which `due` was planned; `cost` is that of a timed call, `sampled` how many
    /// functions of the thread are.
    pub(super) fn turn(
        &self,
        call: u64,
        due: u64,
        now: u64,
        cost: f64,
        sampled: u32,
        random: impl FnOnce() -> u64,
    ) -> Turn {
        let (weight, gap, end) = if call == due {
            let gap = get(&self.gap);
            // A call that was timed for itself where this one was planned has put it off, perhaps beyond its stratum.
            (gap, self.look(call, now, cost, sampled, gap), get(&self.end).max(call))
        } else {
            // Out of turn, as after a reset or in another thread: nothing is known of the calls before it, and the first window
            // from here, which may begin with the program's own, tells no rate yet.
            set(&self.seen_calls, call);
            set(&self.seen_at, 0);
            (1, 1, call)
        };
        set(&self.end, end + gap);
        Turn {
            weight: u32::try_from(weight).unwrap_or(u32::MAX),
            next: end + 1 + if gap > 1 { random() % gap } else { 0 },
            sampled: i32::from(gap > 1) - i32::from(self.swap_gap(gap) > 1),
        }
    }

    fn swap_gap(&self, gap: u64) -> u64 {
        let old = get(&self.gap);
        set(&self.gap, gap);
        old
    }

    /// The gap that fits the rate of calls since the last look.
    fn look(&self, call: u64, now: u64, cost: f64, sampled: u32, gap: u64) -> u64 {
        let calls = call.saturating_sub(get(&self.seen_calls));
        if calls < WINDOW {
            return gap;
        }
        let time = now.saturating_sub(get(&self.seen_at)) as f64;
        set(&self.seen_calls, call);
        set(&self.seen_at, now);
        set(&self.pace, (time * 1_024.0 / calls as f64) as u64);
        // What is sampled shares the budget; what is not keeps a share for itself.
        let others = sampled - u32::from(gap > 1).min(sampled);
        let budget = BUDGET / f64::from(others + 2);
        let wanted = calls as f64 * cost * REAL_COST / (budget * time).max(1.0);
        if wanted <= 1.0 { 1 } else { (wanted as u64 + 1).min(gap * GROWTH).min(LONGEST_GAP) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::slot::{Ended, Outcome, Slot};
    use super::*;

    /// Calls `period` ticks apart; what was timed, and with what weights.
    fn run(schedule: &Schedule, calls: std::ops::Range<u64>, period: u64, next: &mut u64) -> Vec<(u64, u32)> {
        let mut timed = Vec::new();
        let mut seed = 12_345_u64;
        for call in calls {
            if call >= *next {
                let turn = schedule.turn(call, *next, call * period, 50.0, 0, || {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    seed >> 33
                });
                timed.push((call, turn.weight));
                *next = turn.next;
            }
        }
        timed
    }

    #[test]
    fn a_call_that_was_put_off_does_not_begin_the_schedule_anew() {
        let schedule = Schedule::new();
        let mut next = 0;
        run(&schedule, 1..1_000_000, 10, &mut next);
        assert!(schedule.is_sampled());
        for _ in 0..1_000 {
            // The call that was due is timed for itself: the next one is due.
            let call = next + 1;
            let turn = schedule.turn(call, call, call * 10, 50.0, 0, || 0);
            assert!(turn.weight > 1 && turn.next > call, "{turn:?} for {call}");
            next = turn.next;
        }
    }

    #[test]
    fn rare_calls_are_all_timed() {
        let timed = run(&Schedule::new(), 1..5_000, 1_000_000, &mut 0);
        assert_eq!(timed.len(), 4_999);
        assert!(timed.iter().all(|(_, weight)| *weight == 1));
    }

    #[test]
    fn the_cost_of_frequent_calls_stays_within_the_budget() {
        for period in [3, 10, 100, 1_000] {
            let timed = run(&Schedule::new(), 1..3_000_000, period, &mut 0);
            let cost = timed.len() as f64 * 50.0 * REAL_COST;
            assert!(cost <= 1.05 * BUDGET * (3_000_000 * period) as f64, "{period}: {} timed", timed.len());
            assert!(timed.len() > 180, "{period}: {}", timed.len());
        }
    }

    #[test]
    fn the_weights_add_up_to_the_calls() {
        let timed = run(&Schedule::new(), 1..1_000_000, 20, &mut 0);
        let sum: u64 = timed.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let last = u64::from(timed.last().unwrap().1);
        assert!(sum + 2 * last >= 1_000_000 && sum <= 1_000_000 + 2 * last, "{sum}");
    }

    #[test]
    fn a_function_that_becomes_rare_is_soon_timed_exactly_again() {
        let schedule = Schedule::new();
        let mut next = 0;
        run(&schedule, 1..1_000_000, 10, &mut next);
        assert!(schedule.is_sampled());
        let timed = run(&schedule, 1_000_000..1_100_000, 10_000_000, &mut next);
        assert!(!schedule.is_sampled());
        assert!(timed.len() > 60_000, "{}", timed.len());
    }

    #[test]
    fn a_call_out_of_turn_stands_for_itself_and_all_is_timed_again() {
        let schedule = Schedule::new();
        let mut next = 0;
        run(&schedule, 1..1_000_000, 10, &mut next);
        assert!(schedule.is_sampled());
        next = 0;
        let timed = run(&schedule, 1_000_000..1_000_050, 10, &mut next);
        assert_eq!(timed, (1_000_000..1_000_050).map(|call| (call, 1)).collect::<Vec<_>>());
        assert!(!schedule.is_sampled());
    }

    /// Runs a program of so many calls, whose durations `duration` draws; returns the true total, what the figures of a slot
    /// make of it, and the 95 % margin of that.
    fn estimate(calls: u64, seed: u64, duration: impl Fn(u64, f64) -> f64) -> (f64, f64, f64) {
        estimate_looking(calls, seed, u64::MAX, duration)
    }

    /// The same, while functions that have become slow are looked for every so many ticks.
    fn estimate_looking(calls: u64, seed: u64, every: u64, duration: impl Fn(u64, f64) -> f64) -> (f64, f64, f64) {
        let (slot, mut now, mut truth, mut looked) = (Slot::new(), 0, 0, 0);
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
        };
        slot.begin(0);
        for call in 1..=calls {
            slot.calls.store(call, Ordering::Relaxed);
            let uniform = (draw() as f64 + 0.5) / (1_u64 << 53) as f64;
            let ticks = duration(call, uniform) as u64;
            let due = get(&slot.next);
            if call >= due {
                let turn = slot.schedule.turn(call, due, now, 50.0, 0, &mut draw);
                assert!(turn.weight >= 1 && u64::from(turn.weight) <= LONGEST_GAP && turn.next > call);
                slot.next.store(turn.next, Ordering::Relaxed);
                let ended = Ended { start: now, end: now + ticks, ticks, weight: turn.weight, outcome: Outcome::Done };
                slot.record(ended, 0, 0);
            }
            now += ticks + 20;
            truth += ticks;
            if now - looked >= every {
                slot.notice_slowness(now - looked);
                looked = now;
            }
        }
        let (total, variance) = super::super::snapshot::estimate(&slot);
        (truth as f64, total, 1.96 * variance.sqrt())
    }

    #[test]
    fn totals_lie_within_their_margin_as_often_as_they_should() {
        const RUNS: u64 = 150;
        type Duration = fn(u64, f64) -> f64;
        let programs: [(&str, Duration); 4] = [
            ("exponential", |_, uniform| -200.0 * uniform.ln()),
            ("two kinds", |_, uniform| if uniform < 0.9 { 60.0 } else { 900.0 }),
            ("heavy tail", |_, uniform| (100.0 * uniform.powf(-0.4)).min(1e6)),
            ("phases", |call, uniform| if call / 20_000 % 2 == 0 { 50.0 + 20.0 * uniform } else { 400.0 * uniform }),
        ];
        for (name, duration) in programs {
            let mut within = 0;
            let mut bias = 0.0;
            for seed in 1..=RUNS {
                let (truth, total, margin) = estimate(100_000, seed, duration);
                within += u64::from((total - truth).abs() <= margin);
                bias += (total / truth - 1.0) / RUNS as f64;
                assert!(margin > 0.0 && margin < truth, "{name}: {margin} of {truth}");
            }
            println!("{name}: {within} of {RUNS}, bias {bias}");
            // By the margin 95 %, less three standard errors of so many runs, less a heavy tail's share.
            assert!(within * 100 >= RUNS * 87, "{name}: {within} of {RUNS}");
            assert!(bias.abs() < 0.02, "{name}: {bias}");
        }
        let (truth, total, margin) = estimate(100_000, 1, |_, _| 80.0);
        assert!((total - truth).abs() <= 1e-9 * truth && margin <= 1e-3 * truth, "{total} of {truth} ± {margin}");
    }

    #[test]
    fn totals_stay_true_while_slow_functions_are_looked_for() {
        const EVERY: u64 = 500_000;
        // Fast for a while, then slow for as long; without a look one in a thousand of the slow ones would be timed.
        let phases = |call: u64, uniform: f64| if call % 200_100 < 200_000 { 5.0 } else { 100_000.0 * (0.5 + uniform) };
        let (mut bias, mut error, mut error_alone) = (0.0, 0.0, 0.0);
        for seed in 1..=40 {
            let (truth, total, _) = estimate_looking(1_000_500, seed, EVERY, phases);
            let (_, alone, _) = estimate(1_000_500, seed, phases);
            bias += (total / truth - 1.0) / 40.0;
            error += (total / truth - 1.0).abs() / 40.0;
            error_alone += (alone / truth - 1.0).abs() / 40.0;
        }
        println!("bias {bias}, error {error}, without looks {error_alone}");
        // Less what passes before a look; more where that was met by a sample.
        assert!((-0.15..0.1).contains(&bias) && error < error_alone / 2.0, "{bias}, {error}, {error_alone}");
        // What does not change is left as it was planned.
        let steady = |_: u64, uniform: f64| -60.0 * uniform.ln();
        for seed in 1..=5 {
            assert_eq!(estimate(300_000, seed, steady), estimate_looking(300_000, seed, EVERY, steady));
        }
    }

    #[test]
    fn a_periodic_program_is_not_seen_by_one_of_its_phases_alone() {
        let timed = run(&Schedule::new(), 1..2_000_000, 20, &mut 0);
        let sampled: Vec<_> = timed.iter().filter(|(_, weight)| *weight > 1).collect();
        for period in [2, 4, 8, 10, 16] {
            let in_phase = sampled.iter().filter(|(call, _)| call % period == 0).count();
            let expected = sampled.len() as f64 / period as f64;
            assert!((in_phase as f64 - expected).abs() < 5.0 * expected.sqrt(), "{period}: {in_phase} of {expected}");
        }
    }
}
