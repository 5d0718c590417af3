//! The pipeline as one writes it first: read every table into memory, index by code, answer question after question.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use lagom::profiler::profile;

use crate::answers::{
    Answers, ArrivalDelays, ArrivalHour, BUSIEST_CARRIERS, Carrier, Conditions, DELAY_WINDOW, Day, Delays,
    EARTH_RADIUS_KM, EXPANDING_WARM_UP, Expanding, Fleet, LATE_MINUTES, Planes, RollingDelay, Route,
    TEMPERATURE_WINDOW, TOP_ROUTES, Temperature, Totals, WeatherAnswers, YEAR, exceeds,
};
use crate::input::{Input, Inputs, NoArrival};
use crate::tables::{Airline, Airport, Flight, Plane, Weather, read_table};

type Airports<'a> = HashMap<&'a str, &'a Airport>;

/// Reads the tables and answers everything.
#[profile]
pub(crate) fn run(inputs: &Inputs) -> Result<Answers> {
    let airlines = read_airlines(&inputs.airlines)?;
    let airports = read_airports(&inputs.airports)?;
    let planes = read_planes(&inputs.planes)?;
    let weather = read_weather(&inputs.weather)?;
    let flights = read_flights(&inputs.flights)?;

    let airports: Airports<'_> = airports.iter().map(|airport| (airport.faa.as_str(), airport)).collect();
    let carriers = carriers(&flights, &airlines);
    Ok(Answers {
        totals: totals(&flights, &airports),
        busiest: busiest(&flights, &carriers),
        carriers,
        routes: top_routes(&flights, &airports),
        planes: fleets(&flights, &planes),
        arrival_hours: arrival_hours(&inputs.flights.name(), &flights, &airports)?,
        weather: WeatherAnswers { temperatures: temperatures(&weather), conditions: conditions(&flights, &weather) },
        days: days(&flights),
    })
}

#[profile]
fn read_flights(input: &Input) -> Result<Vec<Flight>> {
    read_table(input)
}

#[profile]
fn read_weather(input: &Input) -> Result<Vec<Weather>> {
    read_table(input)
}

#[profile]
fn read_planes(input: &Input) -> Result<Vec<Plane>> {
    read_table(input)
}

#[profile]
fn read_airports(input: &Input) -> Result<Vec<Airport>> {
    read_table(input)
}

#[profile]
fn read_airlines(input: &Input) -> Result<Vec<Airline>> {
    read_table(input)
}

#[profile]
fn totals(flights: &[Flight], airports: &Airports<'_>) -> Totals {
    Totals {
        flights: flights.len() as u64,
        cancelled: flights.iter().filter(|flight| flight.dep_time.is_none()).count() as u64,
        arrived: flights.iter().filter(|flight| flight.arr_delay.is_some()).count() as u64,
        km: flights.iter().filter_map(|flight| distance_km(airports, &flight.origin, &flight.dest)).sum(),
    }
}

/// Great-circle distance between two airports by the haversine formula; `None` when one is unknown.
#[profile]
fn distance_km(airports: &Airports<'_>, origin: &str, dest: &str) -> Option<f64> {
    let (from, to) = (airports.get(origin)?, airports.get(dest)?);
    let (lat_from, lat_to) = (from.lat.to_radians(), to.lat.to_radians());
    let half_lat = (lat_to - lat_from) / 2.0;
    let half_lon = (to.lon - from.lon).to_radians() / 2.0;
    let a = half_lat.sin().powi(2) + lat_from.cos() * lat_to.cos() * half_lon.sin().powi(2);
    Some(2.0 * EARTH_RADIUS_KM * a.sqrt().min(1.0).asin())
}

#[profile]
fn carriers(flights: &[Flight], airlines: &[Airline]) -> BTreeMap<String, Carrier> {
    let names: HashMap<&str, &str> =
        airlines.iter().map(|airline| (airline.carrier.as_str(), airline.name.as_str())).collect();
    let mut by_carrier: HashMap<&str, Vec<&Flight>> = HashMap::new();
    for flight in flights {
        by_carrier.entry(&flight.carrier).or_default().push(flight);
    }
    let codes: BTreeSet<&str> = names.keys().chain(by_carrier.keys()).copied().collect();
    codes
        .into_iter()
        .map(|code| {
            let own_flights = by_carrier.get(code).map_or(&[][..], Vec::as_slice);
            (code.to_owned(), carrier_stats(names.get(code).copied(), own_flights))
        })
        .collect()
}

#[profile]
fn carrier_stats(name: Option<&str>, flights: &[&Flight]) -> Carrier {
    let (delays, days): (Vec<f64>, Vec<Day>) =
        flights.iter().filter_map(|flight| Some((f64::from(flight.dep_delay?), flight.date()))).unzip();
    Carrier {
        name: name.map(str::to_owned),
        flights: flights.len() as u64,
        cancelled: flights.iter().filter(|flight| flight.dep_time.is_none()).count() as u64,
        mean_dep_delay: mean(&delays),
        expanding: expanding_delay(&delays),
        rolling: rolling_delay(&delays, &days),
    }
}

