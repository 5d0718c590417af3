use super::*;
use crate::heap::Frame;

fn frame(function: &str, file: &str, line: u32) -> Frame {
    Frame { function: function.into(), file: file.into(), line, object: "/opt/app".into(), address: u64::from(line) }
}

/// A call of std's, the line of the user's that made it, and who called that.
fn site(function: &str, line: u32, blocks: u64, bytes: u64) -> Site {
    let amount = Amount { blocks, bytes };
    Site {
        frames: [
            frame("<alloc::vec::Vec<app::Word>>::push", "/rustc/abc/library/alloc/src/vec/mod.rs", 9),
            frame(function, "src/words.rs", line),
            frame("app::main", "src/main.rs", 5),
        ]
        .into(),
        live: amount,
        total: amount.plus(amount),
        ..Site::default()
    }
}

fn snapshot(sites: Vec<Site>) -> Snapshot {
    Snapshot::from_sites(sites, Mode::Live, 0)
}

fn example() -> Snapshot {
    let mut other = site("json::parse", 7, 3, 300);
    other.thread = "worker-1".into();
    other.span = "load".into();
    snapshot(vec![site("app::words::read", 12, 10, 600), other, site("app::words::read", 13, 1, 100)])
}

fn rows(statistics: &Statistics) -> Vec<(&str, u64, u64)> {
    statistics.rows().iter().map(|row| (row.key(), row.amount().bytes(), row.amount().blocks())).collect()
}

#[test]
fn groups_are_the_largest_first_with_shares() {
    let statistics = example().statistics(By::Line);
    assert_eq!(
        rows(&statistics),
        [("src/words.rs:12", 600, 10), ("src/words.rs:7", 300, 3), ("src/words.rs:13", 100, 1)]
    );
    let row = &statistics.rows()[1];
    assert_eq!((row.average(), row.share(), row.cumulative_share()), (100.0, 0.3, 0.9));
    assert_eq!(row.location().unwrap().function(), "json::parse");
    assert_eq!(statistics.top(2).len(), 2);
    assert_eq!(statistics.total(), Amount { blocks: 14, bytes: 1_000 });
    assert_eq!(statistics.get("src/words.rs:13").unwrap().amount().blocks(), 1);
}

#[test]
fn every_grouping() {
    let snapshot = example();
    let keys = |by| {
        rows(&snapshot.statistics(by)).into_iter().map(|(key, bytes, _)| format!("{key} {bytes}")).collect::<Vec<_>>()
    };
    assert_eq!(keys(By::Function), ["app::words::read 700", "json::parse 300"]);
    assert_eq!(keys(By::File), ["src/words.rs 1000"]);
    assert_eq!(keys(By::Module), ["app::words 700", "json 300"]);
    assert_eq!(keys(By::Crate), ["app 700", "json 300"]);
    assert_eq!(keys(By::Type), ["Vec<app::Word> 1000"]);
    assert_eq!(keys(By::Thread), ["all threads 700", "worker-1 300"]);
    assert_eq!(keys(By::Span), ["no span 700", "load 300"]);
    let stacks = snapshot.statistics(By::Stack);
    assert_eq!((stacks.rows().len(), stacks.rows()[0].frames().len()), (3, 3));
    assert_eq!(stacks.rows()[0].location().unwrap().line(), 12);
    assert!(stacks.rows()[0].key().contains("app::main\tsrc/main.rs:5\n"), "{}", stacks.rows()[0].key());
}

#[test]
fn what_has_no_name_is_of_its_file() {
    let bare = Site {
        frames: [Frame { function: "app+0x12".into(), object: "/opt/app".into(), ..Frame::default() }].into(),
        live: Amount { blocks: 1, bytes: 8 },
        ..Site::default()
    };
    let empty = Site { live: Amount { blocks: 1, bytes: 1 }, ..Site::default() };
    let snapshot = snapshot(vec![bare, empty]);
    for (by, key) in [
        (By::Line, "app+0x12"),
        (By::Function, "app+0x12"),
        (By::File, "app"),
        (By::Module, "app"),
        (By::Crate, "app"),
        (By::Type, "unknown"),
    ] {
        assert_eq!(snapshot.statistics(by).rows()[0].key(), key, "{by:?}");
    }
    assert_eq!(snapshot.statistics(By::Line).rows()[1].key(), "unknown");
}

