//! The questions, as the shape of their answers, and how two sets of answers are compared.
//!
//! Conventions: a flight *departed* when it has a `dep_time`, it was *cancelled* when it has none. A mean over nothing
//! is `None`. An expanding mean has one value per input; a rolling mean of window `w` is defined from the `w`-th input
//! on, so that it has `w - 1` values less than its input, and index 0 is the mean of inputs `0..w`. A plot of a series
//! holds its last value of each calendar day, so that it does not grow with the input.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Departures in the rolling mean of a carrier's delay.
pub(crate) const DELAY_WINDOW: usize = 50;
/// Readings in the rolling mean of an airport's temperature: a day of hours.
pub(crate) const TEMPERATURE_WINDOW: usize = 24;
/// First values of a carrier's expanding mean that its extremes ignore.
pub(crate) const EXPANDING_WARM_UP: usize = 50;
/// Routes listed.
pub(crate) const TOP_ROUTES: usize = 20;
/// Carriers whose arrival delays are looked at in detail.
pub(crate) const BUSIEST_CARRIERS: usize = 5;
/// Minutes of arrival delay beyond which a flight is late.
pub(crate) const LATE_MINUTES: i32 = 15;
/// The year of every flight, from which the age of a plane counts.
pub(crate) const YEAR: i32 = 2013;
/// Mean radius of the earth in km, for great-circle distances.
pub(crate) const EARTH_RADIUS_KM: f64 = 6371.0088;

/// Numbers differ when they are further apart than this share of the larger one.
const TOLERANCE: f64 = 1e-9;
/// Below this distance they never differ, so that rounding around zero is none.
const NEGLIGIBLE: f64 = 1e-12;

/// Everything the pipeline finds out.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Answers {
    pub(crate) totals: Totals,
    /// By carrier code: every carrier of the airlines table and of the flights.
    pub(crate) carriers: BTreeMap<String, Carrier>,
    /// The [`BUSIEST_CARRIERS`] carriers with most flights, most first, ties by code.
    pub(crate) busiest: Vec<ArrivalDelays>,
    /// The [`TOP_ROUTES`] routes with most flights, most first, ties by origin, then destination.
    pub(crate) routes: Vec<Route>,
    pub(crate) planes: Planes,
    /// One row for each hour of the day, 0 to 23.
    pub(crate) arrival_hours: Vec<ArrivalHour>,
    pub(crate) weather: WeatherAnswers,
    pub(crate) days: BTreeMap<Day, Delays>,
}

/// A calendar day, written `MM-DD`.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Day {
    pub(crate) month: u8,
    pub(crate) day: u8,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('-').and_then(|(month, day)| Some((month.parse().ok()?, day.parse().ok()?)));
        let (month, day) = parts.ok_or_else(|| format!("`{text}` is no day such as 12-31"))?;
        Ok(Self { month, day })
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Counts over all flights.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Totals {
    pub(crate) flights: u64,
    /// Flights without `dep_time`.
    pub(crate) cancelled: u64,
    /// Flights with `arr_delay`.
    pub(crate) arrived: u64,
    /// Great-circle distance over all flights, cancelled or not, whose two airports are known.
    pub(crate) km: f64,
}

/// Departures of one carrier.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Carrier {
    /// From the airlines table; `None` for a code it lacks.
    pub(crate) name: Option<String>,
    pub(crate) flights: u64,
    pub(crate) cancelled: u64,
    pub(crate) mean_dep_delay: Option<f64>,
    pub(crate) expanding: Expanding,
    pub(crate) rolling: RollingDelay,
}

/// Expanding mean of `dep_delay` over a carrier's departures in file order.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Expanding {
    /// Smallest value, not counting the first [`EXPANDING_WARM_UP`].
    pub(crate) min: Option<f64>,
    /// Largest value, not counting the first [`EXPANDING_WARM_UP`].
    pub(crate) max: Option<f64>,
    pub(crate) last: Option<f64>,
}

/// Rolling mean of `dep_delay` over a carrier's departures in file order, window [`DELAY_WINDOW`].
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct RollingDelay {
    pub(crate) max: Option<f64>,
    /// Index of the first maximum in the rolling means, as [`exceeds`] tells.
    pub(crate) max_index: Option<usize>,
    pub(crate) last: Option<f64>,
    pub(crate) plot: BTreeMap<Day, f64>,
}

/// Distribution of `arr_delay` over the flights of one carrier that have it.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct ArrivalDelays {
    pub(crate) carrier: String,
    pub(crate) arrived: u64,
    pub(crate) mean: Option<f64>,
    /// Sample standard deviation (divided by n - 1); `None` below two flights.
    pub(crate) std: Option<f64>,
    pub(crate) median: Option<f64>,
    /// Linear interpolation at `0.95 * (n - 1)` of the sorted delays.
    pub(crate) percentile_95: Option<f64>,
    /// Share of these flights that came in more than [`LATE_MINUTES`] late.
    pub(crate) late_share: Option<f64>,
}

/// One origin and destination.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Route {
    pub(crate) origin: String,
    pub(crate) dest: String,
    pub(crate) flights: u64,
    /// Great-circle distance; `None` when an airport is unknown.
    pub(crate) km: Option<f64>,
    /// Mean of the flights' own speeds over those with an `air_time` above 0; `None` when `km` is.
    pub(crate) mean_km_per_hour: Option<f64>,
}

/// What the planes table adds.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Planes {
    /// By carrier code: the carriers of the flights.
    pub(crate) carriers: BTreeMap<String, Fleet>,
    /// Sum of `seats_flown` over the carriers.
    pub(crate) seats_flown: u64,
    /// Sum of `without_plane` over the carriers.
    pub(crate) without_plane: u64,
}

