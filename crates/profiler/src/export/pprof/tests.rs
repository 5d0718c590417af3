//! The profile is read back by a parser of its own.

use std::collections::BTreeMap;

use super::reader::{fields, messages, number, packed, unzip};
use super::*;
use crate::export::fixture::{NASTY, summary};

fn unzipped(summary: &Summary) -> Vec<u8> {
    unzip(&summary.to_pprof())
}

#[test]
fn every_path_is_a_sample_with_names_and_places() {
    let bytes = unzipped(&summary());
    let profile = fields(&bytes);
    let strings: Vec<&str> = messages(&profile, 6).into_iter().map(|text| std::str::from_utf8(text).unwrap()).collect();
    assert_eq!(strings[0], "");
    let types: Vec<(&str, &str)> = messages(&profile, 1)
        .into_iter()
        .map(fields)
        .map(|kind| (strings[number(&kind, 1) as usize], strings[number(&kind, 2) as usize]))
        .collect();
    assert_eq!(
        types,
        [("calls", "count"), ("time", "nanoseconds"), ("alloc_objects", "count"), ("alloc_space", "bytes")]
    );
    let functions: BTreeMap<u64, (&str, &str, u64)> = messages(&profile, 5)
        .into_iter()
        .map(fields)
        .map(|f| (number(&f, 1), (strings[number(&f, 2) as usize], strings[number(&f, 4) as usize], number(&f, 5))))
        .collect();
    let locations: BTreeMap<u64, u64> = messages(&profile, 4)
        .into_iter()
        .map(fields)
        .map(|location| (number(&location, 1), number(&fields(messages(&location, 4)[0]), 1)))
        .collect();
    let samples: Vec<(Vec<&str>, Vec<u64>)> = messages(&profile, 2)
        .into_iter()
        .map(fields)
        .map(|sample| {
            let stack = packed(messages(&sample, 1)[0]).into_iter().map(|id| functions[&locations[&id]].0).collect();
            (stack, packed(messages(&sample, 2)[0]))
        })
        .collect();
    assert_eq!(samples.len(), 4);
    assert_eq!(samples[0], (vec!["load"], vec![10, 1_000_000, 10, 1_000]));
    assert_eq!(samples[2], (vec![NASTY, "parse", "load"], vec![500, 1_000_000, 30, 3_000]));
    assert_eq!(functions[&1], ("load", "src/input.rs", 10));
    let system = number(&fields(messages(&profile, 5)[0]), 3);
    assert_eq!(strings[system as usize], "app::input::load");
    assert_eq!((number(&profile, 10), strings[number(&profile, 14) as usize]), (2_000_000_000, "time"));
}

#[test]
fn what_was_not_counted_is_not_there() {
    let mut summary = summary();
    summary.heap_tracked = false;
    summary.tree.nodes[0].self_ns = u64::MAX;
    summary.tree.nodes[1].function = 99;
    let bytes = unzipped(&summary);
    let profile = fields(&bytes);
    assert_eq!(messages(&profile, 1).len(), 2);
    let first = fields(messages(&profile, 2)[0]);
    assert_eq!(packed(messages(&first, 2)[0]), [10, i64::MAX as u64]);
    let second = fields(messages(&profile, 2)[1]);
    assert_eq!(packed(messages(&second, 1)[0]), [5, 1]);
    assert!(!unzipped(&Summary::default()).is_empty());
}
