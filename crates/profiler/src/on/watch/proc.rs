//! What Linux tells of the process in `/proc`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::cgroup::Cgroup;
use super::{pressure, rusage, text};
use crate::monitor::{Metric, Sample, Tier};

/// The files of one process. The paths are made once: to read allocates nothing.
pub(super) struct Proc {
    page_size: Option<u64>,
    statm_path: PathBuf,
    /// Kept open: a reading is then one system call of 0.8 us, and 4 us otherwise.
    statm: Option<File>,
    status: PathBuf,
    files: PathBuf,
    pressure: PathBuf,
    machine: PathBuf,
    cgroup: Cgroup,
    /// The peak in `getrusage` is that of the program which this one was started from, until this one exceeds it.
    inherited: Option<u64>,
}

impl Proc {
    /// With the root directory of the system, or of a test.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            page_size: rusage::page_size(),
            statm_path: root.join("proc/self/statm"),
            statm: None,
            status: root.join("proc/self/status"),
            files: root.join("proc/self/fd"),
            pressure: root.join("proc/pressure/memory"),
            machine: root.join("proc/meminfo"),
            cgroup: Cgroup::new(root),
            inherited: None,
        }
    }

    /// Enters the figures of this tier and those below. The peak that `getrusage` told is there already.
    pub(super) fn fill(&mut self, sample: &mut Sample, tier: Tier) {
        let memory = self.statm();
        sample.set(Metric::Vms, memory.map(|(vms, _)| vms));
        sample.set(Metric::Rss, memory.map(|(_, rss)| rss));
        let counted = if tier >= Tier::Usage { sample.whole(Metric::PeakRss) } else { None };
        let mut peak = None;
        if tier == Tier::Detail {
            let status = read_status(&self.status);
            peak = status.peak;
            // Read after `counted`, so that growth between the two does not look inherited.
            self.inherited = counted.filter(|counted| peak.is_some_and(|peak| *counted > peak));
            sample.set(Metric::Threads, status.threads);
            sample.set(Metric::OpenFiles, open_files(&self.files));
            self.cgroup.fill(sample);
            pressure::fill(sample, self.cgroup.pressure(), &self.pressure);
        }
        if tier >= Tier::Usage {
            let own = counted.filter(|counted| self.inherited.is_none_or(|inherited| *counted > inherited));
            sample.set(Metric::PeakRss, peak.max(own));
        }
    }

    /// Virtual and resident memory in bytes.
    fn statm(&mut self) -> Option<(u64, u64)> {
        let page_size = self.page_size?;
        if let Some(file) = &self.statm {
            if let Some(found) = read_statm(file, page_size) {
                return Some(found);
            }
            // It was readable before: somebody closed it under our hands, as a daemon does with all files, and perhaps
            // opened another one with its number. That one is not ours to close.
            std::mem::forget(self.statm.take());
        }
        // Out of descriptors, or no /proc: the next sample tries again.
        let file = File::open(&self.statm_path).ok()?;
        let found = read_statm(&file, page_size)?;
        self.statm = Some(file);
        Some(found)
    }

    /// Bytes until the cgroup's or the machine's limit, whichever is nearer.
    pub(super) fn room(&self) -> Option<u64> {
        let mut buffer = [0; text::BUFFER];
        let machine = text::read(&self.machine, &mut buffer).and_then(|text| {
            let (_, value) = text::lines(text).find(|(name, _)| *name == "MemAvailable")?;
            text::kib(value)
        });
        match (machine, self.cgroup.room()) {
            (Some(machine), Some(cgroup)) => Some(machine.min(cgroup)),
            (one, other) => one.or(other),
        }
    }
}

fn read_statm(file: &File, page_size: u64) -> Option<(u64, u64)> {
    // Seven numbers of at most 20 digits fit, so that none is cut.
    let mut buffer = [0; 192];
    let length = file.read_at(&mut buffer, 0).ok()?;
    let [vms, rss, ..] = statm(&buffer[..length])?;
    Some((vms.checked_mul(page_size)?, rss.checked_mul(page_size)?))
}

/// `8312 1564 1023 3 0 512 0` and the end of the line: pages, of which the first are virtual and the second resident ones.
/// By hand, since it is most of what a sample does itself. Another file in its place would hardly have seven numbers.
fn statm(text: &[u8]) -> Option<[u64; 7]> {
    let mut numbers = [0_u64; 7];
    let mut rest = text;
    for (place, number) in numbers.iter_mut().enumerate() {
        let mut digits = 0;
        while let Some(digit @ b'0'..=b'9') = rest.get(digits) {
            *number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
            digits += 1;
        }
        let end = if place < 6 { b' ' } else { b'\n' };
        rest = rest[digits..].strip_prefix(&[end]).filter(|_| digits > 0)?;
    }
    rest.is_empty().then_some(numbers)
}

#[derive(Debug, Default, PartialEq)]
struct Status {
    peak: Option<u64>,
    threads: Option<u64>,
}

fn read_status(path: &Path) -> Status {
    let mut status = Status::default();
    let Ok(file) = File::open(path) else { return status };
    let mut buffer = [0; text::BUFFER];
    text::for_each_line(
        &mut buffer,
        |buffer, at| file.read_at(buffer, at).ok(),
        |line| {
            let Some((name, value)) = text::field(line) else { return };
            match name {
                "VmHWM" => status.peak = text::kib(value),
                "Threads" => status.threads = text::number(value),
                _ => {}
            }
        },
    );
    status
}

fn open_files(path: &Path) -> Option<u64> {
    // Since Linux 6.2 the directory's size is the number of descriptors.
    let size = std::fs::metadata(path).ok()?.len();
    if size > 0 {
        return Some(size);
    }
    // One of the entries is this very reading.
    let entries = std::fs::read_dir(path).ok()?.count();
    u64::try_from(entries.saturating_sub(1)).ok()
}

#[cfg(test)]
#[path = "proc/tests.rs"]
mod tests;
