//! Running and rolling statistics over slices, streams and files, with answers that can be trusted.
//!
//! ```
//! use lagom_vecproc::{Pipeline, expanding_mean, rolling_mean};
//!
//! let x = [1.0, 3.0, 8.0, 4.0];
//! let mut out = [0.0; 4];
//! expanding_mean(&x, &mut out)?; // the mean so far
//! assert_eq!(out, [1.0, 2.0, 4.0, 4.0]);
//! rolling_mean(&x, 2, &mut out)?; // the mean of the last two
//! assert_eq!(out[1..], [2.0, 5.5, 6.0]);
//!
//! let pipeline = Pipeline::new().expanding_mean().scale(1.1); // several at once, reusable
//! pipeline.process_batch(&x, &mut out)?;
//! # Ok::<(), lagom_vecproc::ProcessError>(())
//! ```
//!
//! - **Operations**: [`expanding_mean`], [`chunked_mean`], [`rolling_mean`], [`affine`], [`scale`], [`clip`] write into
//!   a buffer you give; `…_to_vec` makes one, `…_in_place` needs none.
//! - **Reductions**: [`sum`], [`mean`], [`variance`], [`std_dev`], [`min_max`], [`quantile`].
//! - **Streams**: [`ExpandingMean`], [`ChunkedMean`], [`RollingMean`] and [`PipelineStream`] carry their state from one
//!   chunk to the next.
//! - **Pipelines**: [`Pipeline`] runs operations in a row, tile by tile, without a temporary of full length.
//! - **Batches**: [`batches`] of any items over any iterator.
//! - **[Files](mod@file)**: raw elements, `.npy`, CSV, Arrow and Parquet columns in constant memory, read in chunks or run
//!   through by [`Pipeline::process_file`].
//!
//! # What can be trusted
//!
//! - Sums are compensated: a mean is within half a unit in the last place of the exact one at any length (unless values
//!   of both signs cancel; each operation states its bound), and the mean of equal values is that value. Ten million
//!   times 0.1 has the mean 0.1.
//! - A rolling result depends on nothing outside its window: NaN, infinities, spikes and overflow leave with it.
//! - The same bits however a stream is cut, and on every platform with IEEE 754 doubles (32-bit x86 without SSE2 has
//!   none). Only the sign and payload of a NaN may differ.
//! - A variance is never negative, and 0 for equal values.
//!
//! NaN is propagated everywhere, never skipped.
//!
//! # When not to use it
//!
//! - For data frames, joins and group-by, use polars; for n-dimensional arrays and linear algebra, ndarray or faer.
//! - For rolling medians, extremes or variances, exponential weights and other element types, polars and
//!   tea-rolling have what is not here yet.
//! - For a plain sum of a few numbers, `iter().sum()` is simpler. A plain loop that subtracts what leaves the window may
//!   also be faster than [`rolling_mean`], at the price of everything above.
//!
//! # Features
//!
//! None by default. `csv`: columns of CSV files, with the crate csv-core. `arrow`: columns of Arrow IPC and Parquet
//! files, with arrow-rs. `mmap`: files as slices (`file::MappedF64`), with memmap2.
#![warn(missing_docs)]
#![cfg_attr(not(feature = "mmap"), forbid(unsafe_code))]
#![deny(unsafe_code)]

mod batches;
mod chunked;
mod compensated;
mod elementwise;
mod error;
mod expanding;
pub mod file;
mod mean;
mod pipeline;
mod quantile;
mod reduce;
mod rolling;
mod tiles;

pub use batches::{Batches, batches};
pub use chunked::{ChunkedMean, chunked_mean, chunked_mean_to_vec};
pub use elementwise::{
    affine, affine_in_place, affine_to_vec, clip, clip_in_place, clip_to_vec, scale, scale_in_place, scale_to_vec,
};
pub use error::{LengthError, ProcessError, ZeroWindow};
pub use expanding::{ExpandingMean, expanding_mean, expanding_mean_to_vec};
pub use pipeline::{Pipeline, PipelineStream};
pub use quantile::{QuantileError, quantile, quantile_in_place};
pub use reduce::{mean, min_max, std_dev, sum, variance};
pub use rolling::{RollingMean, rolling_mean, rolling_mean_to_vec};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
pub struct ReadmeDoctests;