#[test]
fn everything_on_the_stack_counts_once() {
    let mut recursive = site("app::words::read", 12, 2, 50);
    let again = [frame("app::words::read", "src/words.rs", 12), frame("app::words::read", "src/words.rs", 30)];
    recursive.frames = [&recursive.frames[..2], &again, &recursive.frames[2..]].concat().into();
    let snapshot = snapshot(vec![recursive, site("json::parse", 7, 1, 10)]);
    let functions = snapshot.cumulative(By::Function);
    assert_eq!(functions.get("app::main").unwrap().amount(), Amount { blocks: 3, bytes: 60 });
    assert_eq!(functions.get("app::words::read").unwrap().amount(), Amount { blocks: 2, bytes: 50 });
    assert_eq!(functions.get("app::main").unwrap().share(), 1.0);
    assert!(functions.rows().iter().all(|row| row.cumulative_share() <= 1.0));
    let lines = snapshot.cumulative(By::Line);
    assert_eq!(lines.get("src/words.rs:12").unwrap().amount().bytes(), 50);
    assert_eq!(lines.get("src/words.rs:30").unwrap().amount().bytes(), 50);
    assert_eq!(rows(&snapshot.cumulative(By::Type)), rows(&snapshot.statistics(By::Type)));
    assert!(!functions.to_string().contains("sum %"), "{functions}");
}

#[test]
fn differences_by_their_size_whichever_the_sign() {
    let before = snapshot(vec![
        site("a::f", 1, 5, 500),
        site("b::f", 2, 1, 1_000),
        site("c::f", 3, 1, 70),
        site("d::f", 4, 4, 9),
    ]);
    let after = snapshot(vec![
        site("a::f", 1, 7, 900),
        site("b::f", 2, 1, 1_000),
        site("c::f", 3, 2, 70),
        site("e::f", 5, 1, 600),
    ]);
    let differences = after.compare(&before, By::Function);
    let rows: Vec<_> =
        differences.rows().iter().map(|row| (row.key(), row.bytes(), row.blocks(), row.older().bytes())).collect();
    assert_eq!(
        rows,
        [("e::f", 600, 1, 0), ("a::f", 400, 2, 500), ("d::f", -9, -4, 9), ("b::f", 0, 0, 1_000), ("c::f", 0, 1, 70)]
    );
    assert_eq!(differences.bytes(), 991);
    assert_eq!(differences.get("a::f").unwrap().amount().bytes(), 900);
    assert_eq!(before.compare(&after, By::Function).bytes(), -991);
    let text = differences.to_string();
    assert!(text.contains("+600B") && text.contains("-9B") && text.contains("+991B since"), "{text}");
    assert_eq!(differences.top(2).len(), 2);
    assert_eq!(differences.rows()[0].location().unwrap().line(), 5);
}

