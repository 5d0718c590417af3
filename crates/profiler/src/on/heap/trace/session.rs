//! One recording: its file, from start to stop.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lagom_base::fence;

use super::encode;
use crate::heap::Recorded;
use crate::heap::recording::format::{self, HEADER, PREAMBLE};
use crate::on::heap::flags;
use crate::on::{clock, memory};

/// Gives the frames of a stack, innermost first, how many there are, and the name of its span. Runs inside `malloc`.
pub(crate) type Describe = fn(u32, &mut [usize]) -> (usize, &'static str);

/// The recording that threads write to; null if there is none, or if it has failed.
pub(super) static RUNNING: AtomicPtr<Session> = AtomicPtr::new(ptr::null_mut());
/// The recording that is to be stopped, failed or not.
static STARTED: AtomicPtr<Session> = AtomicPtr::new(ptr::null_mut());
/// Somebody starts or stops just now.
static CONTROL: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
pub(super) struct Session {
    file: File,
    start: Instant,
    describe: Describe,
    /// What the file may have at most, where the system would kill the process for more.
    limit: u64,
    bytes: AtomicU64,
    events: AtomicU64,
    lost: AtomicU64,
    threads: AtomicU32,
    /// What the system said when writing failed; 0 if it did not, -1 if it wrote nothing and said nothing.
    error: AtomicI32,
    /// The process was forked, this is the child.
    is_parents: AtomicBool,
}

impl Session {
    /// The number of a thread that begins to record.
    pub(super) fn next_thread(&self) -> u32 {
        let number = self.threads.fetch_add(1, Relaxed).wrapping_add(1);
        encode::expect(number);
        number
    }

    /// Nanoseconds since the start.
    pub(super) fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn describe(&self, stack: u32, frames: &mut [usize]) -> (usize, &'static str) {
        (self.describe)(stack, frames)
    }

    /// Writes a block of events; neither allocates nor locks.
    pub(super) fn write_events(&self, block: &[u8], events: u32, lost: u32) {
        if self.write(block) {
            self.events.fetch_add(u64::from(events), Relaxed);
            self.lost.fetch_add(u64::from(lost), Relaxed);
        }
    }

    /// Appends to the file. The first failure ends the recording; what is in the file stays readable.
    fn write(&self, block: &[u8]) -> bool {
        if self.is_parents.load(Relaxed) || self.error.load(Relaxed) != 0 {
            return false;
        }
        let length = block.len() as u64;
        if self.bytes.fetch_add(length, Relaxed).saturating_add(length) > self.limit {
            self.fail(TOO_LARGE);
            return false;
        }
        let mut left = block;
        while !left.is_empty() {
            match (&self.file).write(left) {
                Ok(0) => {
                    self.fail(-1);
                    return false;
                }
                // On a file less is written only when the device is full: the next attempt fails.
                Ok(length) => left = &left[length..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.fail(error.raw_os_error().unwrap_or(-1));
                    return false;
                }
            }
        }
        true
    }

    #[cold]
    fn fail(&self, error: i32) {
        let _ = self.error.compare_exchange(0, error, Relaxed, Relaxed);
        let this = ptr::from_ref(self).cast_mut();
        let _ = RUNNING.compare_exchange(this, ptr::null_mut(), AcqRel, Relaxed);
    }

    /// Writes a block that is no events.
    fn write_block(&self, kind: u32, payload: &[u8]) -> bool {
        let mut block = vec![0; 8];
        block.extend(kind.to_le_bytes());
        block.extend((payload.len() as u32).to_le_bytes());
        block.extend(payload);
        debug_assert_eq!(block.len(), HEADER + payload.len());
        block[..4].copy_from_slice(&format::SYNC);
        let checksum = format::checksum(&block[8..]);
        block[4..8].copy_from_slice(&checksum.to_le_bytes());
        self.write(&block)
    }

    fn write_modules(&self) {
        #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
        for payload in super::modules::payloads() {
            self.write_block(format::MODULES, &payload);
        }
    }

    fn error(&self) -> Option<io::Error> {
        match self.error.load(Relaxed) {
            0 => None,
            -1 => Some(io::ErrorKind::WriteZero.into()),
            error => Some(io::Error::from_raw_os_error(error)),
        }
    }
}

#[cfg(unix)]
const TOO_LARGE: i32 = libc::EFBIG;
#[cfg(not(unix))]
const TOO_LARGE: i32 = -1;

/// Only one thread at a time starts or stops; nobody waits, as a forked process would for ever.
struct Control;

impl Control {
    fn take() -> io::Result<Self> {
        let free = !CONTROL.swap(true, Acquire);
        free.then_some(Self)
            .ok_or_else(|| io::Error::new(io::ErrorKind::WouldBlock, "a recording is being started or stopped"))
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        CONTROL.store(false, Release);
    }
}

/// Records from now on into this file, which is made anew.
pub(crate) fn start(path: &Path, describe: Describe) -> io::Result<()> {
    let _control = Control::take()?;
    if !STARTED.load(Acquire).is_null() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a recording runs already"));
    }
    fence::prepare();
    clock::start();
    #[cfg(unix)]
    at_fork();
    forget_stacks();
    encode::expect(0);
    // Emptied first: appending and truncating do not go together.
    drop(File::create(path)?);
    let file = OpenOptions::new().append(true).open(path)?;
    let session = Session {
        file,
        start: Instant::now(),
        describe,
        limit: limit(),
        bytes: AtomicU64::new(0),
        events: AtomicU64::new(0),
        lost: AtomicU64::new(0),
        threads: AtomicU32::new(0),
        error: AtomicI32::new(0),
        is_parents: AtomicBool::new(false),
    };
    let mut preamble = format::MAGIC.to_vec();
    preamble.extend(format::VERSION.to_le_bytes());
    preamble.resize(PREAMBLE, 0);
    session.write(&preamble);
    session.write_block(format::START, &about_process());
    session.write_modules();
    if let Some(error) = session.error() {
        return Err(error);
    }
    let session = Box::into_raw(Box::new(session));
    STARTED.store(session, Release);
    RUNNING.store(session, Release);
    flags::raise(flags::TRACE);
    Ok(())
}

