//! What the macros write calls to. No part of the public API.

#[path = "private/error.rs"]
mod error;
#[path = "private/hasher.rs"]
mod hasher;
#[path = "private/length.rs"]
mod length;
#[path = "private/memory.rs"]
mod memory;

use std::hash::Hasher as _;
use std::ops::Deref;
use std::task::Poll;

pub use error::{DebugText, ErrorText, NoText, TypeText};
pub use hasher::{Argument, ArgumentHasher, Bits, Chosen, ChosenHash, Floating, Other, Reference, Strict};
pub use length::{Length, Numbers, Unknown};
pub use memory::{MemoryCall, MemorySite, enter_memory};

use crate::Mode;
use crate::engine;
pub use crate::engine::{LineBack, LineCount, LineProbe, LineSite};
pub use crate::heap::check::{Bound, Check, Figure, Limit, Literal};
pub use crate::heap::layout::{field, of_enum, of_struct, unplaced, variant};
pub use crate::span::Site;
use crate::span::Span;

/// Opens a span.
#[inline(always)]
pub fn enter(site: &'static Site) -> Span {
    Span::enter(site)
}

/// Runs the body of a function. Through this the body is known to run once, so it may give away what it captured.
#[inline(always)]
pub fn call<R>(body: impl FnOnce() -> R) -> R {
    body()
}

#[doc(hidden)]
impl Site {
    /// What the function belongs to.
    #[must_use]
    pub const fn group(self, group: &'static str) -> Self {
        Self(self.0.group(group))
    }

    /// The type of the elements that its size counts.
    #[must_use]
    pub const fn element(self, element: &'static str) -> Self {
        Self(self.0.element(element))
    }

    /// Its calls tell how large their input is.
    #[must_use]
    pub const fn sized(self) -> Self {
        Self(self.0.sized())
    }

    /// Its calls tell what their arguments are.
    #[must_use]
    pub const fn repeats(self) -> Self {
        Self(self.0.repeats())
    }

    /// So many of its last calls are kept.
    #[must_use]
    pub const fn records(self, records: u32) -> Self {
        Self(self.0.records(records))
    }
}

#[doc(hidden)]
impl Span {
    /// How large the input of the call is; asked only if the call is timed.
    #[inline(always)]
    pub fn size(&self, size: impl FnOnce() -> u64) {
        if self.0.is_timed() {
            self.0.size(size());
        }
    }

    /// What the arguments of the call are; asked unless the profiler is off.
    #[inline(always)]
    pub fn arguments(&self, add: impl FnOnce(&mut ArgumentHasher)) {
        if self.0.is_on() {
            let mut hasher = ArgumentHasher::new();
            add(&mut hasher);
            // With one left out, different arguments would look alike.
            if hasher.is_complete() {
                self.0.arguments(hasher.finish());
            }
        }
    }

    /// Says how a function ended that has returned a value; the span ends when it drops. It stays where it is: to move it here
    /// takes eleven instructions, also when nothing is recorded.
    #[inline(always)]
    pub fn finish(&self, failed: bool) {
        if failed {
            self.fail();
        }
    }

    /// The same for a function whose last calls are kept.
    #[inline(always)]
    pub fn finish_with(self, failed: bool, error: impl FnOnce() -> Option<String>) {
        if failed {
            self.fail();
        }
        self.0.finish_with(error);
    }
}

/// Asks a value of any type whether it is an `Err`, without a bound on the type: the method of `Outcome<Result<…>>` comes
/// before the one behind `Deref`, which all others get.
#[derive(Debug)]
pub struct Outcome<'a, T>(pub &'a T);

impl<T, E> Outcome<'_, Result<T, E>> {
    /// Whether it is an `Err`.
    #[inline(always)]
    #[must_use]
    pub fn failed(&self) -> bool {
        self.0.is_err()
    }
}

impl<T> Deref for Outcome<'_, T> {
    type Target = NeverFails;
    #[inline(always)]
    fn deref(&self) -> &NeverFails {
        &NeverFails
    }
}

/// The outcome of a value that is no `Result`.
#[derive(Debug)]
pub struct NeverFails;

impl NeverFails {
    /// No.
    #[inline(always)]
    #[must_use]
    pub fn failed(&self) -> bool {
        false
    }
}

/// One call of an async function.
#[derive(Debug)]
pub struct AsyncCall(engine::AsyncCall);

impl AsyncCall {
    /// A call that has not begun: it begins with the first poll.
    #[inline]
    #[must_use]
    pub const fn new(site: &'static Site) -> Self {
        Self(engine::AsyncCall::new(&site.0))
    }

    /// How large the input of the call is; asked unless the profiler is off.
    #[inline]
    pub fn size(&mut self, size: impl FnOnce() -> u64) {
        if engine::mode() != Mode::Off {
            self.0.size(size());
        }
    }

    /// What the arguments of the call are; asked unless the profiler is off.
    #[inline]
    pub fn arguments(&mut self, add: impl FnOnce(&mut ArgumentHasher)) {
        if engine::mode() != Mode::Off {
            let mut hasher = ArgumentHasher::new();
            add(&mut hasher);
            // With one left out, different arguments would look alike.
            if hasher.is_complete() {
                self.0.arguments(hasher.finish());
            }
        }
    }

    /// One poll of the body.
    #[inline]
    pub fn poll<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        self.0.poll(poll)
    }

    /// The body is through. Without this a drop counts as cancelled, or as a panic if a poll did not return.
    #[inline]
    pub fn finish(&mut self, failed: bool) {
        self.0.finish(failed);
    }

    /// The same for a function whose last calls are kept.
    #[inline]
    pub fn finish_with(&mut self, failed: bool, error: impl FnOnce() -> Option<String>) {
        self.0.finish_with(failed, error);
    }
}
