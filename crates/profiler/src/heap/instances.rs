//! How many values of a type are live.

mod counted;

use std::cmp::Reverse;
use std::fmt;

pub use self::counted::{Counted, Counter};
use crate::engine;
use crate::format::{Bytes, Count, WIDTH, printable, tail};

/// The live values of one type.
///
/// ```
/// use lagom_profiler::heap::{self, Counted};
///
/// struct Session;
///
/// let sessions = [Counted::new(Session), Counted::new(Session)];
/// drop(Counted::new(Session));
/// # #[cfg(feature = "enabled")] {
/// let counts = heap::instances();
/// let counts = counts.get("Session").unwrap();
/// assert_eq!((counts.live(), counts.created()), (2, 3));
/// # }
/// # drop(sessions);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct InstanceCount {
    pub(crate) name: &'static str,
    pub(crate) size: usize,
    pub(crate) live: u64,
    pub(crate) created: u64,
}

impl InstanceCount {
    /// The type with its path, as [`std::any::type_name`] has it.
    ///
    /// ```
    /// # use lagom_profiler::heap::{self, Counted};
    /// struct Leaf(#[allow(dead_code)] u64);
    ///
    /// drop(Counted::new(Leaf(1)));
    /// let kept = Counted::new(Leaf(2));
    /// # #[cfg(feature = "enabled")]
    /// assert!(heap::instances().counts().iter().any(|count| count.name().ends_with("Leaf")));
    /// # drop(kept);
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many there are now.
    ///
    /// ```
    /// # use lagom_profiler::heap::{self, Counted};
    /// struct Leaf(#[allow(dead_code)] u64);
    ///
    /// drop(Counted::new(Leaf(1)));
    /// let kept = Counted::new(Leaf(2));
    /// # #[cfg(feature = "enabled")]
    /// assert!(heap::instances().counts().iter().any(|count| count.live() == 1));
    /// # drop(kept);
    /// ```
    #[must_use]
    pub const fn live(&self) -> u64 {
        self.live
    }

    /// How many there ever were.
    ///
    /// ```
    /// # use lagom_profiler::heap::{self, Counted};
    /// struct Leaf(#[allow(dead_code)] u64);
    ///
    /// drop(Counted::new(Leaf(1)));
    /// let kept = Counted::new(Leaf(2));
    /// # #[cfg(feature = "enabled")]
    /// assert!(heap::instances().counts().iter().any(|count| count.created() == 2));
    /// # drop(kept);
    /// ```
    #[must_use]
    pub const fn created(&self) -> u64 {
        self.created
    }

    /// Bytes that the live ones take themselves, without what they own.
    ///
    /// ```
    /// # use lagom_profiler::heap::{self, Counted};
    /// struct Leaf(#[allow(dead_code)] u64);
    ///
    /// drop(Counted::new(Leaf(1)));
    /// let kept = Counted::new(Leaf(2));
    /// # #[cfg(feature = "enabled")]
    /// assert!(heap::instances().counts().iter().any(|count| count.bytes() == 8));
    /// # drop(kept);
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.live * self.size as u64
    }
}

/// The counted types, those with the most live values first.
///
/// ```
/// use lagom_profiler::heap::{self, Counted};
///
/// struct Task;
///
/// let tasks: Vec<Counted<Task>> = (0..3).map(|_| Counted::new(Task)).collect();
/// println!("{}", heap::instances());
/// # drop(tasks);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Instances(Vec<InstanceCount>);

impl Instances {
    /// A row for each type that was ever counted.
    ///
    /// ```
    /// let live: u64 = lagom_profiler::heap::instances().counts().iter().map(|count| count.live()).sum();
    /// assert_eq!(live, 0);
    /// ```
    #[must_use]
    pub fn counts(&self) -> &[InstanceCount] {
        &self.0
    }

    /// The first type of this name, with its path or without.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::instances().get("never::counted").is_none());
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&InstanceCount> {
        self.0.iter().find(|count| {
            let path = count.name.split('<').next().unwrap_or_default();
            count.name == name || path.rsplit("::").next() == Some(name)
        })
    }

    /// What there is more or less of than at an earlier moment; types without a change are left out.
    ///
    /// ```
    /// use lagom_profiler::heap::{self, Counted};
    ///
    /// let before = heap::instances();
    /// let kept = Counted::new(String::from("kept"));
    /// let growth = heap::instances().growth_since(&before);
    /// # #[cfg(feature = "enabled")]
    /// assert_eq!(growth.rows()[0].growth(), 1);
    /// # drop(kept);
    /// ```
    #[must_use]
    pub fn growth_since(&self, earlier: &Self) -> InstanceGrowth {
        let rows = self.0.iter().map(|now| {
            let then = earlier.0.iter().find(|then| (then.name, then.size) == (now.name, now.size));
            let then = then.map_or(0, |then| then.live);
            GrownType { name: now.name, live: now.live, growth: now.live.cast_signed() - then.cast_signed() }
        });
        InstanceGrowth::of(rows.collect())
    }
}

