//! The closures that others registered.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::contain::contain;
use super::fork::{self, Around, Lock};
use crate::figures::FigureSet;

type Ask = dyn Fn() -> Vec<(&'static str, f64)> + Send + Sync;

#[derive(Clone)]
struct Entry {
    key: u64,
    name: Arc<str>,
    ask: Arc<Ask>,
}

static ENTRIES: Lock<Vec<Entry>> = Lock::new(Vec::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

pub(crate) struct Registration {
    key: u64,
    name: Arc<str>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registration").field(&self.name).finish()
    }
}

pub(crate) fn register<I>(name: String, ask: impl Fn() -> I + Send + Sync + 'static) -> Registration
where
    I: IntoIterator<Item = (&'static str, f64)>,
{
    let key = NEXT.fetch_add(1, Ordering::Relaxed);
    let name: Arc<str> = name.into();
    let entry = Entry { key, name: Arc::clone(&name), ask: Arc::new(move || ask().into_iter().collect()) };
    fork::survive();
    ENTRIES.lock().push(entry);
    Registration { key, name }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let entry = {
            let mut entries = ENTRIES.lock();
            entries.iter().position(|entry| entry.key == self.key).map(|place| entries.remove(place))
        };
        // Outside the lock: what the closure captured may do anything when it drops.
        drop(entry);
    }
}

pub(super) fn around_fork(around: Around) {
    around.meet(&ENTRIES);
}

pub(crate) fn figures() -> Vec<FigureSet> {
    let entries = ENTRIES.lock().clone();
    entries
        .iter()
        .map(|entry| FigureSet {
            name: entry.name.to_string(),
            // A report must not die of one closure's bug.
            values: contain(|| (entry.ask)())
                .unwrap_or_default()
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        })
        .collect()
}

/// One registered figure by its name, `set/figure`, of the first set that has it. Only sets of that name are asked.
pub(crate) fn figure(name: &str) -> Option<f64> {
    let of_set = |set: &Entry| name.strip_prefix(&*set.name).and_then(|rest| rest.strip_prefix('/')).is_some();
    let entries: Vec<Entry> = ENTRIES.lock().iter().filter(|set| of_set(set)).cloned().collect();
    entries.iter().find_map(|entry| {
        let figure = &name[entry.name.len() + 1..];
        let values = contain(|| (entry.ask)())?;
        values.into_iter().find_map(|(name, value)| (name == figure).then_some(value))
    })
}
