//! Tests with a clock that goes back.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use super::clock::{self, Scale, fake};
use super::{AsyncCall, Site, Span, snapshot};
use crate::summary::FunctionStats;

const HOUR: i64 = 1 << 43;

fn stats(name: &str) -> FunctionStats {
    snapshot().functions.into_iter().find(|row| row.name() == name).expect("called")
}

/// Ticks that a test may have taken at most, in nanoseconds.
fn most() -> u64 {
    Scale::measure().whole_ns((1_u64 << 34) as f64)
}

#[test]
fn a_call_that_ends_before_it_began_takes_no_time() {
    static OUTER: Site = Site::new("outer of a jump", "", "", 0).records(10);
    static INNER: Site = Site::new("inner of a jump", "", "", 0);
    thread::spawn(|| {
        for jump in [-1, -5_000, -HOUR, -HOUR] {
            let outer = Span::enter(&OUTER);
            let inner = Span::enter(&INNER);
            fake::shift(jump);
            drop(inner);
            drop(outer);
            drop(Span::enter(&INNER));
        }
    })
    .join()
    .expect("no panic");
    for (name, calls) in [("outer of a jump", 4), ("inner of a jump", 8)] {
        let row = stats(name);
        assert_eq!((row.calls(), row.timed(), row.histogram().count()), (calls, calls, calls), "{row:?}");
        for ns in [row.total_ns, row.self_ns, row.wall_ns, row.max_ns, row.min_ns] {
            assert!(ns < most(), "{row:?}");
        }
        assert!(row.records().iter().all(|record| record.duration_ns < most()));
    }
}

#[test]
fn sampling_goes_on_after_a_jump() {
    static HOT: Site = Site::new("hot over a jump", "", "", 0);
    static RARE: Site = Site::new("rare over a jump", "", "", 0);
    thread::spawn(|| {
        let run = |calls: u64| (0..calls).for_each(|_| drop(Span::enter(&HOT)));
        run(300_000);
        let before = stats("hot over a jump");
        assert!(before.timed() < 150_000);
        fake::shift(-HOUR);
        run(300_000);
        let after = stats("hot over a jump");
        assert_eq!(after.calls(), 600_000);
        assert!(after.timed() > before.timed() + 20 && after.timed() < 300_000, "{} {}", before.timed(), after.timed());
        assert!(after.total_ns < most(), "{after:?}");
        // What has become slow is still found, by the new time.
        for _ in 0..60 {
            let _rare = Span::enter(&RARE);
            let _hot = Span::enter(&HOT);
            fake::shift(20_000_000);
        }
        let slow = stats("hot over a jump");
        assert!(slow.timed() >= after.timed() + 40, "{} {}", after.timed(), slow.timed());
    })
    .join()
    .expect("no panic");
}

#[test]
fn guards_out_of_order_over_a_jump_stay_within_the_time() {
    static FIRST: Site = Site::new("first out of order", "", "", 0);
    static SECOND: Site = Site::new("second out of order", "", "", 0);
    thread::spawn(|| {
        for jump in [-HOUR, HOUR / 1_000_000, -3] {
            let first = Span::enter(&FIRST);
            let second = Span::enter(&SECOND);
            drop(first);
            fake::shift(jump);
            drop(second);
            drop(Span::enter(&SECOND));
        }
    })
    .join()
    .expect("no panic");
    for (name, calls) in [("first out of order", 3), ("second out of order", 6)] {
        let row = stats(name);
        assert_eq!(row.calls(), calls);
        assert!(row.total_ns < most() && row.self_ns <= row.total_ns, "{row:?}");
    }
}

#[test]
fn a_future_that_moves_to_a_processor_whose_clock_is_behind_ends() {
    static FUTURE: Site = Site::new("future over a jump", "", "", 0);
    let mut call = AsyncCall::new(&FUTURE);
    let pending = call.poll(|| Poll::<()>::Pending);
    assert!(pending.is_pending());
    thread::spawn(move || {
        fake::shift(-HOUR);
        let mut left = pin!(async {});
        let ready = call.poll(|| left.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        assert!(ready.is_ready());
        call.finish(false);
    })
    .join()
    .expect("no panic");
    let row = stats("future over a jump");
    assert_eq!((row.calls(), row.timed(), row.polls(), row.cancelled()), (1, 1, 2, 0));
    assert!(row.wall_ns < most() && row.longest_poll_ns < most(), "{row:?}");
    assert!(clock::ticks() > 0);
}
