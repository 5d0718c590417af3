//! What the facade promises: each crate is reachable under the name of its feature.
