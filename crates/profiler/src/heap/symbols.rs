//! From addresses to names, files and lines; outside every hot path, and with allocations of its own put aside.
//!
//! An address belongs to a [`Module`](modules::Module), a file that is mapped somewhere. All addresses of a file are
//! looked up while it is open, so that nothing of it stays but the frames, which a cache keeps by file and offset.
//! Files are mapped, not read: a program with a gigabyte of debug information costs what of it is touched.

pub(crate) mod library;
pub(crate) mod modules;
#[cfg(feature = "symbols")]
mod names;
#[cfg(feature = "symbols")]
mod object_file;
#[cfg(feature = "symbols")]
mod origin;
#[cfg(feature = "symbols")]
mod separate;
#[cfg(feature = "symbols")]
mod statics;
#[cfg(all(test, feature = "symbols", target_os = "linux"))]
mod tests;

#[cfg(feature = "symbols")]
pub(crate) use self::statics::static_at;

use std::collections::HashMap;
use std::sync::Arc;

use self::modules::Module;
use super::raw::Raw;
use super::{Frame, Site};
use crate::engine;

/// Gives names to what the engine hands out; looks into this process's files.
pub(crate) fn resolve_sites(raw: Raw) -> Vec<Site> {
    engine::heap_aside(|| {
        let addresses = raw.sites.iter().flat_map(|site| site.frames.iter().map(|&address| address as u64));
        let names = resolve(&modules::loaded(), addresses);
        let threads: Vec<Arc<str>> = raw.threads.iter().map(|name| name.as_str().into()).collect();
        let sites = raw.sites.iter().map(|site| Site {
            frames: expand(&names, site.frames.iter().map(|&address| address as u64)),
            thread: threads.get(site.thread as usize).cloned().unwrap_or_default(),
            span: site.span.into(),
            total: site.total,
            live: site.live,
            variance: site.variance,
            ..Site::default()
        });
        sites.collect()
    })
}

/// The frames of each address, the innermost of the inlined ones first.
pub(crate) type Names = HashMap<u64, Arc<[Frame]>>;

/// The stack with its inlined functions, from what called the allocator on.
pub(crate) fn expand(names: &Names, addresses: impl Iterator<Item = u64>) -> Arc<[Frame]> {
    let frames = addresses.flat_map(|address| names.get(&address).map_or(&[][..], |frames| frames));
    let frames: Vec<Frame> = frames.cloned().collect();
    frames[allocators(&frames)..].into()
}

/// Frames that further in than this call the allocator are a program's own.
const DEEPEST: usize = 24;

/// How many frames at the innermost end are those of global allocators: of this crate's, and of whatever is around it.
/// The compiler calls all of them by one of a few names.
fn allocators(frames: &[Frame]) -> usize {
    let entry = |frame: &Frame| {
        // Inlined, it may have got the path of the file that names the allocator.
        let name = frame.function().rsplit("::").next().unwrap_or_default();
        matches!(name, "__rust_alloc" | "__rust_alloc_zeroed" | "__rust_realloc")
            || matches!(name, "__rg_alloc" | "__rg_alloc_zeroed" | "__rg_realloc")
    };
    let own = |frame: &Frame| {
        library::own_path(frame.file()).is_some_and(|path| path == "allocator.rs" || path.starts_with("on/"))
            || frame.function().contains("lagom_profiler::allocator::")
    };
    let entry = frames.iter().take(DEEPEST).rposition(entry).map_or(0, |place| place + 1);
    entry + frames[entry..].iter().take_while(|frame| own(frame)).count()
}

/// Looks up return addresses, each once: what stands before an address is what called.
pub(crate) fn resolve(modules: &[Module], addresses: impl Iterator<Item = u64>) -> Names {
    let mut names = Names::new();
    let mut by_module: Vec<Vec<(u64, u64)>> = vec![Vec::new(); modules.len()];
    let mut ranges: Vec<_> = modules.iter().enumerate().flat_map(|(at, module)| module.ranges(at)).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    for address in addresses {
        if names.contains_key(&address) {
            continue;
        }
        let call = address.wrapping_sub(1);
        let at = ranges.partition_point(|range| range.start <= call);
        match at.checked_sub(1).map(|at| &ranges[at]).filter(|range| call < range.end) {
            Some(range) => by_module[range.module].push((address, call - range.start + range.offset)),
            None => drop(names.insert(address, [unknown(call)].into())),
        }
        names.entry(address).or_default();
    }
    for (module, wanted) in modules.iter().zip(&by_module) {
        if !wanted.is_empty() {
            cached(module, wanted, &mut names);
        }
    }
    names
}

/// An address in no file.
fn unknown(call: u64) -> Frame {
    Frame { function: format!("0x{call:x}").into(), address: call, ..Frame::default() }
}

/// The frame of an address in a file that has no more to say.
fn bare(module: &Module, object: &Arc<str>, address: u64) -> Frame {
    let name = module.path.rsplit(['/', '\\']).next().unwrap_or_default();
    Frame { function: format!("{name}+0x{address:x}").into(), object: object.clone(), address, ..Frame::default() }
}

#[cfg(not(feature = "symbols"))]
fn cached(module: &Module, wanted: &[(u64, u64)], names: &mut Names) {
    for &(address, offset) in wanted {
        names.insert(address, [bare(module, &module.path, module.plain_address(offset))].into());
    }
}

/// What was found in which file at which offset; the files of a recording are told apart by their build ids, too, and by what
/// their offsets are of.
#[cfg(feature = "symbols")]
type Cache = HashMap<(Arc<str>, Arc<[u8]>, bool), HashMap<u64, Arc<[Frame]>>>;

#[cfg(feature = "symbols")]
fn cached(module: &Module, wanted: &[(u64, u64)], names: &mut Names) {
    use lagom_base::sync::Mutex;
    use std::sync::LazyLock;
    static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(|| {
        engine::own_static(&CACHE);
        Mutex::default()
    });

    let key = (module.path.clone(), module.build_id.clone(), module.linked);
    let mut offsets: Vec<u64> = wanted.iter().map(|&(_, offset)| offset).collect();
    if let Some(known) = CACHE.lock().get(&key) {
        offsets.retain(|offset| !known.contains_key(offset));
    }
    offsets.sort_unstable();
    offsets.dedup();
    let found = if offsets.is_empty() { Vec::new() } else { object_file::look_up(module, &offsets) };
    let mut cache = CACHE.lock();
    let known = cache.entry(key).or_default();
    known.extend(found);
    for (address, offset) in wanted {
        if let Some(frames) = known.get(offset) {
            names.insert(*address, frames.clone());
        }
    }
}
