//! The program and its libraries: where their statics are, and how large their thread-locals.
#![allow(unsafe_code, reason = "asks the loader")]

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Empty for the program.
    pub(super) path: PathBuf,
    /// What is added to the addresses of its file.
    pub(super) base: usize,
    /// Begin and end of what can be written, to whole pages.
    pub(super) segments: Vec<(usize, usize)>,
    /// Bytes of its thread-locals, with their alignment.
    pub(super) locals: usize,
}

impl Module {
    pub(super) fn is_libc(&self) -> bool {
        self.path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"libc.so"))
    }
}

/// All that are loaded. Allocates and takes the loader's lock, so before anything is stopped.
pub(super) fn loaded() -> Vec<Module> {
    /// # Safety
    ///
    /// `info` is the loader's, `data` a list of modules that nobody else uses meanwhile.
    unsafe extern "C" fn add(info: *mut libc::dl_phdr_info, _: usize, data: *mut libc::c_void) -> i32 {
        // SAFETY: the loader gives a value to the callback.
        let info = unsafe { &*info };
        // SAFETY: this is what `loaded` passes.
        let modules = unsafe { &mut *data.cast::<Vec<Module>>() };
        let mut module = Module { base: info.dlpi_addr as usize, ..Module::default() };
        if !info.dlpi_name.is_null() {
            // SAFETY: the loader's names end with a zero.
            let name = unsafe { CStr::from_ptr(info.dlpi_name) };
            module.path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
        }
        for index in 0..usize::from(info.dlpi_phnum) {
            // SAFETY: there are so many.
            let header = unsafe { info.dlpi_phdr.add(index) };
            // SAFETY: as above.
            let header = unsafe { &*header };
            if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W != 0 {
                let begin = module.base + header.p_vaddr as usize;
                let end = begin + header.p_memsz as usize;
                // The loader takes the rest of its last page for its own thread's first blocks.
                module.segments.push((begin & !4095, end.next_multiple_of(4096)));
            } else if header.p_type == libc::PT_TLS {
                module.locals = header.p_memsz as usize + header.p_align as usize;
            }
        }
        modules.push(module);
        0
    }
    let mut modules = Vec::<Module>::new();
    // SAFETY: the callback gets what it expects.
    unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut modules).cast()) };
    modules
}
