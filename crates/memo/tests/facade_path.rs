//! `memoize_facade` looks where the facade has this crate: `::lagom::memo`.

#![cfg(feature = "macros")]

extern crate self as lagom;

mod memo {
    pub(crate) use lagom_memo::__private;
}

#[test]
fn found_through_the_facade() {
    #[lagom_memo::memoize_facade(ttl = "1h")]
    fn double(n: u32) -> u32 {
        2 * n
    }

    assert_eq!((double(2), double(2)), (4, 4));
    assert_eq!(double::cache_info().hits(), 1);
}
