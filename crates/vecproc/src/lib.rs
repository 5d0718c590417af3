//! Vectorized numeric processing over slices, chunks and files: running and rolling statistics that can be trusted.
