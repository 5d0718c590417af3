//! The same elements in different containers, side by side.

use std::collections::{BTreeSet, BinaryHeap, HashSet, LinkedList, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::hint::black_box;
use std::time::{Duration, Instant};

use super::{Measured, measure_value, size::HeapSize};
use crate::format::{Bytes, Count, Mean, Time, WIDTH, printable, tail};

/// How often each is built; the shortest time counts.
const BUILDS: u32 = 3;

/// What the same elements take in different containers.
///
/// A container is built from the elements, measured by [`HeapSize`] and dropped; building is timed, the least of three times.
///
/// ```
/// use std::collections::{BTreeMap, HashMap};
/// use lagom_profiler::heap::ContainerComparison;
///
/// let words: Vec<String> = (0..100).map(|n| format!("word {n}")).collect();
/// let mut comparison = ContainerComparison::of(&words);
/// comparison
///     .add("HashMap", |words| words.iter().cloned().zip(0_u32..).collect::<HashMap<_, _>>())
///     .add("BTreeMap", |words| words.iter().cloned().zip(0_u32..).collect::<BTreeMap<_, _>>());
/// println!("{comparison}");
/// assert!(comparison.rows()[0].overhead() > 0);
/// ```
#[derive(Clone, Debug)]
pub struct ContainerComparison<'e, T> {
    elements: &'e [T],
    payload: usize,
    rows: Vec<ContainerRow>,
}

impl<'e, T: HeapSize> ContainerComparison<'e, T> {
    /// A comparison for these elements, without containers yet.
    ///
    /// ```
    /// let comparison = lagom_profiler::heap::ContainerComparison::of(&[1_u64, 2, 3]);
    /// assert_eq!(comparison.payload(), 24);
    /// ```
    #[must_use]
    pub fn of(elements: &'e [T]) -> Self {
        Self { elements, payload: elements.total_size(), rows: Vec::new() }
    }

    /// Adds a container, built from the elements.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// let mut comparison = ContainerComparison::of(&[1_u64, 2, 3]);
    /// comparison.add("Box<[u64]>", |elements| Box::<[u64]>::from(elements));
    /// assert_eq!(comparison.rows()[0].amount().bytes(), 24);
    /// ```
    pub fn add<C: HeapSize>(&mut self, name: &str, build: impl Fn(&'e [T]) -> C) -> &mut Self {
        let mut shortest = Duration::MAX;
        let mut measured = Measured::default();
        for _ in 0..BUILDS {
            let start = Instant::now();
            let container = black_box(build(black_box(self.elements)));
            shortest = shortest.min(start.elapsed());
            measured = measure_value(&container);
        }
        self.push(name, size_of::<C>(), measured, Some(shortest))
    }

    /// Adds a container that is there already; nothing is timed.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// let elements = [1_u64, 2, 3];
    /// let mut roomy = Vec::with_capacity(10);
    /// roomy.extend(elements);
    /// let mut comparison = ContainerComparison::of(&elements);
    /// comparison.add_built("Vec", &roomy);
    /// assert_eq!(comparison.rows()[0].amount().bytes(), 80);
    /// ```
    pub fn add_built<C: HeapSize + ?Sized>(&mut self, name: &str, container: &C) -> &mut Self {
        self.push(name, size_of_val(container), measure_value(container), None)
    }

    fn push(&mut self, name: &str, size: usize, measured: Measured, build: Option<Duration>) -> &mut Self {
        let (elements, payload) = (self.elements.len(), self.payload);
        self.rows.push(ContainerRow { name: name.to_owned(), size, measured, elements, payload, build });
        self
    }

    /// Bytes of the elements themselves with what each owns: what no container can do without, unless it drops duplicates.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// assert_eq!(ContainerComparison::of(&["abc".to_owned()]).payload(), size_of::<String>() + 3);
    /// ```
    #[must_use]
    pub const fn payload(&self) -> usize {
        self.payload
    }

    /// A row for each container, in the order they were added.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::ContainerComparison::of(&[1, 2]).rows().is_empty());
    /// ```
    #[must_use]
    pub fn rows(&self) -> &[ContainerRow] {
        &self.rows
    }
}

impl<T: HeapSize + Clone + Ord + Hash> ContainerComparison<'_, T> {
    /// Adds the collections of std: `Vec`, `Box<[T]>`, `VecDeque`, `BinaryHeap`, `HashSet`, `BTreeSet`, `LinkedList`.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// let elements: Vec<u32> = (0..1_000).collect();
    /// let mut comparison = ContainerComparison::of(&elements);
    /// println!("{}", comparison.add_std());
    /// assert_eq!(comparison.rows()[0].amount().bytes(), 4_000);
    /// ```
    pub fn add_std(&mut self) -> &mut Self {
        self.add("Vec", |elements| elements.to_vec())
            .add("Box<[T]>", Box::<[T]>::from)
            .add("VecDeque", |elements| elements.iter().cloned().collect::<VecDeque<T>>())
            .add("BinaryHeap", |elements| elements.iter().cloned().collect::<BinaryHeap<T>>())
            .add("HashSet", |elements| elements.iter().cloned().collect::<HashSet<T>>())
            .add("BTreeSet", |elements| elements.iter().cloned().collect::<BTreeSet<T>>())
            .add("LinkedList", |elements| elements.iter().cloned().collect::<LinkedList<T>>())
    }
}

