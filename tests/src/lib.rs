//! Tests that belong to no single crate: loom models, the facade, and downstream crates that use the macros.

/// Compiles and runs the program that the README of the repository begins with.
#[cfg(all(doctest, feature = "facade"))]
#[doc = include_str!("../../README.md")]
#[derive(Debug)]
pub struct ReadmeDoctests;
