//! Models of the concurrent protocols, run over every interleaving; `cargo xtask test` runs them.

#![cfg(lagom_loom)]

mod flight;
mod pool;
mod weakcache;
