//! What tests of operations and of reductions are held against.

pub(crate) mod families;
pub(crate) mod long_integer;
