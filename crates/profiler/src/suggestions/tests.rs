//! Each rule at its thresholds, just below each of them, and on what constant work looks like on a busy machine.

use super::*;
use crate::summary::{Bucket, Histogram, Queued, Repeats, SizeClass, Stretch, Waiting};

const MS: u64 = 1_000_000;

/// Four functions of 25 ms each, so that none stands out.
fn rest() -> Vec<FunctionStats> {
    let row = |name: &'static str| FunctionStats {
        name: name.into(),
        calls: 10,
        timed: 10,
        self_ns: 25 * MS,
        total_ns: 25 * MS,
        wall_ns: 25 * MS,
        ..Default::default()
    };
    ["a", "b", "c", "d"].map(row).into()
}

fn advice(function: &FunctionStats) -> Vec<Suggestion> {
    let mut functions = rest();
    functions.push(function.clone());
    Summary::of(functions, true).suggestions()
}

fn rules(function: &FunctionStats) -> Vec<Rule> {
    advice(function).iter().map(Suggestion::rule).collect()
}

/// `ns` of its own, in `calls` calls that were all timed.
fn row(calls: u64, ns: u64) -> FunctionStats {
    FunctionStats {
        name: "f".into(),
        calls,
        timed: calls,
        self_ns: ns,
        total_ns: ns,
        wall_ns: ns,
        ..Default::default()
    }
}

fn histogram(of: &[(u64, u64)]) -> Histogram {
    let bucket = |&(ns, count): &(u64, u64)| Bucket { from_ns: ns as f64, to_ns: ns as f64 * 1.03, count };
    Histogram { buckets: of.iter().map(bucket).collect() }
}

type Change<'a> = &'a dyn Fn(&mut FunctionStats);

/// The advice at the threshold, and its absence just below in each of the ways.
#[track_caller]
fn edge(at: &FunctionStats, rule: Rule, below: &[Change]) {
    assert_eq!(rules(at), [rule], "{at:?}");
    for (place, change) in below.iter().enumerate() {
        let mut under = at.clone();
        change(&mut under);
        assert!(!rules(&under).contains(&rule), "change {place}: {under:?}");
    }
}

#[test]
fn hot_is_what_has_twice_an_even_share() {
    // Of five functions: 40 %.
    let at = row(5, 67 * MS);
    let wide: Change = &|f| f.margin_ns = 10 * MS;
    let waits: Change = &|f| {
        f.waiting =
            Waiting { calls: 5, wall_ns: 1e8, cpu_ns: 0.0, queued: Some(Queued::default()), ..Waiting::default() }
    };
    edge(&at, Rule::HotSelfShare, &[&|f| f.self_ns = 66 * MS, &|f| f.calls = 4, wide, waits]);
    let mut busy = at;
    busy.waiting = Waiting { calls: 5, wall_ns: 1e8, cpu_ns: 5e7, ..Waiting::default() };
    busy.waiting.queued = Some(Queued { ns: 5e7, long_ns: 0.0 });
    assert_eq!(rules(&busy), [Rule::HotSelfShare], "it waits only for a core");
}

#[test]
fn one_function_or_two_are_never_hot_by_their_share() {
    let alone = row(1_000, 500 * MS);
    assert!(Summary::of([alone.clone()].into(), true).suggestions().is_empty());
    let second = FunctionStats { name: "g".into(), ..row(10, MS) };
    assert!(Summary::of(vec![alone.clone(), second.clone()], true).suggestions().is_empty());
    // What only calls others does not make a third.
    let caller = FunctionStats { name: "main".into(), self_ns: MS, total_ns: 501 * MS, ..row(1, 501 * MS) };
    assert!(Summary::of(vec![alone.clone(), second.clone(), caller], true).suggestions().is_empty());
    let third = FunctionStats { name: "h".into(), ..row(10, MS) };
    assert_eq!(Summary::of(vec![alone, second, third], true).suggestions().len(), 1);
}

#[test]
fn the_remedy_for_what_is_hot_depends_on_the_calls() {
    for (calls, named, other) in [(10, "vecproc", "memo"), (999, "vecproc", "memo"), (1_000, "memo", "vecproc")] {
        let remedy = advice(&row(calls, 300 * MS))[0].remedy();
        assert!(remedy.contains(named) && !remedy.contains(other), "{calls}: {remedy}");
    }
}

