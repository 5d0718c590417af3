//! Memory between the blocks that are known: of C libraries, from before the profiler was switched on, or free.
//!
//! It is looked at only if something points to it. glibc's `malloc` writes the size of each chunk in front of it and, in
//! the next one, whether it is free; a walk along these sizes that ends exactly at the next known block is believed, so
//! that what is free is left out and the rest is told apart. Without it all between two blocks is one.

use super::table::Table;
use super::words::word;

const HEADER: usize = 16;
const LEAST: usize = 32;
const IN_USE: usize = 1;
const MAPPED: usize = 2;

/// Arenas of threads lie at multiples of this.
pub(super) const ARENA: usize = 64 << 20;
/// Where the first chunk of an arena's first part is, of its further parts, and both until glibc 2.34.
const ARENA_HEADS: [usize; 4] = [0x8d0, 0x30, 0x8c0, 0x20];

/// Whether an arena of glibc's begins here, which ends not before it: the arena, the part before, the size, what of it may be
/// written.
pub(super) fn is_arena(begin: usize, end: usize) -> bool {
    if !begin.is_multiple_of(ARENA) || end - begin < 4096 {
        return false;
    }
    let field = |number: usize| {
        // SAFETY: the callers know that all between can be read, which is at least a page.
        #[allow(unsafe_code, reason = "reads at an address")]
        unsafe {
            word(begin + 8 * number)
        }
    };
    let (arena, before, size, writable) = (field(0), field(1), field(2), field(3));
    let part = size >= 4096 && size % 4096 == 0 && size <= writable && writable <= ARENA && begin + size <= end;
    part && before % ARENA == 0 && arena % 8 == 0 && arena != 0
}

/// The size of the chunk that glibc makes for so many bytes, as far as can be known without looking.
const fn chunk_size(size: usize) -> usize {
    let chunk = (size + 8 + 15) & !15;
    if chunk < LEAST { LEAST } else { chunk }
}

/// The word with size and flags in front of a block.
fn header(start: usize) -> usize {
    // SAFETY: the callers know that the 16 bytes in front of the block are mapped as it is; its address is aligned.
    #[allow(unsafe_code, reason = "reads at an address")]
    unsafe {
        word(start - 8)
    }
}

/// Whether an address is where the chunk after a block begins: lists of `malloc` point there, nothing else in the C library does.
pub(super) const fn is_next(address: usize, start: usize, size: usize) -> bool {
    address == start - HEADER + chunk_size(size)
}

/// Whether a block looks as if it came from glibc's `malloc`; `None` if it cannot be looked at.
pub(super) fn is_chunk(start: usize, size: usize) -> Option<bool> {
    if start & 4095 < HEADER {
        return None;
    }
    let word = header(start & !7);
    let (chunk, needed) = (word & !7, chunk_size(size));
    let fits = if word & MAPPED == 0 { chunk <= needed + 16 } else { chunk % 4096 == 0 };
    Some(start.is_multiple_of(16) && chunk.is_multiple_of(16) && chunk >= needed && fits)
}

/// What glibc writes into the second word of a small block that is free but kept for its thread, which looks as if it was in
/// use otherwise; found out with a block that is released for it. `None` with another library.
///
/// To be asked while others run.
pub(super) fn free_mark() -> Option<usize> {
    if !cfg!(target_env = "gnu") {
        return None;
    }
    let mark = || {
        // SAFETY: has no conditions.
        #[allow(unsafe_code, reason = "calls C")]
        let block = std::hint::black_box(unsafe { libc::malloc(40) });
        if block.is_null() {
            return None;
        }
        let address = block.expose_provenance();
        // SAFETY: the block is large enough, and nobody else's.
        #[allow(unsafe_code, reason = "writes to memory of C")]
        unsafe {
            block.cast::<[usize; 2]>().write_volatile([0; 2]);
        }
        // SAFETY: allocated above.
        #[allow(unsafe_code, reason = "calls C")]
        unsafe {
            libc::free(block);
        }
        // SAFETY: so small a block is not given back to the system, whoever has it now.
        #[allow(unsafe_code, reason = "reads at an address")]
        let mark = unsafe { word(std::hint::black_box(address) + 8) };
        Some(mark)
    };
    let (one, other) = (mark()?, mark()?);
    // No address, and not what a block of the program is likely to hold.
    (one == other && one >> 48 != 0).then_some(one)
}

/// Blocks are glibc's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glibc {
    /// As from [`free_mark`].
    pub(super) free: Option<usize>,
}

/// What lies on both sides of a gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    /// The block before it, start and size, if that is in the same mapping.
    pub(super) before: Option<(usize, usize)>,
    /// Begin of the mapping.
    pub(super) begin: usize,
    /// The block after it, or the end of the mapping.
    pub(super) end: usize,
    /// There is no block after it.
    pub(super) last: bool,
}

/// Adds what lies in a gap to the table. Whether there was room.
pub(super) fn fill(table: &mut Table, gap: Gap, glibc: Option<Glibc>) -> bool {
    let behind = gap.before.map_or(gap.begin, |(start, size)| start + size);
    if let Some(glibc) = glibc {
        // Where the chunk after the gap begins: its size is the last word in front of its block.
        let limit = if gap.last { gap.end } else { gap.end.saturating_sub(HEADER) };
        let expected = gap.before.map_or(gap.begin, |(start, size)| start - HEADER + chunk_size(size));
        if limit.saturating_sub(expected) < LEAST && !gap.last {
            return true;
        }
        let length = table.records().len();
        let mut try_from = |chunk| {
            table.truncate(length);
            walk(table, chunk, limit, gap.last, glibc.free)
        };
        let done = match gap.before {
            None if is_arena(gap.begin, usize::MAX) => ARENA_HEADS.into_iter().any(|head| try_from(gap.begin + head)),
            None => try_from(gap.begin),
            Some((start, size)) if start >= gap.begin + HEADER => {
                let word = header(start);
                word & MAPPED == 0 && word & !7 >= chunk_size(size) && try_from(start - HEADER + (word & !7))
            }
            Some(_) => false,
        };
        if done {
            return true;
        }
        table.truncate(length);
    }
    let behind = behind.next_multiple_of(8);
    gap.end.saturating_sub(behind) < HEADER || table.push(behind, gap.end - behind, None)
}

/// Adds the chunks in use from one chunk to where one must begin. Whether there was one.
fn walk(table: &mut Table, mut chunk: usize, limit: usize, last: bool, free: Option<usize>) -> bool {
    if !chunk.is_multiple_of(16) {
        return false;
    }
    let spare = table.room() / 2;
    while chunk + LEAST <= limit {
        let size = header(chunk + HEADER) & !7;
        let next = chunk.saturating_add(size);
        if size < LEAST || !size.is_multiple_of(16) || next > limit {
            return false;
        }
        if next == limit && last {
            // The top of the arena, which is free.
            return true;
        }
        if next != limit && next + HEADER > limit {
            return false;
        }
        // The word in front of a block's third is its second.
        let kept = free.is_some() && free == Some(header(chunk + HEADER + HEADER));
        let used = header(next + HEADER) & IN_USE != 0 && !kept;
        if used && (table.room() <= spare || !table.push(chunk + HEADER, size - 8, None)) {
            return false;
        }
        chunk = next;
    }
    chunk == limit
}
