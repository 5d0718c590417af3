//! The operations over slices, streams and pipelines, against what they promise.

mod accuracy;
mod against_models;
mod bits;
mod cuts;
mod element_types;
mod errors;
mod ewma;
mod exact;
mod gaps;
mod inputs;
mod instruction_sets;
mod models;
mod pandas;
mod pandas_tables;
mod resuming;
#[path = "../shared/mod.rs"]
mod shared;
mod table;
mod threads;
mod ulps;
#[cfg(feature = "ndarray")]
mod views;
mod windows;
