//! Models of the pool.
