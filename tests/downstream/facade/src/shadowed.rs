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
