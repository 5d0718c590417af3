//! The pipeline with lagom: rows stream through pooled buffers, codes are interned, what was worked out is not worked out
//! again, averages are taken by vector kernels, and nothing is kept that the answers do not need.
//!
//! Its memory grows with the number of different codes and days, not with the number of flights.

mod carriers;
mod catalog;
mod conditions;
mod routes;
mod rows;
mod series;
mod zone;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use anyhow::Result;
use jiff::Timestamp;
use lagom::pool::Pool;
use lagom::profiler::{Registration, profile, register};
use lagom::weakcache::Interner;

use crate::answers::{self, Answers, ArrivalHour, Day, Delays, Totals, WeatherAnswers};
use crate::fields::present;
use crate::input::Inputs;
use crate::tables::{Flight, Row as _};

use carriers::Carriers;
use catalog::Planes;
use conditions::{Condition, Conditions};
use routes::Routes;
use rows::{Batch, Row, for_each_row_read_ahead};

/// Row buffers between two uses, of all tables.
static BATCHES: Pool<Batch> = Pool::new(Batch::new);

// Positions in `Flight::COLUMNS`.
const MONTH: usize = 0;
const DAY: usize = 1;
const DEP_TIME: usize = 2;
const DEP_DELAY: usize = 3;
const ARR_DELAY: usize = 4;
const CARRIER: usize = 5;
const TAILNUM: usize = 6;
const ORIGIN: usize = 7;
const DEST: usize = 8;
const AIR_TIME: usize = 9;
const MINUTE: usize = 10;
const TIME_HOUR: usize = 11;

/// Reads the tables and answers everything. While the registrations live, the profiler can read the caches' figures.
#[profile(name = "lean::run")]
pub(crate) fn run(inputs: &Inputs) -> Result<(Answers, Vec<Registration>)> {
    let mut state = State::read(inputs)?;
    for_each_row_read_ahead(&inputs.flights, Flight::COLUMNS, &BATCHES, |row| state.take_in(row))?;
    if let Some(error) = state.no_arrival.take() {
        return Err(error);
    }
    let registrations = state.register();
    Ok((state.finish()?, registrations))
}

/// Everything known so far.
struct State {
    codes: Arc<Interner<str>>,
    carriers: Carriers,
    planes: Planes,
    routes: Routes,
    conditions: Conditions,
    totals: Totals,
    hours: [Mean; 24],
    by_condition: [Mean; Condition::COUNT],
    days: Days,
    time_hour: Hour,
    /// The first arrival that has no hour: told after all rows were read, for what is wrong with those comes first.
    no_arrival: Option<anyhow::Error>,
}

/// Some flights, and the mean of a delay over those that have it.
#[derive(Clone, Copy, Default)]
struct Mean {
    flights: u64,
    delayed: u64,
    /// Minutes; exact.
    sum: i64,
}

/// The days; rows in a row mostly share one.
#[derive(Default)]
struct Days {
    days: Vec<(Day, Mean)>,
    indices: BTreeMap<Day, usize>,
    last: usize,
}

/// The last scheduled hour: rows in a row mostly share it.
#[derive(Default)]
struct Hour {
    text: String,
    /// `None` before the first one.
    time: Option<Timestamp>,
}

impl State {
    fn read(inputs: &Inputs) -> Result<Self> {
        let codes = Arc::new(Interner::new());
        thread::scope(|scope| {
            // The weather is the largest of the small tables: it is read meanwhile.
            let conditions = scope.spawn(|| Conditions::read(&inputs.weather, &BATCHES));
            Ok(Self {
                carriers: Carriers::read(&inputs.airlines, &BATCHES, &codes)?,
                routes: Routes::new(catalog::airports(&inputs.airports, &BATCHES, &codes)?, &codes),
                planes: catalog::planes(&inputs.planes, &BATCHES, &codes)?,
                conditions: conditions.join().expect("reading the weather does not panic")?,
                totals: Totals { flights: 0, cancelled: 0, arrived: 0, km: 0.0 },
                hours: Default::default(),
                by_condition: Default::default(),
                days: Days::default(),
                time_hour: Hour::default(),
                no_arrival: None,
                codes: Arc::clone(&codes),
            })
        })
    }

