//! The scan for what nothing reaches, and for what reaches a block.
//!
//! All other threads are stopped; from then on nothing is allocated but from the system, as one of them may be inside `malloc`.
//! Every word of the roots (statics, stacks, registers, thread-locals) and of what they reach counts as a pointer if it is one,
//! to anywhere in a block.

mod chunks;
mod file;
mod maps;
mod mark;
mod modules;
mod roots;
mod space;
mod table;
mod words;
mod world;

use std::time::Instant;

use lagom_base::sync::Mutex;

use self::chunks::{Gap, Glibc};
use self::file::File;
use self::mark::Marker;
use self::modules::Module;
use self::roots::{Asking, Kind, Part, Roots};
use self::space::Array;
use self::table::{Extent, Table};
use self::world::World;
use crate::engine::heap_blocks;
use crate::heap::raw::RawBlock;
use crate::heap::scan::{Found, Path, Root, ScanError, Step, Wanted};

/// One scan at a time.
static TURN: Mutex<()> = Mutex::new(());

/// All that is opened before the world stops.
struct Files {
    tasks: File,
    maps: File,
    pages: Option<File>,
}

impl Files {
    fn open() -> Result<Self, ScanError> {
        Ok(Self {
            tasks: File::open(c"/proc/self/task").ok_or(ScanError::System("/proc/self/task cannot be read"))?,
            maps: File::open(c"/proc/self/maps").ok_or(ScanError::System("/proc/self/maps cannot be read"))?,
            pages: File::open(c"/proc/self/pagemap"),
        })
    }
}

const MEMORY: ScanError = ScanError::System("no memory for the tables of the scan");

/// Runs `work` on all blocks while the world is stopped.
///
/// What is on the stack from here on is the scan's own, its lists of what is loaded among it: no roots, as the room in them that
/// is not used holds what lay there before.
fn stopped<R>(
    work: impl FnOnce(&mut Table, &Roots, &World, Option<&File>) -> Result<R, ScanError>,
) -> Result<(R, Vec<Module>), ScanError> {
    words::with_registers(|registers, stack| stopped_above(registers, stack, work))
}

/// Not inlined: its locals shall lie below the stack pointer that was read.
#[inline(never)]
fn stopped_above<R>(
    registers: &[usize],
    stack: usize,
    work: impl FnOnce(&mut Table, &Roots, &World, Option<&File>) -> Result<R, ScanError>,
) -> Result<(R, Vec<Module>), ScanError> {
    let _turn = TURN.lock();
    let files = Files::open()?;
    world::prepare().ok_or(ScanError::System("no signal is free to stop threads with"))?;
    let modules = modules::loaded();
    let free = chunks::free_mark();
    let world = World::stop(&files.tasks).ok_or(ScanError::System("threads cannot be listed"))?;
    // SAFETY: has no conditions.
    #[allow(unsafe_code, reason = "a system call")]
    let thread = unsafe { libc::gettid() }.cast_unsigned();
    let mappings = maps::read(&files.maps).ok_or(ScanError::System("/proc/self/maps cannot be understood"))?;
    let roots = roots::find(&mappings, &modules, &world, Asking { thread, stack, registers }).ok_or(MEMORY)?;
    let mut table = build(&roots.spans, &world, free)?;
    let result = work(&mut table, &roots, &world, files.pages.as_ref())?;
    drop(world);
    Ok((result, modules))
}

