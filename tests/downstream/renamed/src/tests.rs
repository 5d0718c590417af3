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
    let summary = lg::profiler::summary();
    let calls = |name| {
        let function = summary.get(name).unwrap_or_else(|| panic!("`{name}` is not in the summary"));
        (function.calls(), function.errors())
    };
    assert_eq!(calls("parse"), (2, 1));
    assert_eq!(calls("add"), (1, 0));
    assert_eq!(calls("double"), (1, 0));
    assert_eq!(calls("even"), (2, 1));
    assert_eq!(calls("later"), (1, 0));
}

#[test]
fn names_of_the_user_do_not_matter() {
    assert_eq!((shadowed::half(8), shadowed::half(8)), (4, 4));
    assert_eq!(shadowed::half::cache_info().hits(), 1);
    assert_eq!((shadowed::length("four"), shadowed::length("four")), (Ok(4), Ok(4)));
    assert_eq!(shadowed::length::cache_info().misses(), 1);
}