impl<T: HeapSize> fmt::Display for ContainerComparison<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        let width = longest.clamp(12, WIDTH - 46);
        let elements = self.elements.len() as u64;
        writeln!(f, "{} elements, payload {}", Count(elements), Bytes(self.payload as u64))?;
        write!(
            f,
            "{:<width$}{:>8}{:>8}{:>10}{:>10}{:>10}",
            "container", "bytes", "blocks", "bytes/el.", "overhead", "build"
        )?;
        for row in &self.rows {
            write!(
                f,
                "\n{:<width$}{:>8}{:>8}{:>10}{:>+9.1}%",
                tail(&printable(&row.name), width),
                Bytes(row.total_size() as u64),
                Count(row.amount().blocks()),
                Mean(row.bytes_per_element()),
                100.0 * row.overhead() as f64 / self.payload.max(1) as f64
            )?;
            if let Some(build) = row.build {
                write!(f, "{:>10}", Time::from(build))?;
            }
        }
        Ok(())
    }
}

/// One container of a [`ContainerComparison`].
///
/// ```
/// use lagom_profiler::heap::ContainerComparison;
///
/// let mut comparison = ContainerComparison::of(&[1_u64; 100]);
/// let row = &comparison.add("Vec", |elements| elements.to_vec()).rows()[0];
/// assert_eq!((row.name(), row.amount().blocks(), row.overhead()), ("Vec", 1, size_of::<Vec<u64>>() as i64));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ContainerRow {
    name: String,
    size: usize,
    measured: Measured,
    elements: usize,
    payload: usize,
    build: Option<Duration>,
}

impl ContainerRow {
    /// Its name.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// let mut comparison = ContainerComparison::of(&[1_u32, 2]);
    /// let row = &comparison.add("Vec", |elements| elements.to_vec()).rows()[0];
    /// assert_eq!(row.name(), "Vec");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it and its elements have on the heap.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// let mut comparison = ContainerComparison::of(&[1_u32, 2]);
    /// let row = &comparison.add("Vec", |elements| elements.to_vec()).rows()[0];
    /// assert_eq!(row.amount().bytes(), 8);
    /// ```
    #[must_use]
    pub const fn amount(&self) -> super::Amount {
        self.measured.amount()
    }

    /// Bytes of the container itself and of all on the heap.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// let mut comparison = ContainerComparison::of(&[1_u32, 2]);
    /// let row = &comparison.add("Vec", |elements| elements.to_vec()).rows()[0];
    /// assert_eq!(row.total_size(), size_of::<Vec<u32>>() + 8);
    /// ```
    #[must_use]
    pub const fn total_size(&self) -> usize {
        self.size + self.measured.amount().bytes() as usize
    }

    /// Those bytes by the number of elements; 0 without elements.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// let mut comparison = ContainerComparison::of(&[1_u32, 2]);
    /// let row = &comparison.add("Vec", |elements| elements.to_vec()).rows()[0];
    /// assert_eq!(row.bytes_per_element(), (size_of::<Vec<u32>>() + 8) as f64 / 2.0);
    /// ```
    #[must_use]
    pub fn bytes_per_element(&self) -> f64 {
        if self.elements == 0 { 0.0 } else { self.total_size() as f64 / self.elements as f64 }
    }

    /// Bytes more than the elements have themselves; negative if the container keeps less than them, like a set of duplicates.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// let mut comparison = ContainerComparison::of(&[1_u32, 2]);
    /// let row = &comparison.add("Vec", |elements| elements.to_vec()).rows()[0];
    /// assert_eq!(row.overhead(), size_of::<Vec<u32>>() as i64);
    /// ```
    #[must_use]
    pub const fn overhead(&self) -> i64 {
        self.total_size() as i64 - self.payload as i64
    }

    /// The shortest time to build it, if it was built here.
    ///
    /// ```
    /// use lagom_profiler::heap::ContainerComparison;
    ///
    /// let mut comparison = ContainerComparison::of(&[1_u32, 2]);
    /// let row = &comparison.add("Vec", |elements| elements.to_vec()).rows()[0];
    /// assert!(row.build().is_some());
    /// ```
    #[must_use]
    pub const fn build(&self) -> Option<Duration> {
        self.build
    }
}
