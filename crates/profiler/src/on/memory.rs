//! Memory from the system, for what must not come from the allocator that is being looked at.
#![allow(unsafe_code, reason = "mmap")]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Begin and length of each reservation and of statics that lead to the profiler's own lists, so that a scan for leaks can leave
/// out what belongs to the profiler. More than fit in are not left out, which hides leaks and invents none.
static RANGES: [[AtomicUsize; 2]; 1024] = [const { [const { AtomicUsize::new(0) }; 2] }; 1024];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// So many bytes, all zero, at a multiple of the page size; for ever. Pages become resident when they are touched, so that a
/// reservation far beyond what is used costs nothing but addresses. `None` if the system has no more.
///
/// Neither allocates nor locks.
pub(crate) fn reserve(bytes: usize) -> Option<NonNull<u8>> {
    let memory = map(bytes)?;
    note(memory.as_ptr().addr(), bytes);
    Some(memory)
}

fn note(address: usize, bytes: usize) {
    if let Some([begin, length]) = RANGES.get(COUNT.fetch_add(1, Ordering::Relaxed)) {
        begin.store(address, Ordering::Relaxed);
        length.store(bytes, Ordering::Release);
    }
}

/// A static through which nothing of the program is reached, only lists of the profiler's: what they have in room that they do
/// not use must not keep anything alive for a scan. To be said once.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "for scans"))]
pub(crate) fn own_static<T>(place: &'static T) {
    note((&raw const *place).addr(), size_of::<T>());
}

/// Of what was reserved: only single pages are used, far apart, so no large ones shall be made of them.
pub(crate) fn keep_sparse(memory: NonNull<u8>, bytes: usize) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: advice about a mapping that was reserved with this size; a system without large pages refuses it.
    keeping_errno(|| unsafe { libc::madvise(memory.as_ptr().cast(), bytes, libc::MADV_NOHUGEPAGE) });
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (memory, bytes);
}

/// Begin and length of all that was reserved, and of the profiler's own statics.
#[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), allow(dead_code, reason = "for scans"))]
pub(crate) fn reserved() -> impl Iterator<Item = (usize, usize)> {
    RANGES.iter().take(COUNT.load(Ordering::Acquire)).map(|[begin, length]| {
        let length = length.load(Ordering::Acquire);
        (begin.load(Ordering::Relaxed), length)
    })
}

#[cfg(unix)]
fn map(bytes: usize) -> Option<NonNull<u8>> {
    #[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
    const FLAGS: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    #[cfg(any(miri, not(any(target_os = "linux", target_os = "android"))))]
    const FLAGS: i32 = libc::MAP_PRIVATE | libc::MAP_ANON;
    const ACCESS: i32 = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address of the system's choice touches nothing that exists.
    let address = keeping_errno(|| unsafe { libc::mmap(std::ptr::null_mut(), bytes, ACCESS, FLAGS, -1, 0) });
    if address == libc::MAP_FAILED { None } else { NonNull::new(address.cast()) }
}

#[cfg(not(unix))]
fn map(bytes: usize) -> Option<NonNull<u8>> {
    use std::alloc::{GlobalAlloc, Layout, System};
    let layout = Layout::from_size_align(bytes.max(1), 4096).ok()?;
    // SAFETY: the size is not zero. `System` is not the allocator that is looked at.
    NonNull::new(unsafe { System.alloc_zeroed(layout) })
}

/// Gives back what nobody has seen.
pub(crate) fn give_back(memory: NonNull<u8>, bytes: usize) {
    // First: from here on these addresses may be anybody's.
    let is_it = |[begin, length]: &&[AtomicUsize; 2]| {
        begin.load(Ordering::Relaxed) == memory.as_ptr().addr() && length.load(Ordering::Relaxed) == bytes
    };
    if let Some([_, length]) = RANGES.iter().find(is_it) {
        length.store(0, Ordering::Release);
    }
    #[cfg(unix)]
    // SAFETY: reserved above with this size, and by contract nobody refers to it.
    unsafe {
        libc::munmap(memory.as_ptr().cast(), bytes);
    }
    #[cfg(not(unix))]
    {
        // Kept: nobody needs it.
        let _ = (memory, bytes);
    }
}

/// Keeps `errno` as it is: the program may look at it after an allocation.
#[cfg(target_os = "linux")]
pub(crate) fn keeping_errno<R>(f: impl FnOnce() -> R) -> R {
    let before = errno();
    let result = f();
    let place = errno_place();
    // SAFETY: the thread's own, always there.
    unsafe { *place = before };
    result
}

#[cfg(target_os = "linux")]
pub(crate) fn errno() -> libc::c_int {
    let place = errno_place();
    // SAFETY: the thread's own, always there.
    unsafe { *place }
}

#[cfg(target_os = "linux")]
fn errno_place() -> *mut libc::c_int {
    // SAFETY: no preconditions.
    unsafe { libc::__errno_location() }
}

/// It is as the calls inside leave it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn keeping_errno<R>(f: impl FnOnce() -> R) -> R {
    f()
}
