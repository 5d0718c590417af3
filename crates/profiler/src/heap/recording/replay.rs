//! What all the events amount to.
//!
//! The order of the events of two threads is known as well as their clock readings tell, some microseconds. So a block may seem to be
//! released by one thread before another allocates it, or allocated again before it is released. Both are recognised, as the
//! moments say what is possible: such a release waits for its allocation, such a block for its release.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};

use super::decode::Event;
use super::error::RecordingError;
use super::index::Index;
use super::merge::{Moment, Stacks, merge};
use super::source::Source;
use crate::heap::Amount;

/// Moments of the timeline.
const MOMENTS: u64 = 1_000;
/// Clocks of two processors may differ by so many ticks.
const SKEW: u64 = 1 << 14;

/// What was found. Times are in ticks since the start.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    pub(super) accounts: Vec<Account>,
    pub(super) stacks: Stacks,
    pub(super) total: Amount,
    pub(super) live: Amount,
    pub(super) temporary: Amount,
    pub(super) peak: Amount,
    pub(super) peak_at: u64,
    /// Time, what was live then, and the most live bytes since the one before.
    pub(super) timeline: Vec<(u64, Amount, u64)>,
    /// By the number of bits of a size.
    pub(super) sizes: ByBits,
    /// By the number of bits of a lifetime in nanoseconds.
    pub(super) lifetimes: ByBits,
    pub(super) unknown: u64,
}

/// What numbers of so many bits come to.
#[derive(Debug)]
pub(super) struct ByBits(pub(super) [Amount; 65]);

impl Default for ByBits {
    fn default() -> Self {
        Self([Amount::default(); 65])
    }
}

impl ByBits {
    #[inline]
    fn add(&mut self, number: u64, size: u64) {
        let bits = 64 - number.leading_zeros();
        add(&mut self.0[bits as usize], size);
    }
}

/// The figures of one stack.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) stack: u32,
    pub(super) total: Amount,
    pub(super) live: Amount,
    pub(super) peak: Amount,
    /// What was live of it when that was most.
    pub(super) most: Amount,
    pub(super) temporary: Amount,
    pub(super) lifetime: u128,
    /// Which peak `peak` is of.
    known: u64,
}

#[derive(Clone, Copy, Debug)]
struct Live {
    size: u64,
    since: u64,
    account: u32,
    /// An older block is still there at the same address, whose release is yet to come.
    shadows: bool,
}

/// A release by one of several threads.
#[derive(Clone, Copy, Debug)]
struct Release {
    address: u64,
    thread: usize,
    latest: u64,
}

/// How many of the last releases are remembered, at most: a power of two.
const RECENT: usize = 1 << 15;

struct Replay {
    found: Replayed,
    by_stack: HashMap<u32, u32, Seed>,
    last_stack: (u32, u32),
    live: HashMap<u64, Live, Seed>,
    /// Oldest first.
    older: HashMap<u64, VecDeque<Live>, Seed>,
    /// Of what was not live, by address, oldest first.
    pending: HashMap<u64, Vec<Release>, Seed>,
    /// Of what was, in places by address; empty if there is one thread only.
    recent: Vec<Release>,
    /// By thread: the block that it allocated last, if it has allocated nothing since.
    last: Vec<Option<u64>>,
    /// Grows with each peak.
    peaks: u64,
    start: u64,
    now: u64,
    scale: f64,
    width: u64,
    boundary: u64,
    high: u64,
}

/// Goes through all events.
pub(super) fn replay(source: &Source, index: &Index) -> Result<Replayed, RecordingError> {
    let seed = Seed(RandomState::new().hash_one(0_u8));
    let start = index.start.ticks;
    let width = (index.latest() - start).div_ceil(MOMENTS).max(1);
    let mut replay = Replay {
        found: Replayed::default_with_room(),
        by_stack: HashMap::with_hasher(seed),
        last_stack: (0, u32::MAX),
        live: HashMap::with_hasher(seed),
        older: HashMap::with_hasher(seed),
        pending: HashMap::with_hasher(seed),
        recent: vec![Release { address: 0, thread: 0, latest: 0 }; if index.threads.len() > 1 { RECENT } else { 0 }],
        last: vec![None; index.threads.len()],
        peaks: 0,
        start,
        now: start,
        scale: index.scale(),
        width,
        boundary: start.saturating_add(width),
        high: 0,
    };
    let stacks = merge(source, index, |thread, event, moment| replay.step(thread, event, moment))?;
    Ok(replay.finish(stacks, index.latest()))
}

impl Replayed {
    fn default_with_room() -> Self {
        Self { timeline: Vec::with_capacity(MOMENTS as usize + 1), ..Self::default() }
    }
}

