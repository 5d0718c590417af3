//! A list with a byte budget.

use core::fmt;
use core::mem;
use std::collections::VecDeque;

use super::error::TooHeavy;

/// The part of the limit that one chunk of items takes at most, where items are small enough.
const CHUNKS: usize = 16;
/// Items of a chunk at most.
const MOST_ITEMS: usize = 64;

struct Item<T> {
    value: T,
    /// What it owns outside of itself.
    bytes: usize,
}

/// A list that never takes more than `max_bytes` of memory: it lets go of its oldest items before it takes a new one.
///
/// What counts, at every instant: the chunks in which the items lie (up to 64 items each, and a sixteenth of the limit, or
/// one item if that is more; an item takes its own size and 8 bytes), the list of chunks, and what the `weigher` says that
/// items own besides. What the allocator adds to a block does not. An item is weighed once, when it comes in. The memory of a
/// chunk is given back with its last item: so more items than one may have to leave for a new chunk.
///
/// ```
/// use lagom_weakcache::MemoryLimitedList;
///
/// let mut lines = MemoryLimitedList::new(10_000, |line: &String| line.capacity());
/// for n in 0..1_000 {
///     lines.push(format!("{n:.>100}")).unwrap();
///     assert!(lines.memory_usage() <= 10_000);
/// }
/// assert!(lines.len() > 50 && lines.len() < 80);
/// assert!(lines.newest().unwrap().ends_with("999"));
/// ```
pub struct MemoryLimitedList<T> {
    /// The oldest items are in the first. None is empty.
    chunks: VecDeque<VecDeque<Item<T>>>,
    len: usize,
    /// What all items own outside of themselves.
    bytes: usize,
    max_bytes: usize,
    weigher: fn(&T) -> usize,
}

impl<T> MemoryLimitedList<T> {
    /// An empty list that may take `max_bytes` of memory. `weigher` says how many bytes an item owns outside of itself: 0 for
    /// an integer, [`capacity`](String::capacity) for a `String`. Allocates nothing.
    ///
    /// With a `max_bytes` of 0 everything is refused; `usize::MAX` is no limit.
    ///
    /// ```
    /// use lagom_weakcache::MemoryLimitedList;
    ///
    /// let mut list = MemoryLimitedList::new(100 * 1024 * 1024, |bytes: &Vec<u8>| bytes.capacity());
    /// list.push(vec![0; 1000])?;
    /// assert!(list.memory_usage() > 1000);
    /// # Ok::<(), lagom_weakcache::TooHeavy<Vec<u8>>>(())
    /// ```
    #[must_use]
    pub const fn new(max_bytes: usize, weigher: fn(&T) -> usize) -> Self {
        Self { chunks: VecDeque::new(), len: 0, bytes: 0, max_bytes, weigher }
    }

    /// Adds an item; lets go of the oldest if that takes it.
    ///
    /// # Errors
    ///
    /// Gives it back if it is heavier than the limit by itself. Then nothing has changed.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// let mut list = MemoryLimitedList::new(1_000, |text: &String| text.capacity());
    /// list.push("x".repeat(500)).unwrap();
    /// list.push("y".repeat(700)).unwrap();
    /// assert_eq!(list.len(), 1);
    /// let refused = list.push("z".repeat(1_000)).unwrap_err();
    /// assert_eq!(refused.into_inner().len(), 1_000);
    /// ```
    pub fn push(&mut self, value: T) -> Result<(), TooHeavy<T>> {
        let bytes = (self.weigher)(&value);
        let alone = Self::directory_bytes(next_room(0)).saturating_add(self.chunk_bytes()).saturating_add(bytes);
        if alone > self.max_bytes {
            return Err(TooHeavy::new(value, self.max_bytes));
        }
        while !self.has_room_for(bytes) {
            drop(self.pop_oldest());
        }
        if self.needs_chunk() {
            if self.chunks.len() == self.chunks.capacity() {
                let mut chunks = VecDeque::with_capacity(next_room(self.chunks.capacity()));
                chunks.append(&mut self.chunks);
                self.chunks = chunks;
            }
            self.chunks.push_back(VecDeque::with_capacity(self.chunk_len()));
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.push_back(Item { value, bytes });
            self.len += 1;
            self.bytes += bytes;
        }
        Ok(())
    }

    /// Takes the oldest item out.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// let mut list = MemoryLimitedList::new(1_000, |_: &u8| 0);
    /// list.push(1).unwrap();
    /// list.push(2).unwrap();
    /// assert_eq!((list.pop_oldest(), list.len()), (Some(1), 1));
    /// ```
    pub fn pop_oldest(&mut self) -> Option<T> {
        let chunk = self.chunks.front_mut()?;
        let item = chunk.pop_front()?;
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        if self.chunks.is_empty() {
            self.chunks = VecDeque::new();
        }
        self.len -= 1;
        self.bytes -= item.bytes;
        Some(item.value)
    }