/// The table of all known blocks and of what lies between them.
fn build(spans: &[(usize, usize)], world: &World, free: Option<usize>) -> Result<Table, ScanError> {
    let (mut blocks, mut areas, mut last_area) = (0_usize, 0_usize, usize::MAX);
    let (mut tested, mut chunk_like) = (0, 0);
    heap_blocks(&mut |block: RawBlock| {
        blocks += 1;
        for area in [table::area(block.address), table::area(block.address + block.size)] {
            areas += usize::from(area != last_area);
            last_area = area;
        }
        if tested < 64
            && let Some(yes) = chunks::is_chunk(block.address, block.size)
        {
            tested += 1;
            chunk_like += usize::from(yes);
        }
    });
    if blocks == 0 {
        return Err(ScanError::NotLive);
    }
    let glibc = (tested > 0 && chunk_like == tested).then_some(Glibc { free });
    let bytes: usize = spans.iter().map(|(begin, end)| end - begin).sum();
    let extent = Extent {
        // One for each gap, and for chunks of 64 bytes and more if all were others'.
        blocks: 2 * blocks + 2 * spans.len() + (bytes / 64).min(1 << 26) + 64,
        areas: 3 * areas + 2 * spans.len() + (bytes >> 24),
    };
    let mut table = Table::new(extent).ok_or(MEMORY)?;
    let mut filler = Filler { spans, at: 0, before: None, empty: true, glibc, room: true, world };
    heap_blocks(&mut |block: RawBlock| filler.block(&mut table, block));
    filler.finish(&mut table);
    if !filler.room || !table.index() {
        return Err(MEMORY);
    }
    Ok(table)
}

/// Puts blocks and what lies between them into the table, in one pass over both.
struct Filler<'a> {
    spans: &'a [(usize, usize)],
    at: usize,
    before: Option<(usize, usize)>,
    empty: bool,
    glibc: Option<Glibc>,
    room: bool,
    world: &'a World,
}

impl Filler<'_> {
    fn block(&mut self, table: &mut Table, block: RawBlock) {
        while let Some(&(_, end)) = self.spans.get(self.at)
            && end <= block.address
        {
            self.end_span(table);
        }
        if let Some(&(begin, _)) = self.spans.get(self.at).filter(|span| span.0 <= block.address) {
            let gap = Gap { before: self.before, begin, end: block.address, last: false };
            self.room &= chunks::fill(table, gap, self.glibc);
            self.before = Some((block.address, block.size));
            self.empty = false;
        }
        self.room &= table.push(block.address, block.size, Some(block.stack));
    }

    fn end_span(&mut self, table: &mut Table) {
        if let Some(&(begin, end)) = self.spans.get(self.at) {
            if self.empty && !chunks::is_arena(begin, end) {
                let lives = |thread| {
                    self.world.threads().any(|stopped| stopped.thread == thread)
                        || self.world.missing().any(|missing| missing == thread)
                };
                let begin = roots::ended_thread(begin, end, lives).unwrap_or(begin);
                self.room &= begin == end || table.push(begin, end - begin, None);
            } else {
                self.room &= chunks::fill(table, Gap { before: self.before, begin, end, last: true }, self.glibc);
            }
        }
        self.at += 1;
        self.before = None;
        self.empty = true;
    }

    fn finish(&mut self, table: &mut Table) {
        while self.at < self.spans.len() {
            self.end_span(table);
        }
    }
}

/// Reads all roots that `pick` wants.
fn begin<const CHAINS: bool>(marker: &mut Marker<'_, CHAINS>, roots: &Roots, pick: impl Fn(&Part) -> bool) {
    for root in roots.list.iter().filter(|root| pick(root)) {
        // SAFETY: it is mapped readable, and nobody runs who could change that.
        #[allow(unsafe_code, reason = "reads memory of the program")]
        unsafe {
            marker.root(root.begin, root.end, root.file, root.kind == Kind::Malloc);
        }
    }
}

/// What runs on may hold pointers anywhere in memory without known blocks, as there its stack is.
fn spare<const CHAINS: bool>(marker: &mut Marker<'_, CHAINS>, spans: &[(usize, usize)], world: &World) {
    if world.missing().next().is_none() {
        return;
    }
    for &(begin, end) in spans {
        let first = marker.table().records().partition_point(|record| record.start() < begin);
        let in_it = marker.table().records().get(first).filter(|record| record.end() == end && record.is_foreign());
        if in_it.is_some() {
            marker.reach(first);
        }
    }
}