#[profile]
fn expanding_delay(delays: &[f64]) -> Expanding {
    let means = expanding_mean(delays);
    let settled = means.get(EXPANDING_WARM_UP..).unwrap_or_default();
    Expanding {
        min: settled.iter().copied().reduce(f64::min),
        max: settled.iter().copied().reduce(f64::max),
        last: means.last().copied(),
    }
}

#[profile]
fn rolling_delay(delays: &[f64], days: &[Day]) -> RollingDelay {
    let means = rolling_mean(delays, DELAY_WINDOW);
    let mut max: Option<(usize, f64)> = None;
    for (index, &value) in means.iter().enumerate() {
        if max.is_none_or(|(_, largest)| exceeds(value, largest)) {
            max = Some((index, value));
        }
    }
    RollingDelay {
        max: max.map(|(_, value)| value),
        max_index: max.map(|(index, _)| index),
        last: means.last().copied(),
        plot: plot(&means, days),
    }
}

#[profile]
fn busiest(flights: &[Flight], carriers: &BTreeMap<String, Carrier>) -> Vec<ArrivalDelays> {
    let mut codes: Vec<(&String, u64)> = carriers.iter().map(|(code, carrier)| (code, carrier.flights)).collect();
    codes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    codes.into_iter().take(BUSIEST_CARRIERS).map(|(code, _)| arrival_delays(code, flights)).collect()
}

#[profile]
fn arrival_delays(carrier: &str, flights: &[Flight]) -> ArrivalDelays {
    let mut delays: Vec<i32> =
        flights.iter().filter(|flight| flight.carrier == carrier).filter_map(|flight| flight.arr_delay).collect();
    delays.sort_unstable();
    let late = delays.iter().filter(|&&delay| delay > LATE_MINUTES).count();
    let delays: Vec<f64> = delays.into_iter().map(f64::from).collect();
    ArrivalDelays {
        carrier: carrier.to_owned(),
        arrived: delays.len() as u64,
        mean: mean(&delays),
        std: standard_deviation(&delays),
        median: percentile(&delays, 0.5),
        percentile_95: percentile(&delays, 0.95),
        late_share: (!delays.is_empty()).then(|| late as f64 / delays.len() as f64),
    }
}

#[profile]
fn top_routes(flights: &[Flight], airports: &Airports<'_>) -> Vec<Route> {
    let mut by_route: HashMap<(&str, &str), Vec<&Flight>> = HashMap::new();
    for flight in flights {
        by_route.entry((&flight.origin, &flight.dest)).or_default().push(flight);
    }
    let mut routes: Vec<_> = by_route.into_iter().collect();
    routes.sort_by(|(a, a_flights), (b, b_flights)| b_flights.len().cmp(&a_flights.len()).then_with(|| a.cmp(b)));
    routes
        .into_iter()
        .take(TOP_ROUTES)
        .map(|((origin, dest), flights)| {
            let km = distance_km(airports, origin, dest);
            Route {
                origin: origin.to_owned(),
                dest: dest.to_owned(),
                flights: flights.len() as u64,
                km,
                mean_km_per_hour: km.and_then(|km| mean_speed(km, &flights)),
            }
        })
        .collect()
}

#[profile]
fn mean_speed(km: f64, flights: &[&Flight]) -> Option<f64> {
    let speeds: Vec<f64> = flights
        .iter()
        .filter_map(|flight| flight.air_time)
        .filter(|&minutes| minutes > 0)
        .map(|minutes| km / (f64::from(minutes) / 60.0))
        .collect();
    mean(&speeds)
}

#[profile]
fn fleets(flights: &[Flight], planes: &[Plane]) -> Planes {
    let planes: HashMap<&str, &Plane> = planes.iter().map(|plane| (plane.tailnum.as_str(), plane)).collect();
    let mut by_carrier: HashMap<&str, Vec<&Flight>> = HashMap::new();
    for flight in flights {
        by_carrier.entry(&flight.carrier).or_default().push(flight);
    }
    let carriers: BTreeMap<String, Fleet> =
        by_carrier.into_iter().map(|(code, flights)| (code.to_owned(), fleet(&flights, &planes))).collect();
    Planes {
        seats_flown: carriers.values().map(|fleet| fleet.seats_flown).sum(),
        without_plane: carriers.values().map(|fleet| fleet.without_plane).sum(),
        carriers,
    }
}

