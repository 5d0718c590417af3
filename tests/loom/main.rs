//! Models of the concurrent protocols, run over every interleaving; `cargo xtask test` runs them.

#[cfg(lagom_loom)]
mod arc_cache;
#[cfg(lagom_loom)]
mod flight;
#[cfg(lagom_loom)]
mod interner;
#[cfg(lagom_loom)]
mod lock;
#[cfg(lagom_loom)]
mod pool;
#[cfg(lagom_loom)]
mod set;
#[cfg(lagom_loom)]
mod stacks;
#[cfg(lagom_loom)]
mod tally;
#[cfg(lagom_loom)]
mod weakcache;

/// Who wants the models sets the variable, and does not take a run without any for a good one.
#[test]
fn the_models_are_here_if_they_are_wanted() {
    let wanted = std::env::var_os("LAGOM_LOOM_MODELS").is_some();
    assert!(cfg!(lagom_loom) || !wanted, "built without `--cfg lagom_loom`: not one model ran");
}
