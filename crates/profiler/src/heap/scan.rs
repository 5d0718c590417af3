//! What nothing reaches any more, and what reaches a block: [`leaks`], [`why_alive`].

mod chain;
mod dot;
mod error;
#[cfg_attr(
    not(all(feature = "enabled", target_os = "linux", target_arch = "x86_64")),
    allow(dead_code, reason = "there is no scan")
)]
mod found;
mod graph;
mod hidden;
mod leak;
mod names;
mod svg;
mod why;

pub use self::chain::{Chain, Link, Root};
pub use self::error::ScanError;
pub use self::leak::{Leak, LeakScan, LeakedBlock};
pub use self::why::{Target, WhyAlive, why_alive};

#[cfg_attr(
    not(all(feature = "enabled", target_os = "linux", target_arch = "x86_64")),
    allow(unused_imports, reason = "there is no scan")
)]
pub(crate) use self::found::{Found, Path, Step, Wanted};
use crate::engine;

/// Looks for blocks that nothing reaches: true leaks, which no code of the program can release any more, most of them circles
/// of `Rc` or `Arc`.
///
/// Reads every word of statics, stacks, registers, thread-locals and of the blocks that these reach. What looks like a
/// pointer to a block, anywhere into it, counts as one, even if it is a number or was forgotten on a stack: so a leak
/// may be missed, here and there (by what a `Vec` has in room that it does not use, say), and what is used is not
/// called a leak. The exceptions are pointers that cannot be seen: those that are not at a multiple of 8 bytes (in
/// packed structures), that were changed by arithmetic other than in the low bits or the upper 17 (XOR lists), that
/// lie with the kernel only (the data of an `epoll` entry), in a file mapped into memory, or in another process.
///
/// All other threads are stopped meanwhile, by a signal (the last real-time one that is free), some 100 ms for a million
/// blocks; of their system calls those that are never restarted (`epoll_wait`, `nanosleep`) return `EINTR`, which the standard
/// library hides. A thread that blocks all signals cannot be stopped, which [`LeakScan::running`] tells: its memory counts as
/// used, but what it holds in registers alone is not seen.
///
/// # Errors
///
/// [`ScanError::NotLive`] if no block is known, as the mode is not [`Mode::Live`](crate::heap::Mode::Live);
/// [`ScanError::Unsupported`] elsewhere than on Linux on x86-64; [`ScanError::System`].
///
/// ```no_run
/// use lagom_profiler::heap;
///
/// heap::set_mode(heap::Mode::Live);
/// // … work …
/// let scan = heap::leaks()?;
/// println!("{scan}");
/// std::fs::write("leaks.svg", scan.to_svg()).unwrap();
/// # Ok::<(), heap::ScanError>(())
/// ```
pub fn leaks() -> Result<LeakScan, ScanError> {
    let result = engine::heap_aside(|| Ok(LeakScan::new(&engine::unreachable()?)));
    forget_stack();
    result
}

/// Overwrites what the scan has left on the stack: addresses of its own lists, which are released and become blocks of the
/// program. Frames of functions that are called from here on have room that they do not write to, where the next scan would
/// find them.
#[inline(never)]
fn forget_stack() {
    let mut bytes = [0_u8; 32 << 10];
    std::hint::black_box(&mut bytes);
}
