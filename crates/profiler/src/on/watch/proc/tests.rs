//! Files of a kernel that tells the truth, nonsense, or nothing.

use std::fs;

use super::*;
use crate::on::watch::root::Root;

fn filled(proc: &mut Proc, tier: Tier) -> Sample {
    let mut sample = Sample::default();
    proc.fill(&mut sample, tier);
    sample
}

#[test]
fn figures_of_a_system_of_files() {
    let root = Root::new();
    root.write("proc/self/statm", "100 20 3 4 0 5 0\n");
    root.write("proc/self/status", "Name:\tx\nVmHWM:\t    1690 kB\nThreads:\t42\n");
    let mut proc = Proc::new(root.path());
    let page = rusage::page_size().expect("known");
    let sample = filled(&mut proc, Tier::Detail);
    assert_eq!((sample.vms(), sample.rss()), (Some(100 * page), Some(20 * page)));
    assert_eq!((sample.peak_rss(), sample.threads()), (Some(1_690 << 10), Some(42)));
    assert_eq!((sample.open_files(), sample.cgroup_limit(), sample.pressure_some()), (None, None, None));
}

#[test]
fn nonsense_in_statm_is_none_and_costs_no_descriptor() {
    let root = Root::new();
    let huge = format!("{} 1 1 1 1 1 1\n", u64::MAX);
    for text in [
        "",
        "\n",
        "5",
        "5 6",
        "5 6 1 1 1 1 1",
        "5 6\n",
        "a b c d e f g\n",
        "5 -6 1 1 1 1 1\n",
        "5 +6 1 1 1 1 1\n",
        "5 6 1 1 1 1 1 1\n",
        "5 6 1 1 1 1 x\n",
        "\u{ff}",
        "5  6 1 1 1 1 1\n",
        &huge,
        &"1".repeat(500),
    ] {
        root.write("proc/self/statm", text);
        let mut proc = Proc::new(root.path());
        for _ in 0..3 {
            let sample = filled(&mut proc, Tier::Always);
            assert_eq!((sample.rss(), sample.vms()), (None, None), "{text:?}");
            assert!(proc.statm.is_none(), "{text:?}");
        }
    }
}

#[test]
fn a_file_that_goes_bad_and_good_again_is_followed() {
    let root = Root::new();
    let good = "100 20 3 4 0 5 0\n";
    let mut proc = Proc::new(root.path());
    assert_eq!(filled(&mut proc, Tier::Always).rss(), None);
    root.write("proc/self/statm", good);
    assert!(filled(&mut proc, Tier::Always).rss().is_some());
    // The kept file is empty now, as is the one that is opened in its place.
    root.write("proc/self/statm", "");
    assert_eq!(filled(&mut proc, Tier::Always).rss(), None);
    // Another file under the same name.
    fs::remove_file(root.path().join("proc/self/statm")).expect("there");
    root.write("proc/self/statm", good);
    assert!(filled(&mut proc, Tier::Always).rss().is_some());
}

#[test]
fn an_inherited_peak_is_not_believed_until_it_is_exceeded() {
    let root = Root::new();
    root.write("proc/self/statm", "100 20 3 4 0 5 0\n");
    root.write("proc/self/status", "VmHWM:\t100 kB\n");
    let mut proc = Proc::new(root.path());
    let mut peak = |counted: u64, tier| {
        let mut sample = Sample::default();
        sample.set(Metric::PeakRss, Some(counted));
        proc.fill(&mut sample, tier);
        sample.peak_rss()
    };
    assert_eq!(peak(200 << 10, Tier::Detail), Some(100 << 10));
    assert_eq!(peak(200 << 10, Tier::Usage), None, "no more than was known");
    assert_eq!(peak(201 << 10, Tier::Usage), Some(201 << 10), "now it is our own");
    root.write("proc/self/status", "VmHWM:\t300 kB\n");
    assert_eq!(peak(300 << 10, Tier::Detail), Some(300 << 10));
    assert_eq!(peak(300 << 10, Tier::Usage), Some(300 << 10));
}

#[test]
fn nonsense_in_status_is_none() {
    let root = Root::new();
    let huge = format!("VmHWM:\t{} kB\nThreads:\t{}0\n", u64::MAX, u64::MAX);
    for text in ["", "\n\n", "VmHWM", "VmHWM:\t-1 kB\nThreads: x\n", "VmHWM: 5\n", "VmHWM: 5 kB", &huge] {
        root.write("status", text);
        assert_eq!(read_status(&root.path().join("status")), Status::default(), "{text:?}");
    }
    assert_eq!(read_status(&root.path().join("none")), Status::default());
    assert_eq!(read_status(root.path()), Status::default(), "a directory");
}

#[test]
fn files_are_counted_by_listing_where_the_size_does_not_tell() {
    // What every directory of a real file system has as its size is no count, but the listing is tried on the others.
    assert_eq!(open_files(Path::new("/nonexistent")), None);
    assert!(open_files(Path::new("/proc/self/fd")).expect("read") >= 3);
}
