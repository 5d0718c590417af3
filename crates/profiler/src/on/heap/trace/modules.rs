//! The program and its libraries, as the loader knows them.
#![allow(unsafe_code, reason = "the loader's list is C structures")]

use std::ffi::{CStr, OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::heap::recording::format::LONGEST;

/// The payloads of blocks with all modules. Locks the loader's list: not inside an allocator.
pub(super) fn payloads() -> Vec<Vec<u8>> {
    let mut payloads = vec![Vec::new()];
    // SAFETY: calls `add` with the payloads, which outlive the call.
    unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut payloads).cast()) };
    payloads
}

/// # Safety
///
/// `info` is null or the loader's, `payloads` null or a `Vec<Vec<u8>>` that nobody else uses during the call.
unsafe extern "C" fn add(info: *mut libc::dl_phdr_info, _: usize, payloads: *mut c_void) -> c_int {
    // SAFETY: the loader's structure, for the time of this call.
    let Some(info) = (unsafe { info.as_ref() }) else { return 0 };
    // SAFETY: what `payloads` passed, which nobody else uses meanwhile.
    let Some(payloads) = (unsafe { payloads.cast::<Vec<Vec<u8>>>().as_mut() }) else { return 0 };
    let headers = if info.dlpi_phdr.is_null() {
        &[]
    } else {
        // SAFETY: so many headers are there, as long as the module is loaded, which the loader's lock makes sure of.
        unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) }
    };
    let loaded = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let ranges = loaded.map(|header| {
        let begin = info.dlpi_addr.wrapping_add(header.p_vaddr);
        (begin, begin.wrapping_add(header.p_memsz))
    });
    let Some((begin, end)) = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else { return 0 };
    let notes = headers.iter().filter(|header| header.p_type == libc::PT_NOTE);
    let id = notes.into_iter().find_map(|header| {
        let address = info.dlpi_addr.wrapping_add(header.p_vaddr);
        if address < begin || address.checked_add(header.p_memsz)? > end {
            return None;
        }
        let length = usize::try_from(header.p_memsz).ok()?;
        let address = std::ptr::with_exposed_provenance(address as usize);
        // SAFETY: within what the loader mapped, read-only, as long as the module is loaded.
        let notes = unsafe { std::slice::from_raw_parts(address, length) };
        build_id(notes)
    });
    let name = if info.dlpi_name.is_null() {
        c""
    } else {
        // SAFETY: a text that ends with a zero, as long as the module is loaded.
        unsafe { CStr::from_ptr(info.dlpi_name) }
    };
    // The program itself has no name here.
    let path = if name.is_empty() {
        std::env::current_exe().unwrap_or_default()
    } else {
        Path::new(OsStr::from_bytes(name.to_bytes())).to_path_buf()
    };
    let path = path.to_string_lossy();
    let id = id.unwrap_or_default();
    let mut entry = Vec::new();
    entry.extend([begin, end, info.dlpi_addr].iter().flat_map(|number| number.to_le_bytes()));
    for text in [path.as_bytes(), id.as_bytes()] {
        entry.extend((text.len() as u32).to_le_bytes());
        entry.extend(text);
    }
    if payloads.last().is_none_or(|payload| payload.len() + entry.len() > LONGEST) {
        payloads.push(Vec::new());
    }
    if let Some(payload) = payloads.last_mut() {
        payload.extend(entry);
    }
    0
}

/// GNU's build id among some notes, in hexadecimal.
fn build_id(mut notes: &[u8]) -> Option<String> {
    const BUILD_ID: u32 = 3;
    loop {
        let (head, rest) = notes.split_at_checked(12)?;
        let field = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let (name, text, kind) = (field(0)? as usize, field(4)? as usize, field(8)?);
        let (padded, rest) = rest.split_at_checked(name.checked_next_multiple_of(4)?)?;
        if kind == BUILD_ID && padded.get(..name)? == b"GNU\0" {
            return Some(rest.get(..text)?.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        notes = rest.get(text.checked_next_multiple_of(4)?..)?;
    }
}
