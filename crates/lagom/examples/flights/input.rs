//! Files as both pipelines read them: the same decompressor and CSV reader, the same words when something is wrong.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use csv::{ByteRecord, ErrorKind, StringRecord};
use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

use crate::fields::Column;

/// A table to be read.
#[derive(Debug)]
pub(crate) struct Input {
    path: PathBuf,
    progress: ProgressBar,
}

/// The tables of the pipeline.
#[derive(Debug)]
pub(crate) struct Inputs {
    pub(crate) flights: Input,
    pub(crate) weather: Input,
    pub(crate) planes: Input,
    pub(crate) airports: Input,
    pub(crate) airlines: Input,
}

impl Inputs {
    /// The tables that ship with the example, but with these flights, if any are given. `progress` counts bytes.
    pub(crate) fn new(flights: Option<PathBuf>, progress: &ProgressBar) -> Self {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
        let input = |path: PathBuf| {
            progress.inc_length(std::fs::metadata(&path).map_or(0, |metadata| metadata.len()));
            Input { path, progress: progress.clone() }
        };
        Self {
            flights: input(flights.unwrap_or_else(|| data.join("flights-2013-01.csv.gz"))),
            weather: input(data.join("weather.csv.gz")),
            planes: input(data.join("planes.csv.gz")),
            airports: input(data.join("airports.csv.gz")),
            airlines: input(data.join("airlines.csv.gz")),
        }
    }
}

#[cfg(test)]
impl Inputs {
    /// The tables `flights.csv` and so on of this folder.
    pub(crate) fn plain(folder: &Path) -> Self {
        let input = |name| Input { path: folder.join(name).with_extension("csv"), progress: ProgressBar::hidden() };
        Self {
            flights: input("flights"),
            weather: input("weather"),
            planes: input("planes"),
            airports: input("airports"),
            airlines: input("airlines"),
        }
    }
}

impl Input {
    /// How messages name the file.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Opens the file, through a decompressor when its content is gzip.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or its name says gzip and its content does not.
    pub(crate) fn open(&self) -> Result<Box<dyn Read + Send>> {
        self.open_file().with_context(|| self.name())
    }

    fn open_file(&self) -> Result<Box<dyn Read + Send>> {
        let mut file = BufReader::new(self.progress.wrap_read(File::open(&self.path)?));
        if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            // A gzip file may consist of several parts; a decoder of one would silently stop after the first.
            return Ok(Box::new(Metered(MultiGzDecoder::new(file))));
        }
        let named_gzip = self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        ensure!(!named_gzip || file.fill_buf()?.is_empty(), "not a gzip file");
        Ok(Box::new(Metered(file)))
    }
}

/// Nanoseconds that all [`Metered`] readers have spent.
static READING: AtomicU64 = AtomicU64::new(0);

/// The time that this process has spent in reading and decompressing, over all threads.
pub(crate) fn reading_time() -> Duration {
    Duration::from_nanos(READING.load(Ordering::Relaxed))
}

/// Counts the time spent in a reader.
struct Metered<R>(R);

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let started = Instant::now();
        let result = self.0.read(buffer);
        READING.fetch_add(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        result
    }
}

/// Reads the header row and finds each of `columns` in it; returns the header and their positions.
///
/// # Errors
///
/// When the file is empty, or lacks a column or has it twice.
pub(crate) fn header(
    name: &str,
    reader: &mut csv::Reader<impl Read>,
    columns: &[Column],
) -> Result<(StringRecord, Vec<usize>)> {
    let header = match reader.headers().cloned() {
        Ok(header) => header,
        Err(error) => {
            let legible = reader.byte_headers().cloned().map(StringRecord::from_byte_record_lossy);
            return Err(file_error(name, 1, &legible.unwrap_or_default(), &error));
        }
    };
    if header.is_empty() {
        bail!("{name}: the file is empty");
    }
    let position = |column: &Column| {
        let mut found = (0..header.len()).filter(|&index| header[index] == *column.name);
        match (found.next(), found.next()) {
            (Some(index), None) => Ok(index),
            (None, _) => Err(anyhow!("{name}:1: there is no column `{}`", column.name)),
            (_, Some(second)) => Err(field_error(name, 1, &header, second, "there is another column of this name")),
        }
    };
    let positions = columns.iter().map(position).collect::<Result<_>>()?;
    Ok((header, positions))
}

/// What is wrong with a file or a row that cannot be read; `line` serves where the error knows none.
pub(crate) fn file_error(name: &str, line: u64, header: &StringRecord, error: &csv::Error) -> anyhow::Error {
    let line = error.position().map_or(line, csv::Position::line);
    match error.kind() {
        // The decoder has several words for it; plain files have no such error.
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            anyhow!("{name}:{line}: the gzip data ends too early")
        }
        ErrorKind::Io(error) => anyhow!("{name}:{line}: {error}"),
        ErrorKind::Utf8 { err, .. } => utf8_error(name, line, header, err.field()),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            anyhow!("{name}:{line}: {len} columns where the header has {expected_len}")
        }
        _ => anyhow!("{name}:{line}: {error}"),
    }
}

