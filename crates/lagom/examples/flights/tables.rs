//! The five tables: where they lie, their rows, and reading them with errors that name file, line and column.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, anyhow, bail, ensure};
use csv::{ErrorKind, StringRecord};
use flate2::bufread::MultiGzDecoder;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::answers::Day;

/// Where the tables lie.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) flights: PathBuf,
    pub(crate) weather: PathBuf,
    pub(crate) planes: PathBuf,
    pub(crate) airports: PathBuf,
    pub(crate) airlines: PathBuf,
}

impl Paths {
    /// The tables that ship with the example, but with these flights, if any are given.
    pub(crate) fn new(flights: Option<PathBuf>) -> Self {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
        Self {
            flights: flights.unwrap_or_else(|| data.join("flights-2013-01.csv.gz")),
            weather: data.join("weather.csv.gz"),
            planes: data.join("planes.csv.gz"),
            airports: data.join("airports.csv.gz"),
            airlines: data.join("airlines.csv.gz"),
        }
    }
}

/// A row of a table, and the columns it needs.
pub(crate) trait Row: DeserializeOwned {
    const COLUMNS: &'static [&'static str];
}

#[derive(Deserialize, Debug)]
pub(crate) struct Flight {
    pub(crate) month: u8,
    pub(crate) day: u8,
    /// Local time as HHMM; missing when the flight was cancelled.
    #[serde(deserialize_with = "whole_or_na")]
    pub(crate) dep_time: Option<i32>,
    /// Minutes; negative when early.
    #[serde(deserialize_with = "whole_or_na")]
    pub(crate) dep_delay: Option<i32>,
    /// Minutes; negative when early.
    #[serde(deserialize_with = "whole_or_na")]
    pub(crate) arr_delay: Option<i32>,
    pub(crate) carrier: String,
    #[serde(deserialize_with = "text_or_na")]
    pub(crate) tailnum: Option<String>,
    pub(crate) origin: String,
    pub(crate) dest: String,
    /// Minutes.
    #[serde(deserialize_with = "whole_or_na")]
    pub(crate) air_time: Option<i32>,
    /// Of the scheduled departure.
    pub(crate) minute: u8,
    /// Of the scheduled departure, rounded down to the hour.
    #[serde(deserialize_with = "timestamp")]
    pub(crate) time_hour: Timestamp,
}

impl Flight {
    pub(crate) fn date(&self) -> Day {
        Day { month: self.month, day: self.day }
    }
}

impl Row for Flight {
    const COLUMNS: &'static [&'static str] = &[
        "month",
        "day",
        "dep_time",
        "dep_delay",
        "arr_delay",
        "carrier",
        "tailnum",
        "origin",
        "dest",
        "air_time",
        "minute",
        "time_hour",
    ];
}

#[derive(Deserialize, Debug)]
pub(crate) struct Weather {
    pub(crate) origin: String,
    /// Degrees Fahrenheit.
    #[serde(deserialize_with = "real_or_na")]
    pub(crate) temp: Option<f64>,
    /// Miles per hour.
    #[serde(deserialize_with = "real_or_na")]
    pub(crate) wind_speed: Option<f64>,
    /// Inches.
    #[serde(deserialize_with = "real_or_na")]
    pub(crate) precip: Option<f64>,
    /// Miles.
    #[serde(deserialize_with = "real_or_na")]
    pub(crate) visib: Option<f64>,
    #[serde(deserialize_with = "timestamp")]
    pub(crate) time_hour: Timestamp,
}

impl Weather {
    /// The day of UTC.
    pub(crate) fn date(&self) -> Day {
        let date = jiff::tz::Offset::UTC.to_datetime(self.time_hour);
        Day { month: date.month().unsigned_abs(), day: date.day().unsigned_abs() }
    }
}

impl Row for Weather {
    const COLUMNS: &'static [&'static str] = &["origin", "temp", "wind_speed", "precip", "visib", "time_hour"];
}

#[derive(Deserialize, Debug)]
pub(crate) struct Plane {
    pub(crate) tailnum: String,
    #[serde(deserialize_with = "whole_or_na")]
    pub(crate) year: Option<i32>,
    pub(crate) seats: u32,
}

impl Row for Plane {
    const COLUMNS: &'static [&'static str] = &["tailnum", "year", "seats"];
}

#[derive(Deserialize, Debug)]
pub(crate) struct Airport {
    pub(crate) faa: String,
    /// Degrees north.
    #[serde(deserialize_with = "real")]
    pub(crate) lat: f64,
    /// Degrees east.
    #[serde(deserialize_with = "real")]
    pub(crate) lon: f64,
    #[serde(deserialize_with = "text_or_na")]
    pub(crate) tzone: Option<String>,
}

