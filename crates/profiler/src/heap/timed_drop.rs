//! Slow drops: what it takes to let a value go.

use std::any::type_name;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use crate::engine;

/// Drops a value in a span named `drop Type`, so that the [`summary`](crate::summary()) tells how long that takes: calls, total,
/// percentiles, advice.
///
/// Large trees and maps take milliseconds to go, on the thread that happens to hold them last. The name is the type's without
/// the paths; a place that drops several types has a span for each. Some 50 ns beyond the span: a lock, and a look at the name.
///
/// ```
/// let words: Vec<String> = ["a", "b"].map(String::from).to_vec();
/// lagom_profiler::heap::timed_drop(words);
/// # #[cfg(feature = "enabled")]
/// assert_eq!(lagom_profiler::summary().get("drop Vec<String>").unwrap().calls(), 1);
/// ```
#[track_caller]
pub fn timed_drop<T>(value: T) {
    drop_at(Location::caller(), value);
}

fn drop_at<T>(place: &'static Location<'static>, value: T) {
    let name = || format!("drop {}", short(type_name::<T>()));
    let _span = engine::enter_drop(type_name::<T>(), place.file(), place.line(), name);
    drop(value);
}

/// A value whose drop is timed wherever it happens, like [`timed_drop`], under the place where it was wrapped.
///
/// ```
/// use lagom_profiler::heap::TimedDrop;
///
/// let mut cache = TimedDrop::new(std::collections::HashMap::new());
/// cache.insert("a", 1);
/// drop(cache);
/// # #[cfg(feature = "enabled")]
/// assert_eq!(lagom_profiler::summary().get("drop HashMap<&str, i32>").unwrap().calls(), 1);
/// ```
#[derive(Debug)]
pub struct TimedDrop<T> {
    value: Option<T>,
    place: &'static Location<'static>,
}

const TAKEN: &str = "only `into_inner` and the drop take the value";

impl<T> TimedDrop<T> {
    /// Wraps a value.
    ///
    /// ```
    /// let numbers = lagom_profiler::heap::TimedDrop::new(vec![1, 2, 3]);
    /// assert_eq!(numbers.len(), 3);
    /// ```
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { value: Some(value), place: Location::caller() }
    }

    /// The value, whose drop is no longer timed.
    ///
    /// ```
    /// use lagom_profiler::heap::TimedDrop;
    ///
    /// let numbers = TimedDrop::new(vec![1, 2, 3]);
    /// assert_eq!(TimedDrop::into_inner(numbers), [1, 2, 3]);
    /// ```
    #[must_use]
    pub fn into_inner(mut wrapped: Self) -> T {
        let Some(value) = wrapped.value.take() else { unreachable!("{TAKEN}") };
        value
    }
}

impl<T> Deref for TimedDrop<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        self.value.as_ref().expect(TAKEN)
    }
}

impl<T> DerefMut for TimedDrop<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(TAKEN)
    }
}

impl<T> Drop for TimedDrop<T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            drop_at(self.place, value);
        }
    }
}

/// The name of a type without the paths in it.
fn short(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut begin = 0;
    for part in name.chars() {
        if part == ':' {
            // Of `a::b` only the `b`; what stands before the path stays.
            short.truncate(begin);
        } else {
            short.push(part);
            if !(part.is_alphanumeric() || matches!(part, '_' | '{' | '}' | '#')) {
                begin = short.len();
            }
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_paths() {
        for (long, expected) in [
            ("u8", "u8"),
            ("alloc::vec::Vec<alloc::string::String>", "Vec<String>"),
            ("std::collections::hash::map::HashMap<&str, (a::B, [c::D; 3])>", "HashMap<&str, (B, [D; 3])>"),
            ("alloc::boxed::Box<dyn core::fmt::Debug + core::marker::Send>", "Box<dyn Debug + Send>"),
            ("<a::B as c::D>::E", "<B as D>E"),
            ("fn(a::b::C) -> d::E", "fn(C) -> E"),
            ("a::main::{{closure}}", "{{closure}}"),
        ] {
            assert_eq!(short(long), expected);
        }
    }
}
