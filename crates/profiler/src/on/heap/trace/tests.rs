//! What is written is what is read, compared with counts of the tests' own.

mod codec;
mod damage;
mod model;
mod processes;
mod threads;

use std::path::PathBuf;

use lagom_base::sync::{Mutex, MutexGuard};

use super::{ThreadTrace, start, stop};
use crate::heap::HeapProfile;
use crate::heap::recording::Recording;

/// There is one recording per process.
static ALONE: Mutex<()> = Mutex::new(());

/// A file that is removed again, and the right to record.
struct Place {
    path: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Place {
    fn new(name: &str) -> Self {
        let alone = ALONE.lock();
        let path = std::env::temp_dir().join(format!("lagom-{}-{name}.heap", std::process::id()));
        Self { path, _alone: alone }
    }

    /// Records what happens in `work`.
    fn record(&self, work: impl FnOnce()) -> Recording {
        start(&self.path, describe).expect("starts");
        work();
        let stats = stop().expect("stops");
        let recording = Recording::open(&self.path).expect("can be read");
        assert!(recording.is_complete() && recording.cut().is_none());
        assert_eq!((recording.events(), recording.bytes()), (stats.events, stats.bytes));
        assert_eq!((recording.lost(), recording.threads().len() as u32), (stats.lost, stats.threads));
        recording
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Stacks of different depths with a common root, by their number; even ones lie in a span.
fn describe(stack: u32, frames: &mut [usize]) -> (usize, &'static str) {
    let depth = 3 + stack as usize % 5;
    for (at, frame) in frames.iter_mut().take(depth).enumerate() {
        *frame = if at < 2 { 0x5000_0000 + (stack as usize * 16 + at) } else { 0x4000_0000 + (depth - at) * 64 };
    }
    (depth, if stack.is_multiple_of(2) { "even" } else { "" })
}

fn frames(stack: u32) -> Vec<u64> {
    let mut frames = [0; 16];
    let (depth, _) = describe(stack, &mut frames);
    frames[..depth].iter().map(|frame| *frame as u64).collect()
}

fn state() -> &'static ThreadTrace {
    Box::leak(Box::new(ThreadTrace::new()))
}

/// The profile, with each site's innermost address as the name of its one frame.
fn profile(recording: &Recording) -> HeapProfile {
    // The addresses of the models are in no file.
    let mut plain = |address, _: &[crate::heap::Module]| {
        vec![crate::heap::Frame { address, function: format!("{address:#x}").into(), ..Default::default() }]
    };
    recording.profile_with(&mut plain).expect("can be replayed")
}

/// The number of a site's stack, which its frames tell.
fn stack_of(site: &crate::heap::Site) -> u32 {
    let address = site.frames().first().map_or(0, crate::heap::Frame::address);
    if address == 0 { 0 } else { ((address - 0x5000_0000) / 16) as u32 }
}
