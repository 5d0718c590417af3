//! lagom held against the best of its field.
//!
//! Every crate has its cases in [`contenders`]; each [`Case`](case::Case) names its expected answer and the
//! [`Contender`](case::Contender)s that do the work. The `runner` binary measures them against each other in one
//! process and writes a table, JSON and an HTML page; the criterion benches look at the same contenders one by one.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod answer;
pub mod case;
pub mod contenders;
pub mod instructions;
pub mod measure;
pub mod report;
pub mod runner;
mod serve;
