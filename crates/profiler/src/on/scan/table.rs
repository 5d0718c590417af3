//! All blocks by address, and which of them an address lies in.

use super::space::{Array, Zero};
use super::words::{ADDRESSES, prefetch};

/// A block; `rest` holds its size and what is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    start: usize,
    rest: usize,
}

// SAFETY: two integers.
#[allow(unsafe_code, reason = "a marker")]
unsafe impl Zero for Record {}

const MARKED: usize = 1 << 63;
const FOREIGN: usize = 1 << 62;
const SIZE: usize = ADDRESSES;

impl Record {
    pub(super) const fn start(&self) -> usize {
        self.start
    }

    pub(super) const fn size(&self) -> usize {
        self.rest & SIZE
    }

    pub(super) const fn end(&self) -> usize {
        self.start + self.size()
    }

    /// Memory that the tracking allocator did not hand out.
    pub(super) const fn is_foreign(&self) -> bool {
        self.rest & FOREIGN != 0
    }

    pub(super) const fn is_marked(&self) -> bool {
        self.rest & MARKED != 0
    }

    pub(super) const fn mark(&mut self) {
        self.rest |= MARKED;
    }
}

/// An area of 16 MiB has 65,536 grains of 256 bytes.
const AREA: u32 = 24;
const GRAIN: u32 = 8;
const GRAINS: usize = 1 << (AREA - GRAIN);
/// Blocks from here on are in a list of their own.
const BIG: usize = 1 << 20;

/// Blocks in the order of their addresses. An address leads to its grain, a grain to the first block that touches it, and a few
/// steps from there to the block: two loads that miss the caches, where a binary search has ten.
#[derive(Debug)]
pub(super) struct Table {
    records: Array<Record>,
    /// The stack that allocated each.
    stacks: Array<u32>,
    /// By area: the number of its leaf, from 1.
    areas: Array<u32>,
    /// By leaf and grain: the number of the first block there, from 1.
    leaves: Array<u32>,
    /// Start and number of each big block.
    big: Array<(usize, usize)>,
}

/// How much a table must hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) blocks: usize,
    pub(super) areas: usize,
}

/// The area of an address.
pub(super) const fn area(address: usize) -> usize {
    address >> AREA
}

