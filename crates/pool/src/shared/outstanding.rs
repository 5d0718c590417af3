//! Which objects are out, and where they were acquired.

use std::fmt;
use std::panic::Location;

#[cfg(debug_assertions)]
use std::sync::{Arc, Weak};

#[cfg(debug_assertions)]
use lagom_base::sync::Mutex;

/// The objects of a [`Pool`](crate::Pool) that are in use, from [`Pool::outstanding`](crate::Pool::outstanding): to
/// find the guard that is never returned.
///
/// In debug builds (of this crate: where `debug_assertions` are on) it knows where each of them was acquired; otherwise
/// only how many there are. Displays as a list, the place that holds most first.
///
/// ```
/// use lagom_pool::Pool;
///
/// let pool = Pool::new(String::new);
/// let _held = pool.acquire();
/// std::mem::forget(pool.acquire());
/// let outstanding = pool.outstanding();
/// assert_eq!(outstanding.in_use(), 2);
/// println!("{outstanding}"); // 2 in use: 1 acquired at src/main.rs:4:13, 1 acquired at src/main.rs:5:18
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outstanding {
    pub(crate) in_use: usize,
    pub(crate) places: Vec<(&'static Location<'static>, usize)>,
}

impl Outstanding {
    /// How many objects are in use: guards that live, or were forgotten.
    ///
    /// ```
    /// let pool = lagom_pool::Pool::new(String::new);
    /// let guard = pool.acquire();
    /// assert_eq!(pool.outstanding().in_use(), 1);
    /// # drop(guard);
    /// ```
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.in_use
    }

    /// Where they were acquired, and how many at each place, most first. Empty without `debug_assertions`; an object
    /// that is just coming or going may be missing.
    ///
    /// ```
    /// let pool = lagom_pool::Pool::new(String::new);
    /// let guard = pool.acquire();
    /// for (place, objects) in pool.outstanding().places() {
    ///     println!("{objects} from line {}", place.line());
    /// }
    /// # drop(guard);
    /// ```
    #[must_use]
    pub fn places(&self) -> &[(&'static Location<'static>, usize)] {
        &self.places
    }
}

impl fmt::Display for Outstanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in use", self.in_use)?;
        for (i, (place, objects)) in self.places.iter().enumerate() {
            write!(f, "{} {objects} acquired at {place}", if i == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

/// Where an object was acquired, while it is out. Nothing at all without `debug_assertions`.
#[derive(Default)]
pub(crate) struct Whereabouts(#[cfg(debug_assertions)] Arc<Mutex<Option<Out>>>);

/// The whereabouts of all objects of a pool.
#[derive(Default)]
pub(crate) struct Register(#[cfg(debug_assertions)] Vec<Weak<Mutex<Option<Out>>>>);

#[cfg(debug_assertions)]
#[derive(Clone, Copy)]
struct Out {
    place: &'static Location<'static>,
    owned: bool,
}

#[cfg(debug_assertions)]
impl Whereabouts {
    /// The object goes out.
    pub(crate) fn set_out(&self, place: &'static Location<'static>, owned: bool) {
        *self.0.lock() = Some(Out { place, owned });
    }

    /// The object came back.
    pub(crate) fn set_back(&self) {
        *self.0.lock() = None;
    }
}

#[cfg(not(debug_assertions))]
impl Whereabouts {
    #[inline]
    #[expect(clippy::unused_self, reason = "its twin knows something")]
    pub(crate) fn set_out(&self, _: &'static Location<'static>, _: bool) {}

    #[inline]
    #[expect(clippy::unused_self, reason = "its twin knows something")]
    pub(crate) fn set_back(&self) {}
}

#[cfg(debug_assertions)]
impl Register {
    /// Whereabouts that the register will know. Amortized, it forgets those that are gone.
    pub(crate) fn add(&mut self) -> Whereabouts {
        if self.0.len() == self.0.capacity() {
            self.0.retain(|known| known.strong_count() > 0);
        }
        let whereabouts = Whereabouts::default();
        self.0.push(Arc::downgrade(&whereabouts.0));
        whereabouts
    }

    pub(crate) fn places(&self) -> Vec<(&'static Location<'static>, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for known in self.0.iter().filter_map(Weak::upgrade) {
            if let Some(out) = *known.lock() {
                *counts.entry(out.place).or_insert(0) += 1;
            }
        }
        let mut places: Vec<_> = counts.into_iter().collect();
        places.sort_by_key(|&(_, objects)| std::cmp::Reverse(objects));
        places
    }

    /// Objects that are out behind borrowed guards will not come back.
    pub(crate) fn write_off(&self) {
        for known in self.0.iter().filter_map(Weak::upgrade) {
            let mut out = known.lock();
            *out = out.filter(|out| out.owned);
        }
    }
}

#[cfg(not(debug_assertions))]
impl Register {
    #[expect(clippy::unused_self, reason = "its twin knows something")]
    pub(crate) fn add(&mut self) -> Whereabouts {
        Whereabouts::default()
    }

    #[expect(clippy::unused_self, reason = "its twin knows something")]
    pub(crate) fn places(&self) -> Vec<(&'static Location<'static>, usize)> {
        Vec::new()
    }

    #[expect(clippy::unused_self, reason = "its twin knows something")]
    pub(crate) fn write_off(&self) {}
}
