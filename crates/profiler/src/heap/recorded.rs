//! What came of a recording, as its program knows it.

use std::io;
use std::path::Path;

use crate::engine;

/// Records every allocation and release of the program into a file from here on, beside what the [mode](super::mode) does.
///
/// Each thread writes to a buffer of its own that goes to the file when it is full; two to six bytes per event, read back by
/// [`Recording`](super::Recording). If the program dies, the file can be read up to the last of those writes. A forked child does
/// not go on with it.
///
/// # Errors
///
/// The file cannot be made, or a recording runs already; without the feature `enabled` always.
///
/// ```no_run
/// use lagom_profiler::heap;
///
/// # fn main() -> std::io::Result<()> {
/// heap::record("program.heap")?;
/// // … work …
/// let recorded = heap::stop_recording()?;
/// println!("{} events", recorded.events());
/// # Ok(())
/// # }
/// ```
pub fn record(path: impl AsRef<Path>) -> io::Result<()> {
    engine::record(path.as_ref())
}

/// Ends the recording: waits until no thread is within an event, and writes what their buffers hold.
///
/// # Errors
///
/// No recording runs; or it could not be written to its end, the device being full: then the file holds what came before.
///
/// ```
/// assert!(lagom_profiler::heap::stop_recording().is_err(), "none runs");
/// ```
pub fn stop_recording() -> io::Result<Recorded> {
    engine::stop_recording()
}

/// What the environment of a program is asked for by [`record_if_asked`].
pub const RECORDING_VARIABLE: &str = "LAGOM_HEAP_TRACE";

/// Records if the variable `LAGOM_HEAP_TRACE` of the environment names a file, until the program ends: at the begin of `main`, to
/// let `cargo lagom heap run` record it. Says whether it does.
///
/// # Errors
///
/// As [`record`].
///
/// ```
/// fn main() -> std::io::Result<()> {
///     lagom_profiler::heap::record_if_asked()?;
///     // …
///     Ok(())
/// }
/// ```
pub fn record_if_asked() -> io::Result<bool> {
    let Some(path) = std::env::var_os(RECORDING_VARIABLE).filter(|path| !path.is_empty()) else { return Ok(false) };
    record(Path::new(&path))?;
    engine::at_exit(|| {
        // The program is at its end: nobody is there to be told.
        let _ = stop_recording();
    });
    Ok(true)
}

/// What came of a recording, from [`stop_recording`].
///
/// ```
/// assert_eq!(lagom_profiler::heap::Recorded::default().events(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Recorded {
    pub(crate) events: u64,
    pub(crate) lost: u64,
    pub(crate) bytes: u64,
    pub(crate) threads: u32,
}

impl Recorded {
    /// Allocations, reallocations and releases.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Recorded::default().events(), 0);
    /// ```
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Events of signal handlers that interrupted the recording itself; they are not in it.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Recorded::default().lost(), 0);
    /// ```
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Bytes of the file.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Recorded::default().bytes(), 0);
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Threads that allocated or released something.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Recorded::default().threads(), 0);
    /// ```
    #[must_use]
    pub const fn threads(&self) -> u32 {
        self.threads
    }
}
