//! Large pages for what is allocated here.

/// Bytes from which on it is worth asking.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

/// Asks the system for large pages under memory that has not been touched yet: touching fresh small ones costs more than
/// the operations do. Elsewhere than on Linux, and where it refuses, nothing changes.
pub(crate) fn advise<T>(fresh: &mut [T]) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let bytes = size_of_val(fresh);
        if bytes < LARGE {
            return;
        }
        let start = fresh.as_mut_ptr().cast::<u8>();
        let skipped = start.align_offset(PAGE).min(bytes);
        let len = (bytes - skipped) / PAGE * PAGE;
        let first = start.wrapping_add(skipped).cast();
        // SAFETY: whole pages of the slice alone; the advice changes how they are backed, not what they hold.
        let _ = unsafe { rustix::mm::madvise(first, len, rustix::mm::Advice::LinuxHugepage) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = fresh;
}
