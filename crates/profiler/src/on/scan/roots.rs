//! Where reaching begins: statics, stacks, registers, thread-locals. And what other memory there is.

use super::chunks::{self, ARENA};
use super::maps::{Mapping, Mappings};
use super::modules::Module;
use super::space::{Array, Zero};
use super::words::{thread_pointer, word};
use super::world::{self, World};
use crate::on::heap::sampled_places;
use crate::on::memory::reserved;

/// What a root is; the number is that of a module or a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Kind {
    /// Not known to the loader when it was asked.
    Unnamed,
    Static,
    /// Statics of the C library, where `malloc` has its lists of what is free.
    Malloc,
    Stack,
    Registers,
    Local,
    /// Of the thread that asks.
    OwnStack,
}

/// Memory that is read from begin to end, but for blocks in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) begin: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    pub(super) number: u32,
    /// May lie in a file.
    pub(super) file: bool,
}

// SAFETY: numbers, a boolean, and an enum that has 0.
#[allow(unsafe_code, reason = "a marker")]
unsafe impl Zero for Part {}

/// What holds a thread's own figures, above the thread pointer: 2.3 KB of glibc, less of others.
const CONTROL: usize = 4096;
/// What the loader keeps beside the thread-locals of the modules that are loaded, at most.
const SPARE: usize = 64 << 10;
/// The 128 bytes below the stack pointer are a function's, too.
const RED_ZONE: usize = 128;
/// In glibc's control block.
const THREAD_NUMBER: usize = 0x2d0;

/// There instead of the number of a thread that was waited for.
const JOINED: i32 = -1;

/// All that was found.
#[derive(Debug)]
pub(super) struct Roots {
    pub(super) list: Array<Part>,
    /// Begin and end of other memory, where blocks are, ascending.
    pub(super) spans: Array<(usize, usize)>,
}

/// The mapping of an address.
fn mapping(mappings: &[Mapping], address: usize) -> Option<&Mapping> {
    let after = mappings.partition_point(|mapping| mapping.start <= address);
    mappings.get(after.wrapping_sub(1)).filter(|mapping| address < mapping.end && mapping.readable)
}

struct Finder<'a> {
    mappings: &'a [Mapping],
    /// What the profiler has reserved, and its own statics, ascending.
    own: &'a [(usize, usize)],
    list: Array<Part>,
    /// What is neither root nor other memory.
    holes: Array<(usize, usize)>,
    /// Bytes of all thread-locals that a thread may have below its thread pointer.
    locals: usize,
    full: bool,
}

impl Finder<'_> {
    /// The parts that can be read, without the profiler's own statics.
    fn statics(&mut self, begin: usize, end: usize, kind: Kind, number: u32) {
        let mut at = begin;
        for &(from, to) in self.own.iter().filter(|own| begin < own.1 && own.0 < end) {
            self.root(at, from, kind, number);
            at = at.max(to);
        }
        self.root(at, end, kind, number);
    }

    /// The parts that can be read.
    fn root(&mut self, begin: usize, end: usize, kind: Kind, number: u32) {
        let first = self.mappings.partition_point(|mapping| mapping.end <= begin);
        for mapping in self.mappings.iter().skip(first).take_while(|mapping| mapping.start < end) {
            if mapping.readable && !mapping.kernel {
                let (begin, end) = (begin.max(mapping.start), end.min(mapping.end));
                self.full |= !self.list.push(Part { begin, end, kind, number, file: mapping.file });
            }
        }
    }

    fn thread(&mut self, thread: u32, stack: usize, pointer: usize, kind: Kind, first: bool) {
        let region = mapping(self.mappings, stack).copied().unwrap_or_default();
        let own = mapping(self.mappings, pointer).copied().unwrap_or_default();
        let in_reach = own.start == region.start && pointer > stack;
        let end = if in_reach { region.end.min(pointer + CONTROL) } else { region.end };
        let low = stack - RED_ZONE;
        // Of a thread that is not the first one, both are in one mapping, the stack below.
        let middle = if in_reach { pointer.saturating_sub(self.locals).clamp(low, end) } else { end };
        self.root(low, middle, kind, thread);
        self.root(middle, end, Kind::Local, thread);
        if region.stack || in_reach {
            self.full |= !self.holes.push((region.start, low.max(region.start)));
        } else if first {
            // It runs on a stack of its own making, so what it left on its first one is not known.
            if let Some(stack) = self.mappings.iter().find(|mapping| mapping.stack) {
                self.root(stack.start, stack.end, kind, thread);
            }
        } else {
            self.root(own.start, own.end, kind, thread);
        }
        if !in_reach {
            let begin = pointer.saturating_sub(self.locals + SPARE).max(own.start);
            self.root(begin, own.end.min(pointer + CONTROL), Kind::Local, thread);
        }
    }
}

/// Where a thread is that asks: its stack pointer and its registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    pub(super) thread: u32,
    pub(super) stack: usize,
    pub(super) registers: &'a [usize],
}

