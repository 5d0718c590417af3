//! Profiles made by hand: with every name that a format could trip over, with none, deep and large ones.

use crate::export::fixture::NASTY;
use crate::heap::{Amount, Class, EventCounts, Frame, HeapProfile, Moment, Site};

pub(super) const DEEP: usize = 10_000;

fn frame(function: &str, file: &str, line: u32, address: u64) -> Frame {
    Frame { function: function.into(), file: file.into(), line, object: "/bin/app <&>".into(), address }
}

const fn amount(blocks: u64, bytes: u64) -> Amount {
    Amount { blocks, bytes }
}

/// Two threads, an inlined function, a recursion, a stack twice, names that are none.
pub(super) fn profile() -> HeapProfile {
    let main = frame("app::main", "src/main.rs", 9, 0x1000);
    let parse = |line| frame("app::parse", "src/parse.rs", line, 0x2000 + u64::from(line));
    let vec = frame("alloc::vec::Vec<app::Row>::with_capacity", "/rustc/1/library/alloc/src/vec/mod.rs", 5, 0x3000);
    let nasty = frame(NASTY, NASTY, 1, 0x4000);
    let site = |frames: &[&Frame], total, peak, live, temporary, thread: &str| Site {
        frames: frames.iter().map(|&frame| frame.clone()).collect(),
        thread: thread.into(),
        span: if thread.is_empty() { "" } else { NASTY }.into(),
        total,
        live,
        peak,
        most: amount(peak.blocks + 1, peak.bytes + 8),
        temporary,
        lifetime_ns: 1_000_000 * total.blocks,
        variance: 0.0,
    };
    // Inlined into its caller: one address for both.
    let inlined = Frame { address: parse(7).address, ..vec.clone() };
    let sites = vec![
        site(
            &[&inlined, &parse(7), &main],
            amount(100, 6_400),
            amount(60, 3_840),
            amount(0, 0),
            amount(30, 1_920),
            "main",
        ),
        site(
            &[&vec, &parse(8), &parse(7), &main],
            amount(10, 1_000),
            amount(4, 400),
            amount(2, 200),
            amount(0, 0),
            "main",
        ),
        site(
            &[&vec, &parse(8), &parse(7), &main],
            amount(5, 500),
            amount(1, 100),
            amount(1, 100),
            amount(0, 0),
            "worker",
        ),
        site(&[&nasty, &main], amount(3, 3_000), amount(1, 1_000), amount(1, 1_000), amount(1, 1_000), NASTY),
        site(
            &[&frame("", "", 0, 0), &frame(" 12", "", 0, 0x50)],
            amount(1, 24),
            amount(1, 24),
            amount(0, 0),
            amount(0, 0),
            "",
        ),
        site(&[&frame("ends in 7 8.5", "", 0, 0)], amount(1, 40), amount(1, 40), amount(1, 40), amount(0, 0), ""),
        site(&[], amount(2, 16), amount(0, 0), amount(1, 8), amount(1, 8), ""),
    ];
    let moment = |time_ns, blocks, bytes| Moment { time_ns, live: amount(blocks, bytes), high: bytes };
    let class = |from, to, blocks, bytes| Class { from, to, amount: amount(blocks, bytes) };
    HeapProfile {
        events: EventCounts { events: 9, lost: 0, unknown_frees: 1, bytes: 30 },
        threads: vec!["main".to_owned()],
        sites,
        timeline: vec![
            moment(0, 0, 0),
            moment(2_000_000, 40, 3_000),
            moment(3_500_000, 68, 5_404),
            moment(9_000_000, 20, 2_000),
            moment(20_000_000, 6, 1_348),
        ],
        peak: moment(3_500_000, 68, 5_404),
        duration_ns: 20_000_000,
        sizes: vec![class(1, 31, 3, 40), class(32, 63, 2, 90), class(64, 127, 115, 7_850), class(512, 1_023, 2, 3_000)],
        lifetimes: vec![class(0, 1_023, 32, 2_928), class(1_048_576, 2_097_151, 84, 6_000)],
        command: format!("target/app --input {NASTY}"),
        pid: 4_242,
        interval: 0,
        cut: false,
    }
}

/// One stack of [`DEEP`] frames.
pub(super) fn deep() -> HeapProfile {
    let frames = (0..DEEP).map(|at| frame(&format!("app::f{at}"), "src/deep.rs", at as u32, at as u64)).collect();
    let amount = amount(1, 64);
    let site = Site { frames, total: amount, live: amount, peak: amount, ..Site::default() };
    HeapProfile {
        peak: Moment { time_ns: 1, live: amount, high: amount.bytes },
        sites: vec![site],
        ..HeapProfile::default()
    }
}

/// About as large as a program's: so many sites, each 30 deep, and a timeline of 2,000 moments.
pub(super) fn large(sites: usize) -> HeapProfile {
    let all = (0..sites).map(|site| {
        let name =
            |depth: usize| format!("app::module{}::Service<alloc::vec::Vec<u8>>::step{}", depth, site >> (depth / 2));
        let amount = |part: usize| amount((site % part) as u64 + 1, 64 * ((site * 37 % part) as u64 + 1));
        Site {
            frames: (0..30)
                .map(|depth| frame(&name(depth), "src/service.rs", depth as u32, (depth * 4_096 + site) as u64))
                .collect(),
            total: amount(1_000),
            peak: amount(300),
            live: amount(7),
            temporary: amount(50),
            ..Site::default()
        }
    });
    let timeline =
        (0..2_000).map(|at| Moment { time_ns: at * 1_000_000, live: amount(at, at * 64 % 100_000), high: 0 });
    HeapProfile {
        sites: all.collect(),
        timeline: timeline.collect(),
        duration_ns: 2_000_000_000,
        ..HeapProfile::default()
    }
}