#[test]
fn tiny_and_frequent_takes_the_place_of_hot() {
    let at = row(1_000_000, 100 * MS);
    edge(
        &at,
        Rule::TinyAndFrequent,
        &[&|f| f.self_ns += MS, &|f| f.calls -= 1, &|f| f.self_ns = 11 * MS, &|f| f.margin_ns = 85 * MS],
    );
}

#[test]
fn repeats_count_by_the_time_that_remembering_saves() {
    let repeats = Repeats { calls: 1_000, repeated: 620, repeated_ns: 6.2e6 };
    let at = FunctionStats { repeats: Some(repeats), ..row(1_000, 10 * MS) };
    edge(
        &at,
        Rule::RepeatedArguments,
        &[
            &|f| f.repeats = None,
            &|f| f.repeats.as_mut().unwrap().repeated = 220, // the interval begins below a fifth
            &|f| f.repeats.as_mut().unwrap().repeated_ns = 5.5e6,
            &|f| f.repeats.as_mut().unwrap().repeated = 62_000, // finding them costs as much
            &|f| f.repeats.as_mut().unwrap().calls = 199,
            &|f| f.total_ns = 5 * MS,
        ],
    );
    let found = &advice(&at)[0];
    assert!(found.message().starts_with("62 % of 1000 calls repeat one of the last 1,000 keys"), "{found}");
    assert!(found.message().ends_with("expected saving 6.14ms") && found.remedy().contains("lagom-memo"), "{found}");
    assert_eq!(found.gain().as_nanos(), 6_200_000);
}

#[test]
fn allocation_heavy_by_count_or_by_bytes() {
    let by_count = FunctionStats { self_allocations: 80_000, ..row(10_000, 30 * MS) };
    edge(
        &by_count,
        Rule::AllocationHeavy,
        &[
            &|f| f.self_allocations = 79_999,
            &|f| f.self_ns = 41 * MS, // then it is a tenth of its time
            &|f| f.calls = 99,
            &|f| (f.calls, f.self_allocations) = (5_000, 40_000), // less than 2 % of all time
        ],
    );
    let by_bytes = FunctionStats { self_allocations: 2_000, self_allocated_bytes: 131_072_000, ..row(2_000, 20 * MS) };
    edge(
        &by_bytes,
        Rule::AllocationHeavy,
        &[&|f| f.self_allocated_bytes = 131_000_000, &|f| f.self_allocations = 1_999, &|f| f.self_ns = 41 * MS],
    );
    let untracked = Summary::of([rest(), vec![by_count]].concat(), false);
    assert!(untracked.suggestions().is_empty());
}

#[test]
fn one_buffer_of_a_page_or_two_in_each_call_is_not_heavy() {
    let even = FunctionStats { self_allocations: 10_000, self_allocated_bytes: 81_920_000, ..row(10_000, 10 * MS) };
    assert!(rules(&even).is_empty());
}

#[test]
fn failures_cost_only_what_the_total_holds() {
    let at = FunctionStats { errors: 15, panics: 5, failed_ns: 16 * MS, max_ns: 2 * MS, ..row(100, 32 * MS) };
    edge(
        &at,
        Rule::CostlyFailures,
        &[&|f| f.errors = 14, &|f| f.failed_ns = 14 * MS, &|f| f.total_ns = 13 * MS, &|f| f.max_ns = 4 * MS],
    );
    let recursive = FunctionStats { failed_ns: 600 * MS, ..at.clone() };
    assert_eq!(advice(&recursive)[0].gain().as_millis(), 32);
    // Half of the calls fail at once, and the rest takes the time.
    let cheap = FunctionStats { errors: 5_000, failed_ns: 16 * MS, ..row(10_000, 60 * MS) };
    assert!(!rules(&cheap).contains(&Rule::CostlyFailures));
}

#[test]
fn a_dear_first_call_stands_out_from_nearly_all_others() {
    let at =
        FunctionStats { first_ns: 10 * MS, histogram: histogram(&[(20_000, 49), (10 * MS, 1)]), ..row(50, 11 * MS) };
    edge(
        &at,
        Rule::DearFirstCall,
        &[
            &|f| f.histogram = histogram(&[(20_000, 48), (2 * MS, 1), (10 * MS, 1)]),
            &|f| f.timed = 49,
            &|f| f.first_ns -= 1,
            &|f| f.first_queued_ns = 1,
            &|f| f.total_ns = 5 * MS,
        ],
    );
    assert_eq!(advice(&at)[0].gain().as_micros(), 9_979);
    // Of a thousand others five were preempted, or six.
    let preempted = |count| FunctionStats {
        histogram: histogram(&[(20_000, 999 - count), (4 * MS, count), (10 * MS, 1)]),
        ..FunctionStats { first_ns: 10 * MS, ..row(1_000, 50 * MS) }
    };
    assert!(rules(&preempted(5)).contains(&Rule::DearFirstCall));
    assert!(!rules(&preempted(6)).contains(&Rule::DearFirstCall));
}

