//! The macros in a module where nothing of std has its usual name.

include!("../../../shadows.rs");

#[::lg::memo::memoize(ttl = "300s", capacity = 1000, crate = ::lg::memo)]
pub fn half(x: u32) -> u32 {
    x / 2
}

#[::lg::profiler::profile(crate = ::lg::profiler)]
pub fn double(x: u32) -> u32 {
    x * 2
}

#[::lg::memo::memoize(crate = ::lg::memo)]
pub fn length(text: &::core::primitive::str) -> ::core::result::Result<u32, ::core::fmt::Error> {
    ::core::result::Result::Ok(text.len() as u32)
}

#[::lg::profiler::profile(crate = ::lg::profiler)]
pub fn even(x: u32) -> ::core::result::Result<u32, u32> {
    if x.is_multiple_of(2) { ::core::result::Result::Ok(x) } else { ::core::result::Result::Err(x) }
}

#[::lg::profiler::profile(crate = ::lg::profiler)]
pub async fn later<T>(x: T) -> T {
    x
}

#[::lg::profiler::profile(size = values.len(), repeats, records, crate = ::lg::profiler)]
pub fn first(values: &[::core::primitive::u64]) -> ::core::result::Result<::core::primitive::u64, u8> {
    values.first().copied().ok_or(0)
}

pub struct Pair(pub u32, pub u32);

#[::lg::profiler::profile_all(crate = ::lg::profiler)]
impl Pair {
    pub fn turn(self) -> Self {
        Self(self.1, self.0)
    }
}

#[::lg::profiler::profile_lines(crate = ::lg::profiler)]
pub fn count_down(from: u32) -> u32 {
    let mut steps = 0;
    while steps < from {
        steps += 1;
    }
    steps
}

#[::lg::profiler::profile_memory(crate = ::lg::profiler)]
pub async fn soon(value: u32) -> u32 {
    value + 1
}

#[derive(::lg::profiler::HeapSize, ::lg::profiler::MemoryLayout)]
#[heap_size(crate = ::lg::profiler)]
#[memory_layout(crate = ::lg::profiler)]
pub enum Either<T> {
    Left(::std::vec::Vec<T>),
    Right { text: ::std::string::String },
}
