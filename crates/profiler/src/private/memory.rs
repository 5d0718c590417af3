//! What `#[profile_memory]` writes.

use crate::engine;
use crate::heap::{Scope, ScopeStats};

/// A function whose calls' heap is measured.
#[derive(Debug)]
pub struct MemorySite(engine::ScopeSite);

impl MemorySite {
    /// Nothing known yet.
    #[must_use]
    pub const fn new(name: &'static str, module: &'static str, file: &'static str, line: u32) -> Self {
        Self(engine::ScopeSite::new(name, module, file, line))
    }
}

/// Begins a call.
pub fn enter_memory(site: &'static MemorySite) -> Scope {
    Scope::enter(&site.0)
}

/// One call of an async function: what it does with the heap in its polls, on whatever threads.
#[derive(Debug)]
pub struct MemoryCall {
    site: &'static MemorySite,
    sum: ScopeStats,
}

impl MemoryCall {
    /// A call, made in the first poll.
    #[must_use]
    pub const fn new(site: &'static MemorySite) -> Self {
        Self { site, sum: ScopeStats::ZERO }
    }

    /// One poll of the body.
    pub fn poll<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        let _turn = Turn { sum: &mut self.sum, stretch: engine::Stretch::begin() };
        poll()
    }
}

impl Drop for MemoryCall {
    fn drop(&mut self) {
        self.site.0.record(self.sum);
    }
}

/// A poll, which may end by a panic.
struct Turn<'a> {
    sum: &'a mut ScopeStats,
    stretch: engine::Stretch,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let (turn, sum) = (self.stretch.stats(), &mut *self.sum);
        let peak = sum.net_bytes().saturating_add_unsigned(turn.peak);
        sum.peak = sum.peak.max(u64::try_from(peak).unwrap_or(0));
        sum.allocations += turn.allocations;
        sum.bytes += turn.bytes;
        sum.freed += turn.freed;
    }
}