impl Row for Airport {
    const COLUMNS: &'static [&'static str] = &["faa", "lat", "lon", "tzone"];
}

#[derive(Deserialize, Debug)]
pub(crate) struct Airline {
    pub(crate) carrier: String,
    pub(crate) name: String,
}

impl Row for Airline {
    const COLUMNS: &'static [&'static str] = &["carrier", "name"];
}

/// Reads a whole table from a CSV file, gzipped or not.
///
/// # Errors
///
/// When the file cannot be read, is empty, lacks a column, or a row of it cannot be understood; the message names file,
/// line and column as far as there are any.
pub(crate) fn read_table<T: Row>(path: &Path) -> Result<Vec<T>> {
    let name = path.display().to_string();
    let input = open(path).map_err(|error| anyhow!("{name}: {error}"))?;
    parse(&name, input)
}

/// Opens a file, through a decompressor when its content is gzip.
fn open(path: &Path) -> Result<Box<dyn Read>> {
    let mut file = BufReader::new(File::open(path)?);
    if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        // A gzip file may consist of several parts; a decoder of one would silently stop after the first.
        return Ok(Box::new(MultiGzDecoder::new(file)));
    }
    ensure!(file.fill_buf()?.is_empty() || path.extension().is_none_or(|e| e != "gz"), "not a gzip file");
    Ok(Box::new(file))
}

fn parse<T: Row>(name: &str, input: impl Read) -> Result<Vec<T>> {
    let mut reader = csv::Reader::from_reader(input);
    let headers = reader.headers().map_err(|error| explain::<T>(name, 1, &error, None))?.clone();
    if headers.is_empty() {
        bail!("{name}: the file is empty");
    }
    if let Some(column) = T::COLUMNS.iter().find(|column| !headers.iter().any(|header| header == **column)) {
        bail!("{name}:1: there is no column `{column}`");
    }

    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(rows),
            Err(error) => return Err(explain::<T>(name, line, &error, Some((&headers, &record)))),
        }
        match record.deserialize(Some(&headers)) {
            Ok(row) => rows.push(row),
            Err(error) => return Err(explain::<T>(name, line, &error, Some((&headers, &record)))),
        }
    }
}

/// Turns an error of the CSV reader into one that names file, line and, where it lies in one, column.
fn explain<T: Row>(
    name: &str,
    line: u64,
    error: &csv::Error,
    row: Option<(&StringRecord, &StringRecord)>,
) -> anyhow::Error {
    let line = error.position().map_or(line, csv::Position::line);
    let (column, what) = match error.kind() {
        ErrorKind::Io(error) => (None, error.to_string()),
        ErrorKind::Utf8 { err, .. } => (Some(err.field()), "not valid UTF-8".to_owned()),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            (None, format!("{len} columns where the header has {expected_len}"))
        }
        ErrorKind::Deserialize { err, .. } => {
            let what = err.kind().to_string();
            match (err.field(), row) {
                (Some(field), Some((_, record))) => {
                    let column = field as usize;
                    (Some(column), format!("`{}`: {what}", record.get(column).unwrap_or_default()))
                }
                (None, Some((headers, record))) => (quoted_column::<T>(headers, record, &what), what),
                _ => (None, what),
            }
        }
        _ => (None, error.to_string()),
    };
    let Some(column) = column else {
        return anyhow!("{name}:{line}: {what}");
    };
    let header = row.and_then(|(headers, _)| headers.get(column)).unwrap_or("?");
    anyhow!("{name}:{line}: column {} `{header}`: {what}", column + 1)
}

/// The column whose text `message` quotes: errors of [`parse_text`] do not know where they arose.
fn quoted_column<T: Row>(headers: &StringRecord, record: &StringRecord, message: &str) -> Option<usize> {
    headers
        .iter()
        .zip(record)
        .position(|(header, text)| T::COLUMNS.contains(&header) && message.starts_with(&format!("`{text}` is ")))
}

/// Texts that stand for a missing value.
fn is_missing(text: &str) -> bool {
    text == "NA" || text == "\\N"
}

fn text_or_na<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok((!is_missing(&text)).then_some(text))
}

fn whole_or_na<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    if is_missing(text) {
        return Ok(None);
    }
    parse_text(text, "neither a whole number nor NA").map(Some)
}

fn real_or_na<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    if is_missing(text) {
        return Ok(None);
    }
    finite(text, "neither a number nor NA").map(Some)
}

fn real<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    finite(<&str>::deserialize(deserializer)?, "not a number")
}

fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    parse_text(<&str>::deserialize(deserializer)?, "not a time such as 2013-01-01T10:00:00Z")
}

