//! Reading a column.

use std::path::Path;

use super::Csv;
use super::fields::{Field, Fields};
use crate::file::column::Column;
use crate::file::elements::CHUNK;
use crate::file::error::{FileError, FileErrorKind};
use crate::file::input::InputFile;
use crate::file::source::Source;

/// No row of names is longer, in bytes.
const LONGEST_NAMES: usize = 1 << 20;

/// Bytes of a field that an error shows.
const SHOWN: usize = 60;

/// One column of a CSV file, read in chunks of 16,384 numbers.
///
/// Numbers are what [`f64::from_str`](std::str::FromStr) takes, with space around them; NaN stands for what is
/// [missing](Csv::missing). Constant memory, however long fields and rows are.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{Csv, Source};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.csv");
/// std::fs::write(&path, "price\n 1e3 \n\"-inf\"\n")?;
/// let mut x = Csv::new().open(&path, "price")?;
/// assert_eq!(x.next_chunk()?, Some(&[1000.0, f64::NEG_INFINITY][..]));
/// assert_eq!(x.next_chunk()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CsvReader {
    fields: Fields,
    missing: Vec<String>,
    /// As errors show it: by its name, if it has one.
    column: Column,
    index: u64,
    /// Fields of every row.
    width: u64,
    chunk: Vec<f64>,
    /// An error that waits until what was read before it is taken.
    error: Option<FileError>,
    /// The parser stopped in the middle of a field.
    is_broken: bool,
}

impl CsvReader {
    pub(super) fn open(csv: &Csv, path: &Path, column: Column) -> Result<Self, FileError> {
        let mut fields = Fields::new(InputFile::open(path)?, csv.delimiter);
        let mut names = read_row(&mut fields)?;
        if !csv.has_names {
            fields.rewind();
            names = (0..names.len()).map(|index| index.to_string()).collect();
        }
        let index = match &column {
            Column::Name(_) if !csv.has_names => Err(column.without_names()),
            _ => column.find(&names),
        };
        let index = index.map_err(|kind| fields.input.error(kind))?;
        Ok(Self {
            fields,
            missing: csv.missing.clone(),
            column: if csv.has_names { Column::Name(names[index].clone()) } else { Column::Index(index) },
            index: index as u64,
            width: names.len() as u64,
            chunk: Vec::new(),
            error: None,
            is_broken: false,
        })
    }

    /// The number in the next row.
    fn next_number(&mut self) -> Result<Option<f64>, FileError> {
        let mut number = Ok(f64::NAN);
        let mut count = 0;
        let line = loop {
            match self.fields.next_field() {
                Ok(None) => return Ok(None),
                Err(error) => {
                    self.is_broken = true;
                    return Err(error);
                }
                Ok(Some(field)) => {
                    if count == self.index {
                        number = value(&field, &self.missing, &self.column);
                    }
                    count += 1;
                    if field.is_last_of_row {
                        break field.line;
                    }
                }
            }
        };
        if count != self.width {
            number = Err(FileErrorKind::Row { line, fields: count, expected: self.width });
        }
        number.map(Some).map_err(|kind| self.fields.input.error(kind))
    }
}

impl Source for CsvReader {
    /// All numbers before an error come before it. After a row that is no good comes the next one; after any other error
    /// nothing but errors.
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        if self.is_broken {
            return Err(self.fields.input.error(FileErrorKind::Format("it was not read to its end".into())));
        }
        self.chunk.clear();
        while self.chunk.len() < CHUNK {
            match self.next_number() {
                Ok(Some(number)) => self.chunk.push(number),
                Ok(None) => break,
                Err(error) if self.chunk.is_empty() => return Err(error),
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            }
        }
        if self.chunk.is_empty() {
            self.fields.input.check_unchanged()?;
            return Ok(None);
        }
        Ok(Some(&mut self.chunk))
    }
}

/// The fields of the first row.
fn read_row(fields: &mut Fields) -> Result<Vec<String>, FileError> {
    let mut row = Vec::new();
    let mut len = 0;
    while let Some(field) = fields.next_field()? {
        let is_last = field.is_last_of_row;
        row.push(String::from_utf8_lossy(field.text).into_owned());
        len += field.text.len() + size_of::<String>();
        if is_last {
            break;
        }
        if len > LONGEST_NAMES {
            let problem = "the first row is longer than a mebibyte".to_owned();
            return Err(fields.input.error(FileErrorKind::Column(problem)));
        }
    }
    Ok(row)
}

fn value(field: &Field<'_>, missing: &[String], column: &Column) -> Result<f64, FileErrorKind> {
    let text = field.text.trim_ascii();
    if field.is_whole {
        if let Some(number) = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            return Ok(number);
        }
        if missing.iter().any(|missing| missing.as_bytes() == text) {
            return Ok(f64::NAN);
        }
    }
    let mut text = String::from_utf8_lossy(&field.text[..field.text.len().min(SHOWN)]).into_owned();
    if field.text.len() > SHOWN {
        text.push('…');
    }
    Err(FileErrorKind::Field { line: field.line, column: column.clone(), text })
}
