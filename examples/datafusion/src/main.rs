//! Delays of the flights from New York in January 2013, smoothed in SQL.
//!
//! `cargo run --release`, here.

mod functions;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use datafusion::prelude::{CsvReadOptions, SessionContext};
use flate2::read::GzDecoder;

const FLIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/lagom/examples/data/flights-2013-01.csv.gz");

const QUERY: &str = "
    SELECT carrier, day, hour, minute, dep_delay,
           lagom_expanding_mean(dep_delay) OVER flights AS mean_so_far,
           lagom_rolling_mean(dep_delay, 50) OVER flights AS mean_of_50,
           lagom_rolling_std(dep_delay, 50) OVER flights AS std_of_50,
           lagom_rolling_median(dep_delay, 50) OVER flights AS median_of_50,
           lagom_ewma(dep_delay, 20) OVER flights AS ewma_20
    FROM flights
    WINDOW flights AS (PARTITION BY carrier ORDER BY time_hour, minute, flight)
    ORDER BY carrier, time_hour, minute, flight
    LIMIT 20";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let folder = tempfile::tempdir()?;
    runtime.block_on(async {
        let context = context(folder.path()).await?;
        context.sql(QUERY).await?.show().await?;
        Ok(())
    })
}

/// An engine with the table `flights` and the functions.
async fn context(folder: &Path) -> Result<SessionContext> {
    let csv = folder.join("flights.csv");
    let text = io::read_to_string(GzDecoder::new(File::open(FLIGHTS).context(FLIGHTS)?))?;
    // What is missing is written NA there; twice, as neighbours share a comma.
    fs::write(&csv, text.replace(",NA,", ",,").replace(",NA,", ",,"))?;
    let context = SessionContext::new();
    let csv = csv.to_str().context("a path that is no Unicode")?;
    context.register_csv("flights", csv, CsvReadOptions::new()).await?;
    functions::register(&context);
    Ok(context)
}