/// What nothing reaches.
pub(crate) fn unreachable() -> Result<Found, ScanError> {
    let begun = Instant::now();
    let work = |table: &mut Table, roots: &Roots, world: &World, pages: Option<&File>| {
        let mut marker = Marker::<false>::new(table, pages).ok_or(MEMORY)?;
        begin(&mut marker, roots, |_| true);
        spare(&mut marker, &roots.spans, world);
        // SAFETY: blocks are live, what lies between them is mapped, and nobody runs.
        #[allow(unsafe_code, reason = "reads memory of the program")]
        unsafe {
            marker.run(&mut |_, _| false)
        };
        drop(marker);
        let graph = Graph::of(table).ok_or(MEMORY)?;
        let mut missing = Array::new(1024).ok_or(MEMORY)?;
        world.missing().for_each(|thread| _ = missing.push(thread.cast_unsigned()));
        let known = table.records().iter().filter(|record| !record.is_foreign());
        let (blocks, bytes) = known.fold((0, 0), |(blocks, bytes), record| (blocks + 1, bytes + record.size() as u64));
        Ok((graph, missing, world.threads().count() + 1, blocks, bytes))
    };
    let ((graph, missing, threads, blocks, bytes), _) = stopped(work)?;
    Ok(Found {
        blocks,
        bytes,
        threads,
        leaked: graph
            .blocks
            .iter()
            .map(|&((address, size), stack)| RawBlock { address: !address, size, stack })
            .collect(),
        first: graph.first.to_vec(),
        edges: graph.edges.to_vec(),
        running: missing.iter().map(|&thread| thread_name(thread)).collect(),
        paused: begun.elapsed(),
    })
}

/// The blocks that nothing reaches, and their pointers to one another.
struct Graph {
    /// Address and size, stack.
    blocks: Array<((usize, usize), u32)>,
    /// By block, and one more: where its edges begin.
    first: Array<u32>,
    /// Target and offset of the pointer.
    edges: Array<(u32, usize)>,
}

impl Graph {
    fn of(table: &Table) -> Option<Self> {
        let is_lost = |record: &table::Record| !record.is_marked() && !record.is_foreign();
        let records = table.records();
        let lost = || records.iter().enumerate().filter(|(_, record)| is_lost(record));
        let (count, words) = lost().fold((0, 0), |(count, words), (_, record)| (count + 1, words + record.size() / 8));
        let mut numbers = Array::<u32>::zeros(if count == 0 { 0 } else { records.len() })?;
        let mut graph =
            Self { blocks: Array::new(count)?, first: Array::new(count + 1)?, edges: Array::new(words * 2)? };
        for (number, record) in lost() {
            *numbers.get_mut(number)? = graph.blocks.len() as u32;
            graph.blocks.push(((record.start(), record.size()), table.stack(number)));
        }
        for (_, record) in lost() {
            graph.first.push(graph.edges.len() as u32);
            let begin = record.start().next_multiple_of(8);
            for at in (begin..record.end() & !7).step_by(8) {
                // SAFETY: nothing reaches the block, so nobody has released it.
                #[allow(unsafe_code, reason = "reads memory of the program")]
                let value = unsafe { words::word(at) } & words::ADDRESSES;
                let Some(target) = table.find(value) else { continue };
                for target in [Some(target), table.empty_before(value, target)].into_iter().flatten() {
                    if is_lost(&records[target]) {
                        graph.edges.push((*numbers.get(target)?, at - record.start()));
                    }
                }
            }
        }
        graph.first.push(graph.edges.len() as u32);
        Some(graph)
    }
}

