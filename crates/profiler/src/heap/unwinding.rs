//! How call stacks are taken.

use crate::engine;

/// How call stacks are taken, of this whole program.
///
/// ```
/// use lagom_profiler::heap;
///
/// println!("stacks by {:?}", heap::unwinding());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
#[repr(u8)]
pub enum Unwinding {
    /// By frame pointers: about a nanosecond a frame. std has them; the program has them if it was built with
    /// `RUSTFLAGS="-C force-frame-pointers=yes"`. Functions of C without them may be left out, or end the stack.
    FramePointers = 1,
    /// By the tables that are there for exceptions, through the crate framehop: some five nanoseconds a frame. Needs the feature
    /// `unwind`.
    Framehop = 2,
    /// Not at all: figures are by span and thread alone.
    None = 3,
}

/// How call stacks are taken: as [`set_unwinding`] was told, else by what works in this program.
///
/// The first call, here or by a mode that takes stacks, tries it out: on a few functions of this crate, and on those that
/// have called it. Frame pointers are taken if they find all that the tables for exceptions know of (without the feature
/// `unwind`: the few functions), else [`Unwinding::Framehop`], else none. [`Unwinding::None`] without the feature `enabled`,
/// and on all but Linux on x86-64 and aarch64.
///
/// Each call also looks whether a library was loaded, which stacks by tables must be told. Locks and allocates.
///
/// ```
/// use lagom_profiler::heap::{self, Unwinding};
///
/// if heap::unwinding() == Unwinding::None {
///     eprintln!("build with `-C force-frame-pointers=yes` to see call stacks");
/// }
/// ```
#[must_use]
pub fn unwinding() -> Unwinding {
    engine::unwinding()
}

/// Takes call stacks in this way from now on, in every thread, whatever the program was built with: says whether it can.
///
/// What is known of stacks so far stays; the same stack may have another number of frames afterwards.
///
/// ```
/// use lagom_profiler::heap::{self, Unwinding};
///
/// # let before = heap::unwinding();
/// if heap::set_unwinding(Unwinding::FramePointers) {
///     assert_eq!(heap::unwinding(), Unwinding::FramePointers);
/// }
/// # heap::set_unwinding(before);
/// ```
pub fn set_unwinding(unwinding: Unwinding) -> bool {
    engine::set_unwinding(unwinding)
}
