//! From the roots to all that can be reached.
#![allow(unsafe_code, reason = "reads memory of the program")]

use super::chunks::is_next;
use super::file::File;
use super::space::Array;
use super::table::Table;
use super::words::{ADDRESSES, prefetch, word};

/// From here on only pages that are there are read.
const LARGE: usize = 256 << 10;
const PAGE: usize = 4096;
/// How far a lookup is prepared before it is done.
const AHEAD: usize = 16;

/// Reads every pointer once, block after block in the order in which they are found, so that with `CHAINS` the first way to a
/// block is a shortest one.
#[derive(Debug)]
pub(super) struct Marker<'a, const CHAINS: bool> {
    table: &'a mut Table,
    pages: Option<&'a File>,
    /// Marked blocks; those from `head` on were not read yet.
    queue: Array<u32>,
    head: usize,
    /// By block: the address of the first word that points to it.
    from: Array<usize>,
    /// What is read is where `malloc` has its lists.
    lists: bool,
    low: usize,
    span: usize,
    /// Addresses whose grains are on their way, with their slots.
    grains: [(usize, usize); AHEAD],
    grain: usize,
    /// Addresses whose blocks are on their way, with the first of their grains.
    blocks: [(usize, u32); AHEAD],
    block: usize,
}

impl<'a, const CHAINS: bool> Marker<'a, CHAINS> {
    pub(super) fn new(table: &'a mut Table, pages: Option<&'a File>) -> Option<Self> {
        let count = table.records().len();
        let (low, high) = table.bounds();
        Some(Self {
            pages,
            queue: Array::new(count)?,
            head: 0,
            from: if CHAINS { Array::zeros(count)? } else { Array::zeros(0)? },
            lists: false,
            low,
            span: high - low + 1,
            grains: [(0, 0); AHEAD],
            grain: 0,
            blocks: [(0, 0); AHEAD],
            block: 0,
            table,
        })
    }

    /// The address of the first word that points to a block.
    pub(super) fn from(&self, number: usize) -> usize {
        self.from.get(number).copied().unwrap_or(0)
    }

    pub(super) fn table(&self) -> &Table {
        self.table
    }

    /// Reads what lies between, but for the blocks there; `lists` if those of `malloc` are in it.
    ///
    /// # Safety
    /// It can be read.
    pub(super) unsafe fn root(&mut self, begin: usize, end: usize, file: bool, lists: bool) {
        self.lists = lists;
        // SAFETY: the caller's promise.
        unsafe { self.around(begin, end, file) };
        self.lists = false;
    }

    /// # Safety
    /// What lies between can be read.
    unsafe fn around(&mut self, begin: usize, end: usize, file: bool) {
        let mut at = begin;
        let mut number = self.table.records().partition_point(|record| record.end() <= begin);
        while let Some(record) = self.table.records().get(number).copied().filter(|record| record.start() < end) {
            if record.start() > at {
                // SAFETY: part of what the caller names.
                unsafe { self.read(at, record.start(), file) };
            }
            at = at.max(record.end());
            number += 1;
        }
        if at < end {
            // SAFETY: as above.
            unsafe { self.read(at, end, file) };
        }
    }

    /// A root itself.
    pub(super) fn reach(&mut self, number: usize) {
        let start = self.table.records()[number].start();
        self.found(number, start);
    }

    /// Reads blocks until there is nothing new, or one is found that is wanted.
    ///
    /// # Safety
    /// All blocks of the table can be read.
    pub(super) unsafe fn run(&mut self, wanted: &mut dyn FnMut(usize, &Table) -> bool) -> Option<usize> {
        loop {
            while let Some(&number) = self.queue.get(self.head) {
                if CHAINS && wanted(number as usize, self.table) {
                    return Some(number as usize);
                }
                self.head += 1;
                if let Some(&next) = self.queue.get(self.head + 4) {
                    prefetch(self.table.records()[next as usize].start());
                }
                if let Some(&next) = self.queue.get(self.head + 8) {
                    prefetch((&raw const self.table.records()[next as usize]).addr());
                }
                let record = self.table.records()[number as usize];
                // SAFETY: the caller's promise.
                unsafe { self.read(record.start(), record.end(), false) };
            }
            if CHAINS {
                return None;
            }
            self.flush();
            if self.head == self.queue.len() {
                return None;
            }
        }
    }

