//! The same work under every allocator that counts.
//!
//! A program has one global allocator, so each contender is a program of its own (`bin/`), and each of its modes a run. A
//! program does one [workload](workloads::WORKLOADS) and prints what it took, as [`run`] says; `cargo xtask bench
//! profiler --group heap` builds them with frame pointers, in a folder of their own, and runs them in turn.

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod program;
pub mod workloads;

pub use program::{Profiler, run};
