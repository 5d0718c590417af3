//! The five tables: where they lie, their rows, and reading them with errors that name file, line and column.

use std::io::Read;

use anyhow::Result;
use csv::StringRecord;
use jiff::Timestamp;
use lagom::profiler::profile;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::answers::Day;
use crate::fields::{Column, Field, FullHour, present};
use crate::input::{Input, file_error, header, line, row_error};

/// A row of a table, and the columns it needs.
pub(crate) trait Row: DeserializeOwned {
    const COLUMNS: &'static [Column];

    /// Keeps the line of the file.
    fn set_line(&mut self, _line: u64) {}
}

#[derive(Deserialize, Debug)]
pub(crate) struct Flight {
    #[serde(deserialize_with = "field")]
    pub(crate) month: u8,
    #[serde(deserialize_with = "field")]
    pub(crate) day: u8,
    /// Local time as HHMM; missing when the flight was cancelled.
    #[serde(deserialize_with = "field")]
    pub(crate) dep_time: Option<i32>,
    /// Minutes; negative when early.
    #[serde(deserialize_with = "field")]
    pub(crate) dep_delay: Option<i32>,
    /// Minutes; negative when early.
    #[serde(deserialize_with = "field")]
    pub(crate) arr_delay: Option<i32>,
    pub(crate) carrier: String,
    #[serde(deserialize_with = "text_or_na")]
    pub(crate) tailnum: Option<String>,
    pub(crate) origin: String,
    pub(crate) dest: String,
    /// Minutes.
    #[serde(deserialize_with = "field")]
    pub(crate) air_time: Option<i32>,
    /// Of the scheduled departure.
    #[serde(deserialize_with = "field")]
    pub(crate) minute: u8,
    /// Of the scheduled departure, rounded down to the hour.
    #[serde(deserialize_with = "field")]
    pub(crate) time_hour: Timestamp,
    /// Of the file; 0 for one beyond four billion.
    #[serde(skip)]
    pub(crate) line: u32,
}

impl Flight {
    pub(crate) fn date(&self) -> Day {
        Day { month: self.month, day: self.day }
    }
}

impl Row for Flight {
    const COLUMNS: &'static [Column] = &[
        Column::of::<u8>("month"),
        Column::of::<u8>("day"),
        Column::of::<Option<i32>>("dep_time"),
        Column::of::<Option<i32>>("dep_delay"),
        Column::of::<Option<i32>>("arr_delay"),
        Column::text("carrier"),
        Column::text("tailnum"),
        Column::text("origin"),
        Column::text("dest"),
        Column::of::<Option<i32>>("air_time"),
        Column::of::<u8>("minute"),
        Column::of::<Timestamp>("time_hour"),
    ];

    fn set_line(&mut self, line: u64) {
        self.line = u32::try_from(line).unwrap_or_default();
    }
}

#[derive(Deserialize, Debug)]
pub(crate) struct Weather {
    pub(crate) origin: String,
    /// Degrees Fahrenheit.
    #[serde(deserialize_with = "field")]
    pub(crate) temp: Option<f64>,
    /// Miles per hour.
    #[serde(deserialize_with = "field")]
    pub(crate) wind_speed: Option<f64>,
    /// Inches.
    #[serde(deserialize_with = "field")]
    pub(crate) precip: Option<f64>,
    /// Miles.
    #[serde(deserialize_with = "field")]
    pub(crate) visib: Option<f64>,
    #[serde(deserialize_with = "field")]
    pub(crate) time_hour: FullHour,
}

impl Weather {
    /// The day of UTC.
    pub(crate) fn date(&self) -> Day {
        let date = jiff::tz::Offset::UTC.to_datetime(self.time_hour.0);
        Day { month: date.month().unsigned_abs(), day: date.day().unsigned_abs() }
    }
}

impl Row for Weather {
    const COLUMNS: &'static [Column] = &[
        Column::text("origin"),
        Column::of::<Option<f64>>("temp"),
        Column::of::<Option<f64>>("wind_speed"),
        Column::of::<Option<f64>>("precip"),
        Column::of::<Option<f64>>("visib"),
        Column::of::<FullHour>("time_hour"),
    ];
}

#[derive(Deserialize, Debug)]
pub(crate) struct Plane {
    pub(crate) tailnum: String,
    #[serde(deserialize_with = "field")]
    pub(crate) year: Option<i32>,
    #[serde(deserialize_with = "field")]
    pub(crate) seats: u32,
}

impl Row for Plane {
    const COLUMNS: &'static [Column] =
        &[Column::text("tailnum"), Column::of::<Option<i32>>("year"), Column::of::<u32>("seats")];
}

#[derive(Deserialize, Debug)]
pub(crate) struct Airport {
    pub(crate) faa: String,
    /// Degrees north.
    #[serde(deserialize_with = "field")]
    pub(crate) lat: f64,
    /// Degrees east.
    #[serde(deserialize_with = "field")]
    pub(crate) lon: f64,
    #[serde(deserialize_with = "text_or_na")]
    pub(crate) tzone: Option<String>,
}

impl Row for Airport {
    const COLUMNS: &'static [Column] =
        &[Column::text("faa"), Column::of::<f64>("lat"), Column::of::<f64>("lon"), Column::text("tzone")];
}

#[derive(Deserialize, Debug)]
pub(crate) struct Airline {
    pub(crate) carrier: String,
    pub(crate) name: String,
}

impl Row for Airline {
    const COLUMNS: &'static [Column] = &[Column::text("carrier"), Column::text("name")];
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
        let next = reader.position().line();
        if !reader.read_record(&mut record).map_err(|error| file_error(name, next, &header, &error))? {
            return Ok(rows);
        }
        let row = parse_row(&header, &record);
        let mut row: T = row.map_err(|error| row_error(name, &header, T::COLUMNS, &record, error))?;
        row.set_line(line(record.as_byte_record()));
        rows.push(row);
    }
}

#[profile]
fn parse_row<T: Row>(header: &StringRecord, record: &StringRecord) -> csv::Result<T> {
    record.deserialize(Some(header))
}

fn text_or_na<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(present(<&str>::deserialize(deserializer)?).map(str::to_owned))
}

fn field<'de, D: Deserializer<'de>, T: Field>(deserializer: D) -> Result<T, D::Error> {
    T::parse(<&str>::deserialize(deserializer)?).map_err(D::Error::custom)
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
            "t.csv:2: column 2 `year`: `` is neither a whole number of at most 32 bits nor NA"
        );
        assert_eq!(
            error::<Plane>(b"tailnum,year,seats\nA,NA,-5\n"),
            "t.csv:2: column 3 `seats`: `-5` is not a whole number from 0 to 4294967295"
        );
        assert_eq!(
            error::<Weather>(b"origin,temp,wind_speed,precip,visib,time_hour\nJFK,NA,NA,0,1,noon\n"),
            "t.csv:2: column 6 `time_hour`: `noon` is not a full hour such as 2013-01-01T10:00:00Z"
        );
        assert_eq!(error::<Airline>(b"carrier,name\nA,\xff\n"), "t.csv:2: column 2 `name`: not valid UTF-8");
    }
}
