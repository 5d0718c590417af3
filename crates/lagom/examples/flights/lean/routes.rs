//! Routes and who flies them: what carrier and airports have to do with each other, worked out once.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use lagom::memo::{Memo, memoize};
use lagom::profiler::{Registration, profile, register};
use lagom::weakcache::{Cached, Interned, Interner};

use crate::answers::{self, EARTH_RADIUS_KM, TOP_ROUTES};

use super::carriers::Carriers;
use super::catalog::{Airport, Airports};
use super::conditions::Conditions;

/// Services that are remembered at once; others are worked out again.
const REMEMBERED: usize = 4096;

/// What is known of a carrier's flights from one airport to another.
pub(super) struct Service {
    /// The carrier's place in [`Carriers`].
    pub(super) carrier: usize,
    route: usize,
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
    km: Option<f64>,
    flights: u64,
    /// Flights with a speed, and the sum of these speeds in km/h.
    timed: u64,
    speeds: f64,
}

/// All routes.
pub(super) struct Routes {
    airports: Airports,
    codes: Arc<Interner<str>>,
    services: Arc<Memo<Vec<u8>, Arc<Service>>>,
    indices: HashMap<(Interned<str>, Interned<str>), usize>,
    counts: Vec<Count>,
    /// Where the key of a look-up is put together: two lengths, so that no two services share one, and the three codes.
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
            services: Arc::new(Memo::new(REMEMBERED)),
            indices: HashMap::new(),
            counts: Vec::new(),
            key: Vec::new(),
        }
    }

    /// The flights of a carrier from one airport to another.
    pub(super) fn service(
        &mut self,
        [carrier, origin, dest]: [&str; 3],
        carriers: &mut Carriers,
        conditions: &Conditions,
    ) -> Result<Arc<Service>> {
        self.key.clear();
        self.key.extend(carrier.len().to_ne_bytes());
        self.key.extend(origin.len().to_ne_bytes());
        self.key.extend([carrier, origin, dest].iter().flat_map(|code| code.bytes()));
        if let Some(service) = self.services.get(&self.key) {
            return Ok(service);
        }
        let Self { airports, codes, services, indices, counts, key } = self;
        services.try_get_or_insert_with(key.clone(), || {
            let carrier = carriers.index(codes.intern(carrier))?;
            let (from, to) = (airports.get(origin, codes), airports.get(dest, codes));
            let km = from.zip(to.as_ref()).map(|(from, to)| great_circle_km(from.lat, from.lon, to.lat, to.lon));
            let station = conditions.station(origin);
            let (origin, dest) = (codes.intern(origin), codes.intern(dest));
            // Counts outlive what is remembered.
            let route = *indices.entry((origin.clone(), dest.clone())).or_insert_with(|| {
                counts.push(Count { origin, dest, km, flights: 0, timed: 0, speeds: 0.0 });
                counts.len() - 1
            });
            Ok(Arc::new(Service { carrier, route, km, dest: to, station }))
        })
    }

    /// Counts a flight.
    pub(super) fn count(&mut self, service: &Service, air_time: Option<i32>) {
        let count = &mut self.counts[service.route];
        count.flights += 1;
        if let (Some(km), Some(minutes @ 1..)) = (service.km, air_time) {
            count.timed += 1;
            count.speeds += km / (f64::from(minutes) / 60.0);
        }
    }

    /// Shows the caches to the profiler.
    pub(super) fn register(&self) -> Vec<Registration> {
        let services = Arc::clone(&self.services);
        let figures = |stats: lagom::memo::Stats| [("hit_ratio", stats.hit_ratio()), ("misses", stats.misses() as f64)];
        vec![
            register("routes of carriers (memo)", move || figures(services.stats())),
            register("time zones (memo)", move || figures(super::zone::zone::cache_info())),
            self.airports.register("airports (weak cache)"),
        ]
    }

    /// The routes with most flights.
    pub(super) fn top(mut self) -> Vec<answers::Route> {
        let counts = &mut self.counts;
        counts.sort_by(|a, b| b.flights.cmp(&a.flights).then_with(|| (&a.origin, &a.dest).cmp(&(&b.origin, &b.dest))));
        counts.truncate(TOP_ROUTES);
        let route = |count: &Count| answers::Route {
            origin: count.origin.to_string(),
            dest: count.dest.to_string(),
            flights: count.flights,
            km: count.km,
            mean_km_per_hour: (count.timed > 0).then(|| count.speeds / count.timed as f64),
        };
        counts.iter().map(route).collect()
    }
}