/// Ends the recording; returns what came of it, or what kept it from going on.
pub(crate) fn stop() -> io::Result<Recorded> {
    let _control = Control::take()?;
    flags::lower(flags::TRACE);
    let pointer = STARTED.swap(ptr::null_mut(), AcqRel);
    // SAFETY: made by `start`, and only the one who took it out of `STARTED` gives it back.
    let Some(session) = (unsafe { pointer.as_ref() }) else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no recording runs"));
    };
    RUNNING.store(ptr::null_mut(), Release);
    fence::heavy();
    let all_left = super::collect(pointer);
    session.write_modules();
    session.write_block(format::END, &the_end(session));
    let stats = Recorded {
        events: session.events.load(Relaxed),
        lost: session.lost.load(Relaxed),
        bytes: session.bytes.load(Relaxed),
        threads: session.threads.load(Relaxed),
    };
    let error = session.error();
    if all_left {
        // SAFETY: nobody has the pointer any more: all threads have left, and find no recording.
        drop(unsafe { Box::from_raw(pointer) });
    }
    error.map_or(Ok(stats), Err)
}

fn about_process() -> Vec<u8> {
    let program = std::env::current_exe().unwrap_or_default();
    let program = program.to_string_lossy();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut payload = std::process::id().to_le_bytes().to_vec();
    payload.extend((page_size() as u32).to_le_bytes());
    payload.extend((now.as_nanos() as u64).to_le_bytes());
    payload.extend(clock::ticks().to_le_bytes());
    payload.extend((program.len() as u32).to_le_bytes());
    payload.extend(program.as_bytes());
    payload
}

fn the_end(session: &Session) -> Vec<u8> {
    use crate::engine;
    let (events, lost) = (session.events.load(Relaxed), session.lost.load(Relaxed));
    let counters = [engine::current(), engine::peak(), engine::allocations(), engine::allocated_bytes()];
    let numbers = [session.elapsed(), events, lost].into_iter().chain(counters);
    numbers.flat_map(u64::to_le_bytes).collect()
}

