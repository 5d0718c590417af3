//! What generated code names, by absolute paths: the user may have given the names of std another meaning.

pub use core::option::Option;
pub use core::time::Duration;

pub use crate::Stats;
pub use crate::site::{ElseKeepAll, KeepAll, KeepOk, Policy, Probe, Site, borrowed_part, kept, owned_part};
