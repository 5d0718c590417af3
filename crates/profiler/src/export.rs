//! The report in the formats of other tools, one file each.

#[cfg(feature = "export")]
mod chrome;
#[cfg(test)]
mod fixture;
mod folded;
mod frames;
mod heap;
#[cfg(feature = "export")]
mod html;
#[cfg(feature = "export")]
mod json;
#[cfg(feature = "export")]
mod json_lines;
#[cfg(feature = "export")]
mod pprof;
mod prometheus;
#[cfg(feature = "export")]
mod protobuf;
pub(crate) mod series;
#[cfg(feature = "export")]
mod speedscope;

#[cfg(test)]
pub(crate) use self::fixture::summary as fixture;
pub use self::folded::Weight;
