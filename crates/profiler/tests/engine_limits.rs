//! How far the engine goes: many threads, many calls, many paths, deep ones. One test at a time: they reset, and measure memory.
#![cfg(all(feature = "enabled", feature = "macros"))]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lagom_profiler::{FunctionStats, Mode, profile, reset, set_mode, span, summary};

const MS: Duration = Duration::from_millis(1);

/// Begins anew, and alone.
fn alone(mode: Mode) -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    set_mode(mode);
    reset();
    guard
}

fn stats(name: &str) -> FunctionStats {
    summary().get(name).unwrap_or_else(|| panic!("{name} was not recorded")).clone()
}

fn busy(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// KiB of resident memory; nothing where the system does not say.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn called() {
    let _outer = span!("million outer");
    drop(std::hint::black_box(span!("million inner")));
}

#[test]
fn a_hundred_million_calls_take_no_memory_and_none_is_lost() {
    const CALLS: u64 = if cfg!(debug_assertions) { 100_000_000 } else { 2_000_000_000 };
    let _alone = alone(Mode::Adaptive);
    let in_two_threads = |pairs: u64| {
        std::thread::scope(|scope| {
            scope.spawn(|| (0..pairs).for_each(|_| called()));
            (0..pairs).for_each(|_| called());
        });
    };
    in_two_threads(50_000);
    drop(summary());
    let (start, before) = (Instant::now(), resident());
    in_two_threads(CALLS / 4 - 50_000);
    let (took, after) = (start.elapsed(), resident());
    println!("{CALLS} calls in {took:?}, {before} to {after} KiB");
    assert_eq!((stats("million outer").calls(), stats("million inner").calls()), (CALLS / 2, CALLS / 2));
    assert!(after.saturating_sub(before) < 64, "{before} to {after} KiB");
}

#[test]
fn ten_thousand_short_threads_lose_nothing_and_leave_nothing() {
    const THREADS: u64 = 10_000;
    let _alone = alone(Mode::Adaptive);
    let waves = |threads: u64| {
        for _ in 0..threads / 8 {
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        for _ in 0..5 {
                            let _outer = span!("crowd");
                            drop(span!("crowd inner"));
                        }
                    });
                }
            });
        }
    };
    waves(1_000);
    let before = resident();
    waves(THREADS - 1_000);
    let after = resident();
    let (outer, inner) = (stats("crowd"), stats("crowd inner"));
    assert_eq!((outer.calls(), inner.calls()), (5 * THREADS, 5 * THREADS));
    assert_eq!((outer.timed(), inner.timed()), (5 * THREADS, 5 * THREADS), "each is too short to be sampled");
    assert!(after.saturating_sub(before) < 512, "{before} to {after} KiB");
}

/// A call tree of `width` to the power of `levels` paths, out of few functions.
fn fan(levels: u32) {
    macro_rules! sites {
        ($($name:literal)*) => { [$({ fn open(levels: u32) { let _span = span!($name); fan(levels - 1); } open as fn(u32) }),*] };
    }
    if levels > 0 {
        for site in sites!("f0" "f1" "f2" "f3" "f4" "f5" "f6" "f7" "f8" "f9") {
            site(levels);
        }
    } else {
        let _leaf = span!("leaf of many");
        busy(MS / 200);
    }
}

