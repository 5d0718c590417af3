//! The attribute, as users write it.

#![cfg(feature = "macros")]
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use lagom_memo::memoize;

#[test]
fn settings_reach_the_cache() {
    #[memoize(ttl = "1h30m", capacity = 2)]
    fn double(n: u32) -> u32 {
        2 * n
    }

    let untouched = double::cache_info();
    assert_eq!((untouched.capacity(), untouched.ttl(), untouched.len()), (2, Duration::from_secs(5400), 0));
    for n in 0..5 {
        assert_eq!(double(n), 2 * n);
    }
    let info = double::cache_info();
    assert_eq!((info.misses(), info.len(), info.evictions(), info.capacity()), (5, 2, 3, 2));
    assert_eq!(double(4), 8);
    assert_eq!(double::cache_info().hits(), 1);
    double::cache_clear();
    assert_eq!(double::cache_info().len(), 0);
}

#[test]
fn defaults() {
    #[memoize]
    fn id(n: u8) -> u8 {
        n
    }

    assert_eq!(id(1), 1);
    assert_eq!((id::cache_info().capacity(), id::cache_info().ttl()), (1000, Duration::MAX));
    id::cache_clear();
    assert_eq!(id::cache_purge_expired(), 0);
}

#[test]
fn recursion() {
    #[memoize]
    fn fibonacci(n: u64) -> u64 {
        if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
    }

    assert_eq!(fibonacci(90), 2_880_067_194_370_816_120);
    assert_eq!(fibonacci::cache_info().misses(), 91);
}

#[test]
fn references_are_kept_owned() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Point(i32, i32);

    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize]
    fn sum<'a>(name: &'a str, list: &[u8], point: &Point, fixed: &'static str, owned: String) -> usize
    where
        'a: 'a,
    {
        RUNS.fetch_add(1, Relaxed);
        name.len() + list.len() + (point.0 + point.1) as usize + fixed.len() + owned.len()
    }

    for _ in 0..2 {
        let name = String::from("ab");
        assert_eq!(sum(&name, &[1, 2, 3], &Point(4, 5), "x", "yz".to_owned()), 17);
    }
    assert_eq!(RUNS.load(Relaxed), 1);
    assert_eq!(sum("ab", &[1, 2, 3], &Point(4, 5), "x", "other".to_owned()), 20);
    assert_eq!(sum("cd", &[1, 2, 3], &Point(4, 5), "x", "yz".to_owned()), 17);
    assert_eq!(RUNS.load(Relaxed), 3);
}

#[test]
fn floats_are_told_apart_by_bits() {
    #[memoize]
    fn scaled(x: f64, by: &f32) -> f64 {
        x * f64::from(*by)
    }

    assert_eq!(scaled(1.5, &2.0), 3.0);
    assert_eq!(scaled(1.5, &2.0), 3.0);
    assert!(scaled(f64::NAN, &2.0).is_nan());
    assert!(scaled(f64::NAN, &2.0).is_nan());
    assert_eq!(scaled::cache_info().misses(), 2);
    assert!(scaled(0.0, &1.0).is_sign_positive());
    assert!(scaled(-0.0, &1.0).is_sign_negative());
}

#[test]
fn patterns() {
    #[memoize]
    fn norm((x, y): (i32, i32), [a, .., b]: [i32; 3], mut scale: i32, _: u8, whole @ 0..: u32) -> i64 {
        scale += 1;
        i64::from(scale * (x + y + a + b)) + i64::from(whole)
    }

    assert_eq!(norm((1, 2), [3, 0, 4], 9, 0, 5), 105);
    assert_eq!(norm((1, 2), [3, 0, 4], 9, 0, 5), 105);
    assert_eq!(norm::cache_info().hits(), 1);
    assert_eq!(norm((1, 2), [3, 0, 4], 9, 1, 5), 105);
    assert_eq!(norm::cache_info().misses(), 2);
}

#[test]
fn conditional_arguments() {
    #[memoize]
    fn sum(#[cfg(any())] missing: NoSuchType, a: u32, #[cfg(test)] b: &str, #[cfg(not(test))] c: f64) -> usize {
        a as usize + b.len()
    }

    assert_eq!((sum(1, "ab"), sum(1, "ab"), sum(2, "ab")), (3, 3, 4));
    assert_eq!(sum::cache_info().misses(), 2);
}

#[test]
fn items_in_the_body() {
    #[memoize]
    fn twice(n: u32) -> u32 {
        struct Doubled(u32);
        impl Doubled {
            fn of(n: u32) -> Self {
                Self(2 * n)
            }
        }
        Doubled::of(n).0
    }

    assert_eq!(twice(4), 8);
}

#[test]
fn thirteen_arguments() {
    #[memoize]
    #[allow(clippy::too_many_arguments, reason = "that is the point")]
    fn many(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8, m: u8) -> u32 {
        [a, b, c, d, e, f, g, h, i, j, k, l, m].into_iter().map(u32::from).sum()
    }

    assert_eq!(many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), 91);
    assert_eq!(many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), 91);
    assert_eq!(many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14), 92);
    assert_eq!((many::cache_info().hits(), many::cache_info().misses()), (1, 2));
}

#[test]
fn nothing_to_nothing() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize]
    fn once() {
        RUNS.fetch_add(1, Relaxed);
    }

    once();
    once();
    assert_eq!(RUNS.load(Relaxed), 1);
}

