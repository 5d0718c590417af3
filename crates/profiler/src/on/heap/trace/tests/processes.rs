//! Processes that die, fork, or have no room.

use crate::heap::Measure;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::super::{on_alloc, on_free};
use super::*;

/// Set in a process that is to be the child of a test.
const CHILD: &str = "LAGOM_TRACE_CHILD";

/// This test in a process of its own, which finds the file's path in [`CHILD`].
fn child(test: &str, path: &std::path::Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("is known"));
    let name = format!("{}::{test}", module_path!().split_once("::").expect("has a crate").1);
    command.args(["--exact", &name, "--nocapture", "--test-threads=1"]).env(CHILD, path).stdout(Stdio::piped());
    command
}

fn path_of_child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// So many pairs and one block that stays.
fn churn(state: &'static ThreadTrace, pairs: usize) {
    for round in 0..pairs {
        on_alloc(state, 0x1_0000 + round % 100 * 64, 48, 1 + round as u32 % 30);
        on_free(state, 0x1_0000 + round % 100 * 64, 48);
    }
}

#[test]
fn after_a_kill_the_file_is_read_up_to_its_last_block() {
    if let Some(path) = path_of_child() {
        start(&path, describe).expect("starts");
        let state = state();
        churn(state, 200_000);
        println!("\nready");
        loop {
            churn(state, 1_000);
        }
    }
    let place = Place::new("kill");
    let mut child = child("after_a_kill_the_file_is_read_up_to_its_last_block", &place.path).spawn().expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("is piped")).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "ready"));
    child.kill().expect("can be killed");
    child.wait().expect("ends");
    let recording = Recording::open(&place.path).expect("can be read");
    assert!(!recording.is_complete());
    // All but the last block of 64 KiB.
    assert!(recording.events() > 300_000, "{}", recording.events());
    let profile = profile(&recording);
    assert_eq!(profile.events().unknown_frees(), 0);
    assert!(
        profile.amount(Measure::Live).blocks() <= 1 && profile.sites().iter().all(|site| !site.frames().is_empty())
    );
    assert!(recording.to_string().ends_with("cut short"), "{recording}");
}

#[test]
fn a_forked_child_writes_nothing_to_its_parents_file() {
    let place = Place::new("fork");
    let state = state();
    let other = place.path.with_extension("child");
    let recording = place.record(|| {
        churn(state, 1_000);
        // SAFETY: other threads of this process may hold locks of the C library's allocator, which it takes care of itself, and
        // of the test harness, which the child does not use; it ends by `_exit`.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "{}", std::io::Error::last_os_error());
        if child == 0 {
            let passed = std::panic::catch_unwind(|| {
                churn(state, 100_000);
                assert_eq!(stop().expect_err("nothing runs").kind(), std::io::ErrorKind::NotFound);
                // One of its own it may have.
                start(&other, describe).expect("starts");
                churn(state, 10);
                assert_eq!(stop().expect("stops").events, 20);
            });
            // SAFETY: ends this process, without destructors that the parent will run.
            unsafe { libc::_exit(i32::from(passed.is_err())) }
        }
        let mut status = 0;
        // SAFETY: the status is writable.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "the child panicked");
        churn(state, 500);
    });
    assert_eq!(recording.events(), 3_000);
    assert_eq!(profile(&recording).amount(Measure::Live).blocks(), 0);
    assert_eq!(profile(&Recording::open(&other).expect("can be read")).events().events(), 20);
    let _ = std::fs::remove_file(&other);
}

#[test]
fn a_file_that_may_not_grow_ends_the_recording_and_not_the_program() {
    const LIMIT: u64 = 300_000;
    if let Some(path) = path_of_child() {
        let limit = libc::rlimit { rlim_cur: LIMIT, rlim_max: LIMIT };
        // SAFETY: reads the structure given.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
        start(&path, describe).expect("starts");
        let state = state();
        churn(state, 1_000_000);
        assert_eq!(stop().expect_err("there was no room").raw_os_error(), Some(libc::EFBIG));
        println!("\nwent on");
        return;
    }
    let place = Place::new("limit");
    let output = child("a_file_that_may_not_grow_ends_the_recording_and_not_the_program", &place.path).output();
    let output = output.expect("runs");
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("went on"), "{output:?}");
    let recording = Recording::open(&place.path).expect("can be read");
    assert!(!recording.is_complete() && recording.bytes() <= LIMIT && recording.bytes() > LIMIT / 2);
    assert!(profile(&recording).amount(Measure::Live).blocks() <= 1);
}

#[test]
fn a_full_device_is_an_error() {
    let place = Place::new("full");
    let error = start(std::path::Path::new("/dev/full"), describe).expect_err("nothing fits");
    assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
    place.record(|| {});
}
