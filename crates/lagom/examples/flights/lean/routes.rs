//! Routes: what two airports have to do with each other, worked out once.

use std::collections::HashMap;
use std::sync::Arc;

use lagom::memo::{Memo, memoize};
use lagom::profiler::{Registration, profile, register};
use lagom::weakcache::{Cached, Interned, Interner};

use crate::answers::{self, EARTH_RADIUS_KM, TOP_ROUTES};

use super::catalog::{Airport, Airports};
use super::conditions::Conditions;

/// Routes that are remembered at once; others are worked out again.
const REMEMBERED: usize = 4096;

/// What is known of a route.
pub(super) struct Route {
    index: usize,
    /// Great-circle distance; `None` when an airport is unknown.
    pub(super) km: Option<f64>,
    /// The airport at the end; `None` when it is unknown.
    pub(super) dest: Option<Cached<Airport>>,
    /// The weather station at the origin.
    pub(super) station: Option<usize>,
}

/// The flights of a route.
struct Count {
    origin: Interned<str>,
    dest: Interned<str>,
    flights: u64,
    /// Flights with a speed, and the sum of these speeds in km/h.
    timed: u64,
    speeds: f64,
}

/// All routes.
pub(super) struct Routes {
    airports: Airports,
    codes: Arc<Interner<str>>,
    known: Arc<Memo<Vec<u8>, Arc<Route>>>,
    indices: HashMap<Vec<u8>, usize>,
    counts: Vec<Count>,
    /// Where the key of a look-up is put together: the length of the origin, the origin, the destination.
    key: Vec<u8>,
}

/// Great-circle distance by the haversine formula; degrees north and east.
#[memoize(capacity = 4_096)]
#[profile(name = "lean::great_circle_km")]
fn great_circle_km(lat: f64, lon: f64, to_lat: f64, to_lon: f64) -> f64 {
    let half_lat = (to_lat.to_radians() - lat.to_radians()) / 2.0;
    let half_lon = (to_lon - lon).to_radians() / 2.0;
    let a = half_lat.sin().powi(2) + lat.to_radians().cos() * to_lat.to_radians().cos() * half_lon.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * a.sqrt().min(1.0).asin()
}

impl Routes {
    pub(super) fn new(airports: Airports, codes: &Arc<Interner<str>>) -> Self {
        Self {
            airports,
            codes: Arc::clone(codes),
            known: Arc::new(Memo::new(REMEMBERED)),
            indices: HashMap::new(),
            counts: Vec::new(),
            key: Vec::new(),
        }
    }

    /// The route between two airports.
    pub(super) fn get(&mut self, origin: &str, dest: &str, conditions: &Conditions) -> Arc<Route> {
        self.key.clear();
        self.key.extend(origin.len().to_ne_bytes());
        self.key.extend_from_slice(origin.as_bytes());
        self.key.extend_from_slice(dest.as_bytes());
        if let Some(route) = self.known.get(&self.key) {
            return route;
        }
        let Self { airports, codes, known, indices, counts, key } = self;
        known.get_or_insert_with(key.clone(), || {
            let (origin, dest) = (codes.intern(origin), codes.intern(dest));
            let (from, to) = (airports.get(&origin), airports.get(&dest));
            let km = from.zip(to.as_ref()).map(|(from, to)| great_circle_km(from.lat, from.lon, to.lat, to.lon));
            let station = conditions.station(&origin);
            // Counts outlive what is remembered of a route.
            let index = *indices.entry(key.clone()).or_insert_with(|| {
                counts.push(Count { origin, dest, flights: 0, timed: 0, speeds: 0.0 });
                counts.len() - 1
            });
            Arc::new(Route { index, km, dest: to, station })
        })
    }

    /// Counts a flight of this route.
    pub(super) fn count(&mut self, route: &Route, air_time: Option<i32>) {
        let count = &mut self.counts[route.index];
        count.flights += 1;
        if let (Some(km), Some(minutes @ 1..)) = (route.km, air_time) {
            count.timed += 1;
            count.speeds += km / (f64::from(minutes) / 60.0);
        }
    }

    /// Shows the caches to the profiler.
    pub(super) fn register(&self) -> Vec<Registration> {
        let known = Arc::clone(&self.known);
        let figures = |stats: lagom::memo::Stats| [("hit_ratio", stats.hit_ratio()), ("misses", stats.misses() as f64)];
        vec![
            register("routes (memo)", move || figures(known.stats())),
            register("time zones (memo)", move || figures(super::zone::zone::cache_info())),
            self.airports.register("airports (weak cache)"),
        ]
    }

    /// The routes with most flights.
    pub(super) fn top(mut self, conditions: &Conditions) -> Vec<answers::Route> {
        let mut counts = std::mem::take(&mut self.counts);
        counts.sort_by(|a, b| b.flights.cmp(&a.flights).then_with(|| (&a.origin, &a.dest).cmp(&(&b.origin, &b.dest))));
        counts.truncate(TOP_ROUTES);
        let route = |Count { origin, dest, flights, timed, speeds }| answers::Route {
            km: self.get(&origin, &dest, conditions).km,
            origin: origin.to_string(),
            dest: dest.to_string(),
            flights,
            mean_km_per_hour: (timed > 0).then(|| speeds / timed as f64),
        };
        counts.into_iter().map(route).collect()
    }
}
