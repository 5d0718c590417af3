//! The heap within a block of code: what the calling thread allocates between two points.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use crate::engine;
use crate::format::{Bytes, Count, SignedBytes, WIDTH, printable, tail};

/// Begins a scope, which lasts until its guard drops; the figures of all scopes of a name are in [`scopes`].
///
/// Counted is what the calling thread allocates and frees, exactly, whatever other threads do at the same time;
/// threads that are started inside are not seen, and not what the profiler itself needs. Some 250 ns: a lock for a
/// look at the name, one for the figures at the end, and two for the outermost scope of a thread. All is zero while no
/// [`TrackingAllocator`](crate::TrackingAllocator) is installed, and in the modes that do not count,
/// [`Off`](super::Mode::Off) and [`Sample`](super::Mode::Sample).
///
/// ```
/// use lagom_profiler::{TrackingAllocator, heap};
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
///
/// fn main() {
///     let scope = heap::scope("load");
///     let kept = vec![1u8; 1_000];
///     drop(vec![1u8; 5_000]);
///     let stats = scope.finish();
///     # #[cfg(feature = "enabled")]
///     assert_eq!((stats.allocations(), stats.net_bytes(), stats.peak()), (2, 1_000, 6_000));
///     println!("{}", heap::scopes());
/// }
/// ```
pub fn scope(name: &'static str) -> Scope {
    let site = engine::ScopeSite::named(name);
    Scope::enter(site)
}

/// What the calling thread allocates and frees while it runs `work`; like [`scope`], in no table.
///
/// A value that `work` returns is live at the end. Some 180 ns, less inside another scope.
///
/// ```
/// use lagom_profiler::{TrackingAllocator, heap};
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
///
/// fn main() {
///     let (text, stats) = heap::measure(|| "abc".repeat(100));
///     assert_eq!(text.len(), 300);
///     # #[cfg(feature = "enabled")]
///     assert_eq!((stats.allocations(), stats.net_bytes()), (1, 300));
/// }
/// ```
pub fn measure<R>(work: impl FnOnce() -> R) -> (R, ScopeStats) {
    let stretch = engine::Stretch::begin();
    let result = work();
    (result, stretch.end())
}

/// All scopes that have ended since the start or the last [`reset`](crate::reset()), by name and place, the highest peak first;
/// functions with `#[profile_memory]` among them.
///
/// ```
/// drop(lagom_profiler::heap::scope("scopes by name"));
/// # #[cfg(feature = "enabled")]
/// assert_eq!(lagom_profiler::heap::scopes().get("scopes by name").unwrap().count(), 1);
/// ```
#[must_use]
pub fn scopes() -> ScopeTable {
    let mut scopes = engine::scopes();
    scopes
        .sort_by(|a, b| b.peak.cmp(&a.peak).then_with(|| (&a.name, &a.file, a.line).cmp(&(&b.name, &b.file, b.line))));
    ScopeTable { scopes }
}

/// An open scope, from [`scope`].
///
/// It belongs to its thread. Scopes nest, and may end in any order; one that is forgotten (`mem::forget`) is in no table, and
/// the others stay right, but from then on every allocation of the program takes some instructions more. Of scopes that are
/// opened more than 64 deep, only those that end innermost first have exact peaks.
///
/// ```compile_fail,E0277
/// let scope = lagom_profiler::heap::scope("work");
/// std::thread::spawn(move || drop(scope));
/// ```
#[derive(Debug)]
#[must_use = "a scope ends where its guard drops; bind it to a name such as `_scope`"]
pub struct Scope {
    stretch: engine::Stretch,
    site: &'static engine::ScopeSite,
    not_send: PhantomData<*const ()>,
}

impl Scope {
    pub(crate) fn enter(site: &'static engine::ScopeSite) -> Self {
        Self { site, stretch: engine::Stretch::begin(), not_send: PhantomData }
    }

    /// The figures until now.
    ///
    /// ```
    /// let scope = lagom_profiler::heap::scope("stages");
    /// let after_the_first = scope.stats();
    /// assert_eq!(after_the_first.net_bytes(), 0);
    /// ```
    #[must_use]
    pub fn stats(&self) -> ScopeStats {
        self.stretch.stats()
    }

    /// Ends the scope, as dropping it does, and tells its figures.
    ///
    /// ```
    /// let stats = lagom_profiler::heap::scope("parse").finish();
    /// assert_eq!(stats.peak(), 0);
    /// ```
    #[expect(clippy::must_use_candidate, reason = "they are in the table as well")]
    pub fn finish(self) -> ScopeStats {
        // The same that the drop, which follows, will enter.
        self.stats()
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.site.record(self.stretch.stats());
    }
}

/// What one thread did with the heap within a scope.
///
/// ```
/// let ((), stats) = lagom_profiler::heap::measure(|| {});
/// assert_eq!(stats.to_string(), "0 allocations of 0B, 0B freed, net 0B, peak 0B");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScopeStats {
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
    pub(crate) freed: u64,
    pub(crate) peak: u64,
}

impl ScopeStats {
    pub(crate) const ZERO: Self = Self { allocations: 0, bytes: 0, freed: 0, peak: 0 };

    /// Successful allocations; a `realloc` is one of them.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeStats::default().allocations(), 0);
    /// ```
    #[must_use]
    pub const fn allocations(&self) -> u64 {
        self.allocations
    }