/// What is wrong with a row whose field in this column, counted from 0, is no text.
pub(crate) fn utf8_error(name: &str, line: u64, header: &StringRecord, column: usize) -> anyhow::Error {
    field_error(name, line, header, column, "not valid UTF-8")
}

/// What is wrong with a row that was read: its first field, in the order of `columns`, that its column does not allow;
/// `otherwise` when there is none.
#[cold]
pub(crate) fn row_error(
    name: &str,
    header: &StringRecord,
    columns: &[Column],
    record: &StringRecord,
    otherwise: impl Display,
) -> anyhow::Error {
    let line = line(record.as_byte_record());
    let fault = |column: &Column| {
        let index = header.iter().position(|header| header == column.name)?;
        let text = record.get(index)?;
        let fault = column.fault(text)?;
        Some(field_error(name, line, header, index, format_args!("`{text}` {fault}")))
    };
    columns.iter().find_map(fault).unwrap_or_else(|| anyhow!("{name}:{line}: {otherwise}"))
}

/// Why nobody can tell the local hour of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoArrival {
    BeyondCalendar,
    UnknownZone,
}

impl NoArrival {
    /// The error of the flight in this line, to this airport.
    #[cold]
    pub(crate) fn error(self, name: &str, line: u64, dest: &str) -> anyhow::Error {
        let what = match self {
            Self::BeyondCalendar => "arrives at a time beyond the calendar",
            Self::UnknownZone => "has an unknown time zone at its destination",
        };
        anyhow!("{name}:{line}: the flight to {dest} {what}")
    }
}

/// Where a record begins.
pub(crate) fn line(record: &ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

/// What is wrong with one field, by file, line and column; `column` counts from 0.
fn field_error(name: &str, line: u64, header: &StringRecord, column: usize, what: impl Display) -> anyhow::Error {
    anyhow!("{name}:{line}: column {} `{}`: {what}", column + 1, header.get(column).unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const TABLE: &str = "faa,name,lat,lon,tzone\nJFK,\"Kennedy, J F\",40.6,-73.8,America/New_York\nEEN,x,72,42,NA\n";

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn read_file(name: &str, content: &[u8]) -> Result<String> {
        let path = std::env::temp_dir().join(format!("lagom-flights-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        let input = Input { path: path.clone(), progress: ProgressBar::hidden() };
        let mut text = String::new();
        let result = input.open().and_then(|mut reader| Ok(reader.read_to_string(&mut text)?));
        fs::remove_file(&path).unwrap();
        result.map(|_| text)
    }

    #[test]
    fn files_are_read_plain_gzipped_and_in_several_gzip_parts() {
        let (head, tail) = TABLE.split_at(40);
        let parts = [gzip(head), gzip(tail)].concat();
        for (name, content) in [
            ("plain.csv", TABLE.as_bytes().to_vec()),
            ("whole.csv.gz", gzip(TABLE)),
            ("unnamed.csv", gzip(TABLE)),
            ("parts.csv.gz", parts),
        ] {
            assert_eq!(read_file(name, &content).unwrap(), TABLE, "{name}");
        }
        assert!(reading_time() > Duration::ZERO);
    }

    #[test]
    fn a_file_that_is_not_what_its_name_says_or_not_whole_is_an_error() {
        let whole = gzip(TABLE);
        for length in 1..whole.len() {
            assert!(read_file("cut.csv.gz", &whole[..length]).is_err(), "{length} bytes");
        }
        for name in ["text.csv.gz", "text.csv.GZ", "text.Gz"] {
            let error = format!("{:#}", read_file(name, TABLE.as_bytes()).unwrap_err());
            assert!(error.ends_with(&format!("{name}: not a gzip file")), "{error}");
        }
        let missing = Input { path: "no/such.csv".into(), progress: ProgressBar::hidden() };
        assert!(format!("{:#}", missing.open().err().unwrap()).starts_with("no/such.csv: "));
    }

    #[test]
    fn headers_are_checked() {
        let read = |text: &[u8], columns: &[&'static str]| {
            let columns: Vec<_> = columns.iter().copied().map(Column::text).collect();
            header("t.csv", &mut csv::Reader::from_reader(text), &columns)
        };
        let fault = |text: &[u8], columns: &[&'static str]| read(text, columns).unwrap_err().to_string();
        assert_eq!(read(TABLE.as_bytes(), &["lon", "faa"]).unwrap().1, [3, 0]);
        assert_eq!(fault(b"", &["lon"]), "t.csv: the file is empty");
        assert_eq!(fault(b"faa,lat\n", &["lon"]), "t.csv:1: there is no column `lon`");
        assert_eq!(read(b"a,b,a\n", &["b"]).unwrap().1, [1]);
        assert_eq!(fault(b"a,b,a\n", &["b", "a"]), "t.csv:1: column 3 `a`: there is another column of this name");
        assert_eq!(fault(b"faa,l\xfft\n", &["faa"]), "t.csv:1: column 2 `l\u{fffd}t`: not valid UTF-8");
    }
}
