//! What the system's allocator holds.
#![allow(unsafe_code, reason = "looks for `mallinfo2` at run time, and calls it")]

/// Bytes that `malloc` has from the system, and those of them that are in use; `None` where there is no `mallinfo2` (it came
/// with glibc 2.33).
///
/// Locks each arena in turn and walks through its free lists.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn held() -> Option<(u64, u64)> {
    type MallInfo2 = unsafe extern "C" fn() -> libc::mallinfo2;
    // SAFETY: the name ends in a zero, and the default handle is always valid.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallinfo2".as_ptr()) };
    if found.is_null() {
        return None;
    }
    // SAFETY: the only function of this name, in glibc as in what takes the place of its allocator, has this type.
    let mallinfo2 = unsafe { std::mem::transmute::<*mut libc::c_void, MallInfo2>(found) };
    // SAFETY: it takes nothing and may be called from any thread.
    let info = unsafe { mallinfo2() };
    // Blocks with a mapping of their own are in no arena.
    Some(((info.arena + info.hblkhd) as u64, (info.uordblks + info.hblkhd) as u64))
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn held() -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
    fn malloc_holds_what_is_in_use() {
        let block = std::hint::black_box(vec![1_u8; 100_000]);
        if let Some((held, used)) = held() {
            assert!(held >= used && used >= 100_000, "{held} {used}");
        }
        drop(block);
    }
}
