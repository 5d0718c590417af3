//! One reading of the process's own figures. Whatever cannot be read is `None`.

use std::time::Duration;

use super::{clock, counters};
use crate::monitor::Sample;

/// A sample whose time counts from the profiler's first reading of its clock.
pub(crate) fn sample_now() -> Sample {
    sample(Duration::from_nanos(clock::now()))
}

/// A sample that carries the given time.
pub(crate) fn sample(at: Duration) -> Sample {
    let mut sample = Sample {
        at_ns: u64::try_from(at.as_nanos()).unwrap_or(u64::MAX),
        traced_current: counters::current(),
        traced_peak: counters::peak(),
        ..Sample::default()
    };
    #[cfg(unix)]
    if let Some((cpu, peak)) = super::rusage::usage() {
        sample.cpu_ns = u64::try_from(cpu.as_nanos()).ok();
        sample.peak_rss = Some(peak);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    proc::fill(&mut sample);
    sample
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod proc {
    use std::fs::File;
    use std::os::unix::fs::FileExt;
    use std::sync::{Arc, OnceLock};

    use lagom_base::sync::Mutex;

    use crate::monitor::Sample;
    use crate::on::rusage;

    /// Files of `/proc/self` kept open: a reading is then one system call and no allocation.
    struct Files {
        /// They stay those of the process that opened them, which after a fork is another one.
        pid: u32,
        statm: Option<File>,
        stat: Option<File>,
    }

    static FILES: Mutex<Option<Arc<Files>>> = Mutex::new(None);

    fn files() -> Arc<Files> {
        let pid = std::process::id();
        if let Some(files) = FILES.lock().as_ref().filter(|files| files.pid == pid) {
            return Arc::clone(files);
        }
        let files = Arc::new(Files {
            pid,
            statm: File::open("/proc/self/statm").ok(),
            stat: File::open("/proc/self/stat").ok(),
        });
        let old = if files.statm.is_some() && files.stat.is_some() {
            FILES.lock().replace(Arc::clone(&files))
        } else {
            // Out of descriptors, or no /proc: the next sample tries again.
            None
        };
        drop(old);
        files
    }

    pub(super) fn fill(sample: &mut Sample) {
        static PAGE: OnceLock<Option<u64>> = OnceLock::new();
        let files = files();
        let mut buffer = [0; 1024];
        if let (Some(page), Some(text)) =
            (*PAGE.get_or_init(rusage::page_size), read(files.statm.as_ref(), &mut buffer))
        {
            let mut pages = text.split_ascii_whitespace().map(|field| field.parse::<u64>().ok());
            sample.vms = pages.next().flatten().map(|count| count.saturating_mul(page));
            sample.rss = pages.next().flatten().map(|count| count.saturating_mul(page));
        }
        sample.threads = read(files.stat.as_ref(), &mut buffer).and_then(threads);
        sample.open_files = open_files();
    }

    fn read<'a>(file: Option<&File>, buffer: &'a mut [u8]) -> Option<&'a str> {
        let length = file?.read_at(buffer, 0).ok().filter(|length| *length > 0)?;
        // The program's name, which may be anything, stands in parentheses in front of all that is read from `stat`.
        let text = &buffer[..length];
        let start = text.iter().rposition(|byte| *byte == b')').map_or(0, |place| place + 1);
        std::str::from_utf8(&text[start..]).ok()
    }

    /// Field 20 of `stat`, the 18th after the name.
    fn threads(stat: &str) -> Option<u32> {
        stat.split_ascii_whitespace().nth(17)?.parse().ok()
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

        #[test]
        fn the_thread_count_is_found_behind_any_program_name() {
            let dir = std::env::temp_dir().join(format!("lagom-stat-{}", std::process::id()));
            std::fs::write(&dir, b"12 (a) b\xff) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 42 0 99\n").expect("writes");
            let mut buffer = [0; 1024];
            let file = File::open(&dir).expect("opens");
            assert_eq!(read(Some(&file), &mut buffer).and_then(threads), Some(42));
            std::fs::remove_file(dir).expect("removes");
        }

        #[test]
        fn nonsense_is_none() {
            assert_eq!(threads(""), None);
            assert_eq!(threads("S 1 2 3"), None);
            assert_eq!(threads("a b c d e f g h i j k l m n o p q r s"), None);
            assert_eq!(read(None, &mut [0; 16]), None);
        }
    }
}