    /// # Safety
    /// The bytes between can be read.
    #[inline]
    unsafe fn read(&mut self, begin: usize, end: usize, file: bool) {
        let (begin, end) = (begin.next_multiple_of(8), end & !7);
        if end.saturating_sub(begin) >= LARGE || file {
            if let Some(pages) = self.pages {
                // SAFETY: as for this function.
                unsafe { self.read_pages(begin, end, pages) };
                return;
            }
            if file {
                return;
            }
        }
        // SAFETY: as for this function.
        unsafe { self.words(begin, end) };
    }

    /// # Safety
    /// The bytes between can be read, and both are multiples of 8.
    #[inline(always)]
    unsafe fn words(&mut self, begin: usize, end: usize) {
        let mut at = begin;
        while at < end {
            // SAFETY: the caller's promise.
            let value = unsafe { word(at) };
            self.look(value, at);
            at += 8;
        }
    }

    /// Only pages that are in memory, or in the swap: of others nothing was written, and a file may have become too short for them.
    ///
    /// # Safety
    /// The bytes between can be read, and both are multiples of 8.
    #[inline(never)]
    unsafe fn read_pages(&mut self, begin: usize, end: usize, pages: &File) {
        let mut entries = [0_u8; 8 * 512];
        let mut page = begin / PAGE;
        let last = end.div_ceil(PAGE);
        while page < last {
            let count = (last - page).min(512);
            let got = entries.get_mut(..8 * count).and_then(|part| pages.read_at(part, page as u64 * 8)).unwrap_or(0);
            for index in 0..count {
                // Bits 62 and 63; what is not told is read.
                let there = index * 8 + 7 >= got || entries.get(index * 8 + 7).is_none_or(|byte| byte & 0xc0 != 0);
                if there {
                    let (from, to) = ((page + index) * PAGE, (page + index + 1) * PAGE);
                    // SAFETY: within what the caller names.
                    unsafe { self.words(from.max(begin), to.min(end)) };
                }
            }
            page += count;
        }
    }

    #[inline(always)]
    fn look(&mut self, value: usize, at: usize) {
        // The upper bits may hold something else.
        let address = value & ADDRESSES;
        if address.wrapping_sub(self.low) >= self.span {
            return;
        }
        if CHAINS || self.lists {
            if let Some(number) = self.table.find(address) {
                let record = self.table.records()[number];
                if self.lists && is_next(address, record.start(), record.size()) {
                    return;
                }
                self.hit(address, number, at);
            }
            return;
        }
        let Some(slot) = self.table.grain(address) else {
            if let Some(number) = self.table.find_big(address) {
                self.found(number, at);
            }
            return;
        };
        let (address, slot) = std::mem::replace(&mut self.grains[self.grain % AHEAD], (address, slot));
        self.grain = self.grain.wrapping_add(1);
        self.second(address, slot);
    }

    #[inline(always)]
    fn second(&mut self, address: usize, slot: usize) {
        if address != 0 {
            let first = self.table.first(slot);
            let (address, first) = std::mem::replace(&mut self.blocks[self.block % AHEAD], (address, first));
            self.block = self.block.wrapping_add(1);
            self.third(address, first);
        }
    }

    #[inline(always)]
    fn third(&mut self, address: usize, first: u32) {
        if address != 0
            && let Some(number) = self.table.resolve(address, first)
        {
            self.hit(address, number, 0);
        }
    }

    fn flush(&mut self) {
        for index in 0..AHEAD {
            let (address, slot) = std::mem::take(&mut self.grains[index]);
            self.second(address, slot);
        }
        for index in 0..AHEAD {
            let (address, first) = std::mem::take(&mut self.blocks[index]);
            self.third(address, first);
        }
    }

    #[inline(always)]
    fn hit(&mut self, address: usize, number: usize, at: usize) {
        self.found(number, at);
        if let Some(before) = self.table.empty_before(address, number) {
            self.found(before, at);
        }
    }

    #[inline(always)]
    fn found(&mut self, number: usize, at: usize) {
        if self.table.mark(number) {
            self.queue.push(number as u32);
            if CHAINS && let Some(from) = self.from.get_mut(number) {
                *from = at;
            }
        }
    }
}
