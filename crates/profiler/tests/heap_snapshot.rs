//! Snapshots, leak detector and the report at exit over a real allocator. A program of its own without the test
//! harness: the figures are the whole program's, so nothing may run beside it.

use std::collections::VecDeque;
use std::hint::black_box;
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs, thread};

use lagom_profiler::heap::{self, By, ExitReport, Filter, LeakDetector, Mode, Snapshot};
use lagom_profiler::{TrackingAllocator, span};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

const HERE: &str = "tests/heap_snapshot.rs";

fn main() {
    if let Some(report) = env::var_os("REPORT_AT_EXIT") {
        return ends_with_a_leak(report.into());
    }
    // Where the system does not tell what is loaded, there are numbers and no names.
    if !cfg!(target_os = "linux") {
        return;
    }
    heap::set_mode(Mode::Live);
    lines_are_exact();
    threads_and_spans();
    differences_and_files();
    reading_leaves_no_trace();
    leaks_are_found_and_caches_are_not();
    heap::set_mode(Mode::Count);
    samples_hold_the_truth();
    heap::set_mode(Mode::Count);
    at_exit();
}

#[derive(Clone)]
struct Word {
    _text: [u64; 4],
}

fn lines_are_exact() {
    let (mut kept, line) = (Vec::new(), line!() + 2);
    for size in 1..=100_usize {
        kept.push(black_box(Box::<[u8]>::from(vec![1; size])));
    }
    let list_line = line!() + 1;
    let list = black_box(vec![Word { _text: [1; 4] }; 10]);
    let boxed = black_box(Box::new(Word { _text: [2; 4] }));
    let snapshot = Snapshot::take();
    let lines = snapshot.filter([Filter::include().file(HERE)]).statistics(By::Line);
    let amount = |line: u32| {
        let row = lines.rows().iter().find(|row| row.key().ends_with(&format!("{HERE}:{line}")));
        let amount = row.unwrap_or_else(|| panic!("{line}: {lines}")).amount();
        (amount.bytes(), amount.blocks())
    };
    // The list of boxes grows in the same line.
    let room = (kept.capacity() * size_of::<Box<[u8]>>()) as u64;
    assert_eq!(amount(line), (5_050 + room, 101));
    assert_eq!(amount(list_line), (320, 1));
    let types = snapshot.statistics(By::Type);
    let boxes = types.get("Box<heap_snapshot::Word>").unwrap_or_else(|| panic!("{types:.50}"));
    assert_eq!((boxes.amount().bytes(), boxes.amount().blocks()), (32, 1));
    let crates = snapshot.statistics(By::Crate);
    assert!(crates.get("heap_snapshot").is_some_and(|row| row.amount().bytes() >= 5_000), "{crates}");
    assert_eq!(lines.rows().iter().map(|row| row.amount().bytes()).sum::<u64>(), lines.total().bytes());
    let text = lines.to_string();
    assert!(text.contains("kept.push(black_box("), "the source of the line is shown: {text}");
    let passing = snapshot.cumulative(By::Function);
    let main = passing.rows().iter().find(|row| row.key() == "heap_snapshot::main").expect("main is on the stacks");
    assert!(main.amount().bytes() >= lines.total().bytes());
    let stacks = snapshot.filter([Filter::include().line(list_line)]).statistics(By::Stack);
    let innermost = stacks.rows()[0].frames()[0].function();
    assert!(!innermost.contains("allocator") && !innermost.contains("__rust"), "{stacks}");
    drop((kept, list, boxed));
    let gone = Snapshot::take().filter([Filter::include().file(HERE)]);
    assert_eq!(gone.total().bytes(), 0, "{}", gone.statistics(By::Stack));
}

fn threads_and_spans() {
    let work = || {
        let _span = span!("filling");
        black_box(vec![0_u8; 12_345])
    };
    let kept = thread::Builder::new().name("filler".into()).spawn(work).unwrap().join().unwrap();
    let snapshot = Snapshot::take();
    for (by, key) in [(By::Thread, "filler"), (By::Span, "filling")] {
        let statistics = snapshot.filter([Filter::include().file(HERE)]).statistics(by);
        let row = statistics.get(key).unwrap_or_else(|| panic!("{statistics}"));
        assert_eq!(row.amount().bytes(), 12_345);
    }
    drop(kept);
}

