//! The attribute macro of lagom-memo; depend on that crate instead.