/// A table; types of which nothing is left are not in it.
impl fmt::Display for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<&InstanceCount> = self.0.iter().filter(|count| count.live > 0).collect();
        let width = width(rows.iter().map(|count| count.name), 3 * 8);
        write!(f, "{:<width$}{:>8}{:>8}{:>8}", "type", "live", "bytes", "created")?;
        for count in rows {
            let name = tail(&printable(count.name), width);
            write!(
                f,
                "\n{name:<width$}{:>8}{:>8}{:>8}",
                Count(count.live),
                Bytes(count.bytes()),
                Count(count.created)
            )?;
        }
        Ok(())
    }
}

/// One type of which there is more, or less, than before.
///
/// ```
/// use lagom_profiler::heap::{self, Counted};
///
/// struct Page;
///
/// let before = heap::instances();
/// let page = Counted::new(Page);
/// for row in heap::instances().growth_since(&before).rows() {
///     println!("{} {} {:+}", row.name(), row.live(), row.growth());
/// }
/// # drop(page);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct GrownType {
    pub(crate) name: &'static str,
    pub(crate) live: u64,
    pub(crate) growth: i64,
}

impl GrownType {
    /// The type with its path.
    ///
    /// ```
    /// # use lagom_profiler::heap::{self, Counted};
    /// let before = heap::instances();
    /// let kept = Counted::new(7_u8);
    /// let growth = heap::instances().growth_since(&before);
    /// assert!(growth.rows().iter().all(|row| row.name() == "u8"));
    /// # drop(kept);
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many there are now.
    ///
    /// ```
    /// # use lagom_profiler::heap::{self, Counted};
    /// let before = heap::instances();
    /// let kept = Counted::new(7_u8);
    /// let growth = heap::instances().growth_since(&before);
    /// assert!(growth.rows().iter().all(|row| row.live() == 1));
    /// # drop(kept);
    /// ```
    #[must_use]
    pub const fn live(&self) -> u64 {
        self.live
    }

    /// How many more than before; negative if there are less.
    ///
    /// ```
    /// # use lagom_profiler::heap::{self, Counted};
    /// let before = heap::instances();
    /// let kept = Counted::new(7_u8);
    /// let growth = heap::instances().growth_since(&before);
    /// assert!(growth.rows().iter().all(|row| row.growth() == 1));
    /// # drop(kept);
    /// ```
    #[must_use]
    pub const fn growth(&self) -> i64 {
        self.growth
    }
}

/// The types whose number of live values has changed, those that grew most first; from [`Instances::growth_since`].
///
/// ```
/// println!("{}", lagom_profiler::heap::instance_growth());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct InstanceGrowth(Vec<GrownType>);

impl InstanceGrowth {
    fn of(mut rows: Vec<GrownType>) -> Self {
        rows.retain(|row| row.growth != 0);
        rows.sort_by_key(|row| (Reverse(row.growth), row.name));
        Self(rows)
    }

    /// A row for each type.
    ///
    /// ```
    /// let now = lagom_profiler::heap::instances();
    /// assert!(now.growth_since(&now).rows().is_empty());
    /// ```
    #[must_use]
    pub fn rows(&self) -> &[GrownType] {
        &self.0
    }
}

impl fmt::Display for InstanceGrowth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = width(self.0.iter().map(|row| row.name), 8 + 12);
        write!(f, "{:<width$}{:>8}{:>12}", "type", "live", "growth")?;
        for row in &self.0 {
            let name = tail(&printable(row.name), width);
            write!(f, "\n{name:<width$}{:>8}{:>+12}", Count(row.live), row.growth)?;
        }
        Ok(())
    }
}

/// How wide the column of the names is beside others.
fn width<'a>(names: impl Iterator<Item = &'a str>, others: usize) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0).clamp(20, WIDTH - others)
}

/// The live values of each type that has a [`Counted`] or [`Counter`]; empty without the feature `enabled`.
///
/// Adds up the counts of all threads without a lock; what other threads make and drop meanwhile may be in it or not.
///
/// ```
/// println!("{}", lagom_profiler::heap::instances());
/// ```
#[must_use]
pub fn instances() -> Instances {
    let mut counts = engine::instances();
    counts.sort_by_key(|count| (Reverse(count.live), count.name));
    Instances(counts)
}

/// What has grown since the last call of this function, by whomever; since the start of the program at the first.
///
/// ```
/// use lagom_profiler::heap::{self, Counted};
///
/// struct Connection;
///
/// let _ = heap::instance_growth();
/// let leaked: Vec<Counted<Connection>> = (0..3).map(|_| Counted::new(Connection)).collect();
/// let growth = heap::instance_growth();
/// # #[cfg(feature = "enabled")]
/// assert_eq!((growth.rows()[0].live(), growth.rows()[0].growth()), (3, 3));
/// assert!(heap::instance_growth().rows().is_empty());
/// # drop(leaked);
/// ```
#[must_use]
pub fn instance_growth() -> InstanceGrowth {
    InstanceGrowth::of(engine::instance_growth())
}
