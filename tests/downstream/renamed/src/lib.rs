//! Uses the facade under another name, which its macros are told.

#![forbid(unsafe_code)]
#![deny(warnings)]

pub mod shadowed;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};

/// How often the body of [`square`] ran.
pub static SQUARES: AtomicUsize = AtomicUsize::new(0);

#[lg::memo::memoize(ttl = "300s", capacity = 1000, crate = lg::memo)]
pub fn square(x: u64) -> u64 {
    SQUARES.fetch_add(1, Ordering::Relaxed);
    x * x
}

#[lg::memo::memoize(crate = lg::memo)]
pub fn joined(left: &str, right: String) -> String {
    format!("{left}-{right}")
}

#[lg::profiler::profile(crate = lg::profiler)]
pub fn parse(text: &str) -> Result<u64, std::num::ParseIntError> {
    let number: u64 = text.parse()?;
    Ok(number)
}

pub struct Counter(pub usize);

impl Counter {
    #[lg::profiler::profile(crate = lg::profiler)]
    pub fn add(&mut self, n: usize) -> usize {
        self.0 += n;
        self.0
    }
}
