//! The same program with the feature `enabled` off: it compiles, runs and answers with nothing.
#![cfg(not(feature = "enabled"))]

use std::time::Duration;

use lagom_profiler::{Monitor, heap, register, reset, sample_now, set_enabled, span, suggestions, summary};

#[test]
fn nothing_is_measured() {
    set_enabled(true);
    {
        let span = span!("unseen");
        span.fail();
    }
    reset();
    assert!(summary().is_empty() && suggestions().is_empty());
    assert!(!lagom_profiler::is_enabled());
    let _registration = register("set", || [("x", 1.0)]);
    assert!(lagom_profiler::figures().is_empty());
    assert_eq!(heap::stats(), heap::HeapStats::default());
    heap::set_mode(heap::Mode::Count);
    heap::reset_peak();
    assert_eq!(heap::mode(), heap::Mode::Off);
    let monitor =
        Monitor::builder().interval(Duration::from_secs(2)).capacity(5).on_alert(0, |_| unreachable!()).build();
    assert!(!monitor.start());
    monitor.sample();
    monitor.stop();
    assert!(monitor.samples().is_empty() && monitor.summary().samples() == 0);
    assert_eq!((monitor.interval().as_secs(), monitor.capacity()), (2, 5));
    assert_eq!(sample_now().rss(), None);
    assert_eq!(std::mem::size_of::<lagom_profiler::Span>(), 0);
}

#[cfg(feature = "macros")]
#[test]
fn functions_stay_as_written() {
    // The attribute leaves no path behind: one that does not exist is not even looked up.
    #[lagom_profiler::profile(crate = no::such::path, name = "n")]
    fn plain(value: u8) -> Result<u8, ()> {
        Ok(value)
    }
    assert_eq!(plain(3), Ok(3));
}
