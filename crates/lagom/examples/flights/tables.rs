//! The five tables: where they lie, their rows, and reading them with errors that name file, line and column.

use std::fmt::Display;
use std::io::Read;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use csv::{ErrorKind, StringRecord};
use jiff::Timestamp;
use lagom::profiler::profile;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::answers::Day;
use crate::input::{Input, field_error, file_error, header, is_missing};

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

/// Reads a whole table.
///
/// # Errors
///
/// When the file cannot be read, is empty, lacks a column, or a row of it cannot be understood; the message names file,
/// line and column as far as there are any.
pub(crate) fn read_table<T: Row>(input: &Input) -> Result<Vec<T>> {
    parse(&input.name(), input.open()?)
}

fn parse<T: Row>(name: &str, input: impl Read) -> Result<Vec<T>> {
    let mut reader = csv::Reader::from_reader(input);
    let (header, _) = header(name, &mut reader, T::COLUMNS)?;

    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(rows),
            Err(error) => return Err(explain::<T>(name, line, &error, &header, &record)),
        }
        match parse_row(&header, &record) {
            Ok(row) => rows.push(row),
            Err(error) => return Err(explain::<T>(name, line, &error, &header, &record)),
        }
    }
}

#[profile]
fn parse_row<T: Row>(header: &StringRecord, record: &StringRecord) -> csv::Result<T> {
    record.deserialize(Some(header))
}

/// Turns an error of the CSV reader into one that names file, line and, where it lies in one, column.
fn explain<T: Row>(
    name: &str,
    line: u64,
    error: &csv::Error,
    header: &StringRecord,
    record: &StringRecord,
) -> anyhow::Error {
    let at = error.position().map_or(line, csv::Position::line);
    match error.kind() {
        ErrorKind::Utf8 { err, .. } => field_error(name, at, header, err.field(), "not valid UTF-8"),
        ErrorKind::Deserialize { err, .. } => {
            let what = err.kind().to_string();
            match err.field() {
                Some(field) => {
                    let column = field as usize;
                    let text = record.get(column).unwrap_or_default();
                    field_error(name, at, header, column, format_args!("`{text}`: {what}"))
                }
                None => match quoted_column::<T>(header, record, &what) {
                    Some(column) => field_error(name, at, header, column, what),
                    None => anyhow!("{name}:{at}: {what}"),
                },
            }
        }
        _ => file_error(name, line, error),
    }
}

/// The column whose text `message` quotes: errors of [`parse_text`] do not know where they arose.
fn quoted_column<T: Row>(header: &StringRecord, record: &StringRecord, message: &str) -> Option<usize> {
    header
        .iter()
        .zip(record)
        .position(|(header, text)| T::COLUMNS.contains(&header) && message.starts_with(&format!("`{text}` is ")))
}

fn text_or_na<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok((!is_missing(text.as_bytes())).then_some(text))
}

fn whole_or_na<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    if is_missing(text.as_bytes()) {
        return Ok(None);
    }
    parse_text(text, "neither a whole number nor NA").map(Some)
}

fn real_or_na<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    if is_missing(text.as_bytes()) {
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
    use super::*;

    const AIRPORTS: &str = "faa,name,lat,lon,tzone\nJFK,\"Kennedy, J F\",40.6,-73.8,America/New_York\nEEN,x,72,42,NA\n";

    fn error<T: Row>(input: &[u8]) -> String {
        parse::<T>("t.csv", input).err().expect("bad input must be an error").to_string()
    }

    #[test]
    fn rows_are_read() {
        let rows: Vec<Airport> = parse("t.csv", AIRPORTS.as_bytes()).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].tzone.as_deref(), Some("America/New_York"));
        assert_eq!(rows[1].tzone, None);
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
