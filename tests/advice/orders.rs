//! Batches of orders as CSV (csv), of each of which the median price is wanted.

use std::ops::Index;

use csv::{Reader, ReaderBuilder, StringRecord};
use lagom::pool::Pool;
use lagom::profiler::{Rule, profile};

use crate::{Random, Run, Workload, timed};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "orders (csv)",
    rule: Rule::AllocationHeavy,
    function: "median_price",
    remedy: "lagom-pool",
    found: || report(median_price),
    remedied: || report(median_price_in_pooled_records),
};

const PRICE: usize = 4;

fn reader(batch: &str) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).from_reader(batch.as_bytes())
}

fn median<R: Index<usize, Output: AsRef<str>>>(rows: &mut [R]) -> u64 {
    let price = |row: &R| row[PRICE].as_ref().parse::<u64>().expect("a price");
    let (_, median, _) = rows.select_nth_unstable_by_key(rows.len() / 2, price);
    price(median)
}

#[profile]
fn median_price(batch: &str) -> u64 {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for record in reader(batch).records() {
        rows.push(record.expect("a record").iter().map(str::to_owned).collect());
    }
    median(&mut rows)
}

#[profile]
fn median_price_in_pooled_records(batch: &str) -> u64 {
    static RECORDS: Pool<Vec<StringRecord>> = Pool::new(Vec::new);
    let (mut records, mut reader, mut filled) = (RECORDS.acquire(), reader(batch), 0);
    loop {
        if filled == records.len() {
            records.push(StringRecord::new());
        }
        if !reader.read_record(&mut records[filled]).expect("a record") {
            return median(&mut records[..filled]);
        }
        filled += 1;
    }
}

fn report(median_price: fn(&str) -> u64) -> Run {
    let mut random = Random(3);
    let mut order = |number| {
        let (customer, article) = (random.below(10_000), random.below(500));
        let price = 1 + random.below(100_000);
        format!("{number},2026-11-20,customer {customer},article {article},{price},EUR,1,standard,,open,web,north\n")
    };
    let batches: Vec<String> = (0..200).map(|_| (0..100).map(&mut order).collect()).collect();
    timed(|| batches.iter().map(|batch| median_price(batch)).sum())
}
