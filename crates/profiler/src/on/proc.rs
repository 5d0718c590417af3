//! What Linux tells of the process in `/proc/self`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use lagom_base::sync::Mutex;

use crate::monitor::Sample;

/// `/proc/self/status`, kept open: a reading is then one system call and no allocation.
struct Status {
    /// It stays that of the process that opened it, which after a fork is another one.
    pid: u32,
    file: File,
}

static STATUS: Mutex<Option<Arc<Status>>> = Mutex::new(None);

fn status() -> Option<Arc<Status>> {
    let pid = std::process::id();
    if let Some(status) = STATUS.lock().as_ref().filter(|status| status.pid == pid) {
        return Some(Arc::clone(status));
    }
    // Out of descriptors, or no /proc: the next sample tries again.
    let status = Arc::new(Status { pid, file: File::open("/proc/self/status").ok()? });
    let old = STATUS.lock().replace(Arc::clone(&status));
    drop(old);
    Some(status)
}

/// Fills in what can be read.
pub(crate) fn fill(sample: &mut Sample) {
    if let Some(status) = status() {
        let mut buffer = [0; BUFFER];
        for_each_line(&mut buffer, |buffer, at| status.file.read_at(buffer, at).ok(), |line| take(line, sample));
    }
    sample.open_files = open_files();
}

/// The file has some 1,500 bytes, more only for a user of hundreds of groups.
const BUFFER: usize = 4_096;

/// Calls back with every line that fits the buffer; others, such as a long list of groups, are left out.
fn for_each_line(
    buffer: &mut [u8],
    mut read_at: impl FnMut(&mut [u8], u64) -> Option<usize>,
    mut each: impl FnMut(&[u8]),
) {
    let mut at = 0;
    // Set while the rest of a line that is too long passes by.
    let mut skipping = false;
    while let Some(length) = read_at(buffer, at).filter(|length| *length > 0) {
        let text = &buffer[..length];
        let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else {
            skipping = true;
            at += length as u64;
            continue;
        };
        for line in text[..end].split(|byte| *byte == b'\n') {
            if !std::mem::take(&mut skipping) {
                each(line);
            }
        }
        at += end as u64 + 1;
    }
}

/// One line, such as `VmRSS:     1564 kB`. A line break in the program's name is escaped there.
fn take(line: &[u8], sample: &mut Sample) {
    let Some((name, value)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(':')) else { return };
    let value = value.trim_ascii();
    let bytes = || value.strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1_024);
    match name {
        "VmSize" => sample.vms = bytes(),
        "VmRSS" => sample.rss = bytes(),
        // Not that of `getrusage`, in which a process that another one has started also has the peak of that one.
        "VmHWM" => sample.peak_rss = bytes(),
        "Threads" => sample.threads = value.parse().ok(),
        _ => {}
    }
}

fn open_files() -> Option<u32> {
    // Since Linux 6.2 the directory's size is the number of descriptors.
    let size = std::fs::metadata("/proc/self/fd").ok()?.len();
    if size > 0 {
        return u32::try_from(size).ok();
    }
    // One of the entries is this very reading.
    let entries = std::fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(entries.saturating_sub(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], size: usize) -> Sample {
        let mut sample = Sample::default();
        let read_at = |buffer: &mut [u8], at: u64| {
            let rest = &text[usize::try_from(at).expect("small")..];
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            Some(length)
        };
        for_each_line(&mut vec![0; size], read_at, |line| take(line, &mut sample));
        sample
    }

    #[test]
    fn the_figures_are_found_among_lines_of_any_kind_and_length() {
        let mut text = b"Name:\tVmRSS:\\n\xff\nGroups:\t".to_vec();
        text.extend(b"1000 ".repeat(300));
        text.extend(
            b"\nVmSize:\t    2928 kB\nVmHWM:\t    1690 kB\nVmRSS:\t    1680 kB\nRssAnon:\t 1 kB\nThreads:\t42\n",
        );
        for size in [24, 25, 40, 64, 1_000, 4_096] {
            let sample = read(&text, size);
            assert_eq!(sample.vms, Some(2_928 << 10), "{size}");
            assert_eq!((sample.peak_rss, sample.rss), (Some(1_690 << 10), Some(1_680 << 10)), "{size}");
            assert_eq!(sample.threads, Some(42), "{size}");
        }
    }

    #[test]
    fn nonsense_is_none() {
        for text in [&b""[..], b"\n\n", b"VmRSS", b"VmRSS:\t 1 kB", b"VmRSS:\t-1 kB\nThreads: x\n", b"VmRSS: 5\n"] {
            assert_eq!(read(text, 64), Sample::default());
        }
        let huge = format!("VmRSS:\t{} kB\n", u64::MAX);
        assert_eq!(read(huge.as_bytes(), 64).rss, None);
    }
}