fn parse_text<T: FromStr, E: serde::de::Error>(text: &str, otherwise: impl Display) -> Result<T, E> {
    text.parse().map_err(|_| E::custom(format_args!("`{text}` is {otherwise}")))
}

/// Rust reads `inf` and `nan` as numbers; in a table they are none.
fn finite<E: serde::de::Error>(text: &str, otherwise: &str) -> Result<f64, E> {
    let number: f64 = parse_text(text, otherwise)?;
    if number.is_finite() { Ok(number) } else { Err(E::custom(format_args!("`{text}` is {otherwise}"))) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const AIRPORTS: &str = "faa,name,lat,lon,tzone\nJFK,\"Kennedy, J F\",40.6,-73.8,America/New_York\nEEN,x,72,42,NA\n";

    fn error<T: Row>(input: &[u8]) -> String {
        parse::<T>("t.csv", input).err().expect("bad input must be an error").to_string()
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn read_file(name: &str, content: &[u8]) -> Result<Vec<Airport>> {
        let path = std::env::temp_dir().join(format!("lagom-flights-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        let rows = read_table(&path);
        fs::remove_file(&path).unwrap();
        rows
    }

    #[test]
    fn rows_are_read_plain_gzipped_and_in_several_gzip_parts() {
        let (head, tail) = AIRPORTS.split_at(40);
        let parts = [gzip(head), gzip(tail)].concat();
        for (name, content) in [
            ("plain.csv", AIRPORTS.as_bytes().to_vec()),
            ("whole.csv.gz", gzip(AIRPORTS)),
            ("unnamed.csv", gzip(AIRPORTS)),
            ("parts.csv.gz", parts),
        ] {
            let rows = read_file(name, &content).unwrap();
            assert_eq!(rows.len(), 2, "{name}");
            assert_eq!(rows[0].tzone.as_deref(), Some("America/New_York"));
            assert_eq!(rows[1].tzone, None);
        }
    }

    #[test]
    fn a_file_that_is_not_what_its_name_says_or_not_whole_is_an_error() {
        let whole = gzip(AIRPORTS);
        for length in 1..whole.len() {
            let error = read_file("cut.csv.gz", &whole[..length]).unwrap_err().to_string();
            assert!(error.contains("cut.csv.gz:"), "{length} bytes: {error}");
        }
        let error = read_file("text.csv.gz", AIRPORTS.as_bytes()).unwrap_err().to_string();
        assert!(error.ends_with("text.csv.gz: not a gzip file"), "{error}");
        let empty_member = gzip("");
        for content in [&b""[..], &empty_member] {
            let error = read_file("empty.csv.gz", content).unwrap_err().to_string();
            assert!(error.ends_with("empty.csv.gz: the file is empty"), "{error}");
        }
        let error = read_table::<Airport>(Path::new("no/such.csv")).unwrap_err().to_string();
        assert!(error.starts_with("no/such.csv: "), "{error}");
    }

    #[test]
    fn errors_name_line_and_column() {
        assert_eq!(error::<Airport>(b"faa,name,lat,tzone\n"), "t.csv:1: there is no column `lon`");
        assert_eq!(
            error::<Airport>(b"faa,lat,lon,tzone\nA,1,2,NA\nB,1,2\n"),
            "t.csv:3: 3 columns where the header has 4"
        );
        assert_eq!(
            error::<Airport>(b"faa,lat,lon,tzone\nA,1,2,NA\n\"B\nB\",1,2,NA\nC,1,x,NA\n"),
            "t.csv:5: column 3 `lon`: `x` is not a number"
        );
        assert_eq!(
            error::<Airport>(b"faa,lat,lon,tzone\nA,nan,2,NA\n"),
            "t.csv:2: column 2 `lat`: `nan` is not a number"
        );
        assert_eq!(
            error::<Plane>(b"tailnum,year,seats\nA,,5\n"),
            "t.csv:2: column 2 `year`: `` is neither a whole number nor NA"
        );
        assert_eq!(
            error::<Plane>(b"tailnum,year,seats\nA,NA,-5\n"),
            "t.csv:2: column 3 `seats`: `-5`: invalid digit found in string"
        );
        assert_eq!(
            error::<Weather>(b"origin,temp,wind_speed,precip,visib,time_hour\nJFK,NA,NA,0,1,noon\n"),
            "t.csv:2: column 6 `time_hour`: `noon` is not a time such as 2013-01-01T10:00:00Z"
        );
        assert_eq!(error::<Airline>(b"carrier,name\nA,\xff\n"), "t.csv:2: column 2 `name`: not valid UTF-8");
    }
}
