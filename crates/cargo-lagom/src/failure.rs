//! What went wrong, as a person is told it.

use std::fmt;
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// `cannot read run.heap: …`
    pub(crate) fn at(doing: &str, path: &Path, why: impl fmt::Display) -> Self {
        Self(format!("cannot {doing} {}: {why}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
