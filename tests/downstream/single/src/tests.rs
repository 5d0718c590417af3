use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use super::*;

#[test]
fn a_memoized_function_runs_once_per_argument() {
    square::cache_clear();
    let before = SQUARES.load(Ordering::Relaxed);
    assert_eq!((square(3), square(3), square(4)), (9, 9, 16));
    assert_eq!(SQUARES.load(Ordering::Relaxed) - before, 2);
    let info = square::cache_info();
    assert_eq!((info.hits(), info.misses(), info.len()), (1, 2, 2));
    square::cache_clear();
    assert_eq!(square::cache_info().len(), 0);
    assert_eq!(joined("a", "b".to_owned()), "a-b");
}

#[test]
fn profiled_functions_are_counted() {
    assert!(parse("7").is_ok() && parse("x").is_err());
    assert_eq!(Counter(1).add(2), 3);
    assert_eq!(shadowed::double(4), 8);
    assert_eq!((shadowed::even(2), shadowed::even(3)), (Ok(2), Err(3)));
    assert_eq!(pin!(shadowed::later(5)).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(5));
    assert_eq!((sum(&[1, 2], 3), sum(&[u64::MAX], 1).is_err()), (Ok(6), true));
    assert_eq!(Celsius(100.0).to_fahrenheit(), 212.0);
    assert_eq!(shapes::area(2, 3), 6);
    assert_eq!((shadowed::first(&[7]), shadowed::first(&[])), (Ok(7), Err(0)));
    assert_eq!(shadowed::Pair(1, 2).turn().0, 2);
    let summary = lagom_profiler::summary();
    let calls = |name| {
        let function = summary.get(name).unwrap_or_else(|| panic!("`{name}` is not in the summary"));
        (function.calls(), function.errors())
    };
    assert_eq!(calls("parse"), (2, 1));
    assert_eq!(calls("add"), (1, 0));
    assert_eq!(calls("double"), (1, 0));
    assert_eq!(calls("even"), (2, 1));
    assert_eq!(calls("later"), (1, 0));
    assert_eq!(calls("sum"), (2, 1));
    assert_eq!(calls("Celsius::to_fahrenheit"), (1, 0));
    assert_eq!(calls("area"), (1, 0));
    assert_eq!(calls("first"), (2, 1));
    assert_eq!(calls("Pair::turn"), (1, 0));
}

#[test]
fn lines_are_counted() {
    assert_eq!((digits("a1b2"), shadowed::count_down(3)), (2, 3));
    let tables = lagom_profiler::lines();
    let hits = |name| {
        let table = tables.iter().find(|table| table.name() == name);
        let table = table.unwrap_or_else(|| panic!("`{name}` has no lines"));
        table.lines().iter().map(|line| line.hits()).collect::<Vec<_>>()
    };
    assert_eq!(hits("digits"), [1, 5, 4, 2, 1]);
    assert_eq!(hits("count_down"), [1, 4, 3, 1]);
}

#[test]
fn names_of_the_user_do_not_matter() {
    assert_eq!((shadowed::half(8), shadowed::half(8)), (4, 4));
    assert_eq!(shadowed::half::cache_info().hits(), 1);
    assert_eq!((shadowed::length("four"), shadowed::length("four")), (Ok(4), Ok(4)));
    assert_eq!(shadowed::length::cache_info().misses(), 1);
}

#[test]
fn values_tell_their_sizes() {
    use lagom_profiler::{HeapSize, MemoryLayout};

    let order = Order { urgent: true, items: vec![1_u16, 2], note: Some("soon".into()) };
    assert_eq!(order.heap_size(), 4 + 4);
    assert_eq!(Order::<u16>::memory_layout().fields()[0].padding(), align_of::<usize>() - 1);
    let either = [shadowed::Either::Left(vec![1_u8]), shadowed::Either::Right { text: "ab".to_owned() }];
    assert_eq!(either.heap_size(), 1 + 2);
    assert_eq!(shadowed::Either::<u8>::memory_layout().variants()[1].name(), "Right");
}
