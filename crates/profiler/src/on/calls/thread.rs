//! What a thread keeps: the way to its slots, and the path of its open spans.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use super::block::{self, Block, Table};
use super::control::{self, Mode};
use super::heap::{self as counters, Counts};
use super::site::Site;
use super::slot::{Counter, Slot};
use super::{clock, cost, peaks, tree};

/// Spans deeper than this are counted and timed, but not placed in the call tree.
pub(super) const DEPTH: usize = 128;

/// So many spans deeper than that are known by their site, which is enough to tell their own time.
const DEEP: usize = 1 << 14;

/// The sites of the spans that are open deeper than [`DEPTH`]; the owner's alone.
pub(super) type Deep = Box<[AtomicU32]>;

/// The slots of so many sites are found at once.
const NEAR: usize = 256;

/// A thread's own state. Without a destructor it can be reached until the very end of the thread.
pub(super) struct Thread {
    /// `None` stands for the empty one, so that the state of a thread begins as zeros.
    table: Cell<Option<Table>>,
    /// The first slots once more, without a table to go through.
    near: [Cell<Option<&'static Slot>>; NEAR],
    block: Cell<Option<&'static Block>>,
    /// How many spans are open.
    depth: Cell<u32>,
    /// Sites whose calls are sampled, not all timed.
    sampled: Cell<u32>,
    /// Ticks that timing has taken in this thread.
    overhead: Cell<u64>,
    random: Cell<u64>,
    /// The profiler is at work: what it calls is not profiled.
    busy: Cell<bool>,
    /// The thread's destructors have run.
    ended: Cell<bool>,
    /// Per open span the number of its site (upper half) and its node in the tree, `NONE` until somebody asks.
    stack: [Cell<u64>; DEPTH],
    /// Per open span that is timed what it began with.
    pub(super) notes: [Note; DEPTH],
}

/// What a timed call began with, where there is something to note.
pub(super) struct Note {
    /// What the thread had allocated.
    pub(super) heap: Cell<Counts>,
    /// The CPU time of the thread, 0 if it was not asked for.
    pub(super) cpu: Cell<u64>,
    /// How long it had waited for a core by then, if the system tells.
    pub(super) queued: Cell<Option<u64>>,
    pub(super) size: Cell<Option<u64>>,
    pub(super) repeated: Cell<bool>,
}

impl Note {
    const fn new() -> Self {
        Self {
            heap: Cell::new(Counts::ZERO),
            cpu: Cell::new(0),
            queued: Cell::new(None),
            size: Cell::new(None),
            repeated: Cell::new(false),
        }
    }
}

thread_local! {
    static THREAD: Thread = const { Thread::new() };
    static EXIT: Exit = const { Exit };
}

/// Gives the block back when the thread ends.
struct Exit;

impl Drop for Exit {
    fn drop(&mut self) {
        with(|thread| {
            thread.ended.set(true);
            thread.table.set(None);
            for slot in &thread.near {
                slot.set(None);
            }
            if let Some(block) = thread.block.take() {
                block::release(block);
            }
        });
    }
}

#[inline(always)]
pub(super) fn with<R>(f: impl FnOnce(&Thread) -> R) -> R {
    THREAD.with(f)
}

fn entry(number: u32, node: u32) -> u64 {
    u64::from(number) << 32 | u64::from(node)
}

fn number_of(entry: u64) -> u32 {
    (entry >> 32) as u32
}

fn node_of(entry: u64) -> u32 {
    entry as u32
}

impl Thread {
    const fn new() -> Self {
        Self {
            table: Cell::new(None),
            near: [const { Cell::new(None) }; NEAR],
            block: Cell::new(None),
            depth: Cell::new(0),
            sampled: Cell::new(0),
            overhead: Cell::new(0),
            random: Cell::new(0),
            busy: Cell::new(false),
            ended: Cell::new(false),
            stack: [const { Cell::new(0) }; DEPTH],
            notes: [const { Note::new() }; DEPTH],
        }
    }

