//! The process watched over time: readers of what the system tells, and the thread that reads.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod cgroup;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod pressure;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod proc;
mod process;
#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod root;
mod rules;
#[cfg(unix)]
mod rusage;
mod sampler;
mod sentinel;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod text;
mod trend;
mod worker;

use super::{clock, contain, figures, heap};

pub(crate) use process::sample_now;
pub(crate) use sampler::Sampler;