fn class(size: u64, calls: u64, ns_per_call: f64) -> SizeClass {
    let n = calls as f64;
    SizeClass {
        calls,
        log_size: n * (size as f64).ln(),
        log_ns: n * ns_per_call.ln(),
        log_ns_squared: n * (ns_per_call.ln().powi(2) + 0.01),
        total_size: n * size as f64,
        total_ns: n * ns_per_call,
    }
}

fn sized(law: impl Fn(f64) -> f64) -> FunctionStats {
    let sizes = (8..14).map(|bits| class(1 << bits, 50, law(f64::from(1 << bits)))).collect();
    FunctionStats { sizes, element: "f64".into(), ..row(300, 18 * MS) }
}

#[test]
fn an_element_loop_is_linear_over_large_slices_of_numbers() {
    edge(
        &sized(|n| 2.0 * n + 10.0),
        Rule::ElementLoop,
        &[
            &|f| f.element = "u8".into(),
            &|f| f.element = "u64".into(),
            &|f| f.element = "".into(),
            &|f| f.self_ns = 10 * MS,
            &|f| f.sizes.truncate(2), // small slices
            &|f| f.sizes = sized(|n| 0.4 * n).sizes,
            &|f| f.sizes = sized(|n| 60.0 * n).sizes,
            &|f| f.sizes = sized(|n| 0.01 * n.powf(1.5)).sizes,
            &|f| f.sizes = sized(|n| 100.0 * n.powf(0.5)).sizes,
            &|f| f.sizes = vec![class(100_000, 19, 1e5)],
        ],
    );
    let found = advice(&FunctionStats { sizes: vec![class(100_000, 20, 2e5)], ..sized(|n| n) });
    assert!(found[0].message().starts_with("2.00 ns per f64 in slices of 100k"), "{}", found[0]);
    assert!(found[0].remedy().contains("lagom-vecproc"));
}

#[test]
fn growth_is_advised_on_only_where_the_exponent_is_clearly_above_one() {
    edge(
        &sized(|n| 0.05 * n * n),
        Rule::GrowsWithSize,
        &[
            &|f| f.sizes = sized(|n| 20.0 * n).sizes,
            &|f| f.sizes = sized(|n| 20.0 * n * n.ln()).sizes,
            &|f| f.sizes.truncate(2),
            &|f| f.sizes = sized(|n| if n < 1_000.0 { 1e3 } else { 1e6 }).sizes, // no law
            &|f| f.total_ns = 10 * MS,
        ],
    );
    let found = &advice(&sized(|n| 0.05 * n * n))[0];
    assert!(
        found.message().starts_with("its time grows with the size to the power of 2.00 (95 % interval 1.9"),
        "{found}"
    );
    // Calls of 1 ms to 32 ms; where six programs want each core, the long ones take six times their time.
    let crowded = |n: f64| 4e3 * n * (1.0 + 5.0 * (n / 8_192.0).min(1.0));
    let waiting = Waiting { calls: 100, wall_ns: 6e8, cpu_ns: 1e8, ..Waiting::default() };
    let linear = FunctionStats { waiting, element: "".into(), ..sized(crowded) };
    assert!(rules(&linear).is_empty(), "{:?}", advice(&linear));
    assert_eq!(rules(&FunctionStats { waiting: Waiting::default(), ..linear }), [Rule::GrowsWithSize]);
}

/// 5 % of the calls take 20 times as long.
fn tailed(long_cpu: f64, long_queued: Option<f64>) -> FunctionStats {
    let waiting = Waiting {
        calls: 100,
        wall_ns: 90.0 * 1e5 + 10.0 * 2e6,
        cpu_ns: 90.0 * 1e5 + 10.0 * long_cpu,
        long_calls: 10,
        long_wall_ns: 10.0 * 2e6,
        long_cpu_ns: 10.0 * long_cpu,
        queued: long_queued.map(|ns| Queued { ns: 10.0 * ns, long_ns: 10.0 * ns }),
    };
    FunctionStats { waiting, histogram: histogram(&[(100_000, 95), (2 * MS, 5)]), ..row(100, 20 * MS) }
}