#[cfg(unix)]
fn page_size() -> u64 {
    // SAFETY: takes a number and answers with one.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

#[cfg(not(unix))]
fn page_size() -> u64 {
    4096
}

/// How large a file the process may write: beyond, the system sends a signal that ends it.
#[cfg(unix)]
fn limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes to the structure given.
    let answer = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    if answer != 0 || limit.rlim_cur == libc::RLIM_INFINITY {
        return u64::MAX;
    }
    #[allow(clippy::useless_conversion, reason = "not of that type everywhere")]
    u64::try_from(limit.rlim_cur).unwrap_or(u64::MAX)
}

#[cfg(not(unix))]
fn limit() -> u64 {
    u64::MAX
}

/// A bit per stack: it is in the file already, or will be as soon as some thread's log is written.
static STACKS: AtomicPtr<AtomicU64> = AtomicPtr::new(ptr::null_mut());
/// Words with bits, at most.
static USED: AtomicU32 = AtomicU32::new(0);
/// 64 million stacks; those beyond are written each time they come unexpectedly.
const WORDS: u32 = 1 << 20;

fn stack_word(at: u32) -> Option<&'static AtomicU64> {
    let words = STACKS.load(Acquire);
    if words.is_null() || at >= WORDS {
        return None;
    }
    // SAFETY: the memory has `WORDS` words.
    let word = unsafe { words.add(at as usize) };
    // SAFETY: zeroed at first, for ever, and nothing but atomics.
    Some(unsafe { &*word })
}

/// Whether nobody has asked for this stack in this recording.
#[inline]
pub(super) fn is_new(stack: u32) -> bool {
    let Some(word) = stack_word(stack / 64) else { return true };
    let bit = 1 << (stack % 64);
    if word.load(Relaxed) & bit != 0 {
        return false;
    }
    USED.fetch_max(stack / 64 + 1, Relaxed);
    word.fetch_or(bit, Relaxed) & bit == 0
}

fn forget_stacks() {
    if STACKS.load(Acquire).is_null()
        && let Some(memory) = memory::reserve(WORDS as usize * size_of::<AtomicU64>())
    {
        STACKS.store(memory.cast().as_ptr(), Release);
    }
    for at in 0..USED.swap(0, Relaxed) {
        if let Some(word) = stack_word(at) {
            word.store(0, Relaxed);
        }
    }
}

/// A forked process has nothing to do with the file of its parent.
#[cfg(unix)]
fn at_fork() {
    extern "C" fn child() {
        let session = STARTED.swap(ptr::null_mut(), Relaxed);
        RUNNING.store(ptr::null_mut(), Relaxed);
        flags::lower(flags::TRACE);
        // SAFETY: what was there has not been given back; the child keeps it, as a signal handler may have forked within a
        // turn that goes on.
        if let Some(session) = unsafe { session.as_ref() } {
            session.is_parents.store(true, Relaxed);
        }
        super::forget();
        CONTROL.store(false, Relaxed);
    }
    static IS_SET: AtomicBool = AtomicBool::new(false);
    if !IS_SET.swap(true, Relaxed) {
        // SAFETY: the function may run at any time, in a child, where it does nothing but store to atomics.
        let answer = unsafe { libc::pthread_atfork(None, None, Some(child)) };
        IS_SET.store(answer == 0, Relaxed);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_remembered_and_ends_it() {
        let session = Session {
            file: OpenOptions::new().write(true).open("/dev/full").expect("is there"),
            start: Instant::now(),
            describe: |_, _| (0, ""),
            limit: u64::MAX,
            bytes: AtomicU64::new(0),
            events: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            threads: AtomicU32::new(0),
            error: AtomicI32::new(0),
            is_parents: AtomicBool::new(false),
        };
        assert!(session.error().is_none());
        session.write_events(b"a block", 7, 0);
        assert_eq!(session.error().and_then(|error| error.raw_os_error()), Some(libc::ENOSPC));
        session.fail(libc::EIO);
        assert_eq!(session.error().and_then(|error| error.raw_os_error()), Some(libc::ENOSPC), "the first counts");
        assert_eq!(session.events.load(Relaxed), 0);
    }
}
