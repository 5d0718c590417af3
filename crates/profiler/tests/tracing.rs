//! Spans of `tracing` as profiled places: nesting, futures, threads, disorder, errors.
#![cfg(feature = "enabled")]

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use lagom_profiler::tracing::ProfilerLayer;
use lagom_profiler::{FunctionStats, span, summary};
use tracing::{Dispatch, error, error_span, info, info_span, instrument};
use tracing_subscriber::layer::SubscriberExt;

const MS: Duration = Duration::from_millis(1);

fn profiled<R>(f: impl FnOnce() -> R) -> R {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(ProfilerLayer::new()), f)
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

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn pending_once() -> impl Future<Output = ()> {
    let mut pending = true;
    poll_fn(move |_| if std::mem::take(&mut pending) { Poll::Pending } else { Poll::Ready(()) })
}

#[instrument]
fn inner() {
    busy(4 * MS);
}

#[instrument]
fn outer() {
    busy(2 * MS);
    inner();
    let _ours = span!("ours within outer");
    busy(MS);
}

#[test]
fn nested_spans_have_their_own_time_and_their_place_in_the_tree() {
    profiled(outer);
    let (outer, inner, ours) = (stats("outer"), stats("inner"), stats("ours within outer"));
    assert_eq!((outer.calls(), outer.polls(), outer.errors(), outer.panics()), (1, 0, 0, 0));
    assert_eq!((outer.module(), outer.file()), (module_path!(), file!()));
    assert!(outer.line() > 0 && outer.total() >= 7 * MS && inner.total() >= 4 * MS, "{outer:?}");
    assert!(outer.self_time() >= 2 * MS && outer.self_time() + inner.total() + ours.total() <= outer.total() + MS / 10);
    // One visit: the duration is the running time.
    assert!(outer.mean() >= 7 * MS && outer.mean() <= outer.total() + MS / 10, "{outer:?}");
    let summary = summary();
    let folded = summary.to_folded(lagom_profiler::report::Weight::SelfTime);
    assert!(folded.lines().any(|line| line.contains("outer;inner ")), "{folded}");
    assert!(folded.lines().any(|line| line.contains("outer;ours within outer ")), "{folded}");
}

#[test]
fn what_the_profiler_takes_within_a_span_is_not_in_its_duration() {
    lagom_profiler::set_mode(lagom_profiler::Mode::Exact);
    profiled(|| {
        info_span!("many probes within").in_scope(|| {
            for _ in 0..5_000 {
                let _probe = span!("one of its probes");
            }
        });
    });
    lagom_profiler::set_mode(lagom_profiler::Mode::Adaptive);
    let stats = stats("many probes within");
    assert!(stats.mean().abs_diff(stats.total()) < Duration::from_micros(100), "{stats:?}");
}

#[instrument]
async fn travelling() {
    busy(2 * MS);
    pending_once().await;
    busy(2 * MS);
}

#[test]
fn a_future_may_change_threads_between_its_polls() {
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(ProfilerLayer::new()));
    let mut future = tracing::dispatcher::with_default(&dispatch, || Box::pin(travelling()));
    tracing::dispatcher::with_default(&dispatch, || assert!(poll(future.as_mut()).is_pending()));
    std::thread::sleep(20 * MS);
    std::thread::spawn(move || {
        tracing::dispatcher::with_default(&dispatch, || {
            assert!(poll(future.as_mut()).is_ready());
            drop(future);
        });
    })
    .join()
    .unwrap();
    let stats = stats("travelling");
    // Two, and the drop.
    assert_eq!((stats.calls(), stats.polls(), stats.cancelled()), (1, 3, 0));
    assert!(stats.total() >= 4 * MS && stats.total() + 15 * MS < stats.mean(), "{stats:?}");
    assert!(stats.mean() >= 24 * MS, "{stats:?}");
    assert!(stats.longest_poll() >= 2 * MS && stats.longest_poll() < stats.total(), "{stats:?}");
}

#[test]
fn many_futures_at_once_keep_their_polls_apart() {
    async fn task() {
        pending_once().await;
        busy(MS / 10);
    }
    profiled(|| {
        use tracing::Instrument as _;
        let mut tasks: Vec<_> = (0..50).map(|_| Box::pin(task().instrument(info_span!("one of many")))).collect();
        for task in &mut tasks {
            assert!(poll(task.as_mut()).is_pending());
        }
        for task in tasks.iter_mut().rev() {
            assert!(poll(task.as_mut()).is_ready());
        }
    });
    let stats = stats("one of many");
    assert_eq!((stats.calls(), stats.polls()), (50, 150));
    let summary = summary();
    let node = summary.tree().nodes().iter().find(|node| summary.function(node).name() == "one of many").unwrap();
    assert_eq!(node.calls(), 50);
    assert!(stats.total() >= 5 * MS, "{stats:?}");
}

