//! Small tables by code: planes and airports. What a flight needs of a row is worked out when first asked for and shared
//! from then on, by a weak cache.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use lagom::pool::Pool;
use lagom::profiler::{Registration, profile, register};
use lagom::weakcache::{Cached, Interned, Interner, WeakCache};

use crate::answers::YEAR;
use crate::fields::{Column, present};
use crate::input::Input;
use crate::tables::{self, Row as _};

use super::rows::{Batch, Row, for_each_row};
use super::zone::{Zone, zone};

/// Details that stay although no flight uses them at the moment.
const KEPT: usize = 4096;

/// A table by code.
pub(super) struct Catalog<R, V> {
    rows: HashMap<Interned<str>, R>,
    details: Arc<WeakCache<String, V>>,
    work_out: fn(&R) -> V,
}

impl<R, V: Send + Sync + 'static> Catalog<R, V> {
    fn read(
        input: &Input,
        columns: &'static [Column],
        batches: &Pool<Batch>,
        codes: &Interner<str>,
        parse: fn(&Row<'_>) -> Result<R>,
        work_out: fn(&R) -> V,
    ) -> Result<Self> {
        let mut rows = HashMap::new();
        for_each_row(input, columns, batches, |row| {
            rows.insert(codes.intern(row.text(0)), parse(row)?);
            Ok(())
        })?;
        Ok(Self { rows, details: Arc::new(WeakCache::new(KEPT)), work_out })
    }

    /// The details of a code, unless the table lacks it.
    pub(super) fn get(&self, code: &str, codes: &Interner<str>) -> Option<Cached<V>> {
        self.details.get(code).or_else(|| {
            // A code that nobody has interned is in no table.
            let row = self.rows.get(&codes.get(code)?)?;
            Some(self.details.get_or_insert_with(code.to_owned(), || (self.work_out)(row)))
        })
    }

    /// Shows the cache to the profiler.
    pub(super) fn register(&self, name: &str) -> Registration {
        let details = Arc::clone(&self.details);
        register(name, move || {
            let stats = details.stats();
            [("hit_ratio", stats.hit_ratio()), ("loads", stats.loads() as f64), ("entries", stats.len() as f64)]
        })
    }
}

/// What flights want to know of a plane.
pub(super) struct Plane {
    pub(super) age: Option<f64>,
    pub(super) seats: u32,
}

/// The planes by tail number.
pub(super) type Planes = Catalog<(Option<i32>, u32), Plane>;

/// Reads the planes table.
#[profile(name = "lean::read_planes")]
pub(super) fn planes(input: &Input, batches: &Pool<Batch>, codes: &Interner<str>) -> Result<Planes> {
    Catalog::read(
        input,
        tables::Plane::COLUMNS,
        batches,
        codes,
        |row| Ok((row.field(1)?, row.field(2)?)),
        |&(year, seats)| Plane { age: year.map(|year| f64::from(YEAR) - f64::from(year)), seats },
    )
}

/// A row of the airports table.
pub(super) struct AirportRow {
    lat: f64,
    lon: f64,
    tzone: Option<String>,
}

/// What routes want to know of an airport.
pub(super) struct Airport {
    pub(super) lat: f64,
    pub(super) lon: f64,
    pub(super) zone: Option<Arc<Zone>>,
}

/// The airports by code.
pub(super) type Airports = Catalog<AirportRow, Airport>;

/// Reads the airports table.
#[profile(name = "lean::read_airports")]
pub(super) fn airports(input: &Input, batches: &Pool<Batch>, codes: &Interner<str>) -> Result<Airports> {
    Catalog::read(
        input,
        tables::Airport::COLUMNS,
        batches,
        codes,
        |row| Ok(AirportRow { lat: row.field(1)?, lon: row.field(2)?, tzone: present(row.text(3)).map(str::to_owned) }),
        |row| Airport { lat: row.lat, lon: row.lon, zone: row.tzone.as_deref().map(zone) },
    )
}
