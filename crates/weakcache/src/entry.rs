//! One block per entry: the value, and what its last handle needs to leave the table.

use lagom_base::sync::Arc;
use lagom_base::sync::atomic::{AtomicUsize, Ordering};

use crate::graveyard::{Closing, Opening};

/// Where an entry lives, without the key's type.
pub(crate) trait Home<V>: Send + Sync {
    /// Nobody seems to hold `entry` any more: take it off the table, unless a lookup was faster.
    fn bury(&self, entry: &Arc<Entry<V>>);
}

/// A value with the count of those who keep it alive.
pub(crate) struct Entry<V> {
    /// Handles of users, plus one while the entry is in the strong tier. The table does not count.
    ///
    /// It leaves 0 under the lock of the table only. Relaxed is enough: who decides on a 0 reads it under that lock,
    /// and the memory of the value is guarded by the count of the `Arc` around it.
    handles: AtomicUsize,
    hash: u64,
    home: std::sync::Arc<dyn Home<V>>,
    // The next three are dropped in this order.
    _opening: Opening,
    value: V,
    _closing: Closing,
}

impl<V> Entry<V> {
    /// An entry that one handle keeps alive.
    pub(crate) fn new(hash: u64, home: std::sync::Arc<dyn Home<V>>, value: V) -> Self {
        Self { handles: AtomicUsize::new(1), hash, home, _opening: Opening, value, _closing: Closing }
    }

    pub(crate) fn value(&self) -> &V {
        &self.value
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Keeps the entry alive once more. To be called by who holds it already, or under the lock of the table.
    pub(crate) fn hold(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one [`hold`](Self::hold) back; `true` if it was the last.
    pub(crate) fn release(&self) -> bool {
        self.handles.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// Exact under the lock of the table.
    pub(crate) fn is_held(&self) -> bool {
        self.handles.load(Ordering::Relaxed) > 0
    }

    /// Where the entry lives, or lived.
    pub(crate) fn home(&self) -> &dyn Home<V> {
        &*self.home
    }
}
