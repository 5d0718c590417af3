//! Uses the facade alone: its macros find their crates through it.

#![forbid(unsafe_code)]
#![deny(warnings)]

pub mod shadowed;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use lagom::weakcache::{Interned, Interner};

/// How often the body of [`square`] ran.
pub static SQUARES: AtomicUsize = AtomicUsize::new(0);

#[lagom::memo::memoize(ttl = "300s", capacity = 1000)]
pub fn square(x: u64) -> u64 {
    SQUARES.fetch_add(1, Ordering::Relaxed);
    x * x
}

#[lagom::memo::memoize]
pub fn joined(left: &str, right: String) -> String {
    format!("{left}-{right}")
}

#[lagom::profiler::profile]
pub fn parse(text: &str) -> Result<u64, std::num::ParseIntError> {
    let number: u64 = text.parse()?;
    Ok(number)
}

pub struct Counter(pub usize);

impl Counter {
    #[lagom::profiler::profile]
    pub fn add(&mut self, n: usize) -> usize {
        self.0 += n;
        self.0
    }
}

#[lagom::profiler::profile(group = "sums", size = values.len(), repeats, records = 10)]
pub fn sum(values: &[u64], offset: u64) -> Result<u64, String> {
    values.iter().try_fold(offset, |sum, value| sum.checked_add(*value)).ok_or_else(|| "too large".to_owned())
}

pub struct Celsius(pub f64);

#[lagom::profiler::profile_all(group = "units")]
impl Celsius {
    pub fn to_fahrenheit(&self) -> f64 {
        self.0 * 1.8 + 32.0
    }
}

#[lagom::profiler::profile_all]
pub mod shapes {
    pub fn area(width: u64, height: u64) -> u64 {
        width * height
    }
}

#[lagom::profiler::profile_lines]
pub fn digits(text: &str) -> usize {
    let mut count = 0;
    for character in text.chars() {
        if character.is_ascii_digit() {
            count += 1;
        }
    }
    count
}

/// A map with interned keys, which clippy must not take for mutable ones.
pub fn count(words: &Interner<str>, text: &str) -> HashMap<Interned<str>, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(words.intern(word)).or_default() += 1;
    }
    counts
}

#[lagom::profiler::profile_memory]
pub fn doubled(values: &[u64]) -> Vec<u64> {
    values.iter().map(|value| 2 * value).collect()
}

#[derive(lagom::profiler::HeapSize, lagom::profiler::MemoryLayout)]
#[repr(C)]
pub struct Order<T> {
    pub urgent: bool,
    pub items: Vec<T>,
    pub note: Option<Box<str>>,
}