/// `None` if there is no room for them.
pub(super) fn find(mappings: &Mappings, modules: &[Module], world: &World, asking: Asking<'_>) -> Option<Roots> {
    let threads = world.threads().count() + 1;
    let room = mappings.len() * 2 + threads * 10 + modules.len() * 8 + 64;
    let locals = modules.iter().map(|module| module.locals).sum();
    let mut own = Array::new(reserved().count())?;
    reserved().for_each(|(begin, length)| _ = own.push((begin, begin + length)));
    own.sort_unstable();
    let room = room + own.len();
    let (list, holes) = (Array::new(room)?, Array::new(room * 2 + own.len())?);
    let mut finder = Finder { mappings, own: &own, list, holes, locals, full: false };
    for (number, module) in modules.iter().enumerate() {
        let kind = if module.is_libc() { Kind::Malloc } else { Kind::Static };
        for &(begin, end) in &module.segments {
            finder.statics(begin, end, kind, number as u32);
        }
    }
    let known = finder.list.len();
    for (index, mapping) in mappings.iter().enumerate() {
        let is_data = mapping.readable && mapping.writable && mapping.file && !mapping.shared;
        let covered = |mapping: &Mapping, list: &[Part]| {
            list.iter().any(|root| root.begin < mapping.end && mapping.start < root.end)
        };
        if is_data && !covered(mapping, &finder.list[..known]) {
            finder.root(mapping.start, mapping.end, Kind::Unnamed, 0);
            if let Some(next) = mappings.get(index + 1).filter(|next| next.start == mapping.end && !next.file) {
                finder.root(next.start, next.end, Kind::Unnamed, 0);
            }
        }
    }
    let process = std::process::id();
    // What handlers of signals have left on a stack of their own is nobody's, but where one runs just now.
    if let Some(hole) = world::unused_alternate_stack() {
        finder.full |= !finder.holes.push(hole);
    }
    let kept = asking.registers.as_ptr().addr();
    finder.thread(asking.thread, asking.stack, thread_pointer(), Kind::OwnStack, asking.thread == process);
    finder.root(kept, kept + size_of_val(asking.registers), Kind::OwnStack, asking.thread);
    for stopped in world.threads() {
        let thread = stopped.thread.cast_unsigned();
        finder.thread(thread, stopped.stack, stopped.pointer, Kind::Stack, thread == process);
        let end = stopped.alternate.map_or(stopped.stack - RED_ZONE, |(_, end)| end);
        finder.root(stopped.frame, end, Kind::Registers, thread);
        if let Some((begin, _)) = stopped.alternate {
            finder.full |= !finder.holes.push((begin, stopped.frame));
        }
    }
    for hole in mappings.own() {
        finder.full |= !finder.holes.push(hole);
    }
    for &hole in &*own {
        finder.full |= !finder.holes.push(hole);
    }
    for root in &*finder.list {
        finder.full |= !finder.holes.push((root.begin, root.end));
    }
    finder.holes.sort_unstable();
    let sampled = sampled_places();
    let mut spans = Array::new(2 * mappings.len() + finder.holes.len() + sampled.len())?;
    for mapping in mappings.iter().filter(|mapping| mapping.readable && !mapping.file && !mapping.kernel) {
        let mut at = mapping.start;
        // Holes may overlap, but few do, and none is in more than one mapping but reservations side by side.
        for &(begin, end) in finder.holes.iter().skip_while(|hole| hole.1 <= mapping.start) {
            if begin >= mapping.end {
                break;
            }
            finder.full |= !push_span(&mut spans, at, begin);
            at = at.max(end);
        }
        finder.full |= !push_span(&mut spans, at, mapping.end);
    }
    for place in sampled {
        finder.full |= !spans.push(place);
    }
    spans.sort_unstable();
    (!finder.full).then_some(Roots { list: finder.list, spans })
}

/// In parts, if arenas of glibc's `malloc` are in it: they have become one mapping with what was mapped before them.
fn push_span(spans: &mut Array<(usize, usize)>, mut begin: usize, end: usize) -> bool {
    let mut arena = (begin + 1).next_multiple_of(ARENA);
    while arena < end {
        if chunks::is_arena(arena, end) {
            if !spans.push((begin, arena)) {
                return false;
            }
            begin = arena;
        }
        arena += ARENA;
    }
    begin >= end || spans.push((begin, end))
}

/// What is left of a thread that has ended, if the mapping was its stack, which glibc keeps for the next threads: its control
/// block, which holds its result, or nothing if that was taken. What is below is of nobody.
pub(super) fn ended_thread(begin: usize, end: usize, lives: impl Fn(i32) -> bool) -> Option<usize> {
    let low = end.saturating_sub(16 << 10).max(begin).next_multiple_of(64);
    let high = end.checked_sub(THREAD_NUMBER + 8)?;
    (low..high).step_by(64).find_map(|block| {
        // SAFETY: within the mapping, which the caller knows can be read; multiples of 8.
        #[allow(unsafe_code, reason = "reads memory of the program")]
        let read = |offset: usize| unsafe { word(block + offset) };
        let thread = read(THREAD_NUMBER) as u32 as i32;
        let ended = read(0) == block && read(16) == block && !lives(thread);
        ended.then_some(if thread == JOINED { end } else { block })
    })
}