impl Table {
    pub(super) fn new(extent: Extent) -> Option<Self> {
        // Numbers are of 32 bits.
        if extent.blocks >= u32::MAX as usize {
            return None;
        }
        Some(Self {
            records: Array::new(extent.blocks)?,
            stacks: Array::new(extent.blocks)?,
            areas: Array::zeros(area(ADDRESSES) + 1)?,
            leaves: Array::new(extent.areas.checked_mul(GRAINS)?)?,
            big: Array::new(extent.blocks)?,
        })
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    pub(super) fn stack(&self, number: usize) -> u32 {
        self.stacks.get(number).copied().unwrap_or(0)
    }

    pub(super) const fn room(&self) -> usize {
        self.records.room()
    }

    /// For what was only tried.
    pub(super) fn truncate(&mut self, length: usize) {
        self.records.truncate(length);
        self.stacks.truncate(length);
    }

    /// Adds the next block, which the index does not know yet. Whether there was room.
    pub(super) fn push(&mut self, start: usize, size: usize, stack: Option<u32>) -> bool {
        let rest = size & SIZE | if stack.is_none() { FOREIGN } else { 0 };
        self.records.push(Record { start, rest }) && self.stacks.push(stack.unwrap_or(0))
    }

    /// Makes the index. Whether there was room.
    pub(super) fn index(&mut self) -> bool {
        for number in 0..self.records.len() {
            let record = self.records[number];
            if record.end() > ADDRESSES {
                return false;
            }
            if record.size() >= BIG {
                if !self.big.push((record.start, number)) {
                    return false;
                }
                continue;
            }
            for grain in record.start >> GRAIN..=record.end() >> GRAIN {
                let leaf = &mut self.areas[grain >> (AREA - GRAIN)];
                if *leaf == 0 {
                    if self.leaves.room() < GRAINS {
                        return false;
                    }
                    self.leaves.extend_zeros(GRAINS);
                    *leaf = (self.leaves.len() / GRAINS) as u32;
                }
                let slot = ((*leaf as usize - 1) * GRAINS) | (grain & (GRAINS - 1));
                let first = &mut self.leaves[slot];
                if *first == 0 {
                    *first = number as u32 + 1;
                }
            }
        }
        true
    }

    /// Begin and end of all that has blocks.
    pub(super) fn bounds(&self) -> (usize, usize) {
        (self.records.first().map_or(0, Record::start), self.records.last().map_or(0, Record::end))
    }

    /// Where the grain of an address is, if its area has any; brings it nearer. The address is below `ADDRESSES`.
    #[inline(always)]
    pub(super) fn grain(&self, address: usize) -> Option<usize> {
        let leaf = self.areas[area(address)];
        if leaf == 0 {
            return None;
        }
        let slot = ((leaf as usize - 1) * GRAINS) | ((address >> GRAIN) & (GRAINS - 1));
        prefetch(self.leaves.as_ptr().addr().wrapping_add(slot * size_of::<u32>()));
        Some(slot)
    }

    /// The first block of a grain, from 1; brings it nearer.
    #[inline(always)]
    pub(super) fn first(&self, slot: usize) -> u32 {
        let first = self.leaves[slot];
        prefetch(self.records.as_ptr().wrapping_add((first as usize).wrapping_sub(1)).addr());
        first
    }

    /// The block that holds an address or ends there, by the first one of its grain.
    #[inline(always)]
    pub(super) fn resolve(&self, address: usize, first: u32) -> Option<usize> {
        if first == 0 {
            return self.find_big(address);
        }
        let mut number = first as usize - 1;
        while self.records.get(number + 1).is_some_and(|next| next.start <= address) {
            number += 1;
        }
        let record = &self.records[number];
        if address.wrapping_sub(record.start) <= record.size() { Some(number) } else { self.find_big(address) }
    }

    #[inline]
    pub(super) fn find_big(&self, address: usize) -> Option<usize> {
        let (first, _) = self.big.first()?;
        if address < *first {
            return None;
        }
        let after = self.big.partition_point(|&(start, _)| start <= address);
        let number = self.big.get(after.wrapping_sub(1))?.1;
        (address <= self.records[number].end()).then_some(number)
    }

    /// The block that holds an address or ends there.
    pub(super) fn find(&self, address: usize) -> Option<usize> {
        if address > ADDRESSES {
            return None;
        }
        match self.grain(address) {
            Some(slot) => self.resolve(address, self.first(slot)),
            None => self.find_big(address),
        }
    }

    /// The block before `number`, if it ends where this one begins and is nothing but the counts of an `Rc` or `Arc`: a pointer to
    /// the empty value behind them points here.
    #[inline(always)]
    pub(super) fn empty_before(&self, address: usize, number: usize) -> Option<usize> {
        if self.records[number].start != address {
            return None;
        }
        let before = number.checked_sub(1)?;
        let record = self.records[before];
        (record.end() == address && record.size() == 16).then_some(before)
    }

    /// Whether it was not marked before.
    #[inline(always)]
    pub(super) fn mark(&mut self, number: usize) -> bool {
        let record = &mut self.records[number];
        let new = !record.is_marked();
        record.mark();
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(blocks: &[(usize, usize)]) -> Table {
        let mut table = Table::new(Extent { blocks: blocks.len(), areas: 64 }).unwrap();
        for &(start, size) in blocks {
            assert!(table.push(start, size, Some(1)));
        }
        assert!(table.index());
        table
    }

    #[test]
    fn each_address_finds_its_block() {
        // Small ones side by side and apart, across grains and areas, between big ones.
        let mut blocks = Vec::new();
        let mut at = 0x5500_0000_0000_usize;
        let mut random = 7_u64;
        for round in 0..3000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let size = match round % 500 {
                0 => 3 << 20,
                1 => (1 << 20) - 8,
                250 => 1 << 20,
                _ => 1 + (random >> 33) as usize % 700,
            };
            blocks.push((at, size));
            at += size.next_multiple_of(16) + 16 * ((random >> 50) as usize % 3);
            if round % 700 == 699 {
                at += 100 << 20;
            }
        }
        let table = table(&blocks);
        for (number, &(start, size)) in blocks.iter().enumerate() {
            for address in [start, start + size / 2, start + size - 1] {
                assert_eq!(table.find(address), Some(number), "{address:x}");
            }
            let follower = blocks.get(number + 1).is_some_and(|next| next.0 == start + size);
            assert_eq!(table.find(start + size), Some(number + usize::from(follower)));
            if blocks.get(number + 1).is_none_or(|next| next.0 > start + size + 1) {
                assert_eq!(table.find(start + size + 1), None);
            }
        }
        assert_eq!(table.find(blocks[0].0 - 1), None);
        assert_eq!(table.find(0), None);
        assert_eq!(table.find(usize::MAX), None);
        assert_eq!(table.find(ADDRESSES), None);
    }

    #[test]
    fn only_counts_are_kept_from_behind() {
        let table = table(&[(0x1000, 16), (0x1010, 16), (0x1020, 32), (0x1040, 16)]);
        assert_eq!(table.find(0x1010), Some(1));
        assert_eq!(table.empty_before(0x1010, 1), Some(0));
        assert_eq!(table.empty_before(0x1018, 1), None);
        assert_eq!(table.empty_before(0x1040, 3), None);
        assert_eq!(table.find(0x1050), Some(3));
        assert_eq!(table.empty_before(0x1000, 0), None);
    }
}
