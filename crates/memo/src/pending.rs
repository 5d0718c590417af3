//! A computation in progress.

use core::hash::Hash;
use std::sync::Arc;

use lagom_base::expiry::Deadline;
use lagom_base::flight::Leader;

use crate::Memo;
use crate::key::Hashed;
use crate::state::Garbage;

/// The duty to end a flight, in the table and for those who wait. Dropped without [`land`](Self::land), it hands over to
/// one of them.
pub(crate) struct Pending<'a, K: Hash + Eq, V> {
    memo: &'a Memo<K, V>,
    key: Hashed<K>,
    /// `None` once the flight has ended.
    leader: Option<Leader<Arc<V>>>,
    deadline: Deadline,
}

impl<'a, K: Hash + Eq, V> Pending<'a, K, V> {
    pub(crate) fn new(memo: &'a Memo<K, V>, key: Hashed<K>, leader: Leader<Arc<V>>, deadline: Deadline) -> Self {
        Self { memo, key, leader: Some(leader), deadline }
    }

    /// Keeps the value, unless it is outdated, and gives it to all who wait for it.
    pub(crate) fn land(mut self, value: V) -> Arc<V> {
        let value = Arc::new(value);
        let now = self.memo.now();
        let leader = self.leader.take();
        let mut garbage = Garbage::new();
        {
            let mut state = self.memo.state().lock();
            if state.end_flight(&self.key) {
                self.memo.keep(&mut state, &self.key, &value, self.deadline, now, &mut garbage);
            }
        }
        // Only now: who asks between the two finds the value in the table.
        if let Some(leader) = leader {
            leader.land(Arc::clone(&value));
        }
        // Not at the end of the function, where a panic would leak the value.
        drop((garbage, self));
        value
    }
}

impl<K: Hash + Eq, V> Drop for Pending<'_, K, V> {
    fn drop(&mut self) {
        if let Some(leader) = self.leader.take() {
            self.memo.state().lock().end_flight(&self.key);
            // Only now: who was waiting looks into the table again, and must not find this flight.
            drop(leader);
        }
    }
}