/// The shortest way from a root to a block; `None` if there is none.
pub(crate) fn path(wanted: &Wanted<'_>) -> Result<Option<Path>, ScanError> {
    let work = |table: &mut Table, roots: &Roots, world: &World, pages: Option<&File>| {
        let address = wanted.address().map(|address| !address);
        if let Some(address) = address
            && table.find(address).is_none_or(|number| table.records()[number].is_foreign())
        {
            return Err(ScanError::NotABlock);
        }
        let target = address.and_then(|address| table.find(address));
        let mut is_wanted = |number: usize, table: &Table| match target {
            Some(target) => number == target,
            None => !table.records()[number].is_foreign() && wanted.has(table.stack(number)),
        };
        let mut marker = Marker::<true>::new(table, pages).ok_or(MEMORY)?;
        // What is only on the stack of the thread that asks comes last: there the question itself is.
        begin(&mut marker, roots, |root| matches!(root.kind, Kind::Static | Kind::Malloc));
        begin(&mut marker, roots, |root| root.kind == Kind::Local);
        begin(&mut marker, roots, |root| {
            !matches!(root.kind, Kind::Static | Kind::Malloc | Kind::Local | Kind::OwnStack)
        });
        // SAFETY: blocks are live, what lies between them is mapped, and nobody runs.
        #[allow(unsafe_code, reason = "reads memory of the program")]
        let mut found = unsafe { marker.run(&mut is_wanted) };
        if found.is_none() {
            begin(&mut marker, roots, |root| root.kind == Kind::OwnStack);
            spare(&mut marker, &roots.spans, world);
            // SAFETY: as above.
            #[allow(unsafe_code, reason = "reads memory of the program")]
            let again = unsafe { marker.run(&mut is_wanted) };
            found = again;
        }
        let Some(mut number) = found else { return Ok(None) };
        let mut steps = Array::<((usize, usize), (u32, usize))>::new(1 << 20).ok_or(MEMORY)?;
        loop {
            let record = marker.table().records()[number];
            let from = marker.from(number);
            let stack = if record.is_foreign() { u32::MAX } else { marker.table().stack(number) };
            if !steps.push(((record.start(), record.size()), (stack, from))) {
                return Err(MEMORY);
            }
            let holder = marker.table().find(from).filter(|&holder| {
                let record = marker.table().records()[holder];
                holder != number && (record.start()..record.end()).contains(&from)
            });
            match holder {
                Some(holder) => number = holder,
                None => break,
            }
        }
        let root = steps.last().map_or(0, |step| step.1.1);
        let kind = roots.list.iter().find(|part| (part.begin..part.end).contains(&root)).copied();
        Ok(Some((steps, root, kind)))
    };
    let (found, modules) = stopped(work)?;
    let Some((steps, root, kind)) = found else { return Ok(None) };
    let (mut path, mut before) = (Vec::new(), 0);
    for &((address, size), (stack, from)) in steps.iter().rev() {
        path.push(Step {
            block: RawBlock { address: !address, size, stack: if stack == u32::MAX { 0 } else { stack } },
            foreign: stack == u32::MAX,
            offset: from.wrapping_sub(before),
        });
        before = address;
    }
    Ok(Some(Path { root: name(root, kind, &modules), steps: path }))
}

fn name(address: usize, part: Option<Part>, modules: &[Module]) -> Root {
    let Some(root) = part else { return Root::Unknown { address: address as u64 } };
    match root.kind {
        Kind::Static | Kind::Malloc => {
            let module = modules.get(root.number as usize);
            let path = module.map(|module| module.path.clone()).filter(|path| !path.as_os_str().is_empty());
            let path = path.or_else(|| std::env::current_exe().ok()).unwrap_or_default();
            let base = module.map_or(0, |module| module.base);
            Root::Static { symbol: String::new(), offset: (address - base) as u64, module: path }
        }
        Kind::Stack | Kind::OwnStack => Root::Stack { thread: thread_name(root.number) },
        Kind::Registers => Root::Register { thread: thread_name(root.number) },
        Kind::Local => Root::ThreadLocal { thread: thread_name(root.number) },
        Kind::Unnamed => Root::Unknown { address: address as u64 },
    }
}

fn thread_name(thread: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/self/task/{thread}/comm")).unwrap_or_default();
    match name.trim_end() {
        "" => format!("thread {thread}"),
        name => name.to_owned(),
    }
}
