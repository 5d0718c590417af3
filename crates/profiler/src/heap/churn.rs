//! How much passes through the heap, and how much of what the allocator holds is of use: what a garbage collector's statistics
//! tell elsewhere.

use std::fmt;
use std::time::Duration;

use crate::engine;
use crate::format::{Bytes, Count, Time};

/// How much has passed through the heap since the last [`reset`](crate::reset()), else since the process was started (without
/// `/proc`: since the first call of this).
///
/// ```
/// let churn = lagom_profiler::heap::churn();
/// println!("{churn}");
/// assert!(churn.elapsed() < std::time::Duration::from_secs(3_600));
/// ```
#[must_use]
pub fn churn() -> Churn {
    let (elapsed, allocations, bytes) = engine::churn();
    Churn { elapsed, allocations, bytes, live: engine::current() }
}

/// What passed through the heap in a time, from [`churn`].
///
/// ```
/// let churn = lagom_profiler::heap::Churn::default();
/// assert_eq!((churn.bytes_per_second(), churn.turnover()), (0.0, 0.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Churn {
    elapsed: Duration,
    allocations: u64,
    bytes: u64,
    live: u64,
}

impl Churn {
    /// How long it was counted.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::Churn::default().elapsed().is_zero());
    /// ```
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Allocations in this time.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Churn::default().allocations(), 0);
    /// ```
    #[must_use]
    pub const fn allocations(&self) -> u64 {
        self.allocations
    }

    /// The bytes they asked for.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Churn::default().allocated_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn allocated_bytes(&self) -> u64 {
        self.bytes
    }

    /// Live bytes at the end of it.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Churn::default().live(), 0);
    /// ```
    #[must_use]
    pub const fn live(&self) -> u64 {
        self.live
    }

    /// Allocations per second.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Churn::default().allocations_per_second(), 0.0);
    /// ```
    #[must_use]
    pub fn allocations_per_second(&self) -> f64 {
        self.per_second(self.allocations)
    }

    /// Bytes allocated per second.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Churn::default().bytes_per_second(), 0.0);
    /// ```
    #[must_use]
    pub fn bytes_per_second(&self) -> f64 {
        self.per_second(self.bytes)
    }

    fn per_second(&self, value: u64) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { value as f64 / self.elapsed.as_secs_f64() }
    }

    /// How often all that is live was allocated anew: bytes allocated by bytes live; 0.0 if nothing is live.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Churn::default().turnover(), 0.0);
    /// ```
    #[must_use]
    pub fn turnover(&self) -> f64 {
        if self.live == 0 { 0.0 } else { self.bytes as f64 / self.live as f64 }
    }

    /// How long a byte lives on average, in a program whose heap neither grows nor shrinks: live bytes by bytes per second
    /// (Little's law). `None` without allocations.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Churn::default().mean_lifetime(), None);
    /// ```
    #[must_use]
    pub fn mean_lifetime(&self) -> Option<Duration> {
        let seconds = self.live as f64 / self.bytes_per_second();
        if self.bytes == 0 { None } else { Duration::try_from_secs_f64(seconds).ok() }
    }
}

impl fmt::Display for Churn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, bytes) = (self.allocations_per_second() as u64, self.bytes_per_second() as u64);
        write!(f, "churn: {} allocations and {} per second", Count(count), Bytes(bytes))?;
        write!(
            f,
            " for {}, {} live, turned over {:.1} times",
            Time::from(self.elapsed),
            Bytes(self.live),
            self.turnover()
        )?;
        match self.mean_lifetime() {
            Some(time) => write!(f, ", a byte lives {}", Time::from(time)),
            None => Ok(()),
        }
    }
}

/// How much the allocator holds, and how much of it is of use.
///
/// Where the blocks come from glibc's `malloc`, as those of [`System`](std::alloc::System) do on most Linux systems, it is asked
/// what it holds: it looks through its free lists, some microseconds to milliseconds. Else the resident set takes its place,
/// in which code, stacks and other allocators have a part as well.
///
/// ```
/// let fragmentation = lagom_profiler::heap::fragmentation();
/// assert!((0.0..=1.0).contains(&fragmentation.unused_share()));
/// println!("{fragmentation}");
/// ```
#[must_use]
pub fn fragmentation() -> Fragmentation {
    Fragmentation::of(engine::current(), engine::held(), || crate::sample_now().rss())
}