#[test]
fn a_tail_waits_or_computes_or_is_preempted() {
    let both: &[Change] = &[
        &|f| f.timed = 99,
        &|f| f.histogram = histogram(&[(100_000, 98), (2 * MS, 2)]), // of 100: fewer than 0.5 % at least
        &|f| f.histogram = histogram(&[(100_000, 95), (390_000, 5)]),
        &|f| f.total_ns = 9 * MS,
        &|f| (f.waiting.calls, f.waiting.long_calls) = (94, 4),
        &|f| f.waiting.calls = 14,
        &|f| f.polls = 1,
        &|f| f.histogram = histogram(&[(100_000, 79), (2 * MS, 21)]),
        &|f| f.wall_ns = 26 * MS, // calls within calls
    ];
    edge(&tailed(1e5, Some(0.0)), Rule::WaitingTail, both);
    edge(&tailed(2e6, Some(0.0)), Rule::ComputingTail, both);
    edge(&tailed(2e6, None), Rule::ComputingTail, both);
    // What is long since others had the core is no tail of its own.
    assert!(rules(&tailed(1.2e5, Some(1.85e6))).is_empty());
    // Nor is it where nobody tells what was waited for.
    assert!(rules(&tailed(1e5, None)).is_empty());
    // Most of it for a lock; but what is no longer than the queue may be a thread in the queue.
    assert_eq!(rules(&tailed(1e5, Some(4.5e5))), [Rule::WaitingTail]);
    assert!(rules(&tailed(1e5, Some(5e5))).is_empty());
    // Computes for 700 us, and had no core for the rest.
    assert_eq!(rules(&tailed(7e5, Some(1.3e6))), [Rule::ComputingTail]);
    assert!(advice(&tailed(1e5, Some(0.0)))[0].remedy().contains("lock"));
    let gain = advice(&tailed(2e6, None))[0].gain().as_micros();
    assert!((9_500..9_800).contains(&gain), "{gain}"); // 5 x 1.9 ms of 19.5, of 20 ms
}

#[test]
fn long_polls_are_more_than_preemption_makes() {
    // A tenth of the polls take 5 ms, the others 10 us.
    let at = FunctionStats {
        polls: 400,
        long_polls: 40,
        long_polls_ns: 2e8,
        longest_poll_ns: 6 * MS,
        ..row(40, 203_600_000)
    };
    edge(
        &at,
        Rule::LongPolls,
        &[
            &|f| f.long_polls = 19,
            &|f| f.polls = 10_000,                     // 0.3 % or more
            &|f| f.total_ns = 200 * MS + 360 * 40_000, // the others take 40 us, and are preempted
            &|f| f.long_polls_ns = 5e6,
        ],
    );
    let all = FunctionStats { polls: 40, total_ns: 200 * MS, ..at };
    assert_eq!(rules(&all), [Rule::LongPolls]);
    assert!(advice(&all)[0].remedy().contains("spawn_blocking"));
}

fn drifting(typical: impl Fn(u64) -> f64) -> FunctionStats {
    let stretch = |k| Stretch { from_ns: k * MS, to_ns: (k + 1) * MS, calls: 5, typical_ns: typical(k) };
    FunctionStats { stretches: (0..10).map(stretch).collect(), ..row(50, 10 * MS) }
}

#[test]
fn drift_is_a_rise_that_goes_on() {
    let doubles = drifting(|k| 1e5 * (2.05_f64).powf(k as f64 / 9.0));
    edge(
        &doubles,
        Rule::Drift,
        &[
            &|f| f.stretches = drifting(|k| 1e5 * (1.95_f64).powf(k as f64 / 9.0)).stretches,
            &|f| f.stretches = drifting(|k| 1e5 * (0.2_f64).powf(k as f64 / 9.0)).stretches,
            &|f| f.stretches = drifting(|k| if k < 5 { 1e5 } else { 9e5 }).stretches, // a neighbour starts
            &|f| {
                f.stretches =
                    drifting(|k| 1e5 * [1.0, 3.0, 1.2, 5.0, 1.1, 4.0, 2.0, 6.0, 1.5, 5.0][k as usize]).stretches
            },
            &|f| f.stretches.truncate(7),
            &|f| f.stretches.iter_mut().for_each(|stretch| stretch.calls = 4),
            &|f| f.total_ns = 4 * MS,
            &|f| f.waiting = Waiting { calls: 9, wall_ns: 2e6, cpu_ns: 1e6, ..Waiting::default() },
        ],
    );
}

