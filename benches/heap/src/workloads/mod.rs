//! What allocates: four programs of their kinds, and what tells apart the ways to count.
//!
//! Each is code of this library, so that it is the same machine code in every program.

mod blocks;
mod documents;
mod map;
mod source;
mod tokens;

/// Ready to be done, by each thread for itself; answers its amount if it did it.
pub type Work = Box<dyn Fn() -> u64 + Sync>;

/// Something to do under an allocator.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// One word.
    pub name: &'static str,
    /// Makes the input for so much of it.
    pub prepare: fn(amount: u64) -> Work,
}

/// All of them, with the unit of their amount.
pub const WORKLOADS: [Workload; 9] = [
    // Records.
    Workload { name: "json", prepare: documents::prepare },
    // Insertions.
    Workload { name: "btree", prepare: map::prepare },
    // Lines.
    Workload { name: "tokens", prepare: tokens::prepare },
    // Parsed files.
    Workload { name: "syn", prepare: source::prepare },
    // Blocks allocated and released.
    Workload { name: "pairs", prepare: blocks::pairs },
    Workload { name: "deep", prepare: blocks::deep },
    Workload { name: "churn", prepare: blocks::churn },
    // MiB.
    Workload { name: "zeros", prepare: blocks::zeros },
    // Numbers.
    Workload { name: "pushes", prepare: blocks::pushes },
];