#[test]
fn paths_beyond_the_room_for_them_keep_their_calls_and_times() {
    for mode in [Mode::Exact, Mode::Adaptive] {
        let _alone = alone(mode);
        let start = Instant::now();
        let wall = {
            let _top = span!("above many");
            fan(4);
            start.elapsed()
        };
        let summary = summary();
        let nodes = summary.tree().nodes().len();
        assert!(nodes <= 4_096, "{nodes}");
        let get = |name: &str| summary.get(name).expect("called").clone();
        let (top, leaf) = (get("above many"), get("leaf of many"));
        assert_eq!(leaf.calls(), 10_000);
        assert!(leaf.total() >= 45 * MS && (mode == Mode::Adaptive || leaf.total() <= wall), "{leaf:?} in {wall:?}");
        assert!(top.total() >= 50 * MS && top.total() <= wall + wall / 1_000);
        for row in summary.functions() {
            assert!(row.self_time() <= row.total(), "{row:?} in {wall:?}");
        }
        // Estimates of what calls itself on ten thousand paths are as wide as they say.
        if mode == Mode::Exact {
            assert!(summary.functions().iter().all(|row| row.total() <= wall), "{summary}");
            let own: Duration = summary.functions().iter().map(FunctionStats::self_time).sum();
            assert!(own <= wall && own >= wall * 9 / 10, "{own:?} of {wall:?}\n{summary}");
        }
        // The leaves' time is theirs also where the tree has no place for them.
        assert!(leaf.self_time() >= 45 * MS, "{leaf:?}");
    }
}

fn down(depth: u32, bottom: &dyn Fn()) {
    let _span = span!("way down");
    if depth > 1 {
        down(depth - 1, bottom);
    } else {
        bottom();
    }
}

fn ping(depth: u32) {
    let _span = span!("ping");
    busy(MS / 100);
    if depth > 0 {
        pong(depth - 1);
    }
}

fn pong(depth: u32) {
    let _span = span!("pong");
    busy(MS / 100);
    if depth > 0 {
        ping(depth - 1);
    }
}

#[test]
fn what_runs_very_deep_has_its_time() {
    for mode in [Mode::Exact, Mode::Adaptive] {
        for depth in [126, 127, 128, 129, 1_000] {
            let _alone = alone(mode);
            let start = Instant::now();
            down(depth, &|| {
                let _work = span!("deep work");
                busy(5 * MS);
                {
                    let _part = span!("deep part");
                    busy(3 * MS);
                }
                ping(200);
            });
            let wall = start.elapsed();
            let rows = ["way down", "deep work", "deep part", "ping", "pong"].map(stats);
            let [down, work, part, ping, pong] = &rows;
            let say = || format!("{depth} {mode:?}, {wall:?}:\n{}", summary());
            assert_eq!((work.calls(), part.calls(), ping.calls(), pong.calls()), (1, 1, 101, 100), "{}", say());
            assert!(part.total() >= 3 * MS && part.self_time() >= 3 * MS, "{}", say());
            assert!(work.total() >= 10 * MS && work.self_time() >= 5 * MS, "{}", say());
            assert!(work.self_time() + part.self_time() <= work.total(), "{}", say());
            assert!(ping.total() >= 2 * MS && pong.total() >= MS, "{}", say());
            assert!(down.total() >= work.total() && down.self_time() <= down.total() - work.total() + MS, "{}", say());
            if mode == Mode::Exact {
                assert!(ping.self_time() >= MS * 9 / 10 && pong.self_time() >= MS * 9 / 10, "{}", say());
                let own: Duration = rows.iter().map(FunctionStats::self_time).sum();
                assert!(own <= wall + wall / 1_000, "{}", say());
            }
            for row in &rows {
                // The clock's rate is known to some millionths.
                assert!(row.total() <= wall + wall / 1_000 && row.self_time() <= row.total(), "{}", say());
            }
        }
    }
}

#[profile(records = 4294967295)]
fn all_kept(value: u32) -> u32 {
    value
}

#[test]
fn as_many_records_as_can_be_asked_for_take_no_room_ahead() {
    let _alone = alone(Mode::Adaptive);
    for value in 0..2_000 {
        assert_eq!(all_kept(value), value);
    }
    let row = stats("all_kept");
    assert_eq!((row.calls(), row.timed(), row.records().len()), (2_000, 2_000, 2_000));
    assert!(row.records().windows(2).all(|pair| pair[0].at() <= pair[1].at()));
}
