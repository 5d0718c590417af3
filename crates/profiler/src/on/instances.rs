//! The live values of each type: its counts are found by a load from a fixed place and a comparison, for as many types as
//! there are.

use std::any::{self, TypeId};
use std::hash::{Hash, Hasher};
use std::iter;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use lagom_base::thread_index::{self, NEAR};

use crate::heap::{GrownType, InstanceCount};

/// Lists of types, by the hash of the type.
static LISTS: [List; 256] = [const { List::new() }; 256];

/// The next type of a list, or where it will be.
type List = OnceLock<&'static Kind>;

/// One type.
struct Kind {
    id: TypeId,
    name: &'static str,
    size: usize,
    /// One for each near thread, which alone writes to it, and one for all others.
    counts: [Counts; NEAR + 1],
    /// Live values when somebody looked last.
    looked: AtomicU64,
    next: List,
}

/// On a cache line that no other thread writes to.
#[derive(Default)]
#[repr(align(64))]
struct Counts {
    created: AtomicU64,
    dropped: AtomicU64,
}

/// A `TypeId` is a hash already, and known when the program is compiled: this comes to a constant.
#[derive(Default)]
struct Place(u64);

impl Hasher for Place {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(0x100_0000_01B3) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Kind {
    #[inline]
    fn of<T: 'static>() -> &'static Self {
        let id = TypeId::of::<T>();
        let mut place = Place::default();
        id.hash(&mut place);
        let first = &LISTS[place.finish() as usize % LISTS.len()];
        match first.get() {
            Some(kind) if kind.id == id => kind,
            _ => Self::find(first, id, any::type_name::<T>(), size_of::<T>()),
        }
    }

    #[cold]
    fn find(mut list: &'static List, id: TypeId, name: &'static str, size: usize) -> &'static Self {
        let new = || {
            let counts = [const { Counts { created: AtomicU64::new(0), dropped: AtomicU64::new(0) } }; NEAR + 1];
            &*Box::leak(Box::new(Self { id, name, size, counts, looked: AtomicU64::new(0), next: List::new() }))
        };
        loop {
            let kind = list.get_or_init(new);
            if kind.id == id {
                return kind;
            }
            list = &kind.next;
        }
    }

    /// Live values, and all there ever were.
    fn live(&self) -> (u64, u64) {
        // In this order: whatever is seen as dropped is seen as created, too.
        let dropped: u64 = self.counts.iter().map(|counts| counts.dropped.load(Ordering::Acquire)).sum();
        let created = self.counts.iter().map(|counts| counts.created.load(Ordering::Relaxed)).sum();
        (created - dropped, created)
    }
}

/// One more by this thread, of the count that `which` takes out of its own.
#[inline]
fn count(kind: &'static Kind, which: impl Fn(&Counts) -> &AtomicU64) {
    let near = match thread_index::near() {
        NEAR => register(),
        near => near,
    };
    let count = which(&kind.counts[near]);
    if near == NEAR {
        count.fetch_add(1, Ordering::Release);
    } else {
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

#[cold]
fn register() -> usize {
    let _ = thread_index::register();
    thread_index::near()
}

/// A value of the type was made.
#[inline]
pub(crate) fn instance_created<T: 'static>() {
    count(Kind::of::<T>(), |counts| &counts.created);
}

/// A value of the type is gone.
#[inline]
pub(crate) fn instance_dropped<T: 'static>() {
    count(Kind::of::<T>(), |counts| &counts.dropped);
}

/// Every type that was counted so far.
fn all() -> impl Iterator<Item = &'static Kind> {
    LISTS.iter().flat_map(|list| iter::successors(list.get().copied(), |kind| kind.next.get().copied()))
}

pub(crate) fn instances() -> Vec<InstanceCount> {
    let rows = all().map(|kind| {
        let (live, created) = kind.live();
        InstanceCount { name: kind.name, size: kind.size, live, created }
    });
    rows.collect()
}

/// What has changed since this function was called before.
pub(crate) fn instance_growth() -> Vec<GrownType> {
    let rows = all().map(|kind| {
        let (live, _) = kind.live();
        let before = kind.looked.swap(live, Ordering::Relaxed);
        GrownType { name: kind.name, live, growth: live.cast_signed() - before.cast_signed() }
    });
    rows.collect()
}
