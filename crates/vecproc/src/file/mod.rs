//! Raw little-endian f64 files.

mod error;
mod output;
mod process;
mod reader;

pub use error::{FileError, ProcessFileError};
pub use process::process_file;
pub use reader::F64Reader;
#[cfg(feature = "mmap")]
pub(crate) use reader::open;

/// Bytes of one element.
pub(crate) const ELEMENT: usize = size_of::<f64>();
