//! Beginning and ending a recording.

use std::io;
use std::path::Path;

use super::{hooks, trace};
use crate::heap::Recorded;
use crate::on::{calls, stack};

/// Every event from here on goes into this file.
pub(crate) fn record(path: &Path) -> io::Result<()> {
    super::aside(|| {
        stack::prepare();
        trace::start(path, describe)
    })
}

/// No more events.
pub(crate) fn stop_recording() -> io::Result<Recorded> {
    super::aside(trace::stop)
}

/// The frames of a stack and its span. Neither allocates nor locks.
fn describe(number: u32, frames: &mut [usize]) -> (usize, &'static str) {
    let (span, _) = hooks::parts(stack::span(number));
    (stack::frames(number, frames), calls::site_name(span))
}
