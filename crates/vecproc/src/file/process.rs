//! A pipeline from one file to another.

use std::path::Path;

use super::error::ProcessFileError;
use super::output::Output;
use super::reader::F64Reader;
use crate::pipeline::Pipeline;

/// Runs `pipeline` over a file of raw little-endian f64s into another such file; returns how many elements.
///
/// Constant memory at any length: a few buffers of 128 KiB and what the pipeline's windows need. The results are those
/// of [`Pipeline::process_batch`] over the whole file, to the last bit.
///
/// The output is written to a temporary file beside it (`.lagom-PID-N.tmp`) and renamed when whole, so `output` holds
/// the old content or all of the new, and may be `input` itself. A link to a file is replaced, not followed; a device, a
/// pipe or a folder is an error before anything is read. On Unix the mode of a file that is replaced is kept (`0600`
/// stays `0600`), its owner is not; elsewhere, and where there was none, the output has the permissions of any new file.
/// The data are not forced to the disk: a power cut may lose them.
///
/// # Errors
///
/// [`ProcessFileError`] when the input cannot be read, has a length that is no multiple of 8 or changes it meanwhile;
/// when the output cannot be written or is no regular file; when an operation has a window of 0. The temporary file is then removed and
/// `output` left as it was.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Pipeline, process_file};
///
/// # let folder = tempfile::tempdir()?;
/// # let (input, output) = (folder.path().join("x.f64"), folder.path().join("y.f64"));
/// std::fs::write(&input, [1.0_f64, 3.0].map(f64::to_le_bytes).as_flattened())?;
/// assert_eq!(process_file(&input, &output, &Pipeline::new().expanding_mean())?, 2);
/// assert_eq!(std::fs::read(&output)?, [1.0_f64, 2.0].map(f64::to_le_bytes).as_flattened());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn process_file(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    pipeline: &Pipeline,
) -> Result<u64, ProcessFileError> {
    let target = output.as_ref();
    let failed = |source| ProcessFileError::Output { path: target.to_owned(), source };
    let mut stream = pipeline.stream()?;
    let mut reader = F64Reader::open(input)?;
    let mut output = Output::create(target).map_err(failed)?;
    while let Some(chunk) = reader.next_chunk_mut()? {
        stream.process_in_place(chunk);
        output.write(chunk).map_err(failed)?;
    }
    let len = reader.len();
    // Closed first, as it may be the very file to be replaced.
    drop(reader);
    output.commit(target).map_err(failed)?;
    Ok(len)
}
