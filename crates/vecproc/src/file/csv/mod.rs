//! One column of a CSV file.

mod fields;
mod reader;
mod writer;

use std::path::Path;

use super::column::Column;
use super::error::FileError;

pub use reader::CsvReader;
pub use writer::CsvWriter;

/// How a CSV file is written and read: with commas and a row of names, and nothing missing but empty fields, unless
/// told otherwise.
///
/// Fields may be quoted (with `"`, which is doubled within), rows end with a line feed, with or without a carriage
/// return before it. Empty lines are skipped. All rows must have as many fields as the first.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{Csv, Source};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.csv");
/// std::fs::write(&path, "day;price\n1;2.5\n2;NA\n3;\"4\"\n")?;
/// let mut prices = Csv::new().delimiter(b';').missing(&["NA"]).open(&path, "price")?;
/// let prices = prices.next_chunk()?.unwrap_or_default();
/// assert_eq!((prices[0], prices[2]), (2.5, 4.0));
/// assert!(prices[1].is_nan());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csv {
    delimiter: u8,
    has_names: bool,
    missing: Vec<String>,
}

impl Csv {
    /// Commas, a first row of names, and nothing missing but empty fields.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::Csv::new().open("x.csv", "price")?;
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { delimiter: b',', has_names: true, missing: vec![String::new()] }
    }

    /// Sets the byte between two fields.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::Csv::new().delimiter(b'\t').open("x.tsv", "price")?;
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Sets whether the first row has the names of the columns, and no numbers.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::Csv::new().has_names(false).open("x.csv", 2)?;
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn has_names(mut self, has_names: bool) -> Self {
        self.has_names = has_names;
        self
    }

    /// Sets the texts that stand for a missing value, which is read as NaN; with none of them, not even an empty field
    /// may be missing.
    ///
    /// ```
    /// use lagom_vecproc::file::{Csv, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.csv");
    /// std::fs::write(&path, "day,price\n1,2.5\n2,\n")?;
    /// let mut prices = Csv::new().missing(&[]).open(&path, "price")?;
    /// assert_eq!(prices.next_chunk()?, Some(&[2.5][..]));
    /// let error = prices.next_chunk().unwrap_err();
    /// assert!(error.to_string().ends_with(r#"x.csv, line 3, column "price": "" is not a number"#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn missing(mut self, texts: &[&str]) -> Self {
        self.missing = texts.iter().copied().map(str::to_owned).collect();
        self
    }

    /// Opens a file and finds the column, by name or by number.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be opened or read, or there is no such column, or two of that name.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{Csv, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.csv");
    /// std::fs::write(&path, "day,price\n1,2.5\n")?;
    /// assert_eq!(Csv::new().open(&path, 1)?.next_chunk()?, Some(&[2.5][..]));
    /// assert!(Csv::new().open(&path, "volume").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(&self, path: impl AsRef<Path>, column: impl Into<Column>) -> Result<CsvReader, FileError> {
        CsvReader::open(self, path.as_ref(), column.into())
    }

    /// Begins a file of one column that will replace `path`, if there is one.
    ///
    /// # Errors
    ///
    /// [`FileError`] when there is something else than a file in its place, or none can be made there.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{Csv, Sink};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.csv");
    /// let mut x = Csv::new().create(&path, "price")?;
    /// x.write(&[2.5, f64::NAN])?;
    /// x.finish()?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "price\n2.5\nNaN\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(&self, path: impl AsRef<Path>, name: &str) -> Result<CsvWriter, FileError> {
        CsvWriter::create(self, path.as_ref(), name)
    }
}

impl Default for Csv {
    fn default() -> Self {
        Self::new()
    }
}