    /// Bytes they asked for; a `realloc` adds its growth.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeStats::default().allocated_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn allocated_bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes freed, of blocks from before the scope and from other threads, too.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeStats::default().freed_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn freed_bytes(&self) -> u64 {
        self.freed
    }

    /// Bytes allocated less bytes freed: what the scope left behind, or took away if negative.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeStats::default().net_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn net_bytes(&self) -> i64 {
        self.bytes.wrapping_sub(self.freed).cast_signed()
    }

    /// By how many bytes the thread's live bytes were at most above those at the begin, exact.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeStats::default().peak(), 0);
    /// ```
    #[must_use]
    pub const fn peak(&self) -> u64 {
        self.peak
    }
}

impl fmt::Display for ScopeStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let things = if self.allocations == 1 { "allocation" } else { "allocations" };
        let (count, bytes, freed) = (Count(self.allocations), Bytes(self.bytes), Bytes(self.freed));
        let (net, peak) = (SignedBytes(self.net_bytes()), Bytes(self.peak));
        write!(f, "{count} {things} of {bytes}, {freed} freed, net {net}, peak {peak}")
    }
}

/// All scopes of one name, or of one function, added up.
///
/// ```
/// for totals in lagom_profiler::heap::scopes().scopes() {
///     println!("{}: {} bytes at most", totals.name(), totals.peak());
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScopeTotals {
    pub(crate) name: Cow<'static, str>,
    pub(crate) module: Cow<'static, str>,
    pub(crate) file: Cow<'static, str>,
    pub(crate) line: u32,
    pub(crate) count: u64,
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
    pub(crate) freed: u64,
    pub(crate) peak: u64,
    pub(crate) last: ScopeStats,
}

impl ScopeTotals {
    /// The name that [`scope`] was given, or the function's.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().name(), "");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of the function's module; empty for a name.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().module(), "");
    /// ```
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The function's file; empty for a name.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().file(), "");
    /// ```
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line of the function's name; 0 for a name.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().line(), 0);
    /// ```
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// How many have ended.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().count(), 0);
    /// ```
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Allocations of all of them; a scope inside another of the same name counts in both.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().allocations(), 0);
    /// ```
    #[must_use]
    pub const fn allocations(&self) -> u64 {
        self.allocations
    }

    /// Bytes they asked for.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().allocated_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn allocated_bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes they freed.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().freed_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn freed_bytes(&self) -> u64 {
        self.freed
    }

    /// What they left behind together.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().net_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn net_bytes(&self) -> i64 {
        self.bytes.wrapping_sub(self.freed).cast_signed()
    }

    /// The highest peak of any of them.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().peak(), 0);
    /// ```
    #[must_use]
    pub const fn peak(&self) -> u64 {
        self.peak
    }

    /// The figures of the one that ended last.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::ScopeTotals::default().last().peak(), 0);
    /// ```
    #[must_use]
    pub const fn last(&self) -> ScopeStats {
        self.last
    }
}

/// The scopes of a program, from [`scopes`].
///
/// `Display` is a table of at most 100 columns.
///
/// ```
/// println!("{}", lagom_profiler::heap::scopes());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScopeTable {
    scopes: Vec<ScopeTotals>,
}

impl ScopeTable {
    /// The rows, the highest peak first.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::ScopeTable::default().scopes().is_empty());
    /// ```
    #[must_use]
    pub fn scopes(&self) -> &[ScopeTotals] {
        &self.scopes
    }

    /// The row of a name; the first if functions share it.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::scopes().get("nobody").is_none());
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ScopeTotals> {
        self.scopes.iter().find(|scope| scope.name == name)
    }
}

/// Of columns before the name.
const FIGURES: usize = 49;

impl fmt::Display for ScopeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scopes.is_empty() {
            return f.write_str("no scope has ended");
        }
        write!(f, "{:>7}{:>8}{:>8}{:>8}{:>8}{:>8}", "count", "peak", "last", "allocs", "bytes", "net")?;
        write!(f, "  scope")?;
        for row in &self.scopes {
            let (peak, last, bytes) = (Bytes(row.peak), Bytes(row.last.peak), Bytes(row.bytes));
            let (count, allocations, net) = (Count(row.count), Count(row.allocations), SignedBytes(row.net_bytes()));
            let name = tail(&printable(&row.name), WIDTH - FIGURES);
            write!(f, "\n{count:>7}{peak:>8}{last:>8}{allocations:>8}{bytes:>8}{net:>8}  {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_and_is_aligned() {
        let row = |name: &str, count, bytes, freed, peak| ScopeTotals {
            name: name.to_owned().into(),
            count,
            allocations: count,
            bytes,
            freed,
            peak,
            ..ScopeTotals::default()
        };
        let rows =
            vec![row("parse", 3, 2_048, 4_096, 1_024), row(&"long::\n".repeat(40), u64::MAX, u64::MAX, 0, u64::MAX)];
        let text = ScopeTable { scopes: rows }.to_string();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("      3   1.00K      0B       3   2.00K  -2.00K  parse"), "{text}");
        assert_eq!(ScopeTable::default().to_string(), "no scope has ended");
    }

    #[test]
    fn a_scope_in_one_line() {
        let stats = ScopeStats { allocations: 1, bytes: 100, freed: 3_000, peak: 50 };
        assert_eq!(stats.to_string(), "1 allocation of 100B, 2.93K freed, net -2.83K, peak 50B");
        assert_eq!(stats.net_bytes(), -2_900);
    }
}
