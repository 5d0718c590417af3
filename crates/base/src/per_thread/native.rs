//! The table of pointers.

use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::thread_index::{self, NEAR};

/// Rows of values, each twice as long as the one before: more than a system has threads.
const ROWS: usize = 24;
/// Values in the first row.
const FIRST_ROW: usize = 8;

/// A value for each thread that asked for one. A value stays when its thread ends, for the next thread with its number.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use lagom_base::per_thread::PerThread;
///
/// let counts: PerThread<AtomicU32> = PerThread::new();
/// assert!(counts.get().is_none());
/// counts.get_or_init(Default::default).unwrap().fetch_add(1, Relaxed);
/// assert_eq!(counts.get().unwrap().load(Relaxed), 1);
/// assert_eq!(counts.iter().count(), 1);
/// ```
#[derive(Debug)]
pub struct PerThread<T> {
    /// The values of the threads with [near](thread_index::near) numbers. One more place than there are such numbers: the
    /// last one stays null. Null, or what the rows hold.
    near: [AtomicPtr<T>; NEAR + 1],
    rows: [OnceLock<Box<[Slot<T>]>>; ROWS],
}

type Slot<T> = OnceLock<Box<T>>;

impl<T> PerThread<T> {
    /// No values yet; allocates nothing.
    pub const fn new() -> Self {
        Self { near: [const { AtomicPtr::new(ptr::null_mut()) }; NEAR + 1], rows: [const { OnceLock::new() }; ROWS] }
    }

    /// The value of the calling thread, if it has one: for a near thread one load.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: a near number is never beyond `NEAR`.
        let near = unsafe { self.near.get_unchecked(thread_index::near()) }.load(Ordering::Acquire);
        // SAFETY: null, or a pointer into a box that `self` keeps and never moves.
        match unsafe { near.as_ref() } {
            None => self.far(),
            near => near,
        }
    }

    #[cold]
    fn far(&self) -> Option<&T> {
        let index = thread_index::current();
        if index == thread_index::NONE {
            return None;
        }
        let (row, column) = place(index as usize);
        self.rows.get(row)?.get()?.get(column)?.get().map(|value| &**value)
    }

    /// The value of the calling thread, from `make` if it has none yet; `None` when the thread is ending.
    #[inline]
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> Option<&T> {
        match self.get() {
            None => self.init(make),
            own => own,
        }
    }

    #[cold]
    fn init(&self, make: impl FnOnce() -> T) -> Option<&T> {
        let (row, column) = place(thread_index::register()? as usize);
        let new_row = || (0..FIRST_ROW << row).map(|_| OnceLock::new()).collect();
        let value = &**self.rows[row].get_or_init(new_row)[column].get_or_init(|| Box::new(make()));
        if let Some(near) = self.near[..NEAR].get(thread_index::near()) {
            near.store(ptr::from_ref(value).cast_mut(), Ordering::Release);
        }
        Some(value)
    }

    /// The values of all threads, also of those that have ended.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let slots = self.rows.iter().filter_map(OnceLock::get).flat_map(|row| row.iter());
        slots.filter_map(OnceLock::get).map(|value| &**value)
    }

    /// Bytes that the table has allocated, without what the values own.
    pub fn allocated_bytes(&self) -> usize {
        let rows = self.rows.iter().filter_map(OnceLock::get);
        rows.map(|row| size_of_val::<[Slot<T>]>(row)).sum::<usize>() + self.iter().count() * size_of::<T>()
    }
}

impl<T> Default for PerThread<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a number is: rows begin at 0, 8, 24, 56, …
fn place(index: usize) -> (usize, usize) {
    let row = (index / FIRST_ROW + 1).ilog2() as usize;
    (row, index - FIRST_ROW * ((1 << row) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for index in 0..FIRST_ROW << 8 {
            assert_eq!(place(index), expected);
            expected.1 += 1;
            if expected.1 == FIRST_ROW << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
    }

    #[test]
    fn threads_near_and_far_have_values_of_their_own() {
        const THREADS: usize = 3 * NEAR;
        let (table, barrier) = (PerThread::<AtomicUsize>::new(), Barrier::new(THREADS));
        thread::scope(|scope| {
            for number in 0..THREADS {
                let (table, barrier) = (&table, &barrier);
                scope.spawn(move || {
                    assert!(table.get().is_none());
                    let own = table.get_or_init(|| AtomicUsize::new(number)).unwrap();
                    barrier.wait();
                    assert_eq!(own.load(Ordering::Relaxed), number);
                    assert!(ptr::eq(own, table.get().unwrap()));
                    assert!(ptr::eq(own, table.get_or_init(|| unreachable!()).unwrap()));
                });
            }
        });
        let mut numbers: Vec<_> = table.iter().map(|number| number.load(Ordering::Relaxed)).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..THREADS).collect::<Vec<_>>());
    }
}
