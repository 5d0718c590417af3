//! The macros in a module where nothing of std has its usual name.

include!("../../../shadows.rs");

#[::lagom_memo::memoize(ttl = "300s", capacity = 1000)]
pub fn half(x: u32) -> u32 {
    x / 2
}

#[::lagom_profiler::profile]
pub fn double(x: u32) -> u32 {
    x * 2
}

#[::lagom_memo::memoize]
pub fn length(text: &::core::primitive::str) -> ::core::result::Result<u32, ::core::fmt::Error> {
    ::core::result::Result::Ok(text.len() as u32)
}

#[::lagom_profiler::profile]
pub fn even(x: u32) -> ::core::result::Result<u32, u32> {
    if x.is_multiple_of(2) { ::core::result::Result::Ok(x) } else { ::core::result::Result::Err(x) }
}

#[::lagom_profiler::profile]
pub async fn later<T>(x: T) -> T {
    x
}

#[::lagom_profiler::profile(size = values.len(), repeats, records)]
pub fn first(values: &[::core::primitive::u64]) -> ::core::result::Result<::core::primitive::u64, u8> {
    values.first().copied().ok_or(0)
}

pub struct Pair(pub u32, pub u32);

#[::lagom_profiler::profile_all]
impl Pair {
    pub fn turn(self) -> Self {
        Self(self.1, self.0)
    }
}

#[::lagom_profiler::profile_lines]
pub fn count_down(from: u32) -> u32 {
    let mut steps = 0;
    while steps < from {
        steps += 1;
    }
    steps
}

#[derive(::lagom_profiler::HeapSize, ::lagom_profiler::MemoryLayout)]
pub enum Either<T> {
    Left(::std::vec::Vec<T>),
    Right { text: ::std::string::String },
}
