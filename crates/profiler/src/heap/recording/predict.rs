//! What the next event of a thread will likely be, as far as both the writer and the reader can tell from those before it.

/// A power of two.
const SLOTS: usize = 512;

/// All zero when nothing is known.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Predictor {
    /// What was allocated or reallocated last.
    last: u64,
    /// Where the next block lies if blocks are cut off one piece of memory, with 8 bytes of upkeep each, at multiples of 16.
    behind: u64,
    /// What was released last.
    gone: u64,
    /// Released and not used since, the last one first.
    idle: [u64; 4],
    /// The stacks of the last two allocations.
    stack: u32,
    earlier: u32,
    /// The stack of the last reallocation.
    resizer: u32,
    /// By the last two stacks: the one that followed.
    next: [u32; SLOTS],
    /// By stack: the size it asked for.
    sizes: [u32; SLOTS],
}

impl Predictor {
    pub(crate) const NEW: Self = Self {
        last: 0,
        behind: 0,
        gone: 0,
        idle: [0; 4],
        stack: 0,
        earlier: 0,
        resizer: 0,
        next: [0; SLOTS],
        sizes: [0; SLOTS],
    };

    #[inline]
    pub(crate) const fn last(&self) -> u64 {
        self.last
    }

    #[inline]
    pub(crate) const fn behind(&self) -> u64 {
        self.behind
    }

    #[inline]
    pub(crate) const fn gone(&self) -> u64 {
        self.gone
    }

    #[inline]
    pub(crate) const fn idle(&self) -> [u64; 4] {
        self.idle
    }

    #[inline]
    fn slot(number: u32) -> usize {
        (number.wrapping_mul(0x9e37_79b1) >> 23) as usize % SLOTS
    }

    #[inline]
    fn context(&self) -> usize {
        let mixed = self.stack.wrapping_mul(0x9e37_79b1) ^ self.earlier.wrapping_mul(0x85eb_ca6b);
        (mixed >> 23) as usize % SLOTS
    }

    /// Of the next allocation.
    #[inline]
    pub(crate) fn stack(&self) -> u32 {
        self.next[self.context()]
    }

    /// Of the next allocation by this stack.
    #[inline]
    pub(crate) fn size(&self, stack: u32) -> u64 {
        u64::from(self.sizes[Self::slot(stack)])
    }

    /// Of the next reallocation.
    #[inline]
    pub(crate) const fn resizer(&self) -> u32 {
        self.resizer
    }

    /// Of the next reallocation by this stack.
    #[inline]
    pub(crate) fn grown(&self, stack: u32) -> u64 {
        2 * self.size(stack)
    }

    /// `idle` is the place of the address among the idle ones, if it is there.
    #[inline]
    pub(crate) fn alloc(&mut self, address: u64, size: u64, stack: u32, idle: Option<usize>) {
        let context = self.context();
        self.next[context] = stack;
        self.sizes[Self::slot(stack)] = size as u32;
        (self.earlier, self.stack) = (self.stack, stack);
        self.place(address, size, idle);
    }

    #[inline]
    fn place(&mut self, address: u64, size: u64, idle: Option<usize>) {
        self.last = address;
        self.behind = address.wrapping_add((size.wrapping_add(23) & !15).max(32));
        if let Some(at) = idle {
            let [a, b, c, d] = self.idle;
            self.idle = match at {
                0 => [b, c, d, 0],
                1 => [a, c, d, 0],
                2 => [a, b, d, 0],
                _ => [a, b, c, 0],
            };
        }
    }

    #[inline]
    pub(crate) fn free(&mut self, address: u64) {
        self.gone = address;
        let [a, b, c, _] = self.idle;
        self.idle = [address, a, b, c];
    }

    #[inline]
    pub(crate) fn realloc(&mut self, old: u64, new: u64, size: u64, stack: u32, idle: Option<usize>) {
        self.resizer = stack;
        self.sizes[Self::slot(stack)] = size as u32;
        self.place(new, size, idle);
        if old != new {
            let [a, b, c, _] = self.idle;
            self.idle = [old, a, b, c];
        }
    }
}

/// What a frame's caller will likely be, and which frames were named before. All zero when nothing is known.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct FramePredictor {
    /// By frame: the one outside it last time.
    callers: [u64; SLOTS],
    /// By frame: the frame.
    known: [u64; SLOTS],
}

impl FramePredictor {
    pub(crate) const NEW: Self = Self { callers: [0; SLOTS], known: [0; SLOTS] };

    #[inline]
    pub(crate) fn slot(frame: u64) -> usize {
        (frame.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize % SLOTS
    }

    /// Outside this frame; of no frame, 0, the innermost.
    #[inline]
    pub(crate) fn caller(&self, inner: u64) -> u64 {
        self.callers[Self::slot(inner)]
    }

    /// What was last in this place, if there is such a place.
    #[inline]
    pub(crate) fn known(&self, slot: usize) -> Option<u64> {
        self.known.get(slot).copied()
    }

    #[inline]
    pub(crate) fn note(&mut self, inner: u64, frame: u64) {
        self.callers[Self::slot(inner)] = frame;
        self.known[Self::slot(frame)] = frame;
    }
}
