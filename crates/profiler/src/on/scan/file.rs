//! Files of `/proc` by system calls alone: what std wraps around them may allocate.
#![allow(unsafe_code, reason = "system calls")]

use std::ffi::CStr;

/// An open file.
#[derive(Debug)]
pub(super) struct File(i32);

impl File {
    pub(super) fn open(path: &CStr) -> Option<Self> {
        // SAFETY: the path ends with a zero.
        let number = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        (number >= 0).then_some(Self(number))
    }

    /// So many bytes were read; 0 at the end.
    pub(super) fn read_at(&self, buffer: &mut [u8], at: u64) -> Option<usize> {
        // SAFETY: the buffer is as long as is said.
        let count = unsafe { libc::pread(self.0, buffer.as_mut_ptr().cast(), buffer.len(), at.cast_signed()) };
        usize::try_from(count).ok()
    }

    /// The numbers that are names of entries of the directory, from its beginning; `None` if it cannot be read.
    pub(super) fn numbers(&self, found: &mut dyn FnMut(i32)) -> Option<()> {
        // SAFETY: a number of a file.
        if unsafe { libc::lseek(self.0, 0, libc::SEEK_SET) } < 0 {
            return None;
        }
        let mut buffer = [0_u64; 512];
        loop {
            // SAFETY: the buffer is as long as is said, and aligned as entries want it.
            let count =
                unsafe { libc::syscall(libc::SYS_getdents64, self.0, buffer.as_mut_ptr(), size_of_val(&buffer)) };
            let count = usize::try_from(count).ok()?;
            if count == 0 {
                return Some(());
            }
            let byte = |at: usize| buffer.get(at / 8).map(|word| word.to_le_bytes()[at % 8]);
            let mut at = 0;
            while at < count {
                // Inode and offset of 8 bytes each, length of 2, kind of 1, name.
                let length = usize::from(u16::from_le_bytes([byte(at + 16)?, byte(at + 17)?]));
                let digits = (at + 19..at + length).map_while(|at| byte(at).filter(|&byte| byte != 0));
                let number = digits.enumerate().try_fold(0_i32, |number, (_, digit)| {
                    number.checked_mul(10)?.checked_add(char::from(digit).to_digit(10)?.cast_signed())
                });
                if let Some(number) = number.filter(|&number| number > 0) {
                    found(number);
                }
                at += length.max(19);
            }
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: the number is this value's alone.
        unsafe { libc::close(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn threads_are_listed_each_time() {
        let file = File::open(c"/proc/self/task").unwrap();
        // SAFETY: has no conditions.
        let own = unsafe { libc::gettid() };
        for _ in 0..2 {
            let mut seen = false;
            file.numbers(&mut |number| seen |= number == own).unwrap();
            assert!(seen);
        }
        assert!(File::open(c"/nowhere").is_none());
    }
}
