//! The program and its libraries, as they lie in memory.
#![allow(unsafe_code, reason = "the loader's list of what it has loaded")]

use std::ffi::c_void;
use std::ops::Range;
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A file that was loaded. Addresses are those in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// Added to the addresses in the file.
    pub(super) base: usize,
    /// From its first byte to its last.
    pub(super) all: Range<usize>,
    pub(super) code: Range<usize>,
    /// `.eh_frame_hdr`, and what is loaded from there on, in which `.eh_frame` lies.
    pub(super) tables: Option<(Range<usize>, Range<usize>)>,
}

/// How often something was loaded, and unloaded.
pub(super) type Changes = (u64, u64);

/// Hands over everything that is loaded, the program first. Holds the loader's lock meanwhile: nothing is unloaded.
pub(super) fn each(f: &mut dyn FnMut(Module)) -> Changes {
    let mut walk = Walk { f, changes: (0, 0) };
    // SAFETY: the callback is of the type that is asked for, and `walk` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(one), (&raw mut walk).cast()) };
    walk.changes
}

struct Walk<'a> {
    f: &'a mut dyn FnMut(Module),
    changes: Changes,
}

/// Whether anything was loaded or unloaded since. Takes the loader's lock.
pub(super) fn changes() -> Changes {
    extern "C" fn first(info: *mut libc::dl_phdr_info, _: libc::size_t, changes: *mut c_void) -> libc::c_int {
        // SAFETY: the loader's, as long as the callback runs.
        let info = unsafe { &*info };
        // SAFETY: what `changes` below is.
        unsafe { *changes.cast::<Changes>() = (info.dlpi_adds, info.dlpi_subs) };
        1
    }
    let mut changes: Changes = (0, 0);
    // SAFETY: the callback is of the type that is asked for, and `changes` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut changes).cast()) };
    changes
}

extern "C" fn one(info: *mut libc::dl_phdr_info, _: libc::size_t, walk: *mut c_void) -> libc::c_int {
    // SAFETY: the loader's, as long as the callback runs.
    let info = unsafe { &*info };
    // SAFETY: what `each` gave, and nobody else looks at it meanwhile.
    let walk = unsafe { &mut *walk.cast::<Walk<'_>>() };
    walk.changes = (info.dlpi_adds, info.dlpi_subs);
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: so many headers lie there.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let base = info.dlpi_addr as usize;
    let range = |header: &libc::Elf64_Phdr| {
        let start = base.wrapping_add(header.p_vaddr as usize);
        start..start.wrapping_add(header.p_memsz as usize)
    };
    let loaded = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let hull = |of: &mut dyn Iterator<Item = Range<usize>>| {
        of.reduce(|all, one| all.start.min(one.start)..all.end.max(one.end)).unwrap_or_default()
    };
    let index = headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME).map(range);
    (walk.f)(Module {
        base,
        all: hull(&mut loaded().map(range)),
        code: hull(&mut loaded().filter(|header| header.p_flags & libc::PF_X != 0).map(range)),
        tables: index.and_then(|index| {
            let segment = loaded().map(range).find(|segment| segment.contains(&index.start))?;
            Some((index.start..index.end.min(segment.end), segment))
        }),
    });
    0
}

/// What lies there.
///
/// # Safety
///
/// A part of a module that stays loaded as long as the bytes are used.
#[cfg(feature = "unwind")]
pub(super) unsafe fn bytes<'a>(range: &Range<usize>) -> &'a [u8] {
    // SAFETY: the caller's promise; segments of a loaded module can be read.
    unsafe { slice::from_raw_parts(std::ptr::with_exposed_provenance(range.start), range.len()) }
}

/// The first place in its code where these bytes lie. For use within [`each`], so that the module stays.
#[cfg(all(feature = "unwind", target_arch = "x86_64"))]
pub(super) fn find(module: &Module, bytes: &[u8]) -> Option<usize> {
    // SAFETY: the module is loaded during `each`.
    let code = unsafe { self::bytes(&module.code) };
    // SAFETY: both are as long as is said.
    let at = unsafe { libc::memmem(code.as_ptr().cast(), code.len(), bytes.as_ptr().cast(), bytes.len()) };
    (!at.is_null()).then_some(at as usize)
}

/// What others put there for everybody, and never free.
pub(super) fn shared<T>(place: &AtomicPtr<T>) -> Option<&'static T> {
    // SAFETY: null, or from a box that was given away.
    unsafe { place.load(Ordering::Acquire).as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_is_the_first() {
        let mut found = Vec::new();
        let now = each(&mut |module| found.push(module));
        assert_eq!(now, changes());
        let here = this_program_is_the_first as fn() as usize;
        assert!(found[0].code.contains(&here));
        assert!(found[0].all.contains(&here));
        assert!(found.iter().skip(1).all(|other| !other.all.contains(&here)));
        for module in &found {
            assert!(module.all.start <= module.code.start && module.code.end <= module.all.end, "{module:x?}");
            if let Some((index, segment)) = &module.tables {
                assert!(segment.start <= index.start && index.end <= segment.end, "{module:x?}");
            }
        }
        assert!(found[0].tables.is_some());
    }
}
