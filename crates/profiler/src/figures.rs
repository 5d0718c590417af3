//! Figures that others contribute: pools, caches, queues.

use std::borrow::Cow;
use std::fmt;

use crate::engine;
use crate::format::{Figure, WIDTH, printable, tail};

/// Lets `figures` be asked whenever a report is made; dropping the returned [`Registration`] ends that.
///
/// The closure yields named figures. It is called without a lock held, by whichever thread asks, perhaps by several at
/// once, and may itself register or ask. If it panics, its set is empty. Names need not be unique.
///
/// ```
/// # use lagom_profiler as profiler;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// static HITS: AtomicU64 = AtomicU64::new(3);
///
/// let registration = profiler::register("cache", || [("hits", HITS.load(Ordering::Relaxed) as f64)]);
/// # #[cfg(feature = "enabled")]
/// assert_eq!(profiler::figures().get("cache", "hits"), Some(3.0));
/// drop(registration);
/// assert_eq!(profiler::figures().get("cache", "hits"), None);
/// ```
pub fn register<F, I>(name: impl Into<String>, figures: F) -> Registration
where
    F: Fn() -> I + Send + Sync + 'static,
    I: IntoIterator<Item = (&'static str, f64)>,
{
    Registration { _inner: engine::register(name.into(), figures) }
}

/// Asks every registered closure, in the order of registration.
///
/// ```
/// for set in lagom_profiler::figures().iter() {
///     println!("{set}");
/// }
/// ```
#[must_use]
pub fn figures() -> Figures {
    Figures(engine::figures())
}

/// Keeps a closure registered; made by [`register`].
///
/// ```
/// let registration = lagom_profiler::register("queue", || [("length", 0.0)]);
/// drop(registration); // no longer asked
/// ```
#[derive(Debug)]
#[must_use = "dropping it ends the registration"]
pub struct Registration {
    _inner: engine::Registration,
}

/// What all registered closures answered, from [`figures`].
///
/// ```
/// assert!(lagom_profiler::Figures::default().is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Figures(pub(crate) Vec<FigureSet>);

impl Figures {
    /// One set per registration.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Figures::default().iter().count(), 0);
    /// ```
    pub fn iter(&self) -> std::slice::Iter<'_, FigureSet> {
        self.0.iter()
    }

    /// The number of sets.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Figures::default().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is registered.
    ///
    /// ```
    /// assert!(lagom_profiler::Figures::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One figure of the first set with that name that has it.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Figures::default().get("cache", "hits"), None);
    /// ```
    #[must_use]
    pub fn get(&self, set: &str, figure: &str) -> Option<f64> {
        self.iter().filter(|found| found.name == set).find_map(|found| found.get(figure))
    }
}

impl<'a> IntoIterator for &'a Figures {
    type Item = &'a FigureSet;
    type IntoIter = std::slice::Iter<'a, FigureSet>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A line per set, or some if it is long.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, set) in self.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            write!(f, "{set}")?;
        }
        Ok(())
    }
}

