//! The engine when the feature `enabled` is off: the surface of [`on`](../on.rs), doing nothing.

mod heap;

use std::marker::PhantomData;
use std::task::Poll;

use crate::figures::FigureSet;
use crate::heap::scan::{Found, Path, ScanError, Wanted};
use crate::heap::{GrownType, InstanceCount};
use crate::heap::{ScopeStats, ScopeTotals};
use crate::lines::LineTable;
use crate::monitor::{MonitorSummary, Sample, Settings};
use crate::summary::Snapshot;

pub(crate) use heap::*;

#[derive(Debug)]
pub(crate) struct Site;

impl Site {
    pub(crate) const fn new(_: &'static str, _: &'static str, _: &'static str, _: u32) -> Self {
        Self
    }

    pub(crate) const fn group(self, _: &'static str) -> Self {
        self
    }

    pub(crate) const fn element(self, _: &'static str) -> Self {
        self
    }

    pub(crate) const fn sized(self) -> Self {
        self
    }

    pub(crate) const fn repeats(self) -> Self {
        self
    }

    pub(crate) const fn records(self, _: u32) -> Self {
        self
    }
}

#[derive(Debug)]
pub(crate) struct Span(PhantomData<*const ()>);

impl Span {
    #[inline(always)]
    pub(crate) const fn enter(_: &'static Site) -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    pub(crate) const fn fail(&self) {}

    #[inline(always)]
    pub(crate) const fn is_timed(&self) -> bool {
        false
    }

    #[inline(always)]
    pub(crate) const fn is_on(&self) -> bool {
        false
    }

    #[inline(always)]
    pub(crate) const fn size(&self, _: u64) {}

    #[inline(always)]
    pub(crate) const fn arguments(&self, _: u64) {}

    #[inline(always)]
    pub(crate) fn finish_with(self, _: impl FnOnce() -> Option<String>) {}
}

#[derive(Debug)]
pub(crate) struct AsyncCall;

impl AsyncCall {
    #[inline(always)]
    pub(crate) const fn new(_: &'static Site) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        poll()
    }

    #[inline(always)]
    pub(crate) const fn finish(&mut self, _: bool) {}

    #[inline(always)]
    pub(crate) fn finish_with(&mut self, _: bool, _: impl FnOnce() -> Option<String>) {}

    #[inline(always)]
    pub(crate) const fn size(&mut self, _: u64) {}

    #[inline(always)]
    pub(crate) const fn arguments(&mut self, _: u64) {}
}

/// What is known of one line: nothing.
#[derive(Debug)]
pub struct LineCount;

/// A function whose lines are not timed.
#[derive(Debug)]
pub struct LineSite;

/// No probe of a call.
#[derive(Debug)]
pub struct LineProbe<const N: usize>;

/// The end of a loop's turn.
#[derive(Debug)]
pub struct LineBack<'a, const N: usize>(PhantomData<&'a LineProbe<N>>);

pub(crate) const fn at_exit(_: fn()) -> bool {
    false
}

pub(crate) const fn lines() -> Vec<LineTable> {
    Vec::new()
}

pub(crate) const fn mode() -> crate::Mode {
    crate::Mode::Off
}

pub(crate) const fn set_mode(_: crate::Mode) {}

pub(crate) const fn reset() {}

pub(crate) fn snapshot() -> Snapshot {
    Snapshot::default()
}

pub(crate) const fn held() -> Option<(u64, u64)> {
    None
}

pub(crate) const fn churn() -> (std::time::Duration, u64, u64) {
    (std::time::Duration::ZERO, 0, 0)
}

pub(crate) const fn mark_churn() {}

#[derive(Debug)]
pub(crate) struct ScopeSite;

impl ScopeSite {
    pub(crate) const fn new(_: &'static str, _: &'static str, _: &'static str, _: u32) -> Self {
        Self
    }

    pub(crate) const fn named(_: &'static str) -> &'static Self {
        &Self
    }

    #[inline(always)]
    pub(crate) const fn record(&self, _: ScopeStats) {}
}

#[derive(Debug)]
pub(crate) struct Stretch;

impl Stretch {
    #[inline(always)]
    pub(crate) const fn begin() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) const fn stats(&self) -> ScopeStats {
        ScopeStats::ZERO
    }

    #[inline(always)]
    pub(crate) const fn end(self) -> ScopeStats {
        ScopeStats::ZERO
    }
}

pub(crate) const fn scopes() -> Vec<ScopeTotals> {
    Vec::new()
}

pub(crate) const fn is_blind() -> Option<&'static str> {
    None
}

pub(crate) fn enter_drop(_: &'static str, _: &'static str, _: u32, _: impl FnOnce() -> String) -> Span {
    Span(PhantomData)
}

pub(crate) const fn heap_stack(_: u32, _: &mut [usize]) -> usize {
    0
}

pub(crate) const fn heap_stacks(_: &mut Vec<u32>) {}

pub(crate) const fn unreachable() -> Result<Found, ScanError> {
    Err(ScanError::Unsupported)
}

pub(crate) const fn path(_: &Wanted<'_>) -> Result<Option<Path>, ScanError> {
    Err(ScanError::Unsupported)
}

#[derive(Debug)]
pub(crate) struct Registration;

pub(crate) fn register<I>(_: String, _: impl Fn() -> I + Send + Sync + 'static) -> Registration
where
    I: IntoIterator<Item = (&'static str, f64)>,
{
    Registration
}

pub(crate) const fn figures() -> Vec<FigureSet> {
    Vec::new()
}

pub(crate) fn sample_now() -> Sample {
    Sample::default()
}

#[derive(Debug)]
pub(crate) struct Sampler(Settings);

impl Sampler {
    pub(crate) const fn new(settings: Settings) -> Self {
        Self(settings)
    }

    pub(crate) const fn start(&self) -> bool {
        false
    }

    pub(crate) const fn stop(&self) {}

    pub(crate) const fn is_running(&self) -> bool {
        false
    }

    pub(crate) fn sample(&self) -> Sample {
        Sample::default()
    }

    pub(crate) const fn samples(&self) -> Vec<Sample> {
        Vec::new()
    }

    pub(crate) fn summary(&self) -> MonitorSummary {
        MonitorSummary::default()
    }

    pub(crate) const fn clear(&self) {}

    pub(crate) const fn settings(&self) -> &Settings {
        &self.0
    }
}

#[inline(always)]
pub(crate) const fn instance_created<T>() {}

#[inline(always)]
pub(crate) const fn instance_dropped<T>() {}

pub(crate) const fn instances() -> Vec<InstanceCount> {
    Vec::new()
}

pub(crate) const fn instance_growth() -> Vec<GrownType> {
    Vec::new()
}
