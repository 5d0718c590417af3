//! Carriers: their departures as a series, their arrivals as counts by minute, their planes as sums.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use lagom::lazy::LazyField;
use lagom::pool::Pool;
use lagom::profiler::profile;
use lagom::weakcache::{Interned, Interner};

use crate::answers::{
    self, ArrivalDelays, BUSIEST_CARRIERS, DELAY_WINDOW, Expanding, Fleet, LATE_MINUTES, RollingDelay,
};
use crate::input::Input;
use crate::tables::{Airline, Row as _};

use super::catalog::Plane;
use super::rows::{Batch, for_each_row};
use super::series::Series;

/// One carrier, as far as its flights have been taken in.
pub(super) struct Carrier {
    name: Option<String>,
    pub(super) flights: u64,
    pub(super) cancelled: u64,
    pub(super) departures: Series,
    pub(super) arrivals: Arrivals,
    fleet: FleetSums,
}

/// Arrivals by minutes of delay: as many numbers as there are different delays, however many flights.
#[derive(Default)]
pub(super) struct Arrivals {
    counts: HashMap<i32, u64>,
    details: LazyField<ArrivalDelays>,
}

#[derive(Default)]
struct FleetSums {
    aged: u64,
    ages: f64,
    seats_flown: u64,
    without_plane: u64,
}

impl Carrier {
    fn new(name: Option<String>) -> Result<Self> {
        Ok(Self {
            name,
            flights: 0,
            cancelled: 0,
            departures: Series::new(DELAY_WINDOW)?,
            arrivals: Arrivals::default(),
            fleet: FleetSums::default(),
        })
    }

    /// Counts the plane of a flight.
    pub(super) fn count_plane(&mut self, plane: Option<&Plane>, departed: bool) {
        let Some(plane) = plane else {
            self.fleet.without_plane += 1;
            return;
        };
        if let Some(age) = plane.age {
            self.fleet.aged += 1;
            self.fleet.ages += age;
        }
        if departed {
            self.fleet.seats_flown += u64::from(plane.seats);
        }
    }

    fn finish(self) -> Result<answers::Carrier> {
        let summary = self.departures.finish()?;
        Ok(answers::Carrier {
            name: self.name,
            flights: self.flights,
            cancelled: self.cancelled,
            mean_dep_delay: summary.mean,
            expanding: Expanding {
                min: summary.expanding.min,
                max: summary.expanding.max.map(|(max, _)| max),
                last: summary.mean,
            },
            rolling: RollingDelay {
                max: summary.rolling.max.map(|(max, _)| max),
                max_index: summary.rolling.max.map(|(_, index)| index),
                last: summary.rolling.last,
                plot: summary.rolling_by_day,
            },
        })
    }
}

impl Arrivals {
    pub(super) fn push(&mut self, delay: i32) {
        *self.counts.entry(delay).or_default() += 1;
        self.details.invalidate();
    }

    /// The distribution, worked out when it is first asked for: most carriers are never asked.
    fn details(&self, carrier: &str) -> &ArrivalDelays {
        self.details.get_or_init(|| arrival_delays(carrier, &self.counts))
    }
}

#[profile(name = "lean::arrival_delays")]
fn arrival_delays(carrier: &str, counts: &HashMap<i32, u64>) -> ArrivalDelays {
    let mut counts: Vec<(i32, u64)> = counts.iter().map(|(&delay, &count)| (delay, count)).collect();
    counts.sort_unstable();
    let arrived: u64 = counts.iter().map(|(_, count)| count).sum();
    let share = |sum: f64| (arrived > 0).then(|| sum / arrived as f64);
    let weighted =
        |f: &dyn Fn(f64) -> f64| counts.iter().map(|&(delay, count)| f(f64::from(delay)) * count as f64).sum();
    let mean = share(weighted(&|delay| delay));
    let late: u64 = counts.iter().filter(|(delay, _)| *delay > LATE_MINUTES).map(|(_, count)| count).sum();
    ArrivalDelays {
        carrier: carrier.to_owned(),
        arrived,
        mean,
        std: mean.filter(|_| arrived > 1).map(|mean| {
            let squares: f64 = weighted(&|delay| (delay - mean).powi(2));
            (squares / (arrived - 1) as f64).sqrt()
        }),
        median: percentile(&counts, arrived, 0.5),
        percentile_95: percentile(&counts, arrived, 0.95),
        late_share: share(late as f64),
    }
}