#[test]
fn drift_of_what_waits_is_that_of_what_it_waits_for() {
    let mut grows = drifting(|k| 1e5 * 40_f64.powf(k as f64 / 9.0));
    let waits = |blocked: f64| Waiting {
        calls: 50,
        wall_ns: 1e7,
        cpu_ns: 1e7 * (1.0 - blocked),
        queued: Some(Queued::default()),
        ..Waiting::default()
    };
    grows.waiting = waits(0.49);
    assert_eq!(rules(&grows), [Rule::Drift]);
    grows.waiting = waits(0.51);
    assert!(!rules(&grows).contains(&Rule::Drift), "a consumer");
    // For a core, at the end as at first.
    grows.waiting.queued = Some(Queued { ns: 5.1e6, long_ns: 5.1e6 });
    assert_eq!(rules(&grows), [Rule::Drift]);
}

#[test]
fn slow_is_the_typical_call() {
    let slow = |calls: u64, ns: u64| FunctionStats { histogram: histogram(&[(ns, calls)]), ..row(calls, calls * ns) };
    // Four more functions have 100 ms: too few, or not hot.
    let flagged = |f: &FunctionStats| rules(f).contains(&Rule::SlowCalls);
    assert!(flagged(&slow(5, 1_000 * MS)) && !flagged(&slow(4, 1_000 * MS)) && !flagged(&slow(5, 960 * MS)));
    assert!(flagged(&slow(100, 100 * MS)) && !flagged(&slow(99, 100 * MS)) && !flagged(&slow(100, 96 * MS)));
    let some = FunctionStats { histogram: histogram(&[(MS, 60), (2_000 * MS, 40)]), ..row(100, 80_000 * MS) };
    assert!(!flagged(&some));
    let caller = FunctionStats { self_ns: MS, ..slow(5, 2_000 * MS) };
    assert!(!flagged(&caller));
}

#[test]
fn memory_that_is_left_behind_is_still_there() {
    let leaves = FunctionStats { net_bytes: 4 << 20, ..row(100, 20 * MS) };
    let caller = FunctionStats { name: "caller".into(), total_ns: 40 * MS, ..leaves.clone() };
    let of = |function: FunctionStats, grown: i64, tracked: bool| {
        let mut functions = rest();
        functions.extend([caller.clone(), function]);
        let summary = Summary { heap_grown: grown, ..Summary::of(functions, tracked) };
        summary
            .suggestions()
            .into_iter()
            .map(|advice| (advice.rule(), advice.function().to_owned()))
            .collect::<Vec<_>>()
    };
    let found = [(Rule::MemoryGrowth, "f".to_owned())];
    assert_eq!(of(leaves.clone(), 4 << 20, true), found);
    assert!(of(leaves.clone(), (4 << 20) - 1, true).is_empty());
    assert!(of(leaves.clone(), 4 << 20, false).is_empty());
    assert!(of(leaves.clone(), 10 << 20, true).is_empty(), "others have grown more");
    assert!(!of(FunctionStats { calls: 99, ..leaves }, 4 << 20, true).contains(&found[0]));
}

fn against(old: &FunctionStats, new: &FunctionStats) -> Vec<Rule> {
    let summary = |f: &FunctionStats| Summary::of([rest(), vec![f.clone()]].concat(), false);
    let found = summary(new).suggestions_against(&summary(old));
    found.iter().map(Suggestion::rule).collect()
}

#[test]
fn a_regression_is_large_by_ranks_and_by_ratio() {
    let spread = |scale: u64, calls: u64| {
        let buckets: Vec<_> = (0..10).map(|k| ((1_000 + 20 * k) * scale, calls / 10)).collect();
        FunctionStats { histogram: histogram(&buckets), ..row(calls, 10 * MS) }
    };
    assert_eq!(against(&spread(100, 100), &spread(126, 100)), [Rule::Regression]);
    assert!(against(&spread(100, 100), &spread(120, 100)).is_empty());
    assert!(against(&spread(126, 100), &spread(100, 100)).is_empty());
    assert!(against(&spread(100, 20), &spread(200, 100)).is_empty());
    assert!(against(&spread(100, 100), &spread(200, 20)).is_empty());
    let small = FunctionStats { total_ns: MS, ..spread(200, 100) };
    assert!(against(&spread(100, 100), &small).is_empty());
    // Twice as long, since another program has its core for half of the time.
    let crowded = Waiting { calls: 50, wall_ns: 2e6, cpu_ns: 1e6, ..Waiting::default() };
    assert!(against(&spread(100, 100), &FunctionStats { waiting: crowded, ..spread(200, 100) }).is_empty());
    let other = FunctionStats { name: "g".into(), ..spread(126, 100) };
    assert!(against(&spread(100, 100), &other).is_empty());
    // A few long calls are no regression.
    let tail = FunctionStats { histogram: histogram(&[(100_000, 80), (900_000, 20)]), ..row(100, 10 * MS) };
    assert!(!against(&spread(100, 100), &tail).contains(&Rule::Regression));
}