#[test]
fn guards_may_drop_in_any_order() {
    profiled(|| {
        for _ in 0..3 {
            let (first, second) = (info_span!("dropped first").entered(), info_span!("dropped second").entered());
            busy(MS);
            drop(first);
            busy(MS);
            drop(second);
        }
        info_span!("after the disorder").in_scope(|| busy(MS));
    });
    let (first, second, after) = (stats("dropped first"), stats("dropped second"), stats("after the disorder"));
    assert_eq!((first.calls(), second.calls(), after.calls()), (3, 3, 1));
    assert!(first.total() >= 3 * MS && second.total() >= 6 * MS, "{first:?} {second:?}");
    assert!(after.total() >= MS && after.self_time() >= MS);
}

#[test]
fn a_span_within_itself_counts_its_time_once() {
    let start = Instant::now();
    profiled(|| {
        let span = info_span!("within itself");
        span.in_scope(|| {
            span.in_scope(|| busy(3 * MS));
            busy(MS);
        });
    });
    let wall = start.elapsed();
    let stats = stats("within itself");
    assert_eq!(stats.calls(), 1);
    assert!(stats.total() >= 4 * MS && stats.total() <= wall, "{stats:?} {wall:?}");
    assert!(stats.mean() >= 4 * MS && stats.mean() <= wall, "{stats:?} {wall:?}");
}

#[instrument(err)]
fn fails(fails: bool) -> Result<(), String> {
    if fails { Err("no".into()) } else { Ok(()) }
}

#[test]
fn an_error_event_fails_the_innermost_span() {
    profiled(|| {
        info_span!("around the errors").in_scope(|| {
            let _ = (fails(true), fails(false), fails(true));
            error_span!("no event of level error").in_scope(|| info!("all is well"));
        });
        let named = info_span!("named as the parent");
        named.in_scope(|| ());
        error!(parent: &named, "said from outside");
        error!("in no span");
    });
    let outcomes = |name: &str| (stats(name).calls(), stats(name).errors());
    assert_eq!(outcomes("fails"), (3, 2));
    assert_eq!(outcomes("around the errors"), (1, 0));
    assert_eq!(outcomes("no event of level error"), (1, 0));
    assert_eq!(outcomes("named as the parent"), (1, 1));
}

#[test]
fn a_panic_counts_for_the_spans_it_leaves() {
    struct SpanInDrop;
    impl Drop for SpanInDrop {
        fn drop(&mut self) {
            info_span!("opened while panicking").in_scope(|| ());
        }
    }
    profiled(|| {
        let _outer = info_span!("outside the panic").entered();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let _a = info_span!("panicking above").entered();
            let _b = info_span!("panicking below").entered();
            let _span_in_drop = SpanInDrop;
            panic!("on purpose");
        }));
        assert!(panic.is_err());
    });
    for (name, panics) in
        [("outside the panic", 0), ("panicking above", 1), ("panicking below", 1), ("opened while panicking", 0)]
    {
        assert_eq!((stats(name).calls(), stats(name).panics()), (1, panics), "{name}");
    }
}

#[test]
fn a_span_that_nobody_enters_is_no_call() {
    profiled(|| drop(info_span!("never entered")));
    assert!(summary().get("never entered").is_none());
}

#[test]
fn a_parent_that_a_child_holds_open_ends_where_it_was_left() {
    profiled(|| {
        let parent = info_span!("held open");
        let child = parent.in_scope(|| {
            busy(MS);
            info_span!("the child")
        });
        drop(parent);
        std::thread::sleep(20 * MS);
        child.in_scope(|| ());
    });
    let stats = stats("held open");
    assert!(stats.mean() >= MS && stats.mean() < 15 * MS, "{stats:?}");
}

#[test]
fn four_threads_lose_nothing() {
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(ProfilerLayer::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    for call in 0..2_500 {
                        let _span = info_span!("on four threads").entered();
                        if call % 10 == 0 {
                            error!("every tenth");
                        }
                    }
                });
            });
        }
    });
    assert_eq!((stats("on four threads").calls(), stats("on four threads").errors()), (10_000, 1_000));
}

#[test]
fn one_span_entered_on_two_threads_is_one_call() {
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(ProfilerLayer::new()));
    tracing::dispatcher::with_default(&dispatch, || {
        let span = info_span!("on two threads");
        let barrier = std::sync::Barrier::new(2);
        let visit = || {
            tracing::dispatcher::with_default(&dispatch, || {
                let _entered = span.enter();
                barrier.wait();
                busy(2 * MS);
                barrier.wait();
            });
        };
        std::thread::scope(|scope| {
            scope.spawn(visit);
            scope.spawn(visit);
        });
    });
    let stats = stats("on two threads");
    assert_eq!((stats.calls(), stats.polls()), (1, 2));
    assert!(stats.total() >= 4 * MS && stats.mean() < stats.total(), "{stats:?}");
}

#[test]
fn of_two_layers_on_one_registry_one_counts() {
    let twice = tracing_subscriber::registry().with(ProfilerLayer::new()).with(ProfilerLayer::new());
    tracing::subscriber::with_default(twice, || info_span!("seen by two").in_scope(|| ()));
    assert_eq!((stats("seen by two").calls(), stats("seen by two").polls()), (1, 0));
}
