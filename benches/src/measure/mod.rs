//! How it is measured: batches, and the rigs that run a contender's threads.

mod alone;
mod batch;
mod cores;
mod cpu;
mod heap;
mod process;
mod rig;
mod sampling;
mod stats;

pub use alone::Alone;
pub use batch::Batch;
pub(crate) use cpu::{process as cpu_time, settle};
pub use heap::{Heap, HeldBytes};
pub use process::Spent;
pub use rig::{Fault, Rig, Sample};
pub use sampling::{CaseReport, Effort, Row, measure};