fn differences_and_files() {
    let before = Snapshot::take();
    let (kept, line) = (black_box(vec![0_u8; 7_000]), line!());
    let path = env::temp_dir().join(format!("lagom-heap-snapshot-{}.json", std::process::id()));
    before.save(&path).unwrap();
    let after = Snapshot::take();
    let differences = after.compare(&Snapshot::load(&path).unwrap(), By::Line);
    fs::remove_file(path).unwrap();
    let first = &differences.rows()[0];
    assert!(first.key().ends_with(&format!("{HERE}:{line}")), "{differences}");
    assert_eq!((first.bytes(), first.blocks()), (7_000, 1));
    drop(kept);
    assert_eq!(Snapshot::take().filter([Filter::include().file(HERE)]).total().bytes(), 0);
}

fn reading_leaves_no_trace() {
    let first = Snapshot::take();
    let bytes = heap::current();
    let rounds: Vec<u64> = (0..3).map(|_| Snapshot::take().total().bytes()).collect();
    assert!(
        rounds.iter().all(|round| round.abs_diff(first.total().bytes()) < 4_096),
        "{} {rounds:?}",
        first.total().bytes()
    );
    assert!(heap::current().abs_diff(bytes) < 1 << 16, "what was looked up is kept, and no more");
    let own = Filter::include().function("*symbols*").all_frames();
    assert_eq!(Snapshot::take().filter([own]).sites().len(), 0);
}

fn leaks_are_found_and_caches_are_not() {
    let mut leaked: Vec<Box<[u8]>> = Vec::with_capacity(1_000);
    let mut cache: VecDeque<Vec<u8>> = VecDeque::with_capacity(100);
    let mut detector = LeakDetector::new();
    let mut round = 0_usize;
    let line = line!() + 4;
    detector.run(14, || {
        round += 1;
        for _ in 0..3 {
            leaked.push(black_box(Box::from([7_u8; 40])));
        }
        cache.push_back(black_box(vec![0; 500]));
        if cache.len() > 5 {
            cache.pop_front();
        }
        drop(black_box(vec![round; 100]));
    });
    let report = detector.report();
    assert_eq!(report.leaks().len(), 1, "{report}");
    let leak = &report.leaks()[0];
    assert_eq!((leak.bytes_per_cycle(), leak.blocks_per_cycle()), (120.0, 3.0));
    assert!(leak.p() < 0.001 && leak.live().bytes() == 14 * 120, "{report}");
    let text = report.to_string();
    assert!(text.contains(&format!("{HERE}:{line}")) && report.is_conclusive(), "{text}");
}

fn samples_hold_the_truth() {
    heap::set_interval(4_096);
    heap::set_mode(Mode::Sample);
    let kept: Vec<Vec<u8>> = (0..20_000).map(|_| black_box(vec![1; 200])).collect();
    let snapshot = Snapshot::take();
    assert!(snapshot.is_estimate());
    let lines = snapshot.filter([Filter::include().file(HERE)]).statistics(By::Function);
    let bytes: f64 = lines.rows().iter().map(|row| row.amount().bytes() as f64).sum();
    let margin = lines.rows().iter().map(|row| row.margin().powi(2)).sum::<f64>().sqrt();
    let truth = 20_000.0 * 200.0 + (kept.capacity() * size_of::<Vec<u8>>()) as f64;
    // Three standard errors.
    assert!(margin > 0.0 && (bytes - truth).abs() < 3.0 / 1.96 * margin, "{bytes} ± {margin}, not {truth}");
    assert!(lines.to_string().contains("estimated from samples"), "{lines}");
}

fn at_exit() {
    let path = env::temp_dir().join(format!("lagom-at-exit-{}.txt", std::process::id()));
    let program = env::current_exe().unwrap();
    let status = Command::new(program).env("REPORT_AT_EXIT", &path).status().unwrap();
    assert!(status.success());
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(path).unwrap();
    assert!(text.contains("heap_snapshot::leak (") && text.contains("3.91K"), "{text}");
    assert!(!text.contains("heap_snapshot::table"), "what a static holds is no leak: {text}");
    assert!(text.contains("left out: "), "{text}");
}

static TABLE: OnceLock<Vec<u8>> = OnceLock::new();

#[inline(never)]
fn leak() {
    std::mem::forget(black_box(vec![0_u8; 4_000]));
}

#[inline(never)]
fn table() -> Vec<u8> {
    black_box(vec![1; 9_000])
}

fn ends_with_a_leak(report: std::path::PathBuf) {
    heap::set_mode(Mode::Live);
    assert!(heap::report_at_exit(ExitReport::File(report)));
    assert!(!heap::report_at_exit(ExitReport::Stderr), "only once");
    leak();
    black_box(TABLE.get_or_init(table));
    println!("done");
}