/// What one registered closure answered.
///
/// ```
/// let _registration = lagom_profiler::register("pool", || [("reused", 9.0)]);
/// for set in &lagom_profiler::figures() {
///     assert_eq!((set.name(), set.get("reused")), ("pool", Some(9.0)));
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FigureSet {
    pub(crate) name: String,
    #[cfg_attr(feature = "serde", serde(with = "as_map"))]
    pub(crate) values: Vec<(Cow<'static, str>, f64)>,
}

impl FigureSet {
    /// The name it was registered under.
    ///
    /// ```
    /// # let _registration = lagom_profiler::register("pool", || [("reused", 9.0)]);
    /// assert!(lagom_profiler::figures().iter().all(|set| !set.name().is_empty()));
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The figures, as the closure gave them.
    ///
    /// ```
    /// # let _registration = lagom_profiler::register("pool", || [("reused", 9.0)]);
    /// assert!(lagom_profiler::figures().iter().all(|set| set.values().len() == 1));
    /// ```
    pub fn values(&self) -> impl ExactSizeIterator<Item = (&str, f64)> {
        self.values.iter().map(|(name, value)| (&**name, *value))
    }

    /// The first figure with that name.
    ///
    /// ```
    /// # let _registration = lagom_profiler::register("pool", || [("reused", 9.0)]);
    /// assert!(lagom_profiler::figures().iter().all(|set| set.get("unknown").is_none()));
    /// ```
    #[must_use]
    pub fn get(&self, figure: &str) -> Option<f64> {
        self.values.iter().find(|(name, _)| *name == figure).map(|(_, value)| *value)
    }
}

/// `pool: reused 9, hit_ratio 0.875`; more than 100 columns go on in further lines, indented by two.
impl fmt::Display for FigureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const INDENT: usize = 2;
        // The colon, and behind a figure its comma.
        let name = tail(&printable(&self.name), WIDTH - 1);
        write!(f, "{name}:")?;
        let mut column = name.chars().count() + 1;
        for (place, (name, value)) in self.values.iter().enumerate() {
            let comma = if place + 1 < self.values.len() { "," } else { "" };
            let value = format!(" {}{comma}", Figure(*value));
            let name = tail(&printable(name), WIDTH - INDENT - value.len());
            let width = name.chars().count() + value.len();
            if column + 1 + width > WIDTH {
                write!(f, "\n{:INDENT$}{name}{value}", "")?;
                column = INDENT + width;
            } else {
                write!(f, " {name}{value}")?;
                column += 1 + width;
            }
        }
        Ok(())
    }
}

/// As a map, in which the figures keep their order.
#[cfg(feature = "serde")]
mod as_map {
    use std::borrow::Cow;
    use std::fmt;

    use serde::de::{Deserializer, MapAccess, Visitor};
    use serde::ser::Serializer;

    type Values = Vec<(Cow<'static, str>, f64)>;

    pub(super) fn serialize<S: Serializer>(values: &Values, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(values.iter().map(|(name, value)| (name, value)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from names to numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
                let mut values = Values::new();
                // A figure that is not finite has no number in JSON.
                while let Some((name, value)) = map.next_entry::<String, Option<f64>>()? {
                    values.push((name.into(), value.unwrap_or(f64::NAN)));
                }
                Ok(values)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, values: Vec<(&'static str, f64)>) -> String {
        let values = values.into_iter().map(|(name, value)| (name.into(), value)).collect();
        FigureSet { name: name.into(), values }.to_string()
    }

    #[test]
    fn no_line_is_longer_than_a_hundred_columns() {
        const LONG: &str =
            "figure_with_a_name_that_is_longer_than_any_line_of_a_report_may_be_which_somebody_is_sure_to_try_one_day";
        let forty = set("cache", (0..40).map(|place| ("hits_in_some_shard", 1e300 / f64::from(place))).collect());
        let long = set(LONG, vec![(LONG, 0.5), ("x", 1.0), (LONG, f64::MIN)]);
        for line in forty.lines().chain(long.lines()) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        assert!(forty.lines().count() < 20 && forty.matches("hits_in_some_shard").count() == 40, "{forty}");
        assert_eq!(long.lines().count(), 4, "{long}");
        assert_eq!(set("pool", vec![("reused", 9.0), ("hit_ratio", 0.875)]), "pool: reused 9, hit_ratio 0.875");
        assert_eq!(set("empty", Vec::new()), "empty:");
    }

    #[test]
    fn a_line_is_filled_to_its_last_column() {
        let exact = set("nnn", (0..14).map(|_| ("abcd", 0.0)).collect());
        assert_eq!(exact.lines().map(|line| line.chars().count()).collect::<Vec<_>>(), [100, 16]);
    }

    #[test]
    fn names_stay_in_their_line() {
        assert_eq!(set("a\nb", vec![("c\r", 1.0)]), "a\\nb: c\\r 1");
    }
}