/// The planes one carrier flew.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Fleet {
    /// Mean of [`YEAR`] - plane year over the flights, cancelled or not, whose plane has a year.
    pub(crate) mean_age: Option<f64>,
    /// Seats of the plane, summed over the departed flights whose plane is known.
    pub(crate) seats_flown: u64,
    /// Flights, cancelled or not, without tail number or whose tail number has no row in the planes table.
    pub(crate) without_plane: u64,
}

/// Flights whose estimated arrival falls into one local hour at the destination.
///
/// The estimate is `time_hour` + `minute` + `dep_delay` + `air_time`, for flights that have both of the latter and
/// whose destination has a time zone.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct ArrivalHour {
    pub(crate) flights: u64,
    /// Over those of the flights that have `arr_delay`.
    pub(crate) mean_arr_delay: Option<f64>,
}

/// What the weather table adds.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct WeatherAnswers {
    /// By origin: the airports of the weather table.
    pub(crate) temperatures: BTreeMap<String, Temperature>,
    pub(crate) conditions: Conditions,
}

/// Temperature at one airport over its readings in file order, missing ones left out, in degrees Fahrenheit.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Temperature {
    /// Extremes and last value of the rolling mean, window [`TEMPERATURE_WINDOW`].
    pub(crate) rolling_min: Option<f64>,
    pub(crate) rolling_max: Option<f64>,
    pub(crate) rolling_last: Option<f64>,
    /// Last value of the expanding mean.
    pub(crate) expanding_last: Option<f64>,
    /// The rolling mean, by days of UTC.
    pub(crate) plot: BTreeMap<Day, f64>,
}

/// Flights by the weather at their origin in their scheduled hour; the first that fits, in this order.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Conditions {
    /// `precip` above 0.
    pub(crate) wet: Delays,
    /// `wind_speed` of 20 or more.
    pub(crate) windy: Delays,
    /// `visib` below 5.
    pub(crate) low_visibility: Delays,
    /// None of these; a missing reading fits none of them.
    pub(crate) fair: Delays,
    /// No row for this origin and hour.
    pub(crate) unknown: Delays,
}

/// A group of flights, cancelled ones included, and the mean `dep_delay` of those that have one.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Delays {
    pub(crate) flights: u64,
    pub(crate) mean_dep_delay: Option<f64>,
}

impl Answers {
    /// Names the first place where `other` differs, with both values; `None` when the answers agree.
    ///
    /// Counts and texts must be equal, other numbers equal to a relative 1e-9: sums may be taken in any order.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let tree = |answers: &Self| serde_json::to_value(answers).expect("answers are plain data with string keys");
        first_difference("", &tree(self), &tree(other))
    }
}

fn first_difference(path: &str, left: &Value, right: &Value) -> Option<String> {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            for (key, value) in a {
                match b.get(key) {
                    Some(other) => {
                        let difference = first_difference(&below(key), value, other);
                        if difference.is_some() {
                            return difference;
                        }
                    }
                    None => return Some(format!("{}: only on the left", below(key))),
                }
            }
            let extra = b.keys().find(|key| !a.contains_key(*key))?;
            Some(format!("{}: only on the right", below(extra)))
        }
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                return Some(format!("{path}: {} elements against {}", a.len(), b.len()));
            }
            a.iter().zip(b).enumerate().find_map(|(i, (x, y))| first_difference(&format!("{path}[{i}]"), x, y))
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            let (a, b) = (a.as_f64()?, b.as_f64()?);
            (!close(a, b)).then(|| format!("{path}: {a} against {b}"))
        }
        _ => (left != right).then(|| format!("{path}: {left} against {right}")),
    }
}

/// Whether `value` is larger than `largest` by more than the order of a sum may make: so that of equal means the first is the
/// largest, however each was summed up.
pub(crate) fn exceeds(value: f64, largest: f64) -> bool {
    value > largest && !close(value, largest)
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= (a.abs().max(b.abs()) * TOLERANCE).max(NEGLIGIBLE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn difference(left: Value, right: Value) -> Option<String> {
        first_difference("", &left, &right)
    }

    #[test]
    fn equal_trees_do_not_differ() {
        let tree = json!({"a": [1, 2.5, null], "b": {"c": "x"}});
        assert_eq!(difference(tree.clone(), tree), None);
    }

    #[test]
    fn the_first_different_path_is_named() {
        let left = json!({"a": [1, {"b": 2.0}], "z": 1});
        let right = json!({"a": [1, {"b": 2.1}], "z": 2});
        assert_eq!(difference(left, right).as_deref(), Some("a[1].b: 2 against 2.1"));
    }

    #[test]
    fn fractions_may_differ_by_rounding_but_counts_may_not() {
        assert_eq!(difference(json!(1e6), json!(1e6 + 1e-4)), None);
        assert_eq!(difference(json!(0.0), json!(1e-13)), None);
        assert!(difference(json!(1e6), json!(1e6 + 1e-2)).is_some());
        assert!(difference(json!(10_000_000_000_u64), json!(10_000_000_001_u64)).is_some());
    }

    #[test]
    fn missing_keys_lengths_and_nulls_are_differences() {
        assert_eq!(difference(json!({"a": 1}), json!({})).as_deref(), Some("a: only on the left"));
        assert_eq!(difference(json!({}), json!({"a": 1})).as_deref(), Some("a: only on the right"));
        assert_eq!(difference(json!([1]), json!([1, 2])).as_deref(), Some(": 1 elements against 2"));
        assert_eq!(difference(json!({"a": null}), json!({"a": 0.5})).as_deref(), Some("a: null against 0.5"));
    }
}
