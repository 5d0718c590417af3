//! Memoize functions: a time to live, a bound, one computation per key at a time.
