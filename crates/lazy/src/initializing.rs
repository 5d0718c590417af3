//! The initializations in progress, in a table of the process: a field need not have room for a lock of its own.

use core::ptr;
use std::sync::LazyLock;

use lagom_base::flight::{Flight, Leader};
use lagom_base::sync::{Arc, Mutex};

use crate::LazyField;

/// Which field: its address and size. It is borrowed, hence stays where it is, while it is being initialized; one that
/// lies in the value of another one may have the same address, but is smaller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    address: usize,
    size: usize,
}

impl Place {
    pub(crate) fn of<T>(field: &LazyField<T>) -> Self {
        Self { address: ptr::from_ref(field).addr(), size: size_of::<LazyField<T>>() }
    }

    fn shard(self) -> &'static Shard {
        // Neighbours go to different shards (multiplicative hashing; Knuth, TAOCP 3, 6.4).
        let hash = (self.address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &RUNNING[(hash >> 58) as usize % SHARDS]
    }
}

type Shard = Mutex<Vec<(Place, Arc<Flight<()>>)>>;

/// Enough that threads which fill fields of their own seldom meet; a power of two.
const SHARDS: usize = 64;

static RUNNING: LazyLock<[Shard; SHARDS]> = LazyLock::new(|| core::array::from_fn(|_| Mutex::new(Vec::new())));

pub(crate) enum Role {
    /// Somebody else initializes the field.
    Wait(Arc<Flight<()>>),
    /// The caller does, while it holds this.
    Lead(Initializing),
}

/// Who initializes the field at `place`: the caller, if nobody does.
pub(crate) fn join_or_lead(place: Place) -> Role {
    let mut running = place.shard().lock();
    if let Some((_, flight)) = running.iter().find(|(at, _)| *at == place) {
        return Role::Wait(Arc::clone(flight));
    }
    let leader = Flight::start();
    running.push((place, leader.flight()));
    Role::Lead(Initializing { place, _leader: leader })
}

/// The right to initialize a field; ends with its drop, whether there is a value then or not.
pub(crate) struct Initializing {
    place: Place,
    /// Wakes those who wait, after the entry in the table is gone: they look for the value, then for the next leader.
    _leader: Leader<()>,
}

impl Drop for Initializing {
    fn drop(&mut self) {
        self.place.shard().lock().retain(|(at, _)| *at != self.place);
    }
}