/// The example of tracemalloc's documentation: without the import system and without what is not known.
#[test]
fn filters_in_and_out() {
    let snapshot = example();
    let bytes = |filters: &[Filter]| snapshot.filter(filters.iter().cloned()).total().bytes();
    assert_eq!(bytes(&[]), 1_000);
    assert_eq!(bytes(&[Filter::exclude().function("json::*"), Filter::exclude().file("<unknown>")]), 700);
    assert_eq!(bytes(&[Filter::include().file("words.rs").line(12)]), 600);
    assert_eq!(bytes(&[Filter::include().line(12), Filter::include().line(13)]), 700);
    assert_eq!(bytes(&[Filter::include().crate_name("app"), Filter::exclude().line(13)]), 600);
    assert_eq!(bytes(&[Filter::include().module("app::words")]), 700);
    assert_eq!(bytes(&[Filter::include().module("app")]), 0);
    assert_eq!(bytes(&[Filter::include().thread("worker-*")]), 300);
    assert_eq!(bytes(&[Filter::include().span("load"), Filter::include().min_bytes(500)]), 900);
    assert_eq!(bytes(&[Filter::exclude()]), 0);
    assert_eq!(bytes(&[Filter::include().file("main.rs")]), 0);
    assert_eq!(bytes(&[Filter::include().file("main.rs").all_frames()]), 1_000);
    assert_eq!(bytes(&[Filter::exclude().function("*Vec<app::Word>>::push").all_frames()]), 0);
    // Both conditions of one and the same frame.
    assert_eq!(bytes(&[Filter::include().file("main.rs").function("json::parse").all_frames()]), 0);
}

#[test]
fn measures_of_what_was() {
    let snapshot = example();
    assert_eq!(snapshot.clone().measured_by(Measure::Total).total().bytes(), 2_000);
    assert_eq!(snapshot.clone().measured_by(Measure::Peak).statistics(By::Line).rows().len(), 0);
    let text = snapshot.measured_by(Measure::Total).statistics(By::Line).to_string();
    assert!(text.starts_with("heap, ever allocated, by line: 1.95K in 28 blocks"), "{text}");
}

#[test]
fn the_table_shows_the_source_where_it_is_there() {
    let mut own = site("app::run", 4, 1, 5_000);
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src/heap/snapshot/tests.rs");
    own.frames = [frame("app::run", here, 1)].into();
    let many = (20..40).map(|line| site("app::words::read", line, 1, 10));
    let text = snapshot(many.chain([own]).collect()).statistics(By::Line).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "heap, live, by line: 5.08K in 21 blocks");
    assert_eq!(lines[1], "  #  bytes blocks average      %  sum %  line");
    assert!(lines[2].starts_with("  1  4.88K      1   4.88K  96.2%  96.2%  "), "{text}");
    assert!(lines[2].ends_with("src/heap/snapshot/tests.rs:1"), "{text}");
    assert_eq!(lines[3].trim(), "use super::*;");
    assert_eq!(lines.len(), 2 + 2 + 9 + 1);
    assert_eq!(*lines.last().unwrap(), "11 other: 110B in 11 blocks, 2.1%");
    assert!(text.lines().all(|line| line.chars().count() <= crate::format::WIDTH), "{text}");
    let three = format!("{:.3}", snapshot(vec![site("a::f", 1, 1, 1); 2]).statistics(By::Stack));
    assert!(three.contains("a::f (src/words.rs:1)") && three.contains("app::main (src/main.rs:5)"), "{three}");
    assert_eq!(snapshot(Vec::new()).statistics(By::Line).to_string().lines().count(), 2);
}

