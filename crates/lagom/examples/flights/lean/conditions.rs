//! The weather at each origin: one byte an hour, and the temperature's averages.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, ensure};
use lagom::pool::Pool;
use lagom::profiler::profile;

use crate::answers::{Day, TEMPERATURE_WINDOW, Temperature};
use crate::input::Input;

use super::rows::{Batch, Row, for_each_row_read_ahead};
use super::series::Series;

const HOUR: i64 = 3600;
/// Hours between the first and the last reading of a station: a century.
const MOST_HOURS: usize = 100 * 366 * 24;

const COLUMNS: &[&str] = &["origin", "temp", "wind_speed", "precip", "visib", "time_hour"];
const ORIGIN: usize = 0;
const TEMP: usize = 1;
const WIND_SPEED: usize = 2;
const PRECIP: usize = 3;
const VISIB: usize = 4;
const TIME_HOUR: usize = 5;

/// What the weather of an hour was like for a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Wet,
    Windy,
    LowVisibility,
    Fair,
    Unknown,
}

impl Condition {
    pub(super) const COUNT: usize = 5;

    fn of(row: &Row<'_>) -> Result<Self> {
        let (precip, wind, visib) = (row.real_or_na(PRECIP)?, row.real_or_na(WIND_SPEED)?, row.real_or_na(VISIB)?);
        Ok(if precip.is_some_and(|inches| inches > 0.0) {
            Self::Wet
        } else if wind.is_some_and(|speed| speed >= 20.0) {
            Self::Windy
        } else if visib.is_some_and(|miles| miles < 5.0) {
            Self::LowVisibility
        } else {
            Self::Fair
        })
    }
}

/// The weather stations.
pub(super) struct Conditions {
    stations: Vec<Station>,
    by_origin: HashMap<String, usize>,
}

struct Station {
    temperatures: Series,
    /// Hours since 1970 of the first entry of `hours`.
    first_hour: i64,
    hours: Vec<Condition>,
}

impl Conditions {
    /// Reads the weather table.
    #[profile(name = "lean::read_weather")]
    pub(super) fn read(input: &Input, batches: &Pool<Batch>) -> Result<Self> {
        let mut conditions = Self { stations: Vec::new(), by_origin: HashMap::new() };
        for_each_row_read_ahead(input, COLUMNS, batches, |row| conditions.take_in(row))?;
        Ok(conditions)
    }

    fn take_in(&mut self, row: &Row<'_>) -> Result<()> {
        let time = row.timestamp(TIME_HOUR)?;
        let origin = row.text(ORIGIN)?;
        let index = match self.by_origin.get(origin) {
            Some(&index) => index,
            None => {
                let temperatures = Series::new(TEMPERATURE_WINDOW)?;
                self.stations.push(Station { temperatures, first_hour: time.as_second() / HOUR, hours: Vec::new() });
                self.by_origin.insert(origin.to_owned(), self.stations.len() - 1);
                self.stations.len() - 1
            }
        };
        let station = &mut self.stations[index];
        if let Some(degrees) = row.real_or_na(TEMP)? {
            let date = jiff::tz::Offset::UTC.to_datetime(time);
            let day = Day { month: date.month().unsigned_abs(), day: date.day().unsigned_abs() };
            station.temperatures.push(degrees, day)?;
        }
        if time.as_second() % HOUR != 0 {
            return Err(row.error(TIME_HOUR, "is not a full hour"));
        }
        station
            .set(time.as_second() / HOUR, Condition::of(row)?)
            .map_err(|error| row.error(TIME_HOUR, &error.to_string()))
    }

    /// The station at this airport, for [`at`](Self::at).
    pub(super) fn station(&self, origin: &str) -> Option<usize> {
        self.by_origin.get(origin).copied()
    }

    /// The weather at a station at a second of Unix time; known for full hours only.
    pub(super) fn at(&self, station: Option<usize>, second: i64) -> Condition {
        let known = || {
            let station = &self.stations[station?];
            let hour = usize::try_from(second / HOUR - station.first_hour).ok()?;
            station.hours.get(hour).copied().filter(|_| second % HOUR == 0)
        };
        known().unwrap_or(Condition::Unknown)
    }

    /// The averages of the temperatures, by station.
    pub(super) fn temperatures(self) -> Result<BTreeMap<String, Temperature>> {
        let Self { stations, by_origin } = self;
        let mut stations: Vec<_> = stations.into_iter().map(|station| Some(station.temperatures)).collect();
        by_origin
            .into_iter()
            .map(|(origin, index)| {
                let series = stations[index].take().expect("every station has one origin");
                let summary = series.finish()?;
                let temperature = Temperature {
                    rolling_min: summary.rolling.min,
                    rolling_max: summary.rolling.max.map(|(max, _)| max),
                    rolling_last: summary.rolling.last,
                    expanding_last: summary.mean,
                    plot: summary.rolling_by_day,
                };
                Ok((origin, temperature))
            })
            .collect()
    }
}

impl Station {
    fn set(&mut self, hour: i64, condition: Condition) -> Result<()> {
        if hour < self.first_hour {
            // Rare: a reading from before the first one.
            let missing = usize::try_from(self.first_hour - hour)?;
            ensure!(missing + self.hours.len() <= MOST_HOURS, "is more than a century from another reading");
            self.hours.splice(0..0, std::iter::repeat_n(Condition::Unknown, missing));
            self.first_hour = hour;
        }
        let index = usize::try_from(hour - self.first_hour)?;
        ensure!(index < MOST_HOURS, "is more than a century from another reading");
        if index >= self.hours.len() {
            self.hours.resize(index + 1, Condition::Unknown);
        }
        self.hours[index] = condition;
        Ok(())
    }
}
