//! Contenders.
