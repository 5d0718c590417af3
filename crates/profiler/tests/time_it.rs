//! Timing closures, in a process of their own and one after another: others would disturb what is measured.

use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lagom_profiler::TimeIt;
use lagom_profiler::report::Verdict;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn quick(name: &str) -> TimeIt {
    TimeIt::new(name).budget(Duration::from_millis(20)).warm_up(Duration::from_millis(2)).samples(20)
}

/// Work that no compiler shortens: so many steps, each of which needs the one before.
fn steps(count: u32) -> u64 {
    (0..count).fold(black_box(1_u64), |x, _| black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)))
}

#[test]
fn twice_the_work_takes_twice_the_time() {
    let _alone = alone();
    // The least of five runs each, in turns: others use the machine as well.
    let (mut one, mut two) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..5 {
        one = one.min(quick("one").run(|| steps(200)).min_ns());
        two = two.min(quick("two").run(|| steps(400)).min_ns());
    }
    assert!((1.6..2.5).contains(&(two / one)), "{one} {two}");
}

#[test]
fn three_times_the_work_is_slower() {
    let _alone = alone();
    // Beside a busy machine a difference may rightly be in doubt: then it is asked again.
    let (one, three) = (0..4)
        .map(|_| quick("steps").run_against(|| steps(200), || steps(600)))
        .find(|(one, three)| three.compare(one).verdict() != Verdict::Same)
        .expect("three times the work is told apart");
    assert_eq!((one.name(), three.name()), ("steps (baseline)", "steps"));
    assert_eq!(one.samples_ns().len(), three.samples_ns().len());
    let comparison = three.compare(&one);
    assert_eq!(comparison.verdict(), Verdict::Slower, "{comparison}");
    assert_eq!(one.compare(&three).verdict(), Verdict::Faster);
}

#[test]
fn the_closure_is_called_as_often_as_is_said() {
    let _alone = alone();
    let mut calls = 0_u64;
    let timing = quick("count").run(|| calls += 1);
    assert_eq!(timing.calls(), timing.batch() * timing.samples_ns().len() as u64);
    assert!(calls > timing.calls(), "the warm-up calls, too");
}

#[test]
fn what_waits_uses_no_cpu_and_what_computes_does() {
    let _alone = alone();
    let waits = quick("sleep").samples(5).run(|| std::thread::sleep(Duration::from_millis(4)));
    assert!(waits.min_ns() >= 4e6 && waits.samples_ns().len() == 5, "{waits}");
    let computes = quick("steps").run(|| steps(1_000));
    assert_eq!(waits.cpu_share().is_some(), cfg!(all(unix, feature = "enabled")));
    if let Some((waits, computes)) = waits.cpu_share().zip(computes.cpu_share()) {
        assert!(waits < 0.3 && waits < computes, "{waits} {computes}");
    }
}

#[test]
fn a_panic_passes_through() {
    let _alone = alone();
    let panicked = std::panic::catch_unwind(|| quick("panic").run(|| panic!("as planned")));
    assert!(panicked.is_err());
}
