//! Profiles some work and writes the report in every format.
//!
//! `cargo run -p lagom-profiler --example outputs --features export -- DIR`

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lagom_profiler::report::{Report, Weight, compare};
use lagom_profiler::{Monitor, Summary, TrackingAllocator, profile, register, span, summary};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

#[profile]
fn import(lines: &[String]) -> Vec<Vec<u32>> {
    lines.iter().filter_map(|line| parse(line).ok()).collect()
}

#[profile]
fn parse(line: &str) -> Result<Vec<u32>, std::num::ParseIntError> {
    line.split(',').map(number).collect()
}

#[profile]
fn number(text: &str) -> Result<u32, std::num::ParseIntError> {
    text.trim().parse()
}

#[profile]
fn total(table: &[Vec<u32>]) -> u64 {
    let _span = span!("sum of rows");
    table.iter().flatten().map(|&number| u64::from(number)).sum()
}

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/outputs".into()));
    fs::create_dir_all(&folder)?;

    let alerts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&alerts);
    let monitor = Monitor::builder()
        .interval(Duration::from_millis(5))
        .on_alert(64 << 20, move |alert| seen.lock().unwrap().push(alert.clone()))
        .build();
    monitor.start();
    let _registration = register("table", || [("rows", 20_000.0), ("hit_ratio", 0.875)]);

    let row =
        |row: u32| if row.is_multiple_of(50) { "1, x".to_owned() } else { format!("{row}, {}, {}", row * 7, row % 13) };
    let lines: Vec<String> = (0..20_000).map(row).collect();
    let mut tables = Vec::new();
    for _ in 0..40 {
        tables.push(import(&lines));
        total(&tables[tables.len() - 1]);
    }
    monitor.stop();

    let summary = summary();
    let alerts = alerts.lock().unwrap().clone();
    let report = Report::new(summary).titled("outputs of the profiler").with_monitor(&monitor).with_alerts(alerts);
    let summary = report.summary();
    fs::write(folder.join("report.txt"), report.to_string())?;
    fs::write(folder.join("report.html"), report.to_html())?;
    fs::write(folder.join("report.jsonl"), report.to_json_lines())?;
    fs::write(folder.join("metrics.prom"), report.to_prometheus())?;
    fs::write(folder.join("summary.json"), summary.to_json())?;
    fs::write(folder.join("stacks.folded"), summary.to_folded(Weight::SelfTime))?;
    fs::write(folder.join("profile.speedscope.json"), summary.to_speedscope())?;
    fs::write(folder.join("profile.trace.json"), summary.to_chrome())?;
    fs::write(folder.join("profile.pb.gz"), summary.to_pprof())?;

    let baseline =
        Summary::from_json(&fs::read_to_string(folder.join("summary.json"))?).expect("what was just written");
    println!("{report}\n\n{}", compare(&baseline, summary));
    println!("written to {}", folder.display());
    Ok(())
}
