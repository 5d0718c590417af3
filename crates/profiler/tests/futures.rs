//! Async functions: polls, threads, cancellation, panics.
#![cfg(all(feature = "enabled", feature = "macros"))]

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lagom_profiler::{FunctionStats, profile, span, summary};

fn stats(name: &str) -> FunctionStats {
    summary().get(name).unwrap_or_else(|| panic!("{name} was not recorded")).clone()
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Pending `times` times.
fn wait(mut times: u32) -> impl Future<Output = ()> {
    poll_fn(move |_| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        Poll::Pending
    })
}

fn busy(time: Duration) {
    let start = std::time::Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

const MS: Duration = Duration::from_millis(1);

#[profile]
async fn sleepy() -> Result<u8, ()> {
    busy(2 * MS);
    wait(1).await;
    busy(2 * MS);
    Err(())
}

#[test]
fn waiting_is_wall_time_and_polls_are_total() {
    let mut future = pin!(sleepy());
    assert!(poll(future.as_mut()).is_pending());
    std::thread::sleep(30 * MS);
    assert!(poll(future.as_mut()).is_ready());
    let stats = stats("sleepy");
    assert_eq!((stats.calls(), stats.errors(), stats.cancelled(), stats.polls()), (1, 1, 0, 2));
    assert!(stats.total() >= 4 * MS && stats.total() + 25 * MS < stats.mean(), "{stats:?}");
    assert!(stats.mean() >= 34 * MS);
    assert!(stats.longest_poll() >= 2 * MS && stats.longest_poll() < stats.total());
}

#[profile]
async fn cancelled_midway() {
    wait(5).await;
}

#[test]
fn a_dropped_future_is_cancelled_once_it_was_polled() {
    drop(cancelled_midway());
    {
        let mut future = pin!(cancelled_midway());
        assert!(poll(future.as_mut()).is_pending());
    }
    let stats = stats("cancelled_midway");
    assert_eq!((stats.calls(), stats.cancelled(), stats.panics(), stats.errors()), (1, 1, 0, 0));
}

#[profile]
async fn panics_in_second_poll() {
    wait(1).await;
    panic!("on purpose");
}

#[test]
fn a_panic_in_a_poll_is_a_panic_not_a_cancellation() {
    let result = std::panic::catch_unwind(|| {
        let mut future = pin!(panics_in_second_poll());
        let _ = poll(future.as_mut());
        let _ = poll(future.as_mut());
    });
    assert!(result.is_err());
    let stats = stats("panics_in_second_poll");
    assert_eq!((stats.calls(), stats.cancelled(), stats.panics(), stats.polls()), (1, 0, 1, 2));
}

#[profile]
async fn travels() -> u8 {
    for _ in 0..4 {
        {
            let _span = span!("inside travels");
            busy(MS);
        }
        wait(1).await;
    }
    7
}

#[test]
fn a_future_may_move_between_threads() {
    let mut future: Pin<Box<dyn Future<Output = u8> + Send>> = Box::pin(travels());
    for _ in 0..4 {
        future = std::thread::spawn(move || {
            assert!(poll(future.as_mut()).is_pending());
            future
        })
        .join()
        .expect("no panic");
    }
    assert_eq!(poll(future.as_mut()), Poll::Ready(7));
    // Of one reading: between two, what a tick of the clock lasts is known better.
    let summary = summary();
    let [outer, inner] = ["travels", "inside travels"].map(|name| summary.get(name).expect("it was recorded"));
    assert_eq!((outer.calls(), outer.polls(), inner.calls()), (1, 5, 4));
    assert!(outer.total() >= inner.total());
    // Each is rounded.
    assert!(outer.self_time() <= outer.total() - inner.total() + Duration::from_nanos(2), "{outer:?} {inner:?}");
}

#[profile]
async fn interleaved() {
    wait(3).await;
}

#[test]
fn interleaved_futures_do_not_disturb_each_other() {
    let mut futures: Vec<_> = (0..10).map(|_| Box::pin(interleaved())).collect();
    for round in 0..4 {
        for future in &mut futures {
            assert_eq!(poll(future.as_mut()).is_ready(), round == 3);
        }
    }
    let stats = stats("interleaved");
    assert_eq!((stats.calls(), stats.polls(), stats.cancelled()), (10, 40, 0));
    assert!(stats.total() <= stats.wall());
}

#[profile]
fn recursive(depth: u32) -> Pin<Box<dyn Future<Output = u32>>> {
    Box::pin(recursive_async(depth))
}

#[profile]
async fn recursive_async(depth: u32) -> u32 {
    busy(MS);
    if depth == 0 { 0 } else { 1 + recursive(depth - 1).await }
}

#[test]
fn recursion_through_futures_counts_time_once() {
    let start = std::time::Instant::now();
    let mut future = pin!(recursive_async(5));
    assert_eq!(poll(future.as_mut()), Poll::Ready(5));
    let wall = start.elapsed();
    let stats = stats("recursive_async");
    assert_eq!(stats.calls(), 6);
    assert!(stats.total() <= wall && stats.total() >= 6 * MS, "{stats:?}, wall {wall:?}");
    assert!(stats.self_time() <= stats.total());
}

#[profile]
async fn boxed(early: bool) -> Box<dyn Fn(u8) -> u8> {
    if early {
        return Box::new(|x| x + 1);
    }
    wait(1).await;
    Box::new(|x| x + 2)
}

#[profile]
async fn opaque(ok: bool) -> Result<impl Fn(u8) -> u8, Box<dyn std::error::Error>> {
    if !ok {
        Err("no")?;
    }
    Ok(|x| x + 3)
}

#[profile]
async fn opaque_whole() -> impl Iterator<Item = u8> {
    [4].into_iter()
}

#[test]
fn return_types_that_need_help() {
    let run = |early| {
        let mut future = pin!(boxed(early));
        loop {
            if let Poll::Ready(value) = poll(future.as_mut()) {
                return value(0);
            }
        }
    };
    assert_eq!((run(true), run(false)), (1, 2));
    let Poll::Ready(Ok(add)) = poll(pin!(opaque(true))) else { panic!("ready") };
    assert_eq!(add(0), 3);
    assert!(matches!(poll(pin!(opaque(false))), Poll::Ready(Err(_))));
    let Poll::Ready(mut values) = poll(pin!(opaque_whole())) else { panic!("ready") };
    assert_eq!(values.next(), Some(4));
    assert_eq!((stats("opaque").calls(), stats("opaque").errors()), (2, 1));
    assert_eq!((stats("boxed").calls(), stats("opaque_whole").calls()), (2, 1));
}