/// Of `total` values given as sorted counts, by linear interpolation.
fn percentile(counts: &[(i32, u64)], total: u64, share: f64) -> Option<f64> {
    let position = share * total.checked_sub(1)? as f64;
    let value = |index: f64| {
        let mut left = index as u64;
        let at = counts.iter().find(|(_, count)| {
            let here = left < *count;
            left = left.saturating_sub(*count);
            here
        });
        at.map(|&(value, _)| f64::from(value))
    };
    let (below, above) = (value(position.floor())?, value(position.ceil())?);
    Some(below + (above - below) * position.fract())
}

/// All carriers.
#[derive(Default)]
pub(super) struct Carriers {
    carriers: Vec<(Interned<str>, Carrier)>,
    indices: HashMap<Interned<str>, usize>,
}

impl Carriers {
    /// Reads the airlines table.
    #[profile(name = "lean::read_airlines")]
    pub(super) fn read(input: &Input, batches: &Pool<Batch>, codes: &Interner<str>) -> Result<Self> {
        let mut carriers = Self::default();
        for_each_row(input, Airline::COLUMNS, batches, |row| {
            let index = carriers.index(codes.intern(row.text(0)))?;
            carriers.get(index).name = Some(row.text(1).to_owned());
            Ok(())
        })?;
        Ok(carriers)
    }

    /// The place of the carrier of this code, for [`get`](Self::get).
    pub(super) fn index(&mut self, code: Interned<str>) -> Result<usize> {
        if let Some(&index) = self.indices.get(&code) {
            return Ok(index);
        }
        self.indices.insert(code.clone(), self.carriers.len());
        self.carriers.push((code, Carrier::new(None)?));
        Ok(self.carriers.len() - 1)
    }

    /// The carrier at this place.
    pub(super) fn get(&mut self, index: usize) -> &mut Carrier {
        &mut self.carriers[index].1
    }

    /// The arrivals of the carriers with most flights.
    pub(super) fn busiest(&self) -> Vec<ArrivalDelays> {
        let mut carriers: Vec<_> = self.carriers.iter().collect();
        carriers.sort_by(|a, b| b.1.flights.cmp(&a.1.flights).then_with(|| a.0.cmp(&b.0)));
        let asked = carriers.into_iter().take(BUSIEST_CARRIERS);
        asked.map(|(code, carrier)| carrier.arrivals.details(code).clone()).collect()
    }

    /// The planes that the carriers flew.
    pub(super) fn fleets(&self) -> answers::Planes {
        let flown = self.carriers.iter().filter(|(_, carrier)| carrier.flights > 0);
        let fleet = |sums: &FleetSums| Fleet {
            mean_age: (sums.aged > 0).then(|| sums.ages / sums.aged as f64),
            seats_flown: sums.seats_flown,
            without_plane: sums.without_plane,
        };
        let carriers: BTreeMap<_, _> = flown.map(|(code, carrier)| (code.to_string(), fleet(&carrier.fleet))).collect();
        answers::Planes {
            seats_flown: carriers.values().map(|fleet| fleet.seats_flown).sum(),
            without_plane: carriers.values().map(|fleet| fleet.without_plane).sum(),
            carriers,
        }
    }

    /// The departures of every carrier.
    pub(super) fn finish(self) -> Result<BTreeMap<String, answers::Carrier>> {
        self.carriers.into_iter().map(|(code, carrier)| Ok((code.to_string(), carrier.finish()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_counts_are_those_of_the_values() {
        let counts = [(-3, 2), (0, 1), (8, 4)];
        let values = [-3.0, -3.0, 0.0, 8.0, 8.0, 8.0, 8.0];
        for share in [0.0, 0.1, 0.25, 0.3, 0.5, 0.95, 1.0] {
            let expected = lagom::vecproc::quantile(&values, share).unwrap();
            assert!((percentile(&counts, 7, share).unwrap() - expected).abs() < 1e-12, "{share}");
        }
        assert_eq!(percentile(&[], 0, 0.5), None);
    }

    #[test]
    fn details_follow_the_arrivals() {
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.details("XX").mean, None);
        arrivals.push(10);
        assert_eq!((arrivals.details("XX").mean, arrivals.details("XX").std), (Some(10.0), None));
        arrivals.push(20);
        assert_eq!((arrivals.details("XX").mean, arrivals.details("XX").late_share), (Some(15.0), Some(0.5)));
    }
}