impl Replay {
    #[inline]
    fn step(&mut self, thread: usize, event: &Event, moment: Moment) {
        self.now = self.now.max(moment.guess);
        if self.now >= self.boundary {
            self.pass(self.now);
        }
        match *event {
            Event::Alloc { address, size, stack } => {
                self.last[thread] = Some(address);
                let account = self.account(stack);
                self.count(account, size);
                let block = Live { size, since: self.now, account, shadows: false };
                self.grow(account, 1, size);
                if self.was_released(thread, address, moment) {
                    self.release(&block);
                } else {
                    self.insert(address, block);
                }
            }
            Event::Free { address } => {
                let is_last = self.last[thread] == Some(address);
                match self.take(address) {
                    Some(block) => {
                        if is_last {
                            self.last[thread] = None;
                            add(&mut self.found.temporary, block.size);
                            add(&mut self.found.accounts[block.account as usize].temporary, block.size);
                        }
                        self.release(&block);
                        self.remember(Release { address, thread, latest: moment.latest });
                    }
                    None => self.release_unknown(thread, address, moment),
                }
            }
            Event::Realloc { old, new, size, stack } => {
                let is_last = self.last[thread] == Some(old);
                self.last[thread] = is_last.then_some(new);
                if let Some(block) = self.take(old) {
                    self.count(block.account, size);
                    self.shrink(block.account, 0, block.size);
                    self.grow(block.account, 0, size);
                    self.insert(new, Live { size, shadows: false, ..block });
                } else {
                    self.release_unknown(thread, old, moment);
                    let account = self.account(stack);
                    self.count(account, size);
                    self.grow(account, 1, size);
                    self.insert(new, Live { size, since: self.now, account, shadows: false });
                }
            }
        }
    }

    /// The number of the account of a stack.
    #[inline]
    fn account(&mut self, stack: u32) -> u32 {
        if self.last_stack.0 == stack && self.last_stack.1 != u32::MAX {
            return self.last_stack.1;
        }
        let accounts = &mut self.found.accounts;
        let at = *self.by_stack.entry(stack).or_insert_with(|| {
            accounts.push(Account { stack, ..Account::default() });
            (accounts.len() - 1) as u32
        });
        self.last_stack = (stack, at);
        at
    }

    /// An allocation or reallocation.
    #[inline]
    fn count(&mut self, account: u32, size: u64) {
        add(&mut self.found.accounts[account as usize].total, size);
        add(&mut self.found.total, size);
        self.found.sizes.add(size, size);
    }

    #[inline]
    fn grow(&mut self, account: u32, blocks: u64, bytes: u64) {
        let account = self.touch(account);
        account.live.blocks += blocks;
        account.live.bytes = account.live.bytes.saturating_add(bytes);
        if account.live.bytes > account.most.bytes {
            account.most = account.live;
        }
        let live = &mut self.found.live;
        live.blocks += blocks;
        live.bytes = live.bytes.saturating_add(bytes);
        if live.bytes > self.high {
            self.high = live.bytes;
        }
        if live.bytes > self.found.peak.bytes {
            self.found.peak = *live;
            self.found.peak_at = self.now;
            self.peaks += 1;
        }
    }

    #[inline]
    fn shrink(&mut self, account: u32, blocks: u64, bytes: u64) {
        let account = self.touch(account);
        account.live.blocks = account.live.blocks.saturating_sub(blocks);
        account.live.bytes = account.live.bytes.saturating_sub(bytes);
        let live = &mut self.found.live;
        live.blocks = live.blocks.saturating_sub(blocks);
        live.bytes = live.bytes.saturating_sub(bytes);
    }

    /// To be called before what is live of a stack changes: if the peak is younger than the last change, this is what
    /// was live then.
    #[inline]
    fn touch(&mut self, account: u32) -> &mut Account {
        let account = &mut self.found.accounts[account as usize];
        if account.known != self.peaks {
            account.known = self.peaks;
            account.peak = account.live;
        }
        account
    }

    #[inline]
    fn insert(&mut self, address: u64, block: Live) {
        if let Some(older) = self.live.insert(address, block) {
            self.older.entry(address).or_default().push_back(Live { shadows: false, ..older });
            if let Some(block) = self.live.get_mut(&address) {
                block.shadows = true;
            }
        }
    }

    /// The block at this address that has been there longest.
    #[inline]
    fn take(&mut self, address: u64) -> Option<Live> {
        let block = self.live.remove(&address)?;
        if !block.shadows {
            return Some(block);
        }
        let waiting = self.older.get_mut(&address)?;
        let oldest = waiting.pop_front()?;
        let shadows = !waiting.is_empty();
        if !shadows {
            self.older.remove(&address);
        }
        self.live.insert(address, Live { shadows, ..block });
        Some(oldest)
    }

