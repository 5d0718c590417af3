//! What the macros write calls to. No part of the public API.

use std::ops::Deref;
use std::task::Poll;

use crate::engine;
pub use crate::span::Site;
use crate::span::Span;

/// Opens a span.
#[inline]
pub fn enter(site: &'static Site) -> Span {
    Span::enter(site)
}

/// Runs the body of a function. Through this the body is known to run once, so it may give away what it captured.
#[inline(always)]
pub fn call<R>(body: impl FnOnce() -> R) -> R {
    body()
}

impl Span {
    /// Ends the span of a function that has returned a value.
    #[inline]
    pub fn finish(self, failed: bool) {
        if failed {
            self.fail();
        }
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
}
