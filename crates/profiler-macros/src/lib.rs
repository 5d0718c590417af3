//! The attribute macro of lagom-profiler; depend on that crate instead.