/// Neither `Clone` nor `Send`: an error that is not kept need not be.
#[derive(Debug)]
struct LocalError(#[expect(dead_code, reason = "makes the error thread-bound")] Cell<u8>, *const u8);

type Alias<T> = std::result::Result<T, LocalError>;

mod alias {
    pub(crate) type Deep = super::Alias<u32>;
}

#[test]
fn errors_are_not_kept_through_an_alias() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize]
    fn flaky(n: u32) -> alias::Deep {
        let run = RUNS.fetch_add(1, Relaxed);
        if run == 0 {
            return Err(LocalError(Cell::new(1), std::ptr::null()));
        }
        Ok(n + run)
    }

    assert!(flaky(10).is_err_and(|error| error.1.is_null()));
    assert_eq!(flaky::cache_info().len(), 0);
    assert_eq!(flaky(10).unwrap(), 11);
    assert_eq!(flaky(10).unwrap(), 11);
    assert_eq!(RUNS.load(Relaxed), 2);
}

#[test]
fn errors_are_not_kept_and_question_marks_work() {
    #[memoize]
    fn parsed(text: &str) -> Result<i32, Box<dyn std::error::Error>> {
        Ok(text.parse::<i32>()?)
    }

    assert!(parsed("x").is_err());
    assert!(parsed("x").is_err());
    assert_eq!(parsed("7").unwrap(), 7);
    assert_eq!(parsed("7").unwrap(), 7);
    let info = parsed::cache_info();
    assert_eq!((info.hits(), info.misses(), info.len()), (1, 3, 1));
}

#[test]
fn none_is_kept() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize]
    fn found(n: u32) -> Option<u32> {
        RUNS.fetch_add(1, Relaxed);
        (n > 5).then_some(n)
    }

    assert_eq!((found(1), found(1)), (None, None));
    assert_eq!(RUNS.load(Relaxed), 1);
}

#[test]
fn a_result_of_ones_own_is_a_value() {
    #[derive(Clone, Debug, PartialEq)]
    enum Result<T> {
        Odd(T),
        Even,
    }

    #[memoize]
    fn parity(n: u32) -> Result<u32> {
        if n % 2 == 1 { Result::Odd(n) } else { Result::Even }
    }

    assert_eq!((parity(1), parity(2), parity(2)), (Result::Odd(1), Result::Even, Result::Even));
    assert_eq!(parity::cache_info().hits(), 1);
}

/// Its fields and functions are as visible as the function.
mod visibility {
    use super::memoize;

    /// Documented.
    #[memoize]
    #[must_use]
    #[inline]
    pub(crate) fn shared(n: u8) -> u8 {
        private(n)
    }

    #[memoize]
    fn private(n: u8) -> u8 {
        n
    }

    #[memoize]
    #[cfg(any())]
    fn compiled_out(n: NoSuchType) -> NoSuchType {
        n
    }

    pub(super) mod inner {
        #[super::memoize]
        pub(in super::super) fn upwards(r#type: u8) -> u8 {
            r#type
        }

        #[super::memoize]
        pub(crate) fn r#match(n: u8) -> u8 {
            n
        }
    }
}

#[test]
fn visibility_and_attributes_are_kept() {
    assert_eq!(visibility::shared(3), 3);
    assert_eq!(visibility::shared::cache_info().misses(), 1);
    assert_eq!(visibility::inner::upwards(3), 3);
    assert_eq!(visibility::inner::upwards::cache_info().misses(), 1);
    assert_eq!(visibility::inner::r#match(3), 3);
    visibility::inner::r#match::cache_clear();
}

/// The generated code names nothing that a user could have redefined.
mod shadowed {
    #![allow(dead_code, non_camel_case_types, reason = "only the names matter")]

    mod std {}
    mod core {}
    mod lagom_memo {}
    struct Option;
    struct Some;
    struct None;
    struct Result;
    struct Vec;
    struct String;
    struct Box;
    struct Duration;
    struct Stats;
    struct Site;
    struct usize;
    trait Clone {}
    trait ToOwned {}
    trait Hash {}
    fn drop() {}

    #[super::memoize(ttl = "5s", capacity = 3)]
    pub(crate) fn length(text: &str, by: f64, n: u8) -> u64 {
        let key = n;
        let site = by;
        (text.len() as f64 * site) as u64 + key as u64
    }
}

#[test]
fn std_names_shadowed() {
    assert_eq!(shadowed::length("abc", 2.0, 1), 7);
    assert_eq!(shadowed::length("abc", 2.0, 1), 7);
    assert_eq!(shadowed::length::cache_info().hits(), 1);
}

mod renamed {
    pub(crate) use ::lagom_memo as elsewhere;
}

#[test]
fn found_elsewhere() {
    #[memoize(crate = renamed::elsewhere, capacity = 1)]
    fn id(n: u8) -> u8 {
        n
    }

    #[memoize(crate = crate::renamed::elsewhere)]
    fn id2(n: u8) -> u8 {
        n
    }

    assert_eq!((id(1), id2(1)), (1, 1));
    assert_eq!(id::cache_info().capacity(), 1);
    assert_eq!(id2::cache_info().capacity(), 1000);
}

#[test]
fn the_type_is_debug() {
    fn assert_debug<T: fmt::Debug>() {}

    #[memoize]
    fn id(n: u8) -> u8 {
        n
    }

    assert_debug::<id>();
    assert_eq!(id(1), 1);
}

#[test]
fn a_ttl_of_zero_computes_every_time() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(ttl = "0s")]
    fn run() -> u32 {
        RUNS.fetch_add(1, Relaxed)
    }

    assert_eq!((run(), run()), (0, 1));
    assert_eq!(run::cache_info().len(), 0);
}
