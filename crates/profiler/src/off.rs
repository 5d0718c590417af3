//! The engine when the feature `enabled` is off: the surface of [`on`](../on.rs), doing nothing.

use std::marker::PhantomData;
use std::task::Poll;

use crate::figures::FigureSet;
use crate::heap::Mode;
use crate::monitor::{MonitorSummary, Sample, Settings};
use crate::summary::FunctionStats;

#[derive(Debug)]
pub(crate) struct Site;

impl Site {
    pub(crate) const fn new(_: &'static str, _: &'static str, _: &'static str, _: u32) -> Self {
        Self
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
}

pub(crate) const fn is_enabled() -> bool {
    false
}

pub(crate) const fn set_enabled(_: bool) {}

pub(crate) const fn reset() {}

pub(crate) const fn snapshot() -> (u64, Vec<FunctionStats>) {
    (0, Vec::new())
}

#[inline(always)]
pub(crate) const fn on_alloc(_: usize) {}

#[inline(always)]
pub(crate) const fn on_dealloc(_: usize) {}

#[inline(always)]
pub(crate) const fn on_realloc(_: usize, _: usize) {}

pub(crate) const fn mode() -> Mode {
    Mode::Off
}

pub(crate) const fn set_mode(_: Mode) {}

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
