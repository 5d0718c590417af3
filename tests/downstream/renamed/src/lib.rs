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

#[lg::profiler::profile(group = "sums", size = values.len(), repeats, records = 10, crate = lg::profiler)]
pub fn sum(values: &[u64], offset: u64) -> Result<u64, String> {
    values.iter().try_fold(offset, |sum, value| sum.checked_add(*value)).ok_or_else(|| "too large".to_owned())
}

pub struct Celsius(pub f64);

#[lg::profiler::profile_all(group = "units", crate = lg::profiler)]
impl Celsius {
    pub fn to_fahrenheit(&self) -> f64 {
        self.0 * 1.8 + 32.0
    }
}

#[lg::profiler::profile_all(crate = ::lg::profiler)]
pub mod shapes {
    pub fn area(width: u64, height: u64) -> u64 {
        width * height
    }
}

#[lg::profiler::profile_lines(crate = lg::profiler)]
pub fn digits(text: &str) -> usize {
    let mut count = 0;
    for character in text.chars() {
        if character.is_ascii_digit() {
            count += 1;
        }
    }
    count
}

#[lg::profiler::profile_memory(crate = lg::profiler)]
pub fn doubled(values: &[u64]) -> Vec<u64> {
    values.iter().map(|value| 2 * value).collect()
}

#[derive(lg::profiler::HeapSize, lg::profiler::MemoryLayout)]
#[heap_size(crate = lg::profiler)]
#[memory_layout(crate = lg::profiler)]
#[repr(C)]
pub struct Order<T> {
    pub urgent: bool,
    pub items: Vec<T>,
    pub note: Option<Box<str>>,
}
