//! A file becomes a profile.

use std::fs;
use std::path::Path;

use lagom_profiler::heap::{HeapProfile, Recording};

use crate::failure::Failure;

/// Reads a recording, or a profile that was written as JSON.
pub(crate) fn profile(path: &Path) -> Result<HeapProfile, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::at("read", path, error))?;
    if bytes.is_empty() {
        return Err(Failure::at("read", path, "it is empty"));
    }
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return recording(path);
    }
    let text = str::from_utf8(&bytes)
        .map_err(|error| Failure::at("read", path, format_args!("byte {} is no text", error.valid_up_to())))?;
    HeapProfile::from_json(text).map_err(|error| Failure::at("read", path, error))
}

fn recording(path: &Path) -> Result<HeapProfile, Failure> {
    let recording = Recording::open(path).map_err(|error| Failure::at("read", path, error))?;
    recording.profile().map_err(|error| Failure::at("read", path, error))
}
