//! Writing a column.

use std::io::Write as _;
use std::path::Path;

use super::Csv;
use crate::file::error::FileError;
use crate::file::output::OutputFile;
use crate::file::sink::Sink;

/// Writes a CSV file of one column: a row with its name, if there is one, and one for each number, in the fewest
/// digits that are read as the same f64 again. NaN is written as `NaN`.
///
/// As all files that this crate writes, it gets a temporary name in the same folder and the right one when it is
/// [finished](Sink::finish).
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{Csv, Sink};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.csv");
/// let mut x = Csv::new().create(&path, "mean")?;
/// x.write(&[0.1, 1e300])?;
/// x.finish()?;
/// assert_eq!(std::fs::read_to_string(&path)?, "mean\n0.1\n1e300\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CsvWriter {
    output: OutputFile,
    text: Vec<u8>,
}

impl CsvWriter {
    pub(super) fn create(csv: &Csv, path: &Path, name: &str) -> Result<Self, FileError> {
        let mut writer = Self { output: OutputFile::create(path)?, text: Vec::new() };
        if csv.has_names {
            // In quotes only where it must be: an empty name alone would be an empty line.
            let is_plain = |byte| byte != csv.delimiter && !matches!(byte, b'"' | b'\n' | b'\r');
            let quotes = if !name.is_empty() && name.bytes().all(is_plain) { "" } else { "\"" };
            let row = format!("{quotes}{}{quotes}\n", name.replace('"', "\"\""));
            writer.output.append(row.as_bytes())?;
        }
        Ok(writer)
    }
}

impl Sink for CsvWriter {
    fn write(&mut self, chunk: &[f64]) -> Result<(), FileError> {
        // As much at a time as stays in the cache.
        for part in chunk.chunks(4096) {
            self.text.clear();
            for value in part {
                // To memory; never fails.
                let _ = writeln!(self.text, "{value:?}");
            }
            self.output.append(&self.text)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), FileError> {
        self.output.commit()
    }
}