    #[inline]
    fn release(&mut self, block: &Live) {
        self.shrink(block.account, 1, block.size);
        let lifetime = self.now.saturating_sub(block.since);
        let account = &mut self.found.accounts[block.account as usize];
        account.lifetime += u128::from(lifetime);
        self.found.lifetimes.add((lifetime as f64 * self.scale) as u64, block.size);
    }

    #[cold]
    fn release_unknown(&mut self, thread: usize, address: u64, moment: Moment) {
        self.found.unknown += 1;
        let mut release = Release { address, thread, latest: moment.latest };
        let at = self.place(address);
        if let Some(recent) = self.recent.get_mut(at)
            && recent.address == address
            && recent.thread != thread
            && moment.earliest <= recent.latest.saturating_add(SKEW)
        {
            // Another thread's seemed to be the one of the block that was there. It may as well be this thread's, which cannot be that
            // of what this thread allocates later.
            std::mem::swap(recent, &mut release);
        }
        self.pending.entry(address).or_default().push(release);
    }

    fn place(&self, address: u64) -> usize {
        (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 49) as usize % RECENT
    }

    #[inline]
    fn remember(&mut self, release: Release) {
        let at = self.place(release.address);
        if let Some(recent) = self.recent.get_mut(at) {
            *recent = release;
        }
    }

    /// Whether what is allocated now was released before, as it seems.
    #[inline]
    fn was_released(&mut self, thread: usize, address: u64, moment: Moment) -> bool {
        !self.pending.is_empty() && self.find_release(thread, address, moment)
    }

    fn find_release(&mut self, thread: usize, address: u64, moment: Moment) -> bool {
        let at = self.place(address);
        let Some(pending) = self.pending.get_mut(&address) else { return false };
        // What cannot have been released later was from before the recording.
        pending.retain(|release| moment.earliest <= release.latest.saturating_add(SKEW));
        // A thread's own events are in order, so its own release was of another block; unless another thread's, which seemed to be
        // of that, can have been of this one.
        let recent = self.recent.get(at);
        let is_recent = recent.is_some_and(|release| {
            release.address == address
                && release.thread != thread
                && moment.earliest <= release.latest.saturating_add(SKEW)
        });
        let found = pending.iter().position(|release| release.thread != thread || is_recent);
        let release = found.map(|at| pending.remove(at));
        if pending.is_empty() {
            self.pending.remove(&address);
        }
        if let Some(release) = release {
            self.found.unknown -= 1;
            self.remember(release);
        }
        release.is_some()
    }

    /// Moments of the timeline go by.
    #[cold]
    fn pass(&mut self, until: u64) {
        while self.boundary <= until && self.found.timeline.len() < MOMENTS as usize {
            self.mark(self.boundary);
            self.boundary = self.boundary.saturating_add(self.width);
        }
        if self.boundary <= until {
            self.boundary = u64::MAX;
        }
    }

    fn mark(&mut self, at: u64) {
        let live = self.found.live;
        self.found.timeline.push((at - self.start, live, self.high));
        self.high = live.bytes;
    }

    fn finish(mut self, stacks: Stacks, end: u64) -> Replayed {
        self.now = self.now.max(end);
        self.pass(self.now);
        if self.high > self.found.live.bytes || self.found.timeline.is_empty() {
            self.mark(self.now);
        }
        let (live, older) = (self.live.values(), self.older.values().flatten());
        for block in live.chain(older) {
            let lifetime = self.now.saturating_sub(block.since);
            self.found.accounts[block.account as usize].lifetime += u128::from(lifetime);
        }
        for at in 0..self.found.accounts.len() {
            self.touch(at as u32);
        }
        self.found.stacks = stacks;
        self.found.peak_at = self.found.peak_at.saturating_sub(self.start);
        self.found
    }
}

#[inline]
fn add(amount: &mut Amount, bytes: u64) {
    amount.blocks += 1;
    amount.bytes = amount.bytes.saturating_add(bytes);
}

/// Addresses and numbers of stacks come from a file: where they fall in a table must not be known to whoever wrote it.
#[derive(Clone, Copy, Debug)]
struct Seed(u64);

impl BuildHasher for Seed {
    type Hasher = Folded;
    fn build_hasher(&self) -> Folded {
        Folded(self.0)
    }
}

/// A number times a constant, folded.
#[derive(Clone, Copy, Debug)]
struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * 0x8bb8_4b93_962e_acc9;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