/// Whose the bytes are that [`Fragmentation`] calls held.
///
/// ```
/// assert_ne!(lagom_profiler::heap::Holder::Malloc, lagom_profiler::heap::Holder::ResidentSet);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Holder {
    /// What `malloc` has from the system, in use or free.
    Malloc,
    /// The memory of the whole process that is resident.
    ResidentSet,
    /// The system tells neither.
    #[default]
    Unknown,
}

/// What the program asked for and what is held for it, from [`fragmentation`].
///
/// ```
/// assert_eq!(lagom_profiler::heap::Fragmentation::default().unused_share(), 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fragmentation {
    live: u64,
    held: u64,
    holder: Holder,
}

impl Fragmentation {
    /// By what `malloc` holds and how much of that is in use.
    fn of(live: u64, malloc: Option<(u64, u64)>, resident: impl FnOnce() -> Option<u64>) -> Self {
        match malloc {
            // Else the blocks come from somewhere else.
            Some((held, used)) if used >= live => Self { live, held, holder: Holder::Malloc },
            _ => match resident() {
                Some(held) => Self { live, held, holder: Holder::ResidentSet },
                None => Self { live, held: live, holder: Holder::Unknown },
            },
        }
    }

    /// Live bytes, as they were asked for.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Fragmentation::default().live(), 0);
    /// ```
    #[must_use]
    pub const fn live(&self) -> u64 {
        self.live
    }

    /// Bytes held.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Fragmentation::default().held(), 0);
    /// ```
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// By whom.
    ///
    /// ```
    /// use lagom_profiler::heap::{Fragmentation, Holder};
    ///
    /// assert_eq!(Fragmentation::default().holder(), Holder::Unknown);
    /// ```
    #[must_use]
    pub const fn holder(&self) -> Holder {
        self.holder
    }

    /// The share of what is held that is not live: free blocks between live ones, rounding to sizes, headers.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Fragmentation::default().unused_share(), 0.0);
    /// ```
    #[must_use]
    pub fn unused_share(&self) -> f64 {
        if self.held == 0 { 0.0 } else { (1.0 - self.live as f64 / self.held as f64).max(0.0) }
    }
}

impl fmt::Display for Fragmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = match self.holder {
            Holder::Malloc => "held by malloc",
            Holder::ResidentSet => "resident, code and stacks included",
            Holder::Unknown => return write!(f, "heap: {} live; what is held is not known", Bytes(self.live)),
        };
        let (live, bytes) = (Bytes(self.live), Bytes(self.held));
        write!(f, "heap: {live} live of {bytes} {held}: {:.1}% not in use", 100.0 * self.unused_share())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_lifetimes() {
        let churn = Churn { elapsed: Duration::from_secs(4), allocations: 4_000, bytes: 1 << 20, live: 1 << 18 };
        assert_eq!((churn.allocations_per_second(), churn.bytes_per_second()), (1_000.0, 262_144.0));
        assert_eq!((churn.turnover(), churn.mean_lifetime()), (4.0, Some(Duration::from_secs(1))));
        let text = "churn: 1000 allocations and 256K per second for 4.00s, 256K live, turned over 4.0 times, a byte lives 1.00s";
        assert_eq!(churn.to_string(), text);
        let none = Churn::default().to_string();
        assert_eq!(none, "churn: 0 allocations and 0B per second for 0ns, 0B live, turned over 0.0 times");
    }

    #[test]
    fn who_holds_it() {
        let holder = |malloc, resident| {
            let found = Fragmentation::of(100, malloc, || resident);
            (found.holder, found.held)
        };
        assert_eq!(holder(Some((150, 120)), Some(900)), (Holder::Malloc, 150));
        assert_eq!(holder(Some((150, 99)), Some(900)), (Holder::ResidentSet, 900));
        assert_eq!(holder(None, Some(900)), (Holder::ResidentSet, 900));
        assert_eq!(holder(None, None), (Holder::Unknown, 100));
    }

    #[test]
    fn shares_of_what_is_held() {
        let some = |holder| Fragmentation { live: 3 << 20, held: 4 << 20, holder };
        assert_eq!(some(Holder::Malloc).unused_share(), 0.25);
        assert_eq!(some(Holder::Malloc).to_string(), "heap: 3.00M live of 4.00M held by malloc: 25.0% not in use");
        assert!(some(Holder::ResidentSet).to_string().contains("resident"));
        assert!(some(Holder::Unknown).to_string().contains("not known"));
        assert_eq!(Fragmentation { live: 5, held: 4, holder: Holder::Malloc }.unused_share(), 0.0);
    }
}