#[test]
fn names_cannot_break_the_table() {
    let mut evil = site(&"x::\u{1b}[31m\nlong".repeat(40), 1, 1, u64::MAX);
    evil.frames = [frame(&"y".repeat(500), &"z/".repeat(300), 1), evil.frames[1].clone()].into();
    let snapshot = snapshot(vec![evil.clone(), evil]);
    for by in [By::Line, By::Function, By::File, By::Module, By::Crate, By::Stack, By::Type, By::Thread, By::Span] {
        for text in [snapshot.statistics(by).to_string(), snapshot.compare(&snapshot, by).to_string()] {
            assert!(text.lines().all(|line| line.chars().count() <= crate::format::WIDTH), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }
    assert_eq!(snapshot.total().bytes(), u64::MAX);
}

#[test]
fn samples_say_that_they_are_estimates() {
    let mut sampled = site("app::run", 1, 10, 1_000_000);
    sampled.variance = 250_000.0_f64.powi(2);
    let mut other = site("app::run", 2, 10, 500_000);
    other.variance = 120_000.0_f64.powi(2);
    let now = Snapshot::from_sites(vec![sampled, other], Mode::Sample, 512 << 10);
    assert!(now.is_estimate());
    let functions = now.statistics(By::Function);
    // Variances add up.
    let deviation = (250_000.0_f64.powi(2) + 120_000.0_f64.powi(2)).sqrt();
    assert!((functions.rows()[0].margin() / (1.96 * deviation) - 1.0).abs() < 1e-4);
    let text = functions.to_string();
    assert!(text.contains("estimated from samples") && text.contains("±531K"), "{text}");
    let differences = now.compare(&snapshot(Vec::new()), By::Function);
    assert!(differences.rows()[0].margin() > 0.0 && differences.to_string().contains("±531K"), "{differences}");
    let none = now.measured_by(Measure::Total).statistics(By::Function);
    assert_eq!(none.rows()[0].margin(), 0.0);
    assert_eq!(example().statistics(By::Line).rows()[0].margin(), 0.0);
}

#[test]
fn statics_can_be_left_out() {
    let mut lazy = site("app::TABLE::{closure#0}", 1, 1, 40);
    lazy.frames = [&lazy.frames[..2], &[frame("<std::sync::lazy_lock::LazyLock<T>>::force", "", 0)], &lazy.frames[2..]]
        .concat()
        .into();
    let snapshot = snapshot(vec![lazy, site("app::leak", 2, 1, 2)]);
    assert_eq!(snapshot.without_statics().total().bytes(), 2);
}

#[cfg(feature = "export")]
#[test]
fn a_file_comes_back_the_same() {
    let mut snapshot = example().measured_by(Measure::Total);
    snapshot.sites[0].variance = 0.1 + 0.2;
    snapshot.sites[1].peak = Amount { blocks: 1, bytes: 2 };
    snapshot.sites[1].lifetime_ns = 77;
    let text = snapshot.to_json();
    assert_eq!(Snapshot::from_json(&text).unwrap(), snapshot);
    assert_eq!(text.matches("src/words.rs").count(), 1, "every text stands there once: {text}");
    let path = std::env::temp_dir().join(format!("lagom-snapshot-{}.json", std::process::id()));
    snapshot.save(&path).unwrap();
    let loaded = Snapshot::load(&path).unwrap();
    assert_eq!(example().measured_by(Measure::Total).compare(&loaded, By::Line).bytes(), 0);
    std::fs::write(&path, "{}").unwrap();
    assert_eq!(Snapshot::load(&path).unwrap_err().kind(), std::io::ErrorKind::InvalidData);
    std::fs::remove_file(&path).unwrap();
    for (from, to) in [
        ("\"version\":1", "\"version\":2"),
        ("lagom-heap-snapshot", "other"),
        ("\"thread\":", "\"thread\":99"),
        ("\"frames\":[0,", "\"frames\":[99,"),
        ("\"mode\":\"Live\"", "\"mode\":\"Dead\""),
    ] {
        assert!(text.contains(from), "{from} {text}");
        assert!(Snapshot::from_json(&text.replacen(from, to, 9)).is_err(), "{to}");
    }
    assert!(Snapshot::from_json(&text[..text.len() / 2]).is_err());
}

#[test]
fn an_engine_without_stacks_gives_an_empty_snapshot() {
    let snapshot = Snapshot::take();
    assert!(snapshot.sites().is_empty() && !snapshot.is_estimate());
    assert_eq!(snapshot.total(), Amount::default());
}

#[test]
fn all_can_be_sent_to_other_threads() {
    fn sent<T: Send + Sync + 'static>() {}
    sent::<Snapshot>();
    sent::<Statistics>();
    sent::<Differences>();
    sent::<Filter>();
    sent::<crate::heap::LeakDetector>();
    sent::<crate::heap::LeakReport>();
}
