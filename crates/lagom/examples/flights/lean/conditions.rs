//! The weather at each origin: one byte an hour, and the temperature's averages.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use jiff::Timestamp;
use lagom::pool::Pool;
use lagom::profiler::profile;

use crate::answers::{Day, TEMPERATURE_WINDOW, Temperature};
use crate::fields::FullHour;
use crate::input::Input;
use crate::tables::{Row as _, Weather};

use super::rows::{Batch, Row, for_each_row_read_ahead};
use super::series::Series;

/// Hours that lie together.
const PAGE: i64 = 256;

// Positions in `Weather::COLUMNS`.
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
        let (wind, precip): (Option<f64>, Option<f64>) = (row.field(WIND_SPEED)?, row.field(PRECIP)?);
        let visib: Option<f64> = row.field(VISIB)?;
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
    /// By number of the hour divided by [`PAGE`]: the hours of a year are few pages, those of all times have their place.
    pages: BTreeMap<i64, [Condition; PAGE as usize]>,
}

impl Conditions {
    /// Reads the weather table.
    #[profile(name = "lean::read_weather")]
    pub(super) fn read(input: &Input, batches: &Pool<Batch>) -> Result<Self> {
        let mut conditions = Self { stations: Vec::new(), by_origin: HashMap::new() };
        for_each_row_read_ahead(input, Weather::COLUMNS, batches, |row| conditions.take_in(row))?;
        Ok(conditions)
    }

    fn take_in(&mut self, row: &Row<'_>) -> Result<()> {
        let hour: FullHour = row.field(TIME_HOUR)?;
        let condition = Condition::of(row)?;
        let origin = row.text(ORIGIN);
        let index = match self.by_origin.get(origin) {
            Some(&index) => index,
            None => {
                let temperatures = Series::new(TEMPERATURE_WINDOW)?;
                self.stations.push(Station { temperatures, pages: BTreeMap::new() });
                self.by_origin.insert(origin.to_owned(), self.stations.len() - 1);
                self.stations.len() - 1
            }
        };
        let station = &mut self.stations[index];
        if let Some(degrees) = row.field(TEMP)? {
            let date = jiff::tz::Offset::UTC.to_datetime(hour.0);
            let day = Day { month: date.month().unsigned_abs(), day: date.day().unsigned_abs() };
            station.temperatures.push(degrees, day)?;
        }
        let (page, place) = place(hour);
        station.pages.entry(page).or_insert([Condition::Unknown; PAGE as usize])[place] = condition;
        Ok(())
    }

    /// The station at this airport, for [`at`](Self::at).
    pub(super) fn station(&self, origin: &str) -> Option<usize> {
        self.by_origin.get(origin).copied()
    }

    /// The weather at a station; known for full hours only.
    pub(super) fn at(&self, station: Option<usize>, time: Timestamp) -> Condition {
        let known = || {
            let (page, place) = place(FullHour::new(time)?);
            Some(self.stations[station?].pages.get(&page)?[place])
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

/// The page of an hour, and its place there.
fn place(hour: FullHour) -> (i64, usize) {
    (hour.number().div_euclid(PAGE), hour.number().rem_euclid(PAGE) as usize)
}
