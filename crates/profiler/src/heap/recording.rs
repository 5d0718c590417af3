//! What [`record`](super::record) has written, read back.

mod decode;
mod error;
mod fields;
pub(crate) mod format;
mod index;
mod merge;
mod module;
pub(crate) mod predict;
mod profile;
mod replay;
mod source;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::{Frame, HeapProfile, symbols};
use crate::format::{Bytes, Count, Time};

pub use self::error::RecordingError;
use self::index::Index;
pub use self::module::Module;
use self::source::Source;

/// A recording of every allocation and release of a program.
///
/// Opening it reads the file once, to see where its blocks are and whether they are whole; [`profile`](Self::profile) reads it
/// again and goes through all events, 3 to 20 million a second, the fewer the more stacks there are. A program that was
/// killed leaves a recording without an end: it is read up to its last whole block, and [`cut`](Self::cut) says where that
/// is. Damage before the last block is an error.
///
/// Memory: 48 bytes per block that is written in the file, while opened. When replayed, as much as the live blocks at their peak and
/// the stacks need.
///
/// ```
/// use lagom_profiler::TrackingAllocator;
/// use lagom_profiler::heap::{self, Recording};
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(all(feature = "enabled", target_os = "linux"))] {
/// # let file = std::env::temp_dir().join(format!("lagom-recording-{}", std::process::id()));
/// heap::record(&file)?;
/// let kept = vec![0_u8; 1_000_000];
/// heap::stop_recording()?;
///
/// let recording = Recording::open(&file)?;
/// println!("{recording}");
/// let profile = recording.profile()?;
/// for site in profile.sites() {
///     println!("{} bytes at the peak, on thread {}", site.peak().bytes(), site.thread());
/// }
/// assert!(profile.sites().iter().any(|site| site.live().bytes() == 1_000_000));
/// # drop(kept);
/// # std::fs::remove_file(&file)?;
/// # }
/// # Ok(())
/// # }
/// ```
///
/// # The order of threads
///
/// Of one thread the order of events is exact, and so are all figures. Threads read the clock at every fourth event, and whenever another
/// did since their last; so of blocks that pass between busy threads all the time, one in 10,000 may be taken for
/// released too early or too late. Totals are exact always.
///
/// # Format
///
#[doc = include_str!("recording/format.md")]
#[derive(Debug)]
pub struct Recording {
    source: Source,
    index: Index,
}

impl Recording {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no recording, or is damaged before its last block.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::Recording::open("there/is/no/such/file").is_err());
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let file = File::open(path).map_err(|error| RecordingError::io(0, &error))?;
        Self::new(Source::file(file)?)
    }

    /// Reads all there is.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no recording, or is damaged before its last block.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::Recording::from_reader(&b"something else"[..]).is_err());
    /// ```
    pub fn from_reader(mut reader: impl Read) -> Result<Self, RecordingError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|error| RecordingError::io(bytes.len() as u64, &error))?;
        Self::from_bytes(bytes)
    }

    /// Takes the content of a file.
    ///
    /// # Errors
    ///
    /// It is no recording, or is damaged before its last block.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::Recording::from_bytes(b"something else".to_vec()).is_err());
    /// ```
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, RecordingError> {
        Self::new(Source::bytes(bytes))
    }

    fn new(source: Source) -> Result<Self, RecordingError> {
        let index = Index::read(&source)?;
        Ok(Self { source, index })
    }

    /// Whether the recording was ended by the program; else the program died, or the device was full.
    ///
    /// ```
    /// fn warn(recording: &lagom_profiler::heap::Recording) {
    ///     if !recording.is_complete() {
    ///         eprintln!("{} did not end the recording", recording.program());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.index.end.is_some()
    }

    /// Where the readable part ends and why, if something lies behind it that is no whole block.
    ///
    /// ```
    /// fn warn(recording: &lagom_profiler::heap::Recording) {
    ///     if let Some(error) = recording.cut() {
    ///         eprintln!("read up to where this is: {error}");
    ///     }
    /// }
    /// ```
    #[must_use]
    pub const fn cut(&self) -> Option<&RecordingError> {
        self.index.cut.as_ref()
    }

    /// The program that was recorded.
    ///
    /// ```
    /// fn title(recording: &lagom_profiler::heap::Recording) -> String {
    ///     format!("the heap of {}", recording.program())
    /// }
    /// ```
    #[must_use]
    pub fn program(&self) -> &str {
        &self.index.start.program
    }

    /// Its number as a process.
    ///
    /// ```
    /// fn title(recording: &lagom_profiler::heap::Recording) -> String {
    ///     format!("process {}", recording.process())
    /// }
    /// ```
    #[must_use]
    pub const fn process(&self) -> u32 {
        self.index.start.process
    }

    /// Bytes of a page of memory.
    ///
    /// ```
    /// fn pages(recording: &lagom_profiler::heap::Recording) -> u64 {
    ///     recording.counted_peak().unwrap_or(0).div_ceil(recording.page_size().into())
    /// }
    /// ```
    #[must_use]
    pub const fn page_size(&self) -> u32 {
        self.index.start.page_size
    }

    /// When the recording began: since the beginning of 1970.
    ///
    /// ```
    /// fn began(recording: &lagom_profiler::heap::Recording) -> std::time::SystemTime {
    ///     std::time::UNIX_EPOCH + recording.started()
    /// }
    /// ```
    #[must_use]
    pub const fn started(&self) -> Duration {
        Duration::from_nanos(self.index.start.unix_ns)
    }

    /// How long it lasted, to its last block.
    ///
    /// ```
    /// fn rate(recording: &lagom_profiler::heap::Recording) -> f64 {
    ///     recording.events() as f64 / recording.duration().as_secs_f64()
    /// }
    /// ```
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.index.duration())
    }

    /// How many allocations, reallocations and releases are in it.
    ///
    /// ```
    /// fn size_of_event(recording: &lagom_profiler::heap::Recording) -> f64 {
    ///     recording.bytes() as f64 / recording.events() as f64
    /// }
    /// ```
    #[must_use]
    pub fn events(&self) -> u64 {
        self.index.events()
    }

    /// How many are not: those of signal handlers that interrupted the recording itself.
    ///
    /// ```
    /// fn is_exact(recording: &lagom_profiler::heap::Recording) -> bool {
    ///     recording.lost() == 0
    /// }
    /// ```
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.index.lost()
    }

    /// The most live bytes by the program's own counters, from its start to the end of the recording; `None` if it has no end.
    ///
    /// ```
    /// fn print(recording: &lagom_profiler::heap::Recording) {
    ///     if let Some(bytes) = recording.counted_peak() {
    ///         println!("at most {bytes} bytes were live");
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn counted_peak(&self) -> Option<u64> {
        self.index.end.map(|end| end.peak)
    }

    /// Bytes of the file.
    ///
    /// ```
    /// fn print(recording: &lagom_profiler::heap::Recording) {
    ///     println!("a file of {} bytes", recording.bytes());
    /// }
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.source.length()
    }

    /// The program and the libraries it had loaded when the recording began and when it ended, by address.
    ///
    /// ```
    /// fn libraries(recording: &lagom_profiler::heap::Recording) -> Vec<&str> {
    ///     recording.modules().iter().map(|module| module.path()).collect()
    /// }
    /// ```
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.index.modules
    }

    /// The names of the threads that allocated, in the order in which they began to.
    ///
    /// ```
    /// fn print(recording: &lagom_profiler::heap::Recording) {
    ///     for name in recording.threads() {
    ///         println!("{name}");
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn threads(&self) -> impl ExactSizeIterator<Item = &str> {
        self.index.threads.iter().map(|thread| &*thread.name)
    }

    /// Goes through all events. Functions are looked up in the program's files as they are now, if these are still those that
    /// ran; without the feature `symbols` they are named by their addresses.
    ///
    /// # Errors
    ///
    /// What a block holds makes no sense, or the file changed since it was opened.
    ///
    /// ```
    /// use lagom_profiler::heap::{Recording, RecordingError};
    ///
    /// fn allocated(recording: &Recording) -> Result<u64, RecordingError> {
    ///     Ok(recording.profile()?.sites().iter().map(|site| site.total().bytes()).sum())
    /// }
    /// ```
    pub fn profile(&self) -> Result<HeapProfile, RecordingError> {
        let replayed = replay::replay(&self.source, &self.index)?;
        let modules: Vec<_> = self.modules().iter().map(Module::to_look_up).collect();
        let names = symbols::resolve(&modules, replayed.stacks.values().flat_map(|stack| stack.frames.iter().copied()));
        Ok(profile::build(self, replayed, |frames| symbols::expand(&names, frames.iter().copied())))
    }

    /// Goes through all events. `resolve` gives the functions at a return address, innermost first, more than one where some
    /// are inlined; it is asked once for each address.
    ///
    /// # Errors
    ///
    /// What a block holds makes no sense, or the file changed since it was opened.
    ///
    /// ```
    /// use lagom_profiler::heap::{Frame, HeapProfile, Recording, RecordingError};
    ///
    /// fn nameless(recording: &Recording) -> Result<HeapProfile, RecordingError> {
    ///     recording.profile_with(&mut |_address, _modules| vec![Frame::default()])
    /// }
    /// ```
    pub fn profile_with(
        &self,
        resolve: &mut impl FnMut(u64, &[Module]) -> Vec<Frame>,
    ) -> Result<HeapProfile, RecordingError> {
        let replayed = replay::replay(&self.source, &self.index)?;
        let mut names: HashMap<u64, Vec<Frame>> = HashMap::new();
        Ok(profile::build(self, replayed, |addresses| {
            let mut frames = Vec::with_capacity(addresses.len());
            for address in addresses {
                frames
                    .extend_from_slice(names.entry(*address).or_insert_with(|| resolve(*address, &self.index.modules)));
            }
            frames.into()
        }))
    }
}

/// `program (4711): 2.35M events in 4.20s, 7.20M, 3.07 bytes each`
impl std::fmt::Display for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (events, bytes) = (self.events(), self.bytes());
        let each = bytes as f64 / events.max(1) as f64;
        let (program, process) = (self.program(), self.process());
        let time = Time::from(self.duration());
        write!(f, "{program} ({process}): {} events in {time}, {}, {each:.2} bytes each", Count(events), Bytes(bytes))?;
        if self.is_complete() { Ok(()) } else { f.write_str(", cut short") }
    }
}
