//! Snapshots in files, for another process or another day.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Snapshot;
use crate::engine;
use crate::report::ReportError;

const FORMAT: &str = "lagom-heap-snapshot";
const VERSION: u32 = 1;

/// What stands around it, so that another program's file, or one of another time, is known for what it is.
#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u32,
    snapshot: &'a Snapshot,
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Deserialize)]
struct Read {
    snapshot: Snapshot,
}

impl Snapshot {
    /// The snapshot as JSON, for [`from_json`](Self::from_json); names and frames stand there once each.
    ///
    /// ```
    /// use lagom_profiler::heap::Snapshot;
    ///
    /// let snapshot = Snapshot::take();
    /// assert_eq!(Snapshot::from_json(&snapshot.to_json()).unwrap(), snapshot);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        engine::heap_aside(|| {
            serde_json::to_string(&Written { format: FORMAT, version: VERSION, snapshot: self }).unwrap_or_default()
        })
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// If the text is no JSON, no snapshot, one of a later version, or one whose parts do not belong together.
    ///
    /// ```
    /// use lagom_profiler::heap::Snapshot;
    ///
    /// assert_eq!(Snapshot::from_json("{\n  \"format\": 7}").unwrap_err().line(), 2);
    /// ```
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        engine::heap_aside(|| {
            let Head { format, version } = serde_json::from_str(text)?;
            if format != FORMAT {
                return Err(ReportError::new(format!("the format is `{}`, not `{FORMAT}`", format.escape_debug())));
            }
            if version != VERSION {
                return Err(ReportError::new(format!("version {version} of the format is not known, only {VERSION}")));
            }
            Ok(serde_json::from_str::<Read>(text)?.snapshot)
        })
    }

    /// Writes it to a file as JSON, for [`load`](Self::load) in this or another process.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    ///
    /// ```no_run
    /// lagom_profiler::heap::Snapshot::take().save("before.json").unwrap();
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        fs::write(path, self.to_json())
    }

    /// Reads it from a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is no snapshot: then the error's source is a [`ReportError`].
    ///
    /// ```no_run
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::load("before.json").unwrap();
    /// println!("{}", Snapshot::take().compare(&before, By::Line));
    /// ```
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        Self::from_json(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
