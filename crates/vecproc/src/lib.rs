//! Running and rolling statistics over slices, streams and files, as fast as the processor allows, with answers that can
//! be trusted.
//!
//! ```
//! use lagom_vecproc::{Fill, Pipeline, expanding_mean, rolling_std};
//!
//! let x = [1.0, 3.0, 8.0, 4.0];
//! let mut out = [0.0; 4];
//! expanding_mean(&x, &mut out)?; // the mean so far
//! assert_eq!(out, [1.0, 2.0, 4.0, 4.0]);
//! rolling_std(&x, 2, 1, &mut out)?; // of the last two
//! assert_eq!(out[1], 2.0_f64.sqrt());
//!
//! let pipeline = Pipeline::new().fill_missing(Fill::Forward).rolling_mean(2).scale(1.1); // in one pass
//! pipeline.process_batch(&x, &mut out)?;
//! # Ok::<(), lagom_vecproc::ProcessError>(())
//! ```
//!
//! - **So far**: [`cumulative_sum`], [`cumulative_product`], [`cumulative_min`], [`cumulative_max`], [`expanding_mean`],
//!   [`expanding_variance`], [`expanding_std`], [`expanding_min`], [`expanding_max`], [`chunked_mean`], [`ewma`].
//! - **The last so many**: [`rolling_sum`], [`rolling_mean`], [`rolling_variance`], [`rolling_std`], [`rolling_min`],
//!   [`rolling_max`], [`rolling_median`], [`rolling_quantile`], [`rolling_z_score`], [`difference`], [`lag`].
//! - **One by one**: [`scale`], [`affine`], [`clip`], [`abs`], [`ln`], [`exp`], [`fill_missing`], [`normalise`];
//!   with their neighbours [`fill_gaps`].
//! - **To one number**: [`sum`], [`sum_plain`], [`mean`], [`variance`], [`std_dev`], [`min`], [`max`], [`min_max`],
//!   [`argmin`], [`argmax`], [`dot`], [`norm`], [`covariance`], [`correlation`], [`histogram`], [`quantile`],
//!   [`quantiles`]; of what is [`present`], where NaN is to be skipped.
//! - **Forms**: each function writes into a buffer you give. A [`Pipeline`] of one operation or several also runs in place,
//!   into a new vector, over a stream in chunks ([`PipelineStream`]: saved and resumed at any point), over an iterator of
//!   chunks ([`Pipeline::over`]), and from any file or reader to any file or writer; operations in a row go through the cache
//!   once.
//! - **Types**: `f64`, `f32` and integers ([`Element`]), side by side or every so-manieth ([`Strided`]), read in place.
//! - **Missing values** are NaN: propagated by default, left out with [`Pipeline::min_periods`], as pandas does.
//! - **Batches**: [`batches`] of any items over any iterator.
//! - **[Files](mod@file)**: raw elements, `.npy`, CSV, Arrow and Parquet columns in constant memory, read in chunks or run
//!   through by [`Pipeline::process_file`].
//!
//! # What can be trusted
//!
//! - Every operation states its error bound, and the tests hold it against exact references. Running sums are compensated:
//!   ten million times 0.1 are 1,000,000 to the last digits.
//! - A rolling result depends on nothing outside its window: NaN, infinities, spikes and overflow leave with it. Nothing is
//!   ever subtracted.
//! - The same bits however a stream is cut, on any number of threads and with any instruction set: AVX-512, AVX2, NEON and
//!   plain code do the same operations in the same order, and none fuses a multiplication with an addition. (Sign and
//!   payload of a NaN may differ, and [`ln`], [`exp`] and [`Ewma::half_life`] call the platform's mathematical library.)
//! - A variance is never negative, and 0 for equal values.
//!
//! # When not to use it
//!
//! - For data frames, joins and group-by, use polars; for n-dimensional arrays and linear algebra, ndarray or faer.
//! - For a plain sum of a few numbers, `iter().sum()` is simpler. Below some dozens of elements a call costs more than a
//!   loop: about 50 ns.
//! - Pushed element by element ([`PipelineStream::push`]) an operation costs 20 to 250 ns, where the ta crate or a loop of
//!   your own costs 1 to 5: it is made for chunks.
//! - For data that outgrow one machine, an engine: DataFusion, DuckDB.
//!
//! # Features
//!
//! None by default. `rayon`: windows on several threads (`Pipeline::par_process_batch`). `serde`: pipelines and saved
//! streams can be written and read. `ndarray`: its views as input. `csv`: columns of CSV files, with the crate csv-core.
//! `arrow`: arrow-rs arrays as input, and columns of Arrow IPC and Parquet files. `mmap`: files as slices
//! (`file::MappedF64`), an `unsafe` opt-in.
//!
//! The environment variable `LAGOM_VECPROC_ISA` (`avx512`, `avx2`, `neon`, `portable`) forces an instruction set that the
//! processor has, to compare; anything else changes nothing.
#![warn(missing_docs)]
#![deny(unsafe_code)] // allowed in `arch/` and the mapped file alone
#![cfg_attr(docsrs, feature(doc_cfg))]

mod aligned;
mod arch;
mod batches;
mod cumulative;
mod element;
mod elementwise;
mod error;
mod ewma;
mod expanding;
pub mod file;
mod gaps;
mod input;
#[cfg(any(feature = "arrow", feature = "ndarray"))]
mod interop;
mod io;
mod missing;
mod nan;
mod pipeline;
mod quantile_window;
mod reduce;
mod rolling;
mod scan;
mod stage;
mod window;

pub use batches::{Batches, batches};
pub use cumulative::{cumulative_max, cumulative_min, cumulative_product, cumulative_sum};
pub use element::{Element, Float};
pub use elementwise::{abs, affine, clip, difference, exp, lag, ln, normalise, scale};
pub use error::{LengthError, ParameterError, ProcessError};
pub use ewma::{Ewma, ewma};
pub use expanding::{chunked_mean, expanding_max, expanding_mean, expanding_min, expanding_std, expanding_variance};
pub use gaps::{Gaps, fill_gaps, fill_gaps_in_place};
pub use input::{Input, Output, Strided, ZeroStep};
pub use missing::{Fill, fill_missing};
pub use pipeline::{Chunk, Pipeline, PipelineChunks, PipelineStream, ResumeError, SavedStream};
pub use reduce::{
    Histogram, HistogramError, Present, QuantileError, Sample, UnequalLengths, argmax, argmin, correlation, covariance,
    dot, histogram, histogram_with_edges, max, mean, min, min_max, norm, present, quantile, quantile_in_place,
    quantiles, quantiles_in_place, std_dev, sum, sum_plain, variance,
};
pub use rolling::{
    rolling_max, rolling_mean, rolling_median, rolling_min, rolling_quantile, rolling_std, rolling_sum,
    rolling_variance, rolling_z_score,
};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
pub struct ReadmeDoctests;
