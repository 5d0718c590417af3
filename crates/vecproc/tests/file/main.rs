//! Files of all formats: what they hold, what becomes of them meanwhile, and what is wrong with them.

mod any;
#[cfg(feature = "arrow")]
mod arrow;
mod changes;
mod common;
#[cfg(feature = "csv")]
mod csv;
mod elements;
#[cfg(feature = "mmap")]
mod mapped;
mod npy;
mod npy_malformed;
mod output;
mod progress;
mod streams;
