//! The macros in a module where nothing of std has its usual name.

include!("../../../shadows.rs");

#[::lagom::memo::memoize(ttl = "300s", capacity = 1000)]
pub fn half(x: u32) -> u32 {
    x / 2
}

#[::lagom::profiler::profile]
pub fn double(x: u32) -> u32 {
    x * 2
}

#[::lagom::memo::memoize]
pub fn length(text: &::core::primitive::str) -> ::core::result::Result<u32, ::core::fmt::Error> {
    ::core::result::Result::Ok(text.len() as u32)
}

#[::lagom::profiler::profile]
pub fn even(x: u32) -> ::core::result::Result<u32, u32> {
    if x.is_multiple_of(2) { ::core::result::Result::Ok(x) } else { ::core::result::Result::Err(x) }
}

#[::lagom::profiler::profile]
pub async fn later<T>(x: T) -> T {
    x
}

#[::lagom::profiler::profile(size = values.len(), repeats, records)]
pub fn first(values: &[::core::primitive::u64]) -> ::core::result::Result<::core::primitive::u64, u8> {
    values.first().copied().ok_or(0)
}

pub struct Pair(pub u32, pub u32);

#[::lagom::profiler::profile_all]
impl Pair {
    pub fn turn(self) -> Self {
        Self(self.1, self.0)
    }
}

#[::lagom::profiler::profile_lines]
pub fn count_down(from: u32) -> u32 {
    let mut steps = 0;
    while steps < from {
        steps += 1;
    }
    steps
}

#[::lagom::profiler::profile_memory]
pub async fn soon(value: u32) -> u32 {
    value + 1
}

#[derive(::lagom::profiler::HeapSize, ::lagom::profiler::MemoryLayout)]
pub enum Either<T> {
    Left(::std::vec::Vec<T>),
    Right { text: ::std::string::String },
}
