//! The names of threads, as the system has them: what was allocated is told apart by the name of the thread that did.
#![allow(unsafe_code, reason = "asks the system")]

use std::sync::atomic::{AtomicU64, Ordering};

/// Names of threads that are told apart; those of all others are empty.
const NAMES: usize = 1024;
/// The system keeps no more of a name, with a zero at the end.
const LENGTH: usize = 16;

/// A name in two words, all zero where there is none yet. The first is written last.
static TABLE: [[AtomicU64; 2]; NAMES] = [const { [const { AtomicU64::new(0) }; 2] }; NAMES];

/// The number of the calling thread's name, 0 if it has none or there are too many. Neither allocates nor locks.
#[cold]
#[inline(never)]
pub(super) fn own() -> u32 {
    number_of(&name())
}

fn number_of(name: &[u8; LENGTH]) -> u32 {
    let value = u128::from_le_bytes(*name);
    let [first, second] = [value as u64, (value >> 64) as u64];
    if first == 0 {
        return 0;
    }
    for (at, entry) in TABLE.iter().enumerate().skip(1) {
        if entry[0].load(Ordering::Acquire) == 0 {
            // Who is first here says so in the second word, with a bit that no name has there: its last byte is zero.
            const CLAIMED: u64 = 1 << 63;
            if entry[1].compare_exchange(0, second | CLAIMED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                entry[0].store(first, Ordering::Release);
                return at as u32;
            }
            // Somebody else is about to write a name here, this one perhaps: it may be there twice, which readers add up.
            if entry[0].load(Ordering::Acquire) == 0 {
                continue;
            }
        }
        let same = entry[0].load(Ordering::Acquire) == first && entry[1].load(Ordering::Acquire) << 1 == second << 1;
        if same {
            return at as u32;
        }
    }
    0
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn name() -> [u8; LENGTH] {
    let mut name = [0; LENGTH];
    #[cfg(target_os = "linux")]
    {
        // SAFETY: no arguments.
        let process = unsafe { libc::getpid() };
        // SAFETY: no arguments.
        let thread = unsafe { libc::syscall(libc::SYS_gettid) };
        if i64::from(process) == thread {
            name[..4].copy_from_slice(b"main");
            return name;
        }
    }
    // SAFETY: no arguments.
    let own = unsafe { libc::pthread_self() };
    // SAFETY: writes a name of at most so many bytes, the zero at its end included, of the thread that asks.
    unsafe { libc::pthread_getname_np(own, name.as_mut_ptr().cast(), LENGTH) };
    name[LENGTH - 1] = 0;
    name
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn name() -> [u8; LENGTH] {
    [0; LENGTH]
}

/// All names by their numbers; the first is empty.
pub(super) fn all() -> Vec<String> {
    let name = |entry: &[AtomicU64; 2]| {
        let [first, second] = [entry[0].load(Ordering::Acquire), entry[1].load(Ordering::Acquire) << 1 >> 1];
        let bytes = (u128::from(second) << 64 | u128::from(first)).to_le_bytes();
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(LENGTH);
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    let used = TABLE.iter().rposition(|entry| entry[0].load(Ordering::Acquire) != 0).map_or(1, |last| last + 1);
    TABLE[..used].iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_have_equal_numbers() {
        let number = |text: &str| {
            let mut name = [0; LENGTH];
            name[..text.len()].copy_from_slice(text.as_bytes());
            number_of(&name)
        };
        let (one, other, long) = (number("one"), number("other"), number("exactly-fifteen"));
        assert!(one != other && one != 0 && other != long);
        assert_eq!([number("one"), number("other"), number("exactly-fifteen")], [one, other, long]);
        assert_eq!(number(""), 0);
        let all = all();
        assert_eq!([one, other, long].map(|at| all[at as usize].as_str()), ["one", "other", "exactly-fifteen"]);
        if cfg!(target_os = "linux") {
            let own = std::thread::Builder::new().name("names own".to_owned()).spawn(own).expect("a thread").join();
            assert_eq!(super::all()[own.expect("no panic") as usize], "names own");
        }
    }
}
