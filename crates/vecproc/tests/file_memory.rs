//! Memory does not grow with files. Alone in its process, for its peak is the process's.
#![cfg(target_os = "linux")]

use std::fs::{self, File};

use lagom_vecproc::Pipeline;
use lagom_vecproc::file::Npy;
use tempfile::tempdir;

/// The most memory that this process had so far, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn memory_is_constant() {
    const FEW: u64 = 100_000;
    const MANY: u64 = 8 << 20;
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pipeline = Pipeline::new().expanding_mean().rolling_mean(50).scale(1.1);
    let run = |elements: u64| {
        // Zeros that no disk holds.
        File::create(path("x.f64")).unwrap().set_len(elements * 8).unwrap();
        assert_eq!(pipeline.process_file(path("x.f64"), path("y.npy")).unwrap(), elements);
        assert_eq!(Npy::open(path("y.npy")).unwrap().shape(), [elements]);
    };
    run(FEW);
    let before = peak();
    run(MANY);
    let grown = peak() - before;
    assert!(grown < 1 << 20, "{grown} bytes more for {MANY} elements");

    // A header that claims to be four gigabytes long, in a file that is longer.
    fs::write(path("z.npy"), b"\x93NUMPY\x03\x00\xff\xff\xff\xff{").unwrap();
    File::options().write(true).open(path("z.npy")).unwrap().set_len(1 << 33).unwrap();
    let before = peak();
    Npy::open(path("z.npy")).unwrap_err();
    let grown = peak() - before;
    assert!(grown < 1 << 20, "{grown} bytes more for a header");

    #[cfg(feature = "csv")]
    {
        use lagom_vecproc::file::{Csv, Source};
        // One field that is all of the file.
        fs::write(path("x.csv"), format!("a,b\n1,\"{}", "y".repeat(16 << 20))).unwrap();
        let before = peak();
        let error = Csv::new().open(path("x.csv"), "a").unwrap().next_chunk().unwrap_err();
        assert!(error.to_string().ends_with("x.csv, line 2: a quote is never closed, or very late"));
        let grown = peak() - before;
        assert!(grown < 1 << 20, "{grown} bytes more for one field");
    }
}
