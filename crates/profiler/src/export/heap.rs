//! A heap profile in the formats of other tools, one file each.

#[cfg(feature = "export")]
mod dhat;
#[cfg(test)]
mod fixture;
#[cfg(feature = "flamegraph")]
mod flamegraph;
mod folded;
#[cfg(feature = "export")]
mod html;
#[cfg(feature = "export")]
mod json;
mod massif;
mod names;
#[cfg(feature = "export")]
mod pprof;
#[cfg(feature = "export")]
mod speedscope;
mod text;
mod tree;
