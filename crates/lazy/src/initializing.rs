//! The initializations in progress, in a table of the process: a field need not have room for a lock of its own.

use std::sync::LazyLock;

use lagom_base::flight::{Flight, Leader};
use lagom_base::sync::{Arc, Mutex};

/// By the address of the field, which is borrowed, hence stays where it is, while it is being initialized.
type Shard = Mutex<Vec<(usize, Arc<Flight<()>>)>>;

/// Enough that threads which fill fields of their own seldom meet; a power of two.
const SHARDS: usize = 64;

static RUNNING: LazyLock<[Shard; SHARDS]> = LazyLock::new(|| core::array::from_fn(|_| Mutex::new(Vec::new())));

fn shard(address: usize) -> &'static Shard {
    // Neighbours go to different shards (multiplicative hashing; Knuth, TAOCP 3, 6.4).
    let hash = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    &RUNNING[(hash >> 58) as usize % SHARDS]
}

pub(crate) enum Role {
    /// Somebody else initializes the field.
    Wait(Arc<Flight<()>>),
    /// The caller does, while it holds this.
    Lead(Initializing),
}

/// Who initializes the field at `address`: the caller, if nobody does.
pub(crate) fn join_or_lead(address: usize) -> Role {
    let mut running = shard(address).lock();
    if let Some((_, flight)) = running.iter().find(|(at, _)| *at == address) {
        return Role::Wait(Arc::clone(flight));
    }
    let leader = Flight::start();
    running.push((address, leader.flight()));
    Role::Lead(Initializing { address, _leader: leader })
}

/// The right to initialize a field; ends with its drop, whether there is a value then or not.
pub(crate) struct Initializing {
    address: usize,
    /// Wakes those who wait, after the entry in the table is gone: they look for the value, then for the next leader.
    _leader: Leader<()>,
}

impl Drop for Initializing {
    fn drop(&mut self) {
        shard(self.address).lock().retain(|(at, _)| *at != self.address);
    }
}