#[profile]
fn fleet(flights: &[&Flight], planes: &HashMap<&str, &Plane>) -> Fleet {
    let mut ages = Vec::new();
    let mut seats_flown = 0;
    let mut without_plane = 0;
    for flight in flights {
        let Some(plane) = flight.tailnum.as_deref().and_then(|tailnum| planes.get(tailnum)) else {
            without_plane += 1;
            continue;
        };
        if let Some(year) = plane.year {
            ages.push(f64::from(YEAR) - f64::from(year));
        }
        if flight.dep_time.is_some() {
            seats_flown += u64::from(plane.seats);
        }
    }
    Fleet { mean_age: mean(&ages), seats_flown, without_plane }
}

#[profile]
fn arrival_hours(file: &str, flights: &[Flight], airports: &Airports<'_>) -> Result<Vec<ArrivalHour>> {
    let mut counts = [0; 24];
    let mut delays: [Vec<f64>; 24] = Default::default();
    for flight in flights {
        let hour = local_arrival_hour(flight, airports);
        let Some(hour) = hour.map_err(|why| why.error(file, flight.line.into(), &flight.dest))? else {
            continue;
        };
        counts[hour] += 1;
        delays[hour].extend(flight.arr_delay.map(f64::from));
    }
    Ok(counts
        .into_iter()
        .zip(&delays)
        .map(|(flights, delays)| ArrivalHour { flights, mean_arr_delay: mean(delays) })
        .collect())
}

/// The hour of the estimated arrival on the clocks of the destination; `None` when it cannot be known.
#[profile]
fn local_arrival_hour(flight: &Flight, airports: &Airports<'_>) -> Result<Option<usize>, NoArrival> {
    let (Some(dep_delay), Some(air_time)) = (flight.dep_delay, flight.air_time) else {
        return Ok(None);
    };
    let Some(zone) = airports.get(flight.dest.as_str()).and_then(|airport| airport.tzone.as_ref()) else {
        return Ok(None);
    };
    let minutes = i64::from(flight.minute) + i64::from(dep_delay) + i64::from(air_time);
    let arrival = flight.time_hour.checked_add(SignedDuration::from_mins(minutes));
    let arrival = arrival.map_err(|_| NoArrival::BeyondCalendar)?.in_tz(zone).map_err(|_| NoArrival::UnknownZone)?;
    Ok(Some(arrival.hour() as usize))
}

#[profile]
fn temperatures(weather: &[Weather]) -> BTreeMap<String, Temperature> {
    let mut by_origin: HashMap<&str, Vec<&Weather>> = HashMap::new();
    for reading in weather {
        by_origin.entry(&reading.origin).or_default().push(reading);
    }
    by_origin.into_iter().map(|(origin, readings)| (origin.to_owned(), temperature(&readings))).collect()
}

#[profile]
fn temperature(weather: &[&Weather]) -> Temperature {
    let (readings, days): (Vec<f64>, Vec<Day>) =
        weather.iter().filter_map(|reading| Some((reading.temp?, reading.date()))).unzip();
    let rolling = rolling_mean(&readings, TEMPERATURE_WINDOW);
    Temperature {
        rolling_min: rolling.iter().copied().reduce(f64::min),
        rolling_max: rolling.iter().copied().reduce(f64::max),
        rolling_last: rolling.last().copied(),
        expanding_last: expanding_mean(&readings).last().copied(),
        plot: plot(&rolling, &days),
    }
}

#[profile]
fn conditions(flights: &[Flight], weather: &[Weather]) -> Conditions {
    let readings: HashMap<(&str, Timestamp), &Weather> =
        weather.iter().map(|reading| ((reading.origin.as_str(), reading.time_hour.0), reading)).collect();
    let (mut wet, mut windy, mut low_visibility) = (Vec::new(), Vec::new(), Vec::new());
    let (mut fair, mut unknown) = (Vec::new(), Vec::new());
    for flight in flights {
        let group = match readings.get(&(flight.origin.as_str(), flight.time_hour)) {
            None => &mut unknown,
            Some(reading) if reading.precip.is_some_and(|inches| inches > 0.0) => &mut wet,
            Some(reading) if reading.wind_speed.is_some_and(|speed| speed >= 20.0) => &mut windy,
            Some(reading) if reading.visib.is_some_and(|miles| miles < 5.0) => &mut low_visibility,
            Some(_) => &mut fair,
        };
        group.push(flight);
    }
    Conditions {
        wet: departure_delays(&wet),
        windy: departure_delays(&windy),
        low_visibility: departure_delays(&low_visibility),
        fair: departure_delays(&fair),
        unknown: departure_delays(&unknown),
    }
}

#[profile]
fn days(flights: &[Flight]) -> BTreeMap<Day, Delays> {
    let mut by_day: HashMap<Day, Vec<&Flight>> = HashMap::new();
    for flight in flights {
        by_day.entry(flight.date()).or_default().push(flight);
    }
    by_day.into_iter().map(|(day, flights)| (day, departure_delays(&flights))).collect()
}

