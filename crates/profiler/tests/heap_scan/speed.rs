//! How long a scan takes; not part of the test, as other programs run beside it. Asked for by the argument `speed`.

use std::collections::BTreeMap;
use std::hint::black_box;

use lagom_profiler::heap;

/// CPU time of this thread.
fn cpu() -> f64 {
    // SAFETY: zero bytes are a value.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the place for the answer is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

pub(crate) fn a_million_blocks() {
    let tree: BTreeMap<u64, Vec<Box<[u64; 5]>>> =
        (0..90_000).map(|number| (number, (0..10).map(|value| Box::new([value; 5])).collect())).collect();
    let mut order: Vec<Box<[u64; 2]>> = (0..20_000).map(|value| Box::new([value; 2])).collect();
    order.reverse();
    for _ in 0..5 {
        let begin = cpu();
        let scan = heap::leaks().unwrap();
        println!("{:.1} ms of CPU time; {scan}", cpu() - begin);
    }
    black_box((tree, order));
}