    /// The item with this index, counted from the oldest. O(1).
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// let mut list = MemoryLimitedList::new(1_000, |_: &u8| 0);
    /// list.push(7).unwrap();
    /// assert_eq!((list.get(0), list.get(1)), (Some(&7), None));
    /// ```
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&T> {
        let first = self.chunks.front()?.len();
        // All but the first and the last are full.
        let (chunk, index) = match index.checked_sub(first) {
            None => (0, index),
            Some(rest) => (1 + rest / self.chunk_len(), rest % self.chunk_len()),
        };
        Some(&self.chunks.get(chunk)?.get(index)?.value)
    }

    /// The item that came first.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// let mut list = MemoryLimitedList::new(1_000, |_: &u8| 0);
    /// (1..4).for_each(|n| list.push(n).unwrap());
    /// assert_eq!(list.oldest(), Some(&1));
    /// ```
    #[must_use]
    pub fn oldest(&self) -> Option<&T> {
        self.get(0)
    }

    /// The item that came last.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// let mut list = MemoryLimitedList::new(1_000, |_: &u8| 0);
    /// (1..4).for_each(|n| list.push(n).unwrap());
    /// assert_eq!(list.newest(), Some(&3));
    /// ```
    #[must_use]
    pub fn newest(&self) -> Option<&T> {
        Some(&self.chunks.back()?.back()?.value)
    }

    /// All items, the oldest first.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// let mut list = MemoryLimitedList::new(1_000, |_: &u8| 0);
    /// (1..4).for_each(|n| list.push(n).unwrap());
    /// assert!(list.iter().eq(&[1, 2, 3]));
    /// ```
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.chunks.iter().flatten().map(|item| &item.value)
    }

    /// How many items there are.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// let mut list = MemoryLimitedList::new(1_000, |_: &u8| 0);
    /// (1..4).for_each(|n| list.push(n).unwrap());
    /// assert_eq!(list.len(), 3);
    /// ```
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no items.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// assert!(MemoryLimitedList::new(1_000, |_: &u8| 0).is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes that this list takes, as described [above](Self); never more than [`max_bytes`](Self::max_bytes). O(1).
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// let mut list = MemoryLimitedList::new(1_000, |text: &String| text.capacity());
    /// assert_eq!(list.memory_usage(), 0);
    /// list.push("x".repeat(500)).unwrap();
    /// assert!((500..1_000).contains(&list.memory_usage()));
    /// ```
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        self.bytes + self.chunks.len() * self.chunk_bytes() + Self::directory_bytes(self.chunks.capacity())
    }

    /// How many bytes this list may take.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// assert_eq!(MemoryLimitedList::new(1_000, |_: &u8| 0).max_bytes(), 1_000);
    /// ```
    #[must_use]
    pub const fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Forgets every item, and gives their memory back.
    ///
    /// ```
    /// # use lagom_weakcache::MemoryLimitedList;
    /// let mut list = MemoryLimitedList::new(1_000, |_: &u8| 0);
    /// list.push(1).unwrap();
    /// list.clear();
    /// assert_eq!((list.len(), list.memory_usage()), (0, 0));
    /// ```
    pub fn clear(&mut self) {
        self.len = 0;
        self.bytes = 0;
        drop(mem::take(&mut self.chunks));
    }

    /// Items of a chunk.
    const fn chunk_len(&self) -> usize {
        match self.max_bytes / CHUNKS / size_of::<Item<T>>() {
            0 => 1,
            fitting if fitting < MOST_ITEMS => fitting,
            _ => MOST_ITEMS,
        }
    }

    const fn chunk_bytes(&self) -> usize {
        self.chunk_len() * size_of::<Item<T>>()
    }

    const fn directory_bytes(room: usize) -> usize {
        room * size_of::<VecDeque<Item<T>>>()
    }

    fn needs_chunk(&self) -> bool {
        self.chunks.back().is_none_or(|chunk| chunk.len() >= self.chunk_len())
    }

    /// Whether an item that owns so many bytes can be taken now.
    fn has_room_for(&self, bytes: usize) -> bool {
        let mut more = 0;
        if self.needs_chunk() {
            more = self.chunk_bytes();
            if self.chunks.len() == self.chunks.capacity() {
                // Old list of chunks and new are there together.
                more += Self::directory_bytes(next_room(self.chunks.capacity()));
            }
        }
        let all = self.memory_usage().checked_add(more).and_then(|own| own.checked_add(bytes));
        all.is_some_and(|all| all <= self.max_bytes)
    }
}

/// The room of the list of chunks after this one.
const fn next_room(room: usize) -> usize {
    room + room / 2 + 2
}

impl<T> fmt::Debug for MemoryLimitedList<T> {
    /// The figures, not the items.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLimitedList")
            .field("len", &self.len)
            .field("memory_usage", &self.memory_usage())
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