#[test]
fn no_advice_from_a_short_run() {
    let short =
        FunctionStats { repeats: Some(Repeats { calls: 900, repeated: 900, repeated_ns: 9e6 }), ..row(900, 9 * MS) };
    assert!(Summary::of(vec![short], true).suggestions().is_empty());
}

/// What a constant 100 us look like where two other programs want the cores: 3 % of the calls wait for 4 ms.
#[test]
fn constant_work_on_a_busy_machine_hears_nothing() {
    let (calls, preempted) = (3_000, 90);
    let wall = calls as f64 * 1e5 + f64::from(preempted) * 4e6;
    for queued in [None, Some(Queued { ns: 12.0 * 4e6, long_ns: 12.0 * 4e6 })] {
        let waiting = Waiting {
            calls: 400,
            wall_ns: 400.0 * 1e5 + 12.0 * 4e6,
            cpu_ns: 400.0 * 1e5 + 12.0 * 2e4,
            long_calls: 12,
            long_wall_ns: 12.0 * 4.1e6,
            long_cpu_ns: 12.0 * 1.2e5,
            queued,
        };
        let stretch = |k: u64| Stretch {
            from_ns: k * 40 * MS,
            to_ns: (k + 1) * 40 * MS,
            calls: 250,
            typical_ns: 1e5 * (1.0 + 0.1 * (k % 3) as f64),
        };
        let constant = FunctionStats {
            errors: 300,
            failed_ns: 10 * MS,
            histogram: histogram(&[(100_000, 2_910), (4_100_000, 90)]),
            first_ns: 5 * MS,
            rest_max_ns: 12 * MS,
            max_ns: 12 * MS,
            min_ns: 99_000,
            self_allocations: 3_000,
            self_allocated_bytes: 3_000 * 8_192,
            net_bytes: 3_000 * 8_192,
            waiting,
            stretches: (0..12).map(stretch).collect(),
            sizes: vec![class(10, 2_000, 1.4e5), class(20, 1_000, 1.5e5)],
            ..row(calls, wall as u64)
        };
        let summary = Summary::of(vec![constant], true);
        assert!(summary.suggestions().is_empty(), "{:?}", summary.suggestions());
    }
}

#[test]
fn polls_of_constant_length_are_long_only_where_they_are_preempted() {
    for poll_us in [1_u64, 10, 50, 100, 300, 500, 900] {
        let polls = 10_000_000 / poll_us / 10;
        // One preemption in each 2 ms that it computes.
        let long = polls * poll_us / 2_000;
        let total = polls * poll_us * 1_000 + long * 4 * MS;
        let long_polls_ns = long as f64 * (4e6 + 1e3 * poll_us as f64);
        let f = FunctionStats { polls, long_polls: long, long_polls_ns, ..row(polls / 10, total) };
        assert!(!rules(&f).contains(&Rule::LongPolls), "{poll_us}: {f:?}");
    }
}

#[test]
fn every_bound_lies_within_the_profiled_time_and_the_text_names_numbers_and_remedy() {
    let found = advice(&row(50_000, 300 * MS));
    assert!((found[0].gain_share() - 0.75).abs() < 1e-9);
    assert_eq!((found[0].samples(), found[0].confidence()), (50_000, Confidence::Medium));
    let text = found[0].to_string();
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("75.0 %") && text.contains("4.00x") && text.contains("lagom-memo"), "{text}");
    assert!(text.contains("confidence medium"), "{text}");
    let sure = advice(&row(50_000, 900 * MS));
    assert_eq!(sure[0].confidence(), Confidence::High);
    // Durations within each other add up to more than the time there was.
    let overlapping = FunctionStats { errors: 50, failed_ns: u64::MAX, ..row(100, 50 * MS) };
    for advice in advice(&overlapping) {
        assert!(advice.gain_share() <= 1.0 && advice.gain().as_nanos() <= 50_000_000, "{advice}");
    }
}

#[test]
fn ids_are_unique() {
    let mut ids: Vec<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), Rule::ALL.len());
}
