//! Reductions: their bounds against exact integers, and what is hard for them.

mod agreement;
mod big;
mod bounds;
mod cases;
mod histograms;
mod models;
#[path = "../shared/mod.rs"]
mod shared;
