//! No hooks, and no figures.

use std::io;
use std::path::Path;
use std::ptr::NonNull;

use crate::heap::raw::{Raw, Work};
use crate::heap::{Mode, Recorded, Unwinding};

#[inline(always)]
pub(crate) const fn is_due(_: usize) -> bool {
    false
}

#[inline(always)]
pub(crate) const fn work() -> Work {
    Work::NONE
}

#[inline(always)]
pub(crate) const fn may_be_sampled(_: usize, _: usize) -> bool {
    false
}

#[inline(always)]
pub(crate) const fn count_alloc(_: usize) {}

#[inline(always)]
pub(crate) const fn count_alloc_simply(_: usize) -> bool {
    true
}

#[inline(always)]
pub(crate) const fn count_dealloc(_: usize) {}

#[inline(always)]
pub(crate) const fn count_dealloc_simply(_: usize) -> bool {
    true
}

#[inline(always)]
pub(crate) const fn counts_down(_: usize) -> bool {
    false
}

#[inline(always)]
pub(crate) const fn count_realloc(_: usize, _: usize) {}

#[inline(always)]
pub(crate) const fn record_alloc(_: usize, _: usize) {}

#[inline(always)]
pub(crate) const fn record_dealloc(_: usize, _: usize) -> bool {
    false
}

/// There is none.
pub(crate) enum HeapSample {}

impl HeapSample {
    pub(crate) const fn draw(_: usize) -> Option<Self> {
        None
    }

    pub(crate) const fn place(&self, _: usize) -> Option<NonNull<u8>> {
        match *self {}
    }

    pub(crate) const fn keep(self, _: usize) {
        match self {}
    }
}

pub(crate) struct Before;

impl Before {
    pub(crate) const fn room(&self) -> Option<usize> {
        None
    }
}

pub(crate) const fn before_realloc(_: usize, _: usize) -> Before {
    Before
}

pub(crate) const fn realloc_failed(_: Before) {}

pub(crate) const fn after_realloc(_: &Before, _: usize, _: usize) {}

pub(crate) const fn left_place(_: &Before) {}

pub(crate) const fn heap_mode() -> Mode {
    Mode::Off
}

pub(crate) const fn set_heap_mode(_: Mode) {}

pub(crate) const fn heap_interval() -> u64 {
    0
}

pub(crate) const fn set_heap_interval(_: u64) {}

pub(crate) const fn exact_peak() -> bool {
    false
}

pub(crate) const fn set_exact_peak(_: bool) {}

pub(crate) fn heap_raw() -> Raw {
    Raw { mode: Mode::Off, sites: Vec::new(), threads: vec![String::new()], interval: 0, lost: 0 }
}

pub(crate) fn heap_aside<R>(f: impl FnOnce() -> R) -> R {
    f()
}

#[cfg(feature = "symbols")]
pub(crate) const fn own_static<T>(_: &'static T) {}

pub(crate) const fn current() -> u64 {
    0
}

pub(crate) const fn peak() -> u64 {
    0
}

pub(crate) const fn reset_peak() {}

pub(crate) const fn allocations() -> u64 {
    0
}

pub(crate) const fn allocated_bytes() -> u64 {
    0
}

pub(crate) const fn is_installed() -> bool {
    false
}

pub(crate) const fn unwinding() -> Unwinding {
    Unwinding::None
}

pub(crate) const fn set_unwinding(unwinding: Unwinding) -> bool {
    matches!(unwinding, Unwinding::None)
}

pub(crate) fn record(_: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "lagom-profiler was built without its feature `enabled`"))
}

pub(crate) fn stop_recording() -> io::Result<Recorded> {
    Err(io::Error::new(io::ErrorKind::NotFound, "no recording runs"))
}