    /// Takes in one flight.
    fn take_in(&mut self, row: &Row<'_>) -> Result<()> {
        let day = Day { month: row.field(MONTH)?, day: row.field(DAY)? };
        let whole_or_na = |column| row.field::<Option<i32>>(column);
        let departed = whole_or_na(DEP_TIME)?.is_some();
        let (dep_delay, arr_delay) = (whole_or_na(DEP_DELAY)?, whole_or_na(ARR_DELAY)?);
        let (air_time, minute) = (whole_or_na(AIR_TIME)?, row.field::<u8>(MINUTE)?);
        let time_hour = self.time_hour.read(row)?;

        self.totals.flights += 1;
        self.totals.cancelled += u64::from(!departed);
        self.totals.arrived += u64::from(arr_delay.is_some());

        let codes = [row.text(CARRIER), row.text(ORIGIN), row.text(DEST)];
        let service = self.routes.service(codes, &mut self.carriers, &self.conditions)?;
        self.routes.count(&service, air_time);
        self.totals.km += service.km.unwrap_or_default();

        let carrier = self.carriers.get(service.carrier);
        carrier.flights += 1;
        carrier.cancelled += u64::from(!departed);
        if let Some(delay) = dep_delay {
            carrier.departures.push(f64::from(delay), day)?;
        }
        if let Some(delay) = arr_delay {
            carrier.arrivals.push(delay);
        }
        let plane = present(row.text(TAILNUM)).and_then(|tail| self.planes.get(tail, &self.codes));
        carrier.count_plane(plane.as_deref(), departed);

        if let (Some(dep_delay), Some(air_time)) = (dep_delay, air_time)
            && let Some(zone) = service.dest.as_ref().and_then(|dest| dest.zone.as_ref())
        {
            let minutes = i64::from(minute) + i64::from(dep_delay) + i64::from(air_time);
            match zone.hour(time_hour, minutes) {
                Ok(hour) => self.hours[hour].push(arr_delay),
                Err(why) => {
                    self.no_arrival.get_or_insert_with(|| row.no_arrival(DEST, why));
                }
            }
        }

        self.by_condition[self.conditions.at(service.station, time_hour) as usize].push(dep_delay);
        self.days.get(day).push(dep_delay);
        Ok(())
    }

    /// Shows pool and caches to the profiler.
    fn register(&self) -> Vec<Registration> {
        let codes = Arc::clone(&self.codes);
        let mut registrations = vec![
            register("row buffers (pool)", || {
                let stats = BATCHES.stats();
                [("reuse_ratio", stats.reuse_ratio()), ("created", stats.created() as f64)]
            }),
            register("codes (interner)", move || {
                let stats = codes.stats();
                [("hit_ratio", stats.hit_ratio()), ("misses", stats.misses() as f64)]
            }),
            self.planes.register("planes (weak cache)"),
        ];
        registrations.extend(self.routes.register());
        registrations
    }

    #[profile(name = "lean::finish")]
    fn finish(self) -> Result<Answers> {
        let delays = |condition: Condition| self.by_condition[condition as usize].delays();
        let conditions = answers::Conditions {
            wet: delays(Condition::Wet),
            windy: delays(Condition::Windy),
            low_visibility: delays(Condition::LowVisibility),
            fair: delays(Condition::Fair),
            unknown: delays(Condition::Unknown),
        };
        let hour = |hour: Mean| ArrivalHour { flights: hour.flights, mean_arr_delay: hour.mean() };
        Ok(Answers {
            totals: self.totals,
            busiest: self.carriers.busiest(),
            planes: self.carriers.fleets(),
            carriers: self.carriers.finish()?,
            routes: self.routes.top(),
            arrival_hours: self.hours.map(hour).to_vec(),
            weather: WeatherAnswers { temperatures: self.conditions.temperatures()?, conditions },
            days: self.days.days.iter().map(|&(day, mean)| (day, mean.delays())).collect(),
        })
    }
}

impl Mean {
    fn push(&mut self, delay: Option<i32>) {
        self.flights += 1;
        if let Some(minutes) = delay {
            self.delayed += 1;
            self.sum += i64::from(minutes);
        }
    }

    fn mean(self) -> Option<f64> {
        (self.delayed > 0).then(|| self.sum as f64 / self.delayed as f64)
    }

    fn delays(self) -> Delays {
        Delays { flights: self.flights, mean_dep_delay: self.mean() }
    }
}

impl Days {
    fn get(&mut self, day: Day) -> &mut Mean {
        if self.days.get(self.last).is_none_or(|(last, _)| *last != day) {
            self.last = *self.indices.entry(day).or_insert_with(|| {
                self.days.push((day, Mean::default()));
                self.days.len() - 1
            });
        }
        &mut self.days[self.last].1
    }
}

impl Hour {
    /// The scheduled hour in a row.
    fn read(&mut self, row: &Row<'_>) -> Result<Timestamp> {
        let text = row.text(TIME_HOUR);
        match self.time {
            Some(time) if text == self.text => Ok(time),
            _ => {
                let time = row.field(TIME_HOUR)?;
                self.text.clear();
                self.text.push_str(text);
                Ok(*self.time.insert(time))
            }
        }
    }
}