    /// Counts a call of a site whose turn it is not; `None` if it is, or if something is to be set up first.
    #[inline(always)]
    pub(super) fn count(&self, site: &'static Site) -> Option<u32> {
        let entry = site.entry();
        let slot = self.known_slot(number_of(entry))?;
        let depth = self.depth.get();
        let place = self.stack.get(depth as usize)?;
        // A plain load and store: there is one writer.
        let call = slot.calls.load(Ordering::Relaxed) + 1;
        if call >= slot.next.load(Ordering::Relaxed) || depth < slot.shallow.load(Ordering::Relaxed) {
            return None;
        }
        slot.calls.store(call, Ordering::Relaxed);
        place.set(entry);
        self.depth.set(depth + 1);
        Some(depth)
    }

    /// The slot of a site if there is one.
    #[inline(always)]
    fn known_slot(&self, number: u32) -> Option<&'static Slot> {
        match self.near.get(number as usize) {
            Some(slot) => slot.get(),
            None => self.far_slot(number),
        }
    }

    #[inline(never)]
    fn far_slot(&self, number: u32) -> Option<&'static Slot> {
        self.table.get()?.get(number as usize)?.get().copied()
    }

    /// Opens a place on the path.
    #[inline(always)]
    pub(super) fn push(&self, entry: u64) -> u32 {
        let depth = self.depth.get();
        match self.stack.get(depth as usize) {
            Some(place) => place.set(entry),
            None => self.push_deep(depth, number_of(entry)),
        }
        self.depth.set(depth + 1);
        depth
    }

    #[cold]
    #[inline(never)]
    fn push_deep(&self, depth: u32, number: u32) {
        let Some(block) = self.block.get() else { return };
        let deep = block.deep.get().or_else(|| {
            // 64 KiB, of threads that go so deep.
            self.work(|| block.deep.get_or_init(|| (0..DEEP).map(|_| AtomicU32::new(0)).collect()))
        });
        if let Some(place) = deep.and_then(|deep| deep.get(depth as usize - DEPTH)) {
            place.store(number, Ordering::Relaxed);
        }
    }

    /// The sites of the first `depth` open spans as far as they are known.
    fn sites(&self, depth: u32) -> impl DoubleEndedIterator<Item = u32> {
        let depth = self.depth.get().min(depth) as usize;
        let deep = self.block.get().and_then(|block| block.deep.get()).map_or(&[][..], |deep| deep);
        let deep = &deep[..depth.saturating_sub(DEPTH).min(deep.len())];
        let near = self.stack[..depth.min(DEPTH)].iter().map(|entry| number_of(entry.get()));
        near.chain(deep.iter().map(|number| number.load(Ordering::Relaxed)))
    }

    /// The slot of what called the span at `depth`, if that is known.
    pub(super) fn caller(&self, depth: u32) -> Option<&'static Slot> {
        let above = (depth as usize).checked_sub(1)?;
        let number = match self.stack.get(above) {
            Some(entry) => number_of(entry.get()),
            None => self.block.get()?.deep.get()?.get(above - DEPTH)?.load(Ordering::Relaxed),
        };
        self.known_slot(number)
    }

    /// The number of the innermost open site plus one; 0 without one, or if it lies too deep.
    #[inline(always)]
    pub(super) fn open_site(&self) -> u32 {
        let entry = (self.depth.get() as usize).checked_sub(1).and_then(|top| self.stack.get(top));
        entry.map_or(0, |entry| number_of(entry.get()).wrapping_add(1))
    }

    /// Closes it, and all above it; `false` if it is closed already, since one below it was.
    #[inline(always)]
    pub(super) fn pop(&self, depth: u32) -> bool {
        let open = self.depth.get() > depth;
        if open {
            self.depth.set(depth);
        }
        open
    }

    /// Closes the place at `depth`; its node in the tree, `Err` if it is no longer the site's.
    #[inline(always)]
    pub(super) fn leave(&self, depth: u32, number: u32) -> Result<u32, ()> {
        if !self.pop(depth) {
            return Err(());
        }
        match self.stack.get(depth as usize).map(Cell::get) {
            Some(entry) if number_of(entry) != number => Err(()),
            Some(entry) => Ok(node_of(entry)),
            None => Ok(tree::NONE),
        }
    }

    /// Whether a span of the site is open among the first `depth`.
    pub(super) fn is_open(&self, number: u32, depth: u32) -> bool {
        // Of a recursion the last one is near.
        self.sites(depth).rev().any(|open| open == number)
    }

    /// Runs the profiler's own work, of which nothing is profiled and no allocation counts; `None` if it runs already.
    #[cold]
    pub(super) fn work<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        if self.busy.replace(true) {
            return None;
        }
        let result = peaks::aside(f);
        self.busy.set(false);
        Some(result)
    }

    /// Takes note of what the thread's program has allocated.
    #[inline(always)]
    pub(super) fn note_heap(&self, note: &Note) {
        // What was noted before the first allocation stays zero.
        if counters::thread_is_counted() {
            note.heap.set(peaks::program());
        }
    }

    /// What it has allocated since.
    #[inline(always)]
    pub(super) fn heap_since(&self, note: &Note) -> Option<Counts> {
        counters::thread_is_counted().then(|| peaks::program() - note.heap.get())
    }

    /// The slot of a site; `None` while the profiler is at work. What is counted in a slot of a thread that has ended is
    /// shared with others.
    #[inline(always)]
    pub(super) fn slot(&self, site: &'static Site) -> Option<&'static Slot> {
        if self.busy.get() {
            return None;
        }
        self.known_slot(site.number_if_any()).or_else(|| self.work(|| self.make_slot(site)))
    }

    fn make_slot(&self, site: &'static Site) -> &'static Slot {
        let number = site.number();
        let Some(block) = self.own_block() else { return block::late_slot(number) };
        let (table, slot) = block.slot(number);
        self.table.set(Some(table));
        if let Some(near) = self.near.get(number as usize) {
            near.set(Some(slot));
        }
        slot
    }

    /// Counts a call, and decides for how many it is timed; 0 if it is not.
    #[inline]
    pub(super) fn begin(&self, site: &'static Site, slot: &Slot) -> u32 {
        if self.ended.get() {
            slot.count(Counter::Calls);
            return 0;
        }
        let call = slot.calls.load(Ordering::Relaxed) + 1;
        slot.calls.store(call, Ordering::Relaxed);
        // Where records are kept, every call is one.
        if site.is_always_timed() || control::mode() == Mode::Exact {
            return 1;
        }
        let depth = self.depth.get();
        if depth < slot.shallow.load(Ordering::Relaxed) {
            slot.count_shallow(call, depth);
            // What it would have stood for, the next one does.
            slot.next.fetch_max(call + 1, Ordering::Relaxed);
            return 1;
        }
        if call < slot.next.load(Ordering::Relaxed) { 0 } else { self.turn(slot, call) }
    }

    #[inline(never)]
    fn turn(&self, slot: &Slot, call: u64) -> u32 {
        let sampled = self.sampled.get();
        let due = slot.next.load(Ordering::Relaxed);
        let now = clock::ticks();
        let turn = slot.schedule.turn(call, due, now, cost::timed(), sampled, || self.draw());
        slot.next.store(turn.next, Ordering::Relaxed);
        self.sampled.set(sampled.saturating_add_signed(turn.sampled));
        if let Some(block) = self.block.get() {
            block.notice_slowness(now);
        }
        turn.weight
    }

    /// What timing has taken.
    #[inline]
    pub(super) fn overhead(&self) -> u64 {
        self.overhead.get()
    }

    #[inline]
    pub(super) fn add_overhead(&self, ticks: u64) {
        self.overhead.set(self.overhead.get().wrapping_add(ticks));
    }

    #[inline]
    pub(super) fn note(&self, depth: u32) -> Option<&Note> {
        self.notes.get(depth as usize)
    }

    #[inline]
    pub(super) fn block(&self) -> Option<&'static Block> {
        self.block.get()
    }

    /// `None` once the thread's destructors have run: nobody would come to collect the block.
    fn own_block(&self) -> Option<&'static Block> {
        if let Some(block) = self.block.get() {
            return Some(block);
        }
        if self.ended.get() || EXIT.try_with(|_| ()).is_err() {
            self.ended.set(true);
            return None;
        }
        let block = block::acquire();
        self.block.set(Some(block));
        self.table.set(Some(block.table()));
        Some(block)
    }

    /// The next of a row of numbers without a pattern (splitmix64: Steele, Lea and Flood, 2014).
    fn draw(&self) -> u64 {
        if self.random.get() == 0 {
            self.random.set(clock::ticks() ^ (&raw const *self as u64));
        }
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Finds the node of the span at `depth`, whose site is on the path already.
    #[inline(always)]
    pub(super) fn find_node(&self, block: &'static Block, slot: &Slot, depth: u32, epoch: u64) {
        let depth = depth as usize;
        let Some(place) = self.stack.get(depth) else { return };
        if block.tree_epoch() != epoch {
            self.work(|| self.begin_tree(block, epoch));
        }
        // Most callers are timed themselves, or were asked before.
        let above = match depth.checked_sub(1) {
            None => tree::TOP,
            Some(above) => match node_of(self.stack[above].get()) {
                tree::NONE => self.resolve(block, above),
                node => node,
            },
        };
        let number = number_of(place.get());
        let node = slot.node_from(above).unwrap_or_else(|| {
            let node = self.child(block, above, number);
            slot.set_node(above, node);
            node
        });
        place.set(entry(number, node));
    }

    #[inline(never)]
    fn child(&self, block: &'static Block, above: u32, number: u32) -> u32 {
        match block.tree.find(above, number) {
            tree::NONE => self.work(|| block.tree.child(above, number)).unwrap_or(tree::NONE),
            node => node,
        }
    }

    /// The node at `depth`, by way of the nodes below it.
    #[cold]
    fn resolve(&self, block: &'static Block, depth: usize) -> u32 {
        let known = self.stack[..depth].iter().rposition(|entry| node_of(entry.get()) != tree::NONE);
        let mut node = known.map_or(tree::TOP, |place| node_of(self.stack[place].get()));
        for place in &self.stack[known.map_or(0, |place| place + 1)..=depth] {
            let number = number_of(place.get());
            node = self.child(block, node, number);
            place.set(entry(number, node));
        }
        node
    }

    #[cold]
    fn begin_tree(&self, block: &'static Block, epoch: u64) {
        block.begin_tree(epoch);
        block.tree.top();
        for place in &self.stack {
            place.set(entry(number_of(place.get()), tree::NONE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Span;
    use super::*;

    #[test]
    fn a_call_that_is_timed_for_itself_puts_off_the_one_that_was_due() {
        static SITE: Site = Site::new("put off", "", "", 0);
        let run = || {
            (0..100_000).for_each(|_| drop(Span::enter(&SITE)));
            with(|thread| {
                let slot = thread.slot(&SITE).expect("called");
                let due = slot.calls.load(Ordering::Relaxed) + 1;
                slot.next.store(due, Ordering::Relaxed);
                // The outermost call of a recursion comes just then.
                slot.shallow.store(u32::MAX, Ordering::Relaxed);
                assert_eq!(thread.begin(&SITE, slot), 1);
                assert_eq!(slot.next.load(Ordering::Relaxed), due + 1);
                slot.shallow.store(0, Ordering::Relaxed);
                assert!(thread.begin(&SITE, slot) > 1, "it stands for its stratum");
            });
        };
        std::thread::spawn(run).join().expect("no panic");
    }
}
