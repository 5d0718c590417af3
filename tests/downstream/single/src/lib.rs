//! A downstream crate.