#[profile]
fn departure_delays(flights: &[&Flight]) -> Delays {
    let delays: Vec<f64> = flights.iter().filter_map(|flight| flight.dep_delay).map(f64::from).collect();
    Delays { flights: flights.len() as u64, mean_dep_delay: mean(&delays) }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation.
fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// Of sorted values, by linear interpolation; `share` from 0 to 1.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let position = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    Some(below + (above - below) * position.fract())
}

/// The mean of all values so far, at each of them.
fn expanding_mean(values: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            sum += value;
            sum / (index + 1) as f64
        })
        .collect()
}

/// The mean of the last `window` values, from the first place on where there are as many.
fn rolling_mean(values: &[f64], window: usize) -> Vec<f64> {
    values.windows(window).map(|last| last.iter().sum::<f64>() / window as f64).collect()
}

/// The last of the rolling `means` of each day; `days` are those of the values that the means are over.
fn plot(means: &[f64], days: &[Day]) -> BTreeMap<Day, f64> {
    let mut end = 0;
    days[days.len() - means.len()..]
        .chunk_by(|a, b| a == b)
        .map(|same_day| {
            end += same_day.len();
            (same_day[0], means[end - 1])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of the shipped January, computed by hand-written scripts in another language.
    #[test]
    fn january_has_the_known_answers() {
        let answers = run(&Inputs::new(None, &indicatif::ProgressBar::hidden())).unwrap();
        let totals = &answers.totals;
        assert_eq!((totals.flights, totals.cancelled, totals.arrived), (27_004, 521, 26_398));
        assert!((totals.km - 41_955_085.490_27).abs() < 1e-3, "{}", totals.km);

        let united = &answers.carriers["UA"];
        assert_eq!(united.name.as_deref(), Some("United Air Lines Inc."));
        assert_eq!(united.rolling.max_index, Some(3534));
        assert!((united.mean_dep_delay.unwrap() - 8.326_167_209_554_832).abs() < 1e-9);

        let busiest = &answers.busiest[0];
        assert_eq!((busiest.carrier.as_str(), busiest.arrived, busiest.median), ("UA", 4590, Some(-3.5)));
        assert!((busiest.std.unwrap() - 33.806_914_810_697_194).abs() < 1e-9);

        let route = &answers.routes[0];
        assert_eq!((route.origin.as_str(), route.dest.as_str(), route.flights), ("JFK", "LAX", 937));
        assert!((route.km.unwrap() - 3_974.205_451_628_946).abs() < 1e-6);
        assert!((route.mean_km_per_hour.unwrap() - 697.482_471_341_609).abs() < 1e-6);

        assert_eq!((answers.planes.seats_flown, answers.planes.without_plane), (3_053_335, 4479));
        assert_eq!(answers.arrival_hours[9].flights, 1986);
        let conditions = &answers.weather.conditions;
        let counts = [&conditions.wet, &conditions.windy, &conditions.low_visibility, &conditions.fair];
        assert_eq!(counts.map(|group| group.flights), [1527, 2206, 2005, 21_214]);
        assert_eq!(conditions.unknown.flights, 52);
        assert_eq!(answers.days.len(), 31);

        let json = serde_json::to_string(&answers).unwrap();
        let mut other: Answers = serde_json::from_str(&json).unwrap();
        assert_eq!(answers.difference(&other), None);
        *other.carriers.get_mut("UA").unwrap().rolling.plot.get_mut(&Day { month: 1, day: 7 }).unwrap() += 1e-3;
        assert!(answers.difference(&other).unwrap().starts_with("carriers.UA.rolling.plot.01-07: "));
    }

    #[test]
    fn means_are_defined_only_where_there_are_enough_values() {
        assert_eq!(mean(&[]), None);
        assert_eq!(standard_deviation(&[4.0]), None);
        assert_eq!(percentile(&[], 0.5), None);
        assert_eq!(percentile(&[1.0, 2.0], 0.95), Some(1.95));
        assert_eq!(expanding_mean(&[1.0, 3.0, 8.0]), [1.0, 2.0, 4.0]);
        assert_eq!(rolling_mean(&[1.0, 3.0, 8.0], 2), [2.0, 5.5]);
        assert!(rolling_mean(&[1.0], 2).is_empty());
    }

    #[test]
    fn no_flights_are_no_panic() {
        assert_eq!(busiest(&[], &carriers(&[], &[])).len(), 0);
        assert_eq!(totals(&[], &HashMap::new()).flights, 0);
        assert!(top_routes(&[], &HashMap::new()).is_empty());
        assert_eq!(arrival_hours("", &[], &HashMap::new()).unwrap().len(), 24);
        assert!(days(&[]).is_empty());
    }
}
