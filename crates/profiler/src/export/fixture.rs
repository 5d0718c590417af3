//! A report made by hand, with every name that a format could trip over.

use crate::figures::{FigureSet, Figures};
#[cfg(feature = "export")]
use crate::suggestions::{Confidence, Rule, Suggestion};
use crate::summary::{Bucket, CallNode, CallTree, Clock, FunctionStats, Histogram, Record, RecordOutcome, Summary};

/// What would end a string, a tag, a line, a stack or a field in one format or another.
pub(crate) const NASTY: &str = "a\"b\\c;d e\n<script>alert('x')</script>&amp;\u{2028}\u{7}{é}";

pub(crate) fn summary() -> Summary {
    let function = |id, name: &'static str, calls: u64, self_ns, total_ns| FunctionStats {
        id,
        name: name.into(),
        group: "io".into(),
        module: "app::input".into(),
        file: "src/input.rs".into(),
        line: 10 + id,
        calls,
        timed: calls,
        self_ns,
        total_ns,
        wall_ns: total_ns,
        min_ns: 900,
        max_ns: 9_000,
        allocations: 2 * calls,
        allocated_bytes: 64 * calls,
        net_bytes: -16,
        self_allocations: calls,
        self_allocated_bytes: 32 * calls,
        histogram: Histogram {
            buckets: [
                (900.0, 1_000.0, calls / 2),
                (1_000.0, 1_100.0, calls - calls / 2 - calls / 10),
                (8_000.0, 9_000.0, calls / 10),
            ]
            .map(|(from_ns, to_ns, count)| Bucket { from_ns, to_ns, count })
            .to_vec(),
        },
        ..FunctionStats::default()
    };
    let mut load = function(0, "load", 10, 1_000_000, 6_000_000);
    load.errors = 2;
    load.records = vec![
        Record { at_ns: 1_000, duration_ns: 5_000, ..Record::default() },
        Record { at_ns: 2_000, duration_ns: 1_000, allocations: 3, ..Record::default() },
        Record {
            at_ns: 4_000,
            duration_ns: 9_000,
            outcome: RecordOutcome::Error,
            error: Some(NASTY.into()),
            ..Record::default()
        },
    ];
    let node = |function, parent, depth, calls, total_ns, self_ns, allocations| CallNode {
        function,
        parent,
        depth,
        calls,
        total_ns,
        self_ns,
        allocations,
        allocated_bytes: 100 * allocations,
    };
    Summary {
        elapsed_ns: 2_000_000_000,
        heap_tracked: true,
        heap_grown: 0,
        clock: Clock { source: "tsc".into(), step_ns: 10.0, inside_ns: 9.0, timed_ns: 21.0, counted_ns: 1.0 },
        functions: vec![
            load,
            function(1, "parse", 1_000, 4_000_000, 5_000_000),
            function(7, NASTY, 500, 1_000_000, 1_000_000),
            function(8, NASTY, 5, 1_000, 1_000),
        ],
        tree: CallTree {
            nodes: vec![
                node(0, None, 0, 10, 6_000_000, 1_000_000, 50),
                node(1, Some(0), 1, 1_000, 5_000_000, 4_000_000, 40),
                node(7, Some(1), 2, 500, 1_000_000, 1_000_000, 30),
                node(7, None, 0, 5, 1_000, 1_000, 0),
            ],
        },
        figures: Figures(vec![
            FigureSet { name: NASTY.into(), values: vec![("hits".into(), 3.0), ("hits".into(), 0.25)] },
            FigureSet {
                name: "pool".into(),
                values: vec![("idle".into(), f64::NAN), ("ratio".into(), f64::NEG_INFINITY)],
            },
        ]),
    }
}

#[cfg(feature = "export")]
pub(crate) fn suggestion() -> Suggestion {
    Suggestion {
        rule: Rule::HotSelfShare,
        function: NASTY.into(),
        file: "src/input.rs".into(),
        line: 17,
        message: "95.0 % of the profiled time".into(),
        samples: 50_000,
        confidence: Confidence::High,
        gain_ns: 900_000_000,
        gain_share: 0.95,
        remedy: "spans inside",
    }
}
