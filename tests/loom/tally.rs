//! The word and the totals in which the profiler counts what a thread allocates, read by others.

// The profiler does not compile for the models, and need not: this file uses nothing else of it but what is in `counters`.
#[path = "../../crates/profiler/src/on/heap/tally.rs"]
#[allow(clippy::module_inception, dead_code, reason = "its name there; a model needs less of it")]
mod tally;

use counters::Counts;
use lagom_base::sync::{Arc, loom};
use tally::Tally;

mod counters {
    use std::ops::Add;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Counts {
        pub(super) allocations: u64,
        pub(super) bytes: u64,
        pub(super) freed: u64,
    }

    impl Add for Counts {
        type Output = Self;

        fn add(self, other: Self) -> Self {
            Self {
                allocations: self.allocations + other.allocations,
                bytes: self.bytes + other.bytes,
                freed: self.freed + other.freed,
            }
        }
    }
}

/// Too large for the word: each such allocation is carried over.
const LARGE: u64 = 1 << 20;

fn large() -> Counts {
    Counts { allocations: 1, bytes: LARGE, freed: 0 }
}

#[test]
fn what_is_carried_over_is_read_whole() {
    loom::model(|| {
        let tally = Arc::new(Tally::new());
        let reader = {
            let tally = Arc::clone(&tally);
            loom::thread::spawn(move || {
                let counts = tally.read();
                assert_eq!(counts.bytes, counts.allocations * LARGE, "{counts:?}");
                counts
            })
        };
        // Both buffers are written, one of them twice.
        for _ in 0..3 {
            tally.carry(large());
        }
        assert!(reader.join().unwrap().allocations <= 3);
        assert_eq!(tally.read(), Counts { allocations: 3, bytes: 3 * LARGE, freed: 0 });
    });
}

#[test]
fn one_reading_is_never_behind_the_one_before() {
    loom::model(|| {
        let tally = Arc::new(Tally::new());
        let reader = {
            let tally = Arc::clone(&tally);
            loom::thread::spawn(move || {
                let (first, second) = (tally.read(), tally.read());
                assert!(first.allocations <= second.allocations && first.freed <= second.freed, "{first:?} {second:?}");
                assert!(second.freed <= second.bytes);
            })
        };
        // One in the word, one carried over, one in the word again.
        assert!(tally.allocated(64));
        tally.carry(large());
        assert!(tally.released(64));
        reader.join().unwrap();
        assert_eq!(tally.own(), Counts { allocations: 2, bytes: LARGE + 64, freed: 64 });
    });
}
