//! Tests that belong to no single crate: loom models, the facade, and downstream crates that use the macros.
