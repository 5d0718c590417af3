//! Models of the weak cache.
