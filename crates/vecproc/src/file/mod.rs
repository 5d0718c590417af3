//! Files: raw elements, NumPy's `.npy`, CSV, Arrow and Parquet columns, in constant memory.
//!
//! ```
//! use lagom_vecproc::Pipeline;
//!
//! # let folder = tempfile::tempdir()?;
//! # let (x, y) = (folder.path().join("x.f64"), folder.path().join("y.npy"));
//! # std::fs::write(&x, [0; 80])?;
//! let pipeline = Pipeline::new().expanding_mean().scale(1.1);
//! let elements = pipeline.process_file(&x, &y)?; // formats by extension
//! # assert_eq!(elements, 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Source`] gives chunks of f64s, a [`Sink`] takes them, [`process`] runs a pipeline from one to the other. What
//! each format has beyond that is in its own types:
//!
//! | format | read by | written by |
//! | --- | --- | --- |
//! | raw floats and integers of both byte orders | [`ElementReader`] | [`RawWriter`] |
//! | `.npy`, versions 1 to 3, both memory orders | [`Npy`] | [`NpyWriter`] |
//! | CSV columns (feature `csv`) | `Csv` | `CsvWriter` |
//! | Arrow IPC columns, file and stream (feature `arrow`) | `ArrowReader` | `ArrowWriter` |
//! | Parquet columns (feature `arrow`) | `ParquetReader` | `ParquetWriter` |
//! | raw, from and to any `io::Read` and `io::Write` | [`StreamReader`] | [`StreamWriter`] |
//! | told by its extension | [`AnyReader`] | [`AnyWriter`] |
//!
//! All arithmetic is in f64. Floats of 32 bits are widened when they are read, which is exact, and rounded once, when
//! they are written.
//!
//! # What holds for all files
//!
//! - Files are read by position and not through a memory map: what others do to them is an error or goes unseen, never
//!   a crash. A file that is found cut short, grown, replaced or written to between its opening and its end is an error
//!   that names it. Writes that the system does not date (within one tick of its clock, or through some network file
//!   systems) go unseen.
//! - Files are written under a temporary name in the same folder and renamed when they are whole. A run that fails,
//!   breaks off or panics leaves nothing but what was there before.
//! - Errors name the file and say where in it: the byte, or line and column.
//!
//! `MappedF64` (feature `mmap`) is the `unsafe` opt-in for who wants a slice.

mod any;
#[cfg(feature = "arrow")]
mod arrow;
mod column;
#[cfg(feature = "csv")]
mod csv;
mod element;
mod elements;
mod error;
mod input;
#[cfg(feature = "mmap")]
mod mmap;
mod npy;
mod output;
mod process;
mod raw;
mod reader;
mod sink;
mod source;

pub use any::{AnyReader, AnyWriter};
#[cfg(feature = "arrow")]
pub use arrow::{ArrowReader, ArrowWriter, ParquetReader, ParquetWriter};
pub use column::Column;
#[cfg(feature = "csv")]
pub use csv::{Csv, CsvReader, CsvWriter};
pub use element::ElementType;
pub use elements::ElementReader;
pub use error::{FileError, FileErrorKind, ProcessFileError};
#[cfg(feature = "mmap")]
pub use mmap::MappedF64;
pub use npy::{Npy, NpyWriter};
pub use process::{Progress, process, process_with};
pub use raw::RawWriter;
pub use reader::{StreamReader, StreamWriter};
pub use sink::Sink;
pub use source::{Source, SourceChunks};
