//! What a cache was asked for.

use core::time::Duration;

use lagom_base::clock::Clock;

use crate::shared::builder::Eviction;
use crate::stats::Unit;

/// Weighs an entry, or says how long it is fresh.
pub(super) type Of<K, V, R> = Box<dyn Fn(&K, &V) -> R + Send + Sync>;

pub(crate) struct Settings<K, V> {
    /// What the strong tier may weigh.
    pub(super) capacity: u64,
    pub(super) eviction: Eviction,
    pub(super) shards: Option<usize>,
    pub(super) weigher: Option<Of<K, V, u64>>,
    /// Whether the capacity is bytes, so that what an entry takes of the cache's own memory is added to its weight.
    pub(super) bytes: bool,
    pub(super) on_death: Option<Of<K, V, ()>>,
    pub(super) ttl: Option<Duration>,
    pub(super) tti: Option<Duration>,
    pub(super) expiry: Option<Of<K, V, Duration>>,
    pub(super) clock: Clock,
    pub(super) time_loads: bool,
}

impl<K, V> Settings<K, V> {
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            eviction: Eviction::Adaptive,
            shards: None,
            weigher: None,
            bytes: false,
            on_death: None,
            ttl: None,
            tti: None,
            expiry: None,
            clock: Clock::SYSTEM,
            time_loads: false,
        }
    }

    /// Whether entries expire.
    pub(super) fn expires(&self) -> bool {
        self.ttl.is_some() || self.tti.is_some() || self.expiry.is_some()
    }

    /// What the capacity is counted in.
    pub(super) fn unit(&self) -> Unit {
        if self.bytes {
            Unit::Bytes
        } else if self.weigher.is_some() {
            Unit::Weight
        } else {
            Unit::Entries
        }
    }

    /// Whether entries weigh differently.
    pub(super) fn weighs(&self) -> bool {
        self.weigher.is_some() || self.bytes
    }
}
