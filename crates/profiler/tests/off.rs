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
    let scope = heap::scope("unseen");
    let (length, stats) = heap::measure(|| vec![1; 100].len());
    assert_eq!((length, stats, scope.finish()), (100, heap::ScopeStats::default(), heap::ScopeStats::default()));
    assert!(heap::scopes().scopes().is_empty());
    assert_eq!(heap::churn(), heap::Churn::default());
    assert_eq!(heap::fragmentation(), heap::Fragmentation::default());
    heap::timed_drop(vec![1]);
    assert_eq!(heap::TimedDrop::new(7_u8).count_ones(), 3);
    assert_eq!(lagom_profiler::assert_allocs!(vec![1].len(), == 0, bytes <= "0 B"), 1);
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

    #[lagom_profiler::profile_memory(crate = no::such::path)]
    fn measured(value: u8) -> u8 {
        value + 1
    }
    assert_eq!(measured(3), 4);

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

/// Still a test, of what it asserts itself.
#[cfg(feature = "macros")]
#[lagom_profiler::heap_test(max_allocs = 0)]
#[should_panic(expected = "its own")]
fn limits_are_not_looked_at() {
    assert_eq!(vec![1].len(), 1);
    panic!("its own");
}
