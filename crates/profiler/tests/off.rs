//! The same program with the feature `enabled` off: it compiles, runs and answers with nothing.
#![cfg(not(feature = "enabled"))]

use std::time::Duration;

use lagom_profiler::{Mode, Monitor, heap, mode, register, reset, sample_now, set_mode, span, suggestions, summary};

fn not_run() -> u64 {
    unreachable!("no call is timed")
}

#[test]
fn nothing_is_measured() {
    set_mode(Mode::Exact);
    {
        let span = span!("unseen");
        span.fail();
        let _sized = span!("unseen too", group = "g", size = not_run());
    }
    reset();
    assert!(summary().is_empty() && suggestions().is_empty());
    assert_eq!(mode(), Mode::Off);
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

    #[lagom_profiler::profile(size = no_such_value, repeats(nor_this), records = 3, group = "g")]
    fn asked(value: u8) -> Option<u8> {
        Some(value)
    }
    assert_eq!(asked(3), Some(3));

    #[lagom_profiler::profile_lines(crate = no::such::path)]
    fn lined(value: u8) -> u8 {
        let more = value + 1;
        more * 2
    }
    assert_eq!(lined(3), 8);
    assert!(lagom_profiler::lines().is_empty());

    struct Plain;

    #[lagom_profiler::profile_all(crate = no::such::path, group = "g")]
    impl Plain {
        #[lagom_profiler::profile(skip)]
        fn skipped() {}

        fn answer() -> u8 {
            42
        }
    }
    Plain::skipped();
    assert_eq!(Plain::answer(), 42);
}
